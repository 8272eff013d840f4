"""The report at the end of a term, and that of a designation: other sections, the same numbers."""

from __future__ import annotations

import datetime as dt

import pytest

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.reporting.report.actions import approve_report, begin_report
from renkei.reporting.report.queries import sections_of
from tests.cases.making import fresh, refuses
from tests.meetings.making import WITH_MEETINGS
from tests.reporting.test_reports import NOVEMBER, SECTIONS, begun, publish_more, table
from tests.reporting.year import a_year
from tests.world import World


def test_the_end_of_a_term_shows_every_year_beside_the_targets_and_what_is_left_open(world: World) -> None:
    year = a_year(world)
    with clock.moved_to(NOVEMBER), refuses("not_offered"):
        begin_report("term", world.plan, FiscalYear(2029), by=world.desk)
    with clock.moved_to(clock.at(dt.date(2030, 3, 1), 9)):
        report = begin_report("term", world.plan, FiscalYear(2029), by=world.desk)
        found = sections_of(report, world.desk)
        assert [one.code for one in found] == ["targets", "years", "roles", "left", "changes", "next"]
        assert [row[0] for row in table(found, "years")] == ["令和7年度", "令和8年度", "令和9年度"]
        assert [row[4] for row in table(found, "years")] == [1, 1, 0]
        open_now = [one for one in year.cases.values() if fresh(one).is_open]
        assert {row[0] for row in table(found, "left")} == {one.number for one in open_now}
        with refuses("not_over"):
            approve_report(report, by=world.desk)
    with clock.moved_to(clock.at(dt.date(2030, 4, 1), 9)):
        assert approve_report(report, by=world.desk).as_of == clock.at(dt.date(2030, 4, 1), 9)


@pytest.mark.covers("C70")
def test_a_designation_has_its_own_report_of_the_same_numbers(world: World) -> None:
    a_year(world)
    publish_more(world, meetings=WITH_MEETINGS["meetings"], designations=[
        {"code": "lab", "name": "地方版の指定（架空）", "written": "地方版の指定", "meetings": ["smart"], "services": ["equipment-tests"]}])  # fmt: skip
    with clock.moved_to(NOVEMBER):
        report, whole = begun(world, "lab"), begun(world)
        found = sections_of(report, world.desk)
        assert [one.code for one in found] == ["lab", "next"]
        assert table(found, "lab") == [["ひばりスマート会議", 0], ["設備・試験", 1]]
        assert [one.code for one in sections_of(whole, world.desk)] == [*SECTIONS[:-1], "lab", "next"]
        assert str(report) == f"{world.plan.pk} lab 2026-1"
