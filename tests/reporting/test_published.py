"""What everybody may read of a closed year: totals alone, nothing small, nothing that gives a small one away by taking the rest from the total."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.reporting.actions import close_period, publish_period
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE
from renkei.reporting.models import ClosedPeriod, FrozenFigure, PublishedFigure
from renkei.reporting.published import FEWEST, PUBLIC, published, published_years, tables_of, to_tell, without_small
from tests.reporting.year import a_year
from tests.world import World

YEAR = FiscalYear(2026)
AFTER = clock.at(dt.date(2027, 4, 12), 12)


def closed(world: World) -> ClosedPeriod:
    a_year(world)
    with clock.moved_to(AFTER):
        return close_period(YEAR, by=world.desk)


class TestSmallOnes:
    @pytest.mark.parametrize(
        ("parts", "total", "wanted", "whole"),
        [
            ({"a": 10, "b": 20}, 30, {"a": 10, "b": 20}, 30),
            ({"a": 10, "b": 0}, 10, {"a": 10, "b": 0}, 10),
            ({"a": 3, "b": 20, "c": 9}, 32, {"a": None, "b": 20, "c": None}, 32),
            ({"a": 1, "b": 1, "c": 9, "d": 30}, 41, {"a": None, "b": None, "c": None, "d": 30}, 41),
            ({"a": 4, "b": 3, "c": 30}, 37, {"a": None, "b": None, "c": 30}, 37),
            ({"a": 3, "b": 20}, 23, {"a": None, "b": None}, 23),
            ({"a": 3, "b": 0}, 3, {"a": None, "b": None}, None),
            ({"a": 2, "b": 2}, 4, {"a": None, "b": None}, None),
            ({}, 4, {}, None),
            ({}, 0, {}, 0),
            ({"a": 0}, 0, {"a": 0}, 0),
            ({"a": 4}, 9, {"a": None}, None),
        ],
    )
    def test_what_is_left_out(self, parts: dict[str, int], total: int, wanted: dict[str, int | None], whole: int | None) -> None:
        assert without_small(parts, total) == (wanted, whole)

    @settings(max_examples=400)
    @given(values=st.lists(st.integers(0, 30), max_size=8))
    def test_no_small_part_can_be_taken_back_from_the_total(self, values: list[int]) -> None:
        parts = {f"p{number}": value for number, value in enumerate(values)}
        told, whole = without_small(parts, sum(values))
        assert [code for code, value in told.items() if value is not None and 0 < value < FEWEST] == []
        assert {code: value for code, value in told.items() if value is not None} == {code: parts[code] for code, value in told.items() if value is not None}
        hidden = [parts[code] for code, value in told.items() if value is None]
        if whole is not None and hidden:
            assert whole - sum(value for value in told.values() if value is not None) == sum(hidden) >= FEWEST
            assert len(hidden) > 1
        if not any(0 < value < FEWEST for value in values) and not 0 < sum(values) < FEWEST:
            assert (told, whole) == (parts, sum(values))


class TestPublishing:
    def test_the_totals_of_the_frozen_year_and_no_column_of_a_body(self, world: World) -> None:
        period = closed(world)
        with clock.moved_to(AFTER):
            rows = publish_period(period, by=world.desk)
        frozen = {(row.figure, row.split): int(row.value or 0) for row in FrozenFigure.objects.filter(period=period, body=ALL)}
        assert {row.figure for row in rows} == set(PUBLIC)
        assert all(row.value in {None, frozen.get((row.figure, row.split), 0)} for row in rows)
        told = {(row.figure, row.split): row.value for row in published(2026)}
        assert (told["consultations", ALL], told["supports", ALL], told["projects", ALL], told["meetings", ALL]) == (9, None, 1, 0)
        assert [key for key, value in told.items() if value is not None and 0 < value < FEWEST and key[0] not in {"projects", "meetings"}] == []
        assert (published_years(), Event.objects.filter(verb="period.publish").count()) == ([2026], 1)

    def test_a_later_correction_changes_nothing_that_was_published(self, world: World) -> None:
        period = closed(world)
        before = [(one.figure.code, one.split, one.value) for one in to_tell(period)]
        with clock.moved_to(AFTER):
            publish_period(period, by=world.desk)
            assert [(one.figure.code, one.split, one.value) for one in to_tell(period)] == before
            with pytest.raises(IntegrityError), transaction.atomic():
                PublishedFigure.objects.filter(period=period).update(value=99)

    def test_only_the_desk_and_only_once(self, world: World) -> None:
        period = closed(world)
        with clock.moved_to(AFTER):
            for actor in (world.lab, world.center, world.bank, GUEST):
                with pytest.raises(Refused) as refused:
                    publish_period(period, by=actor)
                assert refused.value.code == "not_allowed"
            publish_period(period, by=world.desk)
            with pytest.raises(Refused) as refused:
                publish_period(period, by=world.desk)
        assert (refused.value.code, Event.objects.filter(verb="period.publish").count()) == ("published_already", 1)

    def test_tables_stand_in_their_order_with_bars_of_what_is_told(self, world: World) -> None:
        told = [(BY_CODE["consultations"], ALL, 30), (BY_CODE["consultations"], "web", 20), (BY_CODE["consultations"], "phone", None), (BY_CODE["projects"], ALL, 2)]
        random.Random(1).shuffle(told)  # noqa: S311  a test's dice
        tables = tables_of(told, YEAR)
        assert [(one.figure.code, one.total, one.lines) for one in tables] == [
            ("consultations", 30, [("ウェブ", 20, 100), ("電話", None, 0)]), ("projects", 2, [])]  # fmt: skip


    def test_a_number_keeps_the_definition_it_was_counted_by(self, world: World) -> None:
        older = replace(BY_CODE["consultations"], version=0, what="前の数え方")
        (table,) = tables_of([(older, ALL, 7)], YEAR)
        assert (table.figure.what, table.total) == ("前の数え方", 7)


@pytest.mark.django_db(transaction=True)
def test_under_the_real_login_guests_read_what_was_published_and_nobody_else_writes_it(committed_world: World, login: Any) -> None:
    world = committed_world
    period = closed(world)
    with clock.moved_to(AFTER), login("web"):
        with transaction.atomic(), acting(world.desk):
            publish_period(period, by=world.desk)
        with transaction.atomic(), acting(GUEST):
            assert len(published(2026)) == PublishedFigure.objects.count() > 10
            assert (FrozenFigure.objects.count(), ClosedPeriod.objects.count()) == (0, 0)
        for actor in (world.lab, GUEST):
            with pytest.raises(Exception, match="row-level security"), transaction.atomic(), acting(actor):
                PublishedFigure.objects.create(period_id=period.pk, plan_id=period.plan_id, fiscal_year=2026, figure="x", version=1, published_at=AFTER)
        for text in ("UPDATE reporting_publishedfigure SET value = 1", "DELETE FROM reporting_publishedfigure"):
            with pytest.raises(Exception, match="permission denied|append-only|refuse"), transaction.atomic(), acting(world.desk), connection.cursor() as cursor:
                cursor.execute(text)
