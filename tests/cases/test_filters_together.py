"""Filters of the list and of the board: any two together leave what both leave alone; nobody sees more by filtering."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case
from renkei.cases.queries.board import BoardFilters, board
from renkei.cases.queries.finding import NAMES, Wanted, cases_wanted, facets, of_age, read_query
from renkei.companies.models import Company
from renkei.plan.models import Municipality
from tests.cases.making import NOON, arrived, company, fresh, need_of, offered
from tests.world import BANK, CENTER, DESK, LAB, World

DAYS = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def made(world: World) -> dict[str, Case]:
    """Six cases that differ in everything a filter asks for."""
    Municipality.objects.create(code="999024", name="みなみ市", kana="みなみし", areas=["south"])
    cases: dict[str, Case] = {}
    for place, name in enumerate(("浦島製網", "竜宮金属", "乙姫電子", "桃源精機", "鬼島化学", "一寸工業")):
        firm = company(name=f"{name}株式会社", municipality_id=("999016", "999024", None)[place % 3])
        with clock.moved_to(NOON - place * 20 * DAYS):
            cases[name] = arrived(world, company=firm, company_given=firm.name).case
        Case.objects.filter(pk=cases[name].pk).update(
            next_on=NOON.date() + (place - 2) * DAYS, tech_fields=["metal"] if place % 2 else ["electronics"], support_field="A" if place > 3 else "",
            idle_told_at=NOON if place in {1, 4} else None, holder_person=world.people[DESK] if place in {0, 3} else None, next_person=None)  # fmt: skip
    offered(world, case=fresh(cases["竜宮金属"]))
    need_of(fresh(cases["乙姫電子"]), world, "2", "試作費")
    Case.objects.filter(pk=cases["桃源精機"].pk).update(holder=LAB, state="active")
    close_case(fresh(cases["一寸工業"]), by=world.desk, reason="solved", words="済", result="solved", answer_to_company="済みました。")
    return {name: fresh(one) for name, one in cases.items()}


FILTERS: list[dict[str, str]] = [
    {"by": DESK}, {"by": LAB}, {"asked": LAB}, {"stage": "3"}, {"stage": "2"}, {"field": "A"}, {"tech": "metal"}, {"tech": "electronics"},
    {"area": "north"}, {"area": "south"}, {"who": "mine"}, {"who": "queue"}, {"age": "30"}, {"age": "60"}, {"age": "61"}, {"late": "on"},
    {"idle": "on"}, {"q": "竜宮"}, {"state": "all"}, {"state": "closed"}, {"state": "active"}, {"state": "arrived"},
]  # fmt: skip


def found(actor: Actor, **wanted: str) -> set[Any]:
    return {one.pk for one in cases_wanted(Wanted(**wanted), actor)}


def test_each_leaves_exactly_what_it_says(world: World, made: dict[str, Case]) -> None:
    names = {one.pk: name for name, one in made.items()}
    alone = {next(iter(one.items())): {names[pk] for pk in found(world.desk, **one)} for one in FILTERS}
    opened = set(made) - {"一寸工業"}
    assert alone == {
        ("by", DESK): opened - {"桃源精機"}, ("by", LAB): {"桃源精機"}, ("asked", LAB): {"竜宮金属"}, ("stage", "3"): {"竜宮金属"},
        ("stage", "2"): {"乙姫電子"}, ("field", "A"): {"鬼島化学"}, ("tech", "metal"): {"竜宮金属", "桃源精機"},
        ("tech", "electronics"): {"浦島製網", "乙姫電子", "鬼島化学"}, ("area", "north"): {"浦島製網", "桃源精機"},
        ("area", "south"): {"竜宮金属", "鬼島化学"}, ("who", "mine"): {"浦島製網", "桃源精機"}, ("who", "queue"): {"竜宮金属", "乙姫電子", "鬼島化学"},
        ("age", "30"): {"浦島製網", "竜宮金属"}, ("age", "60"): {"乙姫電子"}, ("age", "61"): {"桃源精機", "鬼島化学"},
        ("late", "on"): {"浦島製網"}, ("idle", "on"): {"鬼島化学"}, ("q", "竜宮"): {"竜宮金属"}, ("state", "all"): set(made),
        ("state", "closed"): {"一寸工業"}, ("state", "active"): {"竜宮金属", "桃源精機"}, ("state", "arrived"): {"浦島製網", "乙姫電子", "鬼島化学"}}  # fmt: skip


def test_any_two_together_leave_what_both_leave_alone(world: World, made: dict[str, Case]) -> None:
    opened = found(world.desk)
    assert len(opened) == len(made) - 1
    alone = [found(world.desk, **{"state": "all"} | one) for one in FILTERS]
    wrong = []
    for one, other in combinations(range(len(FILTERS)), 2):
        given = FILTERS[one] | FILTERS[other]
        if len(given) == 2:
            expected = alone[one] & alone[other] & (alone[FILTERS.index({"state": "all"})] if "state" in given else opened)
            if found(world.desk, **given) != expected:
                wrong.append(given)
    assert wrong == []


def test_all_at_once_still_find_the_one_they_all_fit(world: World, made: dict[str, Case]) -> None:
    one = made["鬼島化学"]
    everything = {"q": "鬼島化学", "by": DESK, "state": "open", "field": "A", "tech": "electronics", "area": "south", "company": str(one.company_id),
                  "who": "queue", "age": "61", "idle": "on", "order": "new"}  # fmt: skip
    assert found(world.desk, **everything) == {one.pk}
    for name, other in (("by", LAB), ("state", "active"), ("field", "B"), ("tech", "metal"), ("area", "north"), ("who", "mine"), ("age", "30"),
                        ("company", str(made["浦島製網"].company_id)), ("q", "浦島")):  # fmt: skip
        assert (name, found(world.desk, **everything | {name: other})) == (name, set())
    assert set(everything) < set(NAMES)


def test_no_filter_shows_anybody_more_than_the_plain_list(world: World, made: dict[str, Case]) -> None:
    for actor in (world.lab, world.center, world.bank, GUEST):
        whole = found(actor) | found(actor, state="closed")
        for one in FILTERS:
            assert found(actor, **one) <= whole, (actor, one)
    assert found(world.lab) == {made["竜宮金属"].pk, made["桃源精機"].pk}
    assert (found(world.bank), found(GUEST)) == (set(), set())
    assert found(SYSTEM) == found(world.desk)


@pytest.mark.parametrize(
    "odd",
    [{"by": "x" * 500}, {"stage": "99"}, {"who": "\x00"}, {"who": "mine "}, {"age": "-1"}, {"age": "３０"}, {"company": "' OR 1=1 --"}, {"q": "%"},
     {"q": "_%"}, {"q": "\\"}, {"q": "株式会社"}, {"tech": '"]'}, {"area": "nowhere"}, {"order": "pk; DROP TABLE"}, {"state": "x"}, {"field": "%"}],
)  # fmt: skip
def test_made_up_words_neither_break_nor_open_anything(world: World, made: dict[str, Case], odd: dict[str, str]) -> None:
    assert found(world.desk, **odd) <= found(world.desk, state="all")
    assert found(world.bank, **odd) == set()


def test_orders_are_whole_and_stable(world: World, made: dict[str, Case]) -> None:
    names = {one.pk: name for name, one in made.items()}
    by = {order: [names[one.pk] for one in cases_wanted(Wanted(order=order), world.desk)] for order in ("", "due", "old", "new", "odd")}
    new_first = ["浦島製網", "竜宮金属", "乙姫電子", "桃源精機", "鬼島化学"]
    assert (by["old"], by["new"]) == (new_first[::-1], new_first)
    assert by["due"] == by[""] == by["odd"]
    days = {name: one.next_on for name, one in made.items()}
    assert [days[name] for name in by["due"]] == sorted(day for name, day in days.items() if name != "一寸工業" and day)
    assert [names[one.pk] for one in cases_wanted(Wanted(state="all"), world.desk)][-1] == "一寸工業"  # without a day it comes last


def test_counts_of_every_narrowed_list_say_what_a_click_gives(world: World, made: dict[str, Case]) -> None:
    for one in ({}, {"tech": "metal"}, {"by": DESK}, {"area": "south"}, {"age": "61"}, {"who": "queue"}):
        counted = facets(cases_wanted(Wanted(**one), world.desk), world.desk)
        assert counted.bodies == {body: n for body in (DESK, LAB, CENTER, BANK) if (n := len(found(world.desk, **one) & found(world.desk, by=body)))}
        assert counted.stages == {stage: n for stage in ("1", "2", "3", "4", "x") if (n := len(found(world.desk, **one) & found(world.desk, stage=stage)))}
        pairs = [("age", "30"), ("age", "60"), ("age", "61"), ("late", "on"), ("idle", "on"), ("who", "mine"), ("who", "queue")]
        assert counted.others == {f"{name}={value}": n for name, value in pairs if (n := len(found(world.desk, **one) & found(world.desk, **{name: value})))}


@pytest.mark.parametrize(("days", "band"), [(0, "30"), (29, "30"), (30, "60"), (59, "60"), (60, "61"), (400, "61")])
def test_the_day_of_arrival_is_the_first_day_of_its_age(world: World, days: int, band: str) -> None:
    case = arrived(world).case
    for hour in (0, 12, 23):
        Case.objects.filter(pk=case.pk).update(arrived_at=clock.at(NOON.date() - days * DAYS, hour))
        assert {code for code in ("30", "60", "61") if Case.objects.filter(of_age(code)).exists()} == {band}
        assert [one.code for one in board(world.desk).ages if one.code and one.count] == [band]


def test_a_query_string_keeps_what_it_says_and_drops_the_rest() -> None:
    for one, other in combinations(FILTERS, 2):
        given = one | other
        text = Wanted(**given).query
        assert read_query(text) == given
        assert Wanted(**read_query(text)).query == text
        assert read_query(f"page=7&{text}&odd=1&q2=x") == given
    assert read_query("q=%00%E2%80%AE&by=%20%20&late=") == {}
    assert read_query("by=a&by=b") == {"by": "b"}
    assert read_query("%E3%81=%E3%81&;=&") == {}


class TestBoard:
    def numbers(self, actor: Actor, filters: BoardFilters) -> set[str]:
        page = board(actor, filters)
        rows = [row.number for column in page.columns for row in column.rows]
        assert len(rows) == len(set(rows)) == page.total == sum(column.count for column in page.columns)
        return set(rows)

    def test_a_holder_and_an_age_together(self, world: World, made: dict[str, Case]) -> None:
        for body, age in product(("", DESK, LAB, CENTER), ("", "30", "60", "61")):
            wanted = found(world.desk, by=body, age=age)
            assert self.numbers(world.desk, BoardFilters(body=body, age=age)) == {one.number for one in made.values() if one.pk in wanted}

    def test_more_filters_narrow_columns_choices_and_alarms_alike(self, world: World, made: dict[str, Case]) -> None:
        for one in FILTERS:
            wanted = found(world.desk, **one) & found(world.desk)
            if one.get("state") in {"closed", "active", "arrived"}:
                wanted = found(world.desk)  # the board shows what is open, whatever a saved filter says of the state
            page = board(world.desk, BoardFilters(more=Wanted(**one)))
            assert self.numbers(world.desk, BoardFilters(more=Wanted(**one))) == {case.number for case in made.values() if case.pk in wanted}
            assert sum(choice.count for choice in page.bodies[1:]) == page.bodies[0].count == len(wanted)
            assert {alarm.row.id for alarm in page.alarms} == wanted & {made["浦島製網"].pk, made["竜宮金属"].pk, made["鬼島化学"].pk} - {
                case.pk for case in made.values() if case.pk in wanted and case.next_on and case.next_on >= NOON.date() and case.idle_told_at is None}

    def test_made_up_filters_are_no_filters(self, world: World, made: dict[str, Case]) -> None:
        everything = self.numbers(world.desk, BoardFilters())
        assert self.numbers(world.desk, BoardFilters(age="x", order="'")) == everything
        assert self.numbers(world.desk, BoardFilters(body="' OR 1=1")) == set()
        assert self.numbers(world.desk, replace(BoardFilters(), more=Wanted(state="closed"))) == everything

    def test_nobody_elses_cases_are_counted(self, world: World, made: dict[str, Case]) -> None:
        page = board(world.lab)
        assert [(one.code, one.count) for one in page.bodies] == [("", 2), (DESK, 1), (LAB, 1)]
        assert [(one.code, one.count) for one in page.ages] == [("", 2), ("30", 1), ("60", 0), ("61", 1)]
        assert (board(world.bank).total, [one.count for one in board(world.bank).bodies], board(world.bank).alarm_count) == (0, [0], 0)

    def test_an_alarm_is_told_once_and_the_worst_first(self, world: World, made: dict[str, Case]) -> None:
        Case.objects.filter(pk=made["浦島製網"].pk).update(idle_told_at=NOON)
        page = board(world.desk)
        asked = fresh(made["竜宮金属"])  # whose day is the lab's now
        assert [(one.kind, one.row.id) for one in page.alarms if one.row.id != asked.pk] == [
            ("late", made["浦島製網"].pk), ("idle", made["鬼島化学"].pk)]
        assert page.alarm_count == len(page.alarms)

    def test_the_number_of_queries_stays_with_every_filter(self, world: World, made: dict[str, Case]) -> None:
        def queries(filters: BoardFilters) -> int:
            with CaptureQueriesContext(connection) as seen:
                board(world.desk, filters)
            return len(seen)

        plain = queries(BoardFilters())
        assert {queries(BoardFilters(body=body, age=age, order=order)) for body in (DESK, LAB) for age in ("30", "61") for order in ("age", "date")} == {plain}
        Company.objects.update(name="別の名前")
        assert queries(BoardFilters()) == plain
