"""A firm's profile at its edges: lengths, numbers, years, sole proprietors; and nothing half-written."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind, link_holder
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.companies.actions import (
    Profile,
    add_person,
    end_sight,
    know_company,
    register_company,
    update_company,
)
from renkei.companies.actions import profile as actions
from renkei.companies.actions.profile import MOST_CAPITAL_YEN, MOST_EMPLOYEES
from renkei.companies.models import Company, CompanyPerson, Sight
from renkei.plan.models import Body
from renkei.post.links import make_link, open_link
from renkei.post.models import LinkPurpose
from tests.storm.racing import at_once, codes, meet_in
from tests.world import CENTER, DESK, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
OTHER = f"{corporate_check_digit('040001000002')}040001000002"
PLAIN = Profile(name="まぼろし計測")
LENGTHS = {"name": 200, "kana": 200, "address": 300, "estate": 100, "representative_title": 50, "representative": 100,
           "jsic_revision": 10, "jsic_name": 100, "products": 4000, "strengths": 4000}  # fmt: skip


def refused(profile: Profile, by: Actor) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        register_company(profile, by=by)
    assert not Company.objects.exists()
    assert not Event.objects.exists()
    return caught.value.code, caught.value.field


@pytest.mark.parametrize(("field", "most"), LENGTHS.items())
def test_a_field_takes_its_length_and_not_one_more(world: World, field: str, most: int) -> None:
    assert refused(replace(PLAIN, **{field: "字" * (most + 1)}), world.desk) == ("too_long", field)
    made = register_company(replace(PLAIN, **{field: "字" * most}), by=world.desk)
    made.refresh_from_db()
    assert getattr(made, field) == "字" * most


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("capital_yen", 0, MOST_CAPITAL_YEN), ("employees", 0, MOST_EMPLOYEES), ("founded_year", 578, 2026)],
)
def test_a_number_is_taken_at_both_its_edges_and_not_beyond(world: World, field: str, least: int, most: int) -> None:
    with clock.moved_to(clock.at(dt.date(2026, 12, 31), 23, 59)):
        for beyond in (least - 1, most + 1):
            assert refused(replace(PLAIN, **{field: beyond}), world.desk) == ("out_of_range", field)
        made = [register_company(replace(PLAIN, name=f"会社{edge}", **{field: edge}), by=world.desk) for edge in (least, most)]
    assert [getattr(one, field) for one in made] == [least, most]


def test_the_new_year_lets_a_firm_be_founded_in_it(world: World) -> None:
    young = replace(PLAIN, founded_year=2027)
    with clock.moved_to(clock.at(dt.date(2026, 12, 31), 23, 59)):
        assert refused(young, world.desk) == ("out_of_range", "founded_year")
    with clock.moved_to(clock.at(dt.date(2027, 1, 1), 0, 0)):
        made = register_company(young, by=world.desk)
        assert made.age_years == 0
    with clock.moved_to(clock.at(dt.date(2030, 1, 1))):
        assert made.age_years == 3


def test_what_was_never_asked_is_not_nought(world: World) -> None:
    made = register_company(PLAIN, by=world.desk)
    assert (made.capital_yen, made.employees, made.founded_year, made.age_years, made.has_valid_number) == (
        None, None, None, None, False,
    )  # fmt: skip
    nought = register_company(replace(PLAIN, name="零", capital_yen=0, employees=0), by=world.desk)
    assert (nought.capital_yen, nought.employees) == (0, 0)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("9990010", "999-0010"), ("〒９９９－００１０", "999-0010"), ("999 0010", "999-0010"), ("　", ""), ("", "")],
)
def test_postal_codes_are_kept_in_one_writing(world: World, typed: str, kept: str) -> None:
    assert register_company(replace(PLAIN, postal_code=typed), by=world.desk).postal_code == kept


@pytest.mark.parametrize("typed", ["999001", "99900100", "〒", "九九九-〇〇一〇", "999-0O10"])
def test_no_other_postal_code_is_kept(world: World, typed: str) -> None:
    assert refused(replace(PLAIN, postal_code=typed), world.desk) == ("postal_code_wrong", "postal_code")


@pytest.mark.parametrize("typed", [f" {NUMBER} ", f"{NUMBER[:1]}-{NUMBER[1:]}", f"法人番号：{NUMBER}", NUMBER.translate({48 + n: 0xFF10 + n for n in range(10)})])
def test_a_corporate_number_is_kept_as_thirteen_digits(world: World, typed: str) -> None:
    made = register_company(replace(PLAIN, corporate_number=typed), by=world.desk)
    assert (made.corporate_number, made.has_valid_number) == (NUMBER, True)


@pytest.mark.parametrize("typed", ["0" * 13, "1" * 13, f"{NUMBER}1", NUMBER[:-1], "なし", "\x00"])
def test_no_other_corporate_number_is_kept(world: World, typed: str) -> None:
    assert refused(replace(PLAIN, corporate_number=typed), world.desk) == ("corporate_number_wrong", "corporate_number")


def test_a_mail_address_longer_than_its_field_is_refused_in_words(world: World) -> None:
    hosts = ".".join(["h" * 60] * 4)
    assert refused(replace(PLAIN, email=f"{'a' * 50}@{hosts}.example"), world.desk) == ("too_long", "email")
    person = register_company(PLAIN, by=world.desk)
    with pytest.raises(Refused) as caught:
        add_person(person, name="髙梨", email=f"{'a' * 50}@{hosts}.example", by=world.desk)
    assert (caught.value.code, caught.value.field) == ("too_long", "email")


def test_every_digit_typed_wrong_is_noticed(world: World) -> None:
    for place in range(13):
        slip = NUMBER[:place] + str((int(NUMBER[place]) + 1) % 10) + NUMBER[place + 1 :]
        assert refused(replace(PLAIN, corporate_number=slip), world.desk)[0] == "corporate_number_wrong", slip


def test_a_sole_proprietor_becomes_a_company_with_its_number(world: World) -> None:
    alone = replace(PLAIN, is_sole_proprietor=True)
    made = register_company(alone, by=world.desk)
    with pytest.raises(Refused) as caught:
        update_company(made, replace(alone, corporate_number=NUMBER), by=world.desk)
    assert (caught.value.code, caught.value.field) == ("sole_proprietor_with_number", "corporate_number")
    updated = update_company(made, replace(PLAIN, corporate_number=NUMBER), by=world.desk)
    assert (updated.pk, updated.is_sole_proprietor, updated.corporate_number) == (made.pk, False, NUMBER)
    back = update_company(made, alone, by=world.desk)
    assert (back.is_sole_proprietor, back.corporate_number) == (True, None)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"is_sole_proprietor": True, "corporate_number": NUMBER}, "company_sole_proprietor_without_number"),
        ({"corporate_number": "12345"}, "company_number_has_13_digits"),
        ({"corporate_number": "123456789012x"}, "company_number_has_13_digits"),
        ({"corporate_number": ""}, "company_number_has_13_digits"),
        ({"capital_yen": -1}, "company_capital"),
        ({"name": ""}, "company_has_name"),
        ({"employees": -1}, "employees"),
    ],
)
def test_the_table_says_no_by_itself(world: World, change: dict[str, Any], name: str) -> None:
    made = register_company(PLAIN, by=world.desk)
    with pytest.raises(DatabaseError, match=name), transaction.atomic():
        Company.objects.filter(pk=made.pk).update(**change)


def test_two_firms_may_both_have_no_number_but_not_the_same(world: World) -> None:
    one, other = register_company(PLAIN, by=world.desk), register_company(PLAIN, by=world.desk)
    assert one.corporate_number is other.corporate_number is None
    Company.objects.filter(pk=one.pk).update(corporate_number=NUMBER)
    with pytest.raises(DatabaseError, match="corporate_number"), transaction.atomic():
        Company.objects.filter(pk=other.pk).update(corporate_number=NUMBER)


def test_a_refused_change_leaves_the_profile_as_it_was(world: World) -> None:
    made = register_company(replace(PLAIN, employees=19), by=world.desk)
    register_company(Profile(name="つばめ電機", corporate_number=NUMBER), by=world.desk)
    before, events = Company.objects.filter(pk=made.pk).values().get(), Event.objects.count()
    for wrong in ({"phone": "1"}, {"corporate_number": NUMBER}, {"name": "株式会社"}, {"employees": -1}, {"municipality": "x"}):
        with pytest.raises(Refused):
            update_company(made, replace(PLAIN, employees=20, **wrong) if "employees" not in wrong else replace(PLAIN, **wrong),
                           by=world.desk)  # fmt: skip
    assert Company.objects.filter(pk=made.pk).values().get() == before
    assert Event.objects.count() == events


def test_hostile_words_are_kept_as_words(world: World) -> None:
    made = register_company(
        replace(PLAIN, name="<b>まぼろし\x00</b>\u202e計測", products="'; DROP TABLE x; --\r\n<script>", address="\ud800町"),
        by=world.desk,
    )
    made.refresh_from_db()
    assert (made.name, made.products, made.address) == ("<b>まぼろし</b>計測", "'; DROP TABLE x; --\n<script>", "町")


@pytest.mark.parametrize("by", [GUEST, Actor(ActorKind.COMPANY), link_holder(NUMBER), Actor(ActorKind.STAFF)])  # type: ignore[arg-type]
def test_only_staff_write_about_firms(world: World, by: Actor) -> None:
    made, body = register_company(PLAIN, by=world.desk), Body.objects.get(pk=LAB)
    deeds = [
        lambda: update_company(made, PLAIN, by=by), lambda: add_person(made, name="誰か", by=by),
        lambda: know_company(made, body, by=by), lambda: end_sight(made, body, by=by), lambda: register_company(PLAIN, by=by),
    ]  # fmt: skip
    for deed in deeds:
        with pytest.raises(Refused) as caught:
            deed()
        assert caught.value.code == "not_allowed"
    assert not CompanyPerson.objects.exists()
    assert set(Sight.objects.values_list("body_id", flat=True)) == {DESK}


def test_a_body_that_lost_sight_knows_the_firm_anew(world: World) -> None:
    made, lab = register_company(PLAIN, by=world.desk), Body.objects.get(pk=LAB)
    first = know_company(made, lab, by=world.desk)
    end_sight(made, lab, by=world.desk)
    second = know_company(made, lab, by=world.desk)
    assert first.pk != second.pk
    assert list(Sight.objects.filter(body=lab).order_by("ended_on").values_list("ended_on", flat=True)) == [clock.today(), None]
    with pytest.raises(DatabaseError, match="sight_open_once"), transaction.atomic():
        Sight.objects.create(company=made, body=lab, since=clock.today())


def test_a_firm_stays_with_the_body_that_entered_it(world: World) -> None:
    made = register_company(PLAIN, by=world.lab)
    end_sight(made, Body.objects.get(pk=LAB), by=world.lab)
    assert list(Company.objects.visible_to(world.lab)) == [made]
    assert update_company(made, replace(PLAIN, employees=1), by=world.lab).employees == 1


def test_a_link_knows_its_own_firm_until_it_ends(world: World) -> None:
    made, other = register_company(PLAIN, by=world.desk), register_company(replace(PLAIN, name="別"), by=world.desk)
    token = make_link(by=world.desk, purpose=LinkPurpose.STATUS, expires_at=clock.now() + dt.timedelta(hours=1), company=made.pk)
    link = open_link(token)
    assert link is not None
    holder = link_holder(link.id)
    assert list(Company.objects.visible_to(holder)) == [made]
    with clock.moved_to(clock.now() + dt.timedelta(hours=2)):
        assert not Company.objects.visible_to(holder).exists()
    assert set(Company.objects.visible_to(SYSTEM)) == {made, other}


@pytest.mark.storm
def test_one_firm_registered_by_two_at_once_is_one_row(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world, profile = committed_world, replace(PLAIN, corporate_number=NUMBER)
    meet_in(monkeypatch, actions, "_save")
    answers = at_once(*[(actor, lambda actor=actor: register_company(profile, by=actor)) for actor in (world.center, world.lab)])
    assert codes(answers) == ["ok", "ok"]
    made = Company.objects.get()
    assert answers == [made, made]
    assert set(made.sights.values_list("body_id", flat=True)) == {CENTER, LAB}
    assert sorted(Event.objects.values_list("verb", flat=True)) == ["company.meet", "company.register"]
