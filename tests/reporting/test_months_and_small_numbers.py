"""Months at the turns of years, and what is published: no number of few firms, whatever the parts; every refusal and its record."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, company_person
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.reporting.actions import publish_period
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE
from renkei.reporting.models import FrozenFigure, PublishedFigure
from renkei.reporting.months import Month, by_month, last_months, of_month
from renkei.reporting.published import (
    FEWEST,
    OF_NO_FIRM,
    PUBLIC,
    published,
    published_years,
    tables_of,
    to_tell,
    without_small,
)
from renkei.reporting.queries import count
from tests.cases.making import events, refuses
from tests.reporting.test_published import AFTER, YEAR, closed
from tests.reporting.year import a_year, at
from tests.storm.racing import at_once
from tests.world import BANK, CENTER, LAB, World

COUNTED = ("consultations", "supports", "closed", "declines", "climbs", "outside", "projects")


class TestMonths:
    @pytest.mark.parametrize(
        ("day", "first", "last"),
        [
            (dt.date(2026, 1, 31), "2025-01", "2026-01"), (dt.date(2026, 3, 31), "2025-03", "2026-03"), (dt.date(2026, 4, 1), "2025-04", "2026-04"),
            (dt.date(2026, 12, 31), "2025-12", "2026-12"), (dt.date(2028, 2, 29), "2027-02", "2028-02"),
        ],
    )  # fmt: skip
    def test_thirteen_months_each_once_in_order(self, day: dt.date, first: str, last: str) -> None:
        months = last_months(day)
        assert (len(months), months[0].code, months[-1].code) == (13, first, last)
        assert [one.before(1) for one in months[1:]] == months[:-1]
        assert len({one.code for one in months}) == 13

    @pytest.mark.parametrize(("how_many", "codes"), [(1, ["2026-04"]), (2, ["2026-03", "2026-04"]), (0, [])])
    def test_as_many_as_asked_for(self, how_many: int, codes: list[str]) -> None:
        assert [one.code for one in last_months(dt.date(2026, 4, 1), how_many)] == codes

    def test_the_fiscal_year_turns_in_april(self) -> None:
        assert {code: Month.read(code).year.start_year for code in ("2026-03", "2026-04", "2027-01", "2027-03")} == {  # type: ignore[union-attr]
            "2026-03": 2025, "2026-04": 2026, "2027-01": 2026, "2027-03": 2026}  # fmt: skip

    @pytest.mark.parametrize(("day", "inside"), [("2026-03-31", False), ("2026-04-01", True), ("2026-04-30", True), ("2026-05-01", False), ("2025-04-15", False), ("2027-04-01", False)])
    def test_a_month_holds_its_own_days_of_its_own_year(self, day: str, inside: bool) -> None:
        assert Month(dt.date(2026, 4, 1)).holds(dt.date.fromisoformat(day)) is inside

    @pytest.mark.parametrize("text", ["2026-00", "2026-13", "0000-01", "2026/04", "２０２６-04", "2026-4 ", " 2026-4", "-026-04", "\x00" * 7, "abcd-ef", "2026-W1", "9" * 10_000])
    def test_what_is_no_month_is_none_and_breaks_nothing(self, text: str) -> None:
        found = Month.read(text)
        assert found is None or found.code == text

    def test_codes_read_back(self) -> None:
        months = last_months(dt.date(2026, 11, 27), 40)
        assert [Month.read(one.code) for one in months] == months

    @pytest.mark.parametrize("code", COUNTED)
    def test_twelve_months_of_a_year_are_the_year_record_for_record(self, world: World, code: str) -> None:
        a_year(world)
        figure, months = BY_CODE[code], last_months(dt.date(2027, 3, 31), 12)
        moment = clock.at(dt.date(2027, 4, 2), 9)
        whole = count(figure, YEAR, as_of=moment)
        parts = [of_month(whole, one).rows for one in months]
        assert sorted(str(row.record) for rows in parts for row in rows) == sorted(str(row.record) for row in whole.rows)
        assert sum((one.value or Decimal(0) for one in by_month(figure, months, as_of=moment)), Decimal(0)) >= (whole.number().value or Decimal(0))

    def test_a_bodys_months_are_its_own(self, world: World) -> None:
        a_year(world)
        figure, months = BY_CODE["supports"], last_months(dt.date(2027, 3, 31), 12)
        moment = clock.at(dt.date(2027, 4, 2), 9)
        whole = [set(one.records) for one in by_month(figure, months, as_of=moment)]
        bodies = {body: [set(one.records) for one in by_month(figure, months, as_of=moment, body=body)] for body in (LAB, CENTER, BANK)}
        assert [set.union(*(rows[place] for rows in bodies.values())) for place in range(12)] == whole
        assert bodies[BANK] == [set()] * 12

    def test_what_was_not_yet_known_is_not_in_a_month(self, world: World) -> None:
        a_year(world)
        figure, june = BY_CODE["consultations"], [Month(dt.date(2026, 6, 1))]
        assert [by_month(figure, june, as_of=at(6, day, 0))[0].value for day in (1, 2)] == [Decimal(0), Decimal(4)]


class TestSmall:
    @pytest.mark.parametrize(
        ("parts", "total", "told", "whole"),
        [
            ({"a": FEWEST}, FEWEST, {"a": FEWEST}, FEWEST), ({"a": FEWEST - 1, "b": FEWEST}, 2 * FEWEST - 1, {"a": None, "b": None}, 2 * FEWEST - 1),
            ({"a": 1, "b": 1, "c": 1}, 3, {"a": None, "b": None, "c": None}, None), ({"a": 2, "b": 2, "c": 2}, 6, {"a": None, "b": None, "c": None}, 6),
            ({"a": 0, "b": 0}, 0, {"a": 0, "b": 0}, 0), ({"a": 1, "b": 7, "c": 7}, 15, {"a": None, "b": None, "c": 7}, 15),
            ({"a": 4, "b": 1, "c": 100}, 105, {"a": None, "b": None, "c": 100}, 105), ({"a": 1, "b": 2, "c": 100}, 103, {"a": None, "b": None, "c": None}, 103),
        ],
    )  # fmt: skip
    def test_at_the_edge(self, parts: dict[str, int], total: int, told: dict[str, int | None], whole: int | None) -> None:
        assert without_small(parts, total) == (told, whole)

    def test_what_is_published_is_named_once_and_each_has_a_definition(self) -> None:
        assert len(set(PUBLIC)) == len(PUBLIC)
        assert [code for code in PUBLIC if code not in BY_CODE] == []
        assert set(PUBLIC) >= OF_NO_FIRM
        assert {"services", "declines", "silent", "open", "gaps"} & set(PUBLIC) == set()

    def test_nothing_told_of_a_body_and_no_record(self, world: World) -> None:
        period = closed(world)
        FrozenFigure.objects.filter(period=period, body=ALL)
        bodies = FrozenFigure.objects.filter(period=period).exclude(body=ALL).count()
        told = to_tell(period)
        assert bodies > 0
        assert len({(one.figure.code, one.split) for one in told}) == len(told)
        assert {field.name for field in PublishedFigure._meta.get_fields()} & {"body", "records"} == set()

    def test_every_public_figure_stands_even_where_there_was_nothing(self, world: World) -> None:
        a_year(world)
        period = closed_empty(world)
        told = {one.figure.code: one.value for one in to_tell(period) if one.split == ALL}
        assert told == dict.fromkeys(PUBLIC, 0)

    def test_tables_without_numbers_are_none(self) -> None:
        assert tables_of([], YEAR) == []

    @pytest.mark.parametrize(("value", "bar"), [(0, 0), (1, 1), (50, 50), (100, 100)])
    def test_bars_are_parts_of_the_longest(self, world: World, value: int, bar: int) -> None:
        figure = BY_CODE["consultations"]
        (table,) = tables_of([(figure, ALL, 150), (figure, "web", 100), (figure, "phone", value)], YEAR)
        assert {words: length for words, _value, length in table.lines} == {"ウェブ": 100, "電話": bar}


def closed_empty(world: World) -> Any:
    """A closed year in which nothing happened."""
    from renkei.reporting.actions import close_period

    with clock.moved_to(clock.at(dt.date(2026, 4, 1), 9)):
        return close_period(FiscalYear(2024), by=world.desk)


class TestPublishing:
    def test_each_of_the_others_is_refused_and_nothing_is_public(self, world: World) -> None:
        period = closed(world)
        with clock.moved_to(AFTER):
            for by in (world.lab, world.center, world.bank, GUEST, company_person(world.people[LAB].pk)):
                with refuses("not_allowed"):
                    publish_period(period, by=by)
        assert (PublishedFigure.objects.count(), published_years(), events("period.publish")) == (0, [], 0)

    def test_the_row_says_when_and_of_which_plan_and_version(self, world: World) -> None:
        period = closed(world)
        with clock.moved_to(AFTER):
            rows = publish_period(period, by=world.desk)
        assert {(one.published_at, one.plan_id, one.fiscal_year, one.period_id) for one in published(2026)} == {(AFTER, world.plan.pk, 2026, period.pk)}
        assert {(one.figure, one.version) for one in rows} == {(code, BY_CODE[code].version) for code in PUBLIC}
        event = Event.objects.get(verb="period.publish")
        assert (event.at, event.person, str(period.pk) in str(event.objects_touched)) == (AFTER, world.desk.person, True)

    def test_the_system_may_and_a_second_time_is_refused_to_it_too(self, world: World) -> None:
        period = closed(world)
        with clock.moved_to(AFTER):
            publish_period(period, by=SYSTEM)
            before = PublishedFigure.objects.count()
            with refuses("published_already"):
                publish_period(period, by=SYSTEM)
        assert (PublishedFigure.objects.count(), events("period.publish")) == (before, 1)

    def test_of_two_at_once_one_publishes(self, committed_world: World, login: Any) -> None:
        world = committed_world
        period = closed(world)

        def deed() -> int:
            with clock.moved_to(AFTER):
                return len(publish_period(period, by=world.desk))

        with login("web"):
            answers = at_once((world.desk, deed), (world.desk, deed))
        done = [one for one in answers if isinstance(one, int)]
        assert [one.code for one in answers if isinstance(one, Refused)] == ["published_already"]
        assert (done, events("period.publish")) == ([PublishedFigure.objects.count()], 1)
        with login("web"), acting(GUEST):
            assert PublishedFigure.objects.count() == done[0]


class TestThePublicPage:
    def test_years_stand_newest_first_and_the_one_asked_for_is_shown(self, world: World) -> None:
        a_year(world)
        first = closed_empty(world)
        second = closed_again(world)
        with clock.moved_to(AFTER):
            for period in (first, second):
                publish_period(period, by=world.desk)
        assert published_years() == [2026, 2024]
        pages = {asked: Client().get(reverse("public-numbers"), {"year": asked}).content.decode() for asked in ("2024", "2026", "2025", "' OR 1=1", "9" * 5000)}
        assert {asked: "令和6年度　／" in page for asked, page in pages.items()} == {"2024": True, "2026": False, "2025": False, "' OR 1=1": False, "9" * 5000: False}
        assert all(page.index("?year=2026") < page.index("?year=2024") for page in pages.values())

    def test_it_is_only_read(self) -> None:
        assert {getattr(Client(), method)(reverse("public-numbers")).status_code for method in ("post", "put", "delete")} == {405}

    def test_no_number_on_it_is_of_few_firms(self, world: World) -> None:
        import re

        period = closed(world)
        with clock.moved_to(AFTER):
            publish_period(period, by=world.desk)
        page = Client().get(reverse("public-numbers")).content.decode()
        sections = re.findall(r'aria-labelledby="n-(\w+)">(.*?)</section>', page, re.DOTALL)
        assert [code for code, _text in sections] == list(PUBLIC)
        small = [(code, number) for code, text in sections if code not in OF_NO_FIRM for number in re.findall(r"<(?:b|td class=\"num\")>(\d+)<", text) if 0 < int(number) < FEWEST]
        assert small == []


def closed_again(world: World) -> Any:
    from renkei.reporting.actions import close_period

    with clock.moved_to(AFTER):
        return close_period(YEAR, by=world.desk)
