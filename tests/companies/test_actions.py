"""Register a firm, keep its profile, its people, and who knows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import ProgrammingError

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.companies.actions import Profile, add_person, end_sight, know_company, register_company, update_company
from renkei.companies.models import Company, CompanyPerson, Sight
from renkei.plan.models import Body
from tests.world import BANK, DESK, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
FULL = Profile(
    name="株式会社ひばり計測", kana="ヒバリケイソク", corporate_number=NUMBER, postal_code="９９９００１０", municipality="999016",
    address="ひばり市北町1-2-3", estate="北工業団地", phone="０００－０００－００１１", email="info@hibari-keisoku.example",
    representative_title="代表取締役", representative="髙梨 進", capital_yen=10_000_000, employees=19,
    jsic_revision="14", jsic_code="2731", jsic_name="計量器製造業", products="水質計", strengths="小型化", founded_year=1998,
)  # fmt: skip


def test_profile_is_kept_as_said_and_cleaned(world: World) -> None:
    company = register_company(FULL, by=world.lab)
    row = Company.objects.values().get()
    assert row == {
        "id": company.pk, "name": "株式会社ひばり計測", "kana": "ヒバリケイソク", "is_sole_proprietor": False,
        "corporate_number": NUMBER, "postal_code": "999-0010", "municipality_id": "999016",
        "address": "ひばり市北町1-2-3", "estate": "北工業団地", "phone": "000-000-0011",
        "email": "info@hibari-keisoku.example", "representative_title": "代表取締役", "representative": "髙梨 進",
        "capital_yen": 10_000_000, "employees": 19, "jsic_revision": "14", "jsic_code": "2731",
        "jsic_name": "計量器製造業", "products": "水質計", "strengths": "小型化", "founded_year": 1998,
        "entered_by_id": LAB, "entered_at": row["entered_at"], "merged_into_id": None, "changed_by_company_at": None, "is_deemed_large": None, "withdrawn_at": None, "name_key": "ヒバリ計測",
        "find_text": f"ヒバリ計測 ヒバリケイソク {NUMBER} 高梨進 0000000011",
    }  # fmt: skip
    assert company.has_valid_number
    assert company.age_years == clock.today().year - 1998


def test_who_registers_knows_the_firm_from_that_day(world: World) -> None:
    company = register_company(FULL, by=world.lab)
    assert [(s.body_id, s.since, s.ended_on) for s in Sight.objects.filter(company=company)] == [
        (LAB, clock.today(), None)
    ]
    event = Event.objects.get()
    assert (event.verb, event.actor_kind, event.body, event.person) == (
        "company.register", "staff", LAB, world.lab.person,
    )  # fmt: skip
    assert event.objects_touched == [f"companies.company:{company.pk}"]


def test_a_name_is_enough(world: World) -> None:
    company = register_company(Profile(name=" 小林製作所\x00 "), by=world.desk)
    assert (company.name, company.corporate_number, company.capital_yen) == ("小林製作所", None, None)


def test_two_sole_proprietors_without_number_may_share_a_name(world: World) -> None:
    one = Profile(name="佐藤工業", is_sole_proprietor=True)
    assert register_company(one, by=world.desk).pk != register_company(one, by=world.desk).pk


def test_registering_the_same_firm_twice_gives_the_same_row(world: World) -> None:
    first = register_company(FULL, by=world.desk)
    again = register_company(replace(FULL, name="㈱ ひばり計測"), by=world.desk)
    assert again.pk == first.pk
    assert Company.objects.count() == 1


def test_the_system_registers_for_the_front_desk(world: World) -> None:
    assert register_company(Profile(name="例の会社"), by=SYSTEM).entered_by_id == DESK


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": "　"}, "name_empty", "name"),
        ({"name": "株式会社"}, "name_empty", "name"),
        ({"name": "あ" * 201}, "too_long", "name"),
        ({"products": "あ" * 4001}, "too_long", "products"),
        ({"corporate_number": "1040001000001"}, "corporate_number_wrong", "corporate_number"),
        ({"corporate_number": "12345"}, "corporate_number_wrong", "corporate_number"),
        ({"is_sole_proprietor": True}, "sole_proprietor_with_number", "corporate_number"),
        ({"postal_code": "99900"}, "postal_code_wrong", "postal_code"),
        ({"municipality": "999999"}, "municipality_unknown", "municipality"),
        ({"municipality": "131016"}, "municipality_unknown", "municipality"),
        ({"phone": "110"}, "phone_wrong", "phone"),
        ({"email": "info＠会社"}, "email_wrong", "email"),
        ({"capital_yen": -1}, "out_of_range", "capital_yen"),
        ({"capital_yen": 10**14}, "out_of_range", "capital_yen"),
        ({"employees": -1}, "out_of_range", "employees"),
        ({"founded_year": 2999}, "out_of_range", "founded_year"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(world: World, change: dict[str, Any], code: str, field: str) -> None:
    profile = replace(FULL, **change)
    with pytest.raises(Refused) as refused:
        register_company(profile, by=world.desk)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert "。" in refused.value.message
    assert not Company.objects.exists()
    assert not Event.objects.exists()


def test_year_is_said_without_comma(world: World) -> None:
    with pytest.raises(Refused, match="創業年は578から20"):
        register_company(replace(FULL, founded_year=3), by=world.desk)


def test_number_under_another_name_is_refused_in_words(world: World) -> None:
    register_company(FULL, by=world.desk)
    with pytest.raises(Refused, match="別の名前の会社") as refused:
        register_company(replace(FULL, name="つばめ電機"), by=world.desk)
    assert refused.value.code == "duplicate_number"
    assert refused.value.field == "corporate_number"
    assert Company.objects.count() == 1


def test_only_staff_register(world: World) -> None:
    with pytest.raises(Refused) as refused:
        register_company(FULL, by=GUEST)
    assert refused.value.code == "not_allowed"


def test_update_replaces_the_profile_and_says_so(world: World) -> None:
    company = register_company(FULL, by=world.desk)
    updated = update_company(company, replace(FULL, employees=25, phone="000-000-0099"), by=world.desk)
    assert (updated.employees, updated.phone) == (25, "000-000-0099")
    assert "0000000099" in Company.objects.get().find_text
    assert [event.verb for event in Event.objects.order_by("id")] == ["company.register", "company.update"]


def test_update_refuses_a_number_that_is_taken(world: World) -> None:
    register_company(FULL, by=world.desk)
    other = register_company(Profile(name="つばめ電機"), by=world.desk)
    with pytest.raises(Refused) as refused:
        update_company(other, Profile(name="つばめ電機", corporate_number=NUMBER), by=world.desk)
    assert refused.value.code == "duplicate_number"


def test_a_body_that_does_not_know_the_firm_cannot_change_it(world: World) -> None:
    company = register_company(FULL, by=world.desk)
    for act in (
        lambda: update_company(company, FULL, by=world.lab),
        lambda: add_person(company, name="誰か", by=world.lab),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_visible"


def test_the_firm_is_found_by_its_people(world: World) -> None:
    company = register_company(FULL, by=world.desk)
    person = add_person(company, name="野田 芽衣", kana="ノダ メイ", title="開発部長", phone="000-111-2222",
                        email="noda@hibari-keisoku.example", by=world.desk)  # fmt: skip
    assert CompanyPerson.objects.get() == person
    assert Company.objects.get().find_text.endswith("野田芽衣 ノダメイ 0000000011 0001112222")
    assert Event.objects.order_by("id").last().objects_touched == [  # type: ignore[union-attr]
        f"companies.company:{company.pk}", f"companies.companyperson:{person.pk}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": " "}, "person_without_name"),
        ({"name": "あ" * 101}, "too_long"),
        ({"name": "野田", "phone": "1"}, "phone_wrong"),
        ({"name": "野田", "email": "x"}, "email_wrong"),
    ],
)
def test_a_person_needs_a_name(world: World, values: dict[str, str], code: str) -> None:
    company = register_company(FULL, by=world.desk)
    with pytest.raises(Refused) as refused:
        add_person(company, **values, by=world.desk)
    assert refused.value.code == code


def test_sight_is_dated_and_opens_once(world: World) -> None:
    company = register_company(FULL, by=world.desk)
    lab = Body.objects.get(pk=LAB)
    first = know_company(company, lab, by=world.desk)
    assert know_company(company, lab, by=world.desk) == first
    assert Company.objects.visible_to(world.lab).get() == company
    with clock.moved_to(clock.now() + dt.timedelta(days=10)):
        end_sight(company, lab, by=world.desk)
        end_sight(company, lab, by=world.desk)
    first.refresh_from_db()
    assert first.ended_on == clock.today() + dt.timedelta(days=10)
    assert not Company.objects.visible_to(world.lab).exists()
    assert [event.verb for event in Event.objects.order_by("id")] == [
        "company.register", "company.know", "company.end_sight",
    ]  # fmt: skip


def test_under_the_web_login_a_firm_is_seen_by_those_who_know_it(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        with acting(world.lab):
            company = register_company(FULL, by=world.lab)
            add_person(company, name="野田 芽衣", by=world.lab)
            assert Company.objects.get() == company
        for actor, sees in ((world.desk, True), (world.center, False), (world.bank, False)):
            with acting(actor):
                assert Company.objects.exists() is sees
                assert CompanyPerson.objects.exists() is sees
        with acting(world.lab):
            know_company(company, Body.objects.get(pk=BANK), by=world.lab)
        with acting(world.bank):
            assert Company.objects.get() == company
            assert list(Sight.objects.values_list("body_id", flat=True)) == [BANK]


def test_under_the_web_login_naming_number_and_name_meets_the_firm(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        with acting(world.desk):
            company = register_company(FULL, by=world.desk)
        with acting(world.lab), pytest.raises(Refused) as refused:
            register_company(replace(FULL, name="つばめ電機"), by=world.lab)
        assert refused.value.code == "duplicate_number"
        with acting(world.lab):
            assert not Company.objects.exists()
            met = register_company(Profile(name="ひばり計測", corporate_number=NUMBER), by=world.lab)
            assert met == company
            assert met.phone == "000-000-0011"  # nothing was overwritten
    assert list(Event.objects.order_by("id").values_list("verb", "body")) == [
        ("company.register", DESK), ("company.meet", LAB),
    ]  # fmt: skip


def test_under_the_web_login_nobody_enters_a_firm_for_another_body(committed_world: World, login: Any) -> None:
    with login("web"), pytest.raises(ProgrammingError, match="row-level security"), acting(committed_world.lab):
        Company.objects.create(name="他人の会社", entered_by_id=BANK, entered_at=clock.now())
