"""Sites, earlier names and representatives, people who change and leave."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import claimed_company
from renkei.companies.actions import (
    Place,
    Profile,
    add_former,
    add_person,
    change_person,
    know_company,
    merge_companies,
    register_company,
    save_site,
    unmerge_companies,
    update_company,
)
from renkei.companies.models import Company, CompanyPerson, Former, Site
from renkei.companies.queries import company_size, lookup, open_sites
from renkei.plan.models import Body
from tests.world import LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
FACTORY = Place("第二工場", municipality="999016", address="ひばり市南町1", postal_code="9990011", phone="000-000-0012")


@pytest.fixture
def firm(world: World) -> Company:
    return register_company(Profile(name="まぼろし計測", representative_title="代表取締役", representative="髙梨 進"), by=world.desk)


def refused(deed: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as told:
        deed()
    assert "。" in told.value.message
    return told.value.code, told.value.field


class TestSites:
    def test_a_site_is_kept_cleaned_and_on_record(self, world: World, firm: Company) -> None:
        site = save_site(firm, FACTORY, by=world.desk)
        assert Site.objects.values("name", "role", "postal_code", "municipality_id", "address", "phone", "since", "until").get() == {
            "name": "第二工場", "role": "factory", "postal_code": "999-0011", "municipality_id": "999016", "address": "ひばり市南町1",
            "phone": "000-000-0012", "since": None, "until": None,
        }  # fmt: skip
        assert Event.objects.get(verb="company.site").objects_touched == [f"companies.company:{firm.pk}", f"companies.site:{site.pk}"]

    def test_corrected_and_closed_it_stays(self, world: World, firm: Company) -> None:
        site = save_site(firm, FACTORY, by=world.desk)
        gone = clock.today() - dt.timedelta(days=1)
        again = save_site(firm, replace(FACTORY, name="南工場", until=gone), by=world.desk, site=site)
        assert (again.pk, Site.objects.count(), open_sites(firm)) == (site.pk, 1, [])
        save_site(firm, replace(FACTORY, until=clock.today()), by=world.desk, site=site)
        assert open_sites(firm) == [site]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"name": "　"}, ("site_without_name", "name")), ({"role": "castle"}, ("unknown_role", "role")),
            ({"since": dt.date(2020, 4, 1), "until": dt.date(2020, 3, 31)}, ("ends_before_it_begins", "until")),
            ({"municipality": "131016"}, ("municipality_unknown", "municipality")), ({"phone": "110"}, ("phone_wrong", "phone")),
            ({"postal_code": "1"}, ("postal_code_wrong", "postal_code")), ({"address": "あ" * 301}, ("too_long", "address")),
        ],
    )  # fmt: skip
    def test_what_is_wrong_stands_beside_its_field(self, world: World, firm: Company, change: dict[str, Any], told: Any) -> None:
        assert refused(lambda: save_site(firm, replace(FACTORY, **change), by=world.desk)) == told
        assert not Site.objects.exists()

    def test_strangers_write_nothing(self, world: World, firm: Company) -> None:
        assert refused(lambda: save_site(firm, FACTORY, by=world.bank))[0] == "not_visible"
        assert refused(lambda: save_site(firm, FACTORY, by=GUEST))[0] == "not_allowed"


class TestEarlier:
    def test_a_new_name_keeps_the_old_one_until_today(self, world: World, firm: Company) -> None:
        update_company(firm, Profile(name="つばめ計測", representative_title="社長", representative="本郷 理恵"), by=world.desk)
        assert set(Former.objects.values_list("kind", "value", "until")) == {
            ("name", "まぼろし計測", clock.today()), ("person", "代表取締役 髙梨 進", clock.today())}
        assert [hit.company for hit in lookup("まぼろし", actor=world.desk)] == [firm]
        assert [hit.company for hit in lookup("高梨", actor=world.desk)] == [firm]

    def test_only_the_writing_of_a_name_is_no_new_name(self, world: World, firm: Company) -> None:
        update_company(firm, Profile(name="㈱まぼろし計測", representative="高梨　進"), by=world.desk)
        assert not Former.objects.exists()

    def test_an_earlier_name_written_by_hand_leads_to_the_firm(self, world: World) -> None:
        made = register_company(Profile(name="つばめ計測", corporate_number=NUMBER), by=world.desk)
        given = {"kind": "name", "value": "まぼろし計測", "until": dt.date(2020, 3, 31), "by": world.desk}
        assert add_former(made, **given) == add_former(made, **given)
        assert Event.objects.filter(verb="company.former").count() == 1
        assert [hit.company for hit in lookup("まぼろし", actor=world.desk)] == [made]
        claimed = claimed_company(NUMBER, "㈱まぼろし計測")
        assert claimed is not None
        assert claimed.pk == made.pk

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"kind": "age"}, ("unknown_kind", "kind")), ({"value": "　"}, ("former_empty", "value")),
            ({"value": "あ" * 201}, ("too_long", "value")), ({"until": dt.date(2999, 1, 1)}, ("not_past", "until")),
            ({"since": dt.date(2020, 4, 1), "until": dt.date(2020, 3, 31)}, ("ends_before_it_begins", "until")),
        ],
    )  # fmt: skip
    def test_what_cannot_be_earlier(self, world: World, firm: Company, change: dict[str, Any], told: Any) -> None:
        given = {"kind": "name", "value": "まぼろし", "by": world.desk} | change
        assert refused(lambda: add_former(firm, **given)) == told
        assert not Former.objects.exists()


class TestPeople:
    def test_a_person_is_corrected_and_leaves(self, world: World, firm: Company) -> None:
        person = add_person(firm, name="本郷 理恵", by=world.desk)
        change_person(person, name="本郷 里恵", title="課長", phone="０００－０００－００１３", left_on=clock.today(), by=world.desk)
        assert CompanyPerson.objects.values("name", "title", "phone", "left_on").get() == {
            "name": "本郷 里恵", "title": "課長", "phone": "000-000-0013", "left_on": clock.today()}
        assert Event.objects.filter(verb="company.change_person").count() == 1
        assert [(hit.company, hit.person) for hit in lookup("里恵", actor=world.desk)] == [(firm, None)]

    def test_what_is_refused(self, world: World, firm: Company) -> None:
        person = add_person(firm, name="本郷 理恵", by=world.desk)
        assert refused(lambda: change_person(person, name=" ", by=world.desk)) == ("person_without_name", "name")
        future = clock.today() + dt.timedelta(days=1)
        assert refused(lambda: change_person(person, name="本郷", left_on=future, by=world.desk)) == ("not_past", "left_on")
        assert refused(lambda: change_person(person, name="本郷", by=world.bank))[0] == "not_visible"
        assert refused(lambda: change_person(person, name="本郷", by=GUEST))[0] == "not_allowed"
        person.refresh_from_db()
        assert (person.name, person.left_on) == ("本郷 理恵", None)


def test_parts_go_over_with_a_merge_and_come_back(world: World, firm: Company) -> None:
    other = register_company(Profile(name="つばめ計測"), by=world.desk)
    site, former = save_site(other, FACTORY, by=world.desk), add_former(other, kind="name", value="かもめ計測", by=world.desk)
    merge = merge_companies(firm, other, by=world.desk)
    assert [Site.objects.get(pk=site.pk).company_id, Former.objects.get(pk=former.pk).company_id] == [firm.pk, firm.pk]
    assert [hit.company for hit in lookup("かもめ", actor=world.desk)] == [firm]
    unmerge_companies(merge, by=world.desk)
    assert [Site.objects.get(pk=site.pk).company_id, Former.objects.get(pk=former.pk).company_id] == [other.pk, other.pk]
    assert [hit.company for hit in lookup("かもめ", actor=world.desk)] == [other]


def test_the_size_goes_by_the_plan_of_today(world: World) -> None:
    made = register_company(Profile(name="まぼろし", employees=300, is_deemed_large=False), by=world.desk)
    assert company_size(made).is_sme is True
    assert company_size(update_company(made, Profile(name="まぼろし", employees=300, is_deemed_large=True), by=world.desk)).is_sme is False


@pytest.mark.parametrize("code", ["2", "EE", "27-1", "U", "123456", "E1"])
def test_a_code_that_is_none_is_refused(world: World, code: str) -> None:
    assert refused(lambda: register_company(Profile(name="まぼろし", jsic_code=code), by=world.desk)) == ("jsic_wrong", "jsic_code")


@pytest.mark.parametrize(("typed", "kept"), [("２７", "27"), ("e", "E"), ("E2731", "E2731"), (" 2731 ", "2731"), ("", "")])
def test_a_code_is_kept_in_one_writing(world: World, typed: str, kept: str) -> None:
    assert register_company(Profile(name="まぼろし", jsic_code=typed), by=world.desk).jsic_code == kept


def test_under_the_web_login_parts_are_seen_by_who_sees_the_firm(committed_world: World, login: Any) -> None:
    world = committed_world
    made = register_company(Profile(name="まぼろし計測"), by=world.desk)
    save_site(made, FACTORY, by=world.desk)
    add_former(made, kind="name", value="かもめ計測", by=world.desk)
    know_company(made, Body.objects.get(pk=LAB), by=world.desk)
    with login("web"):
        for actor, count in ((world.desk, 1), (world.lab, 1), (world.bank, 0), (GUEST, 0)):
            with acting(actor):
                for model in (Site, Former):
                    assert (model.objects.count(), model.objects.visible_to(actor).count()) == (count, count), (actor, model)
        with acting(world.lab):
            save_site(made, replace(FACTORY, name="第三工場"), by=world.lab)
        with pytest.raises(Exception, match="permission denied"), acting(world.desk):
            Site.objects.all().delete()
