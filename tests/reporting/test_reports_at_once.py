"""Two at once make one report, one approval, one next version; and what is approved nobody moves under the real logins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.reporting.models import ClosedPeriod, Report, ReportText
from renkei.reporting.report.actions import approve_report, begin_next_version, write_section
from renkei.reporting.report.parts import Ref, frozen_parts, refs
from renkei.reporting.report.queries import sections_of
from tests.cases.making import events, fresh
from tests.reporting.test_closing import MAY, close
from tests.reporting.test_report_freezing import clerk, counts
from tests.reporting.test_reports import NOVEMBER, approved, begun
from tests.reporting.year import a_year
from tests.storm.racing import at_once
from tests.world import BANK, CENTER, DESK, LAB, World

Login = Callable[[str], AbstractContextManager[None]]
HOUR = dt.timedelta(hours=1)


def on(moment: dt.datetime, deed: Callable[[], Any]) -> Callable[[], Any]:
    """The deed at a moment, in whichever thread does it."""

    def done() -> Any:
        with clock.moved_to(moment):
            return deed()

    return done


class TestAtOnce:
    def test_two_who_begin_make_one(self, committed_world: World, login: Login) -> None:
        world = committed_world
        a_year(world)
        with login("web"):
            answers = at_once(*[(world.desk, on(NOVEMBER, lambda: begun(world)))] * 2)
        assert sorted(type(one).__name__ for one in answers) == ["Refused", "Report"]
        assert next(one.code for one in answers if isinstance(one, Refused)) == "begun_already"
        assert counts() == (1, 0, 1)

    def test_two_who_approve_freeze_once_and_two_who_go_on_begin_one_version(self, committed_world: World, login: Login) -> None:
        world = committed_world
        a_year(world)
        close(world)
        with clock.moved_to(MAY), login("web"):
            with acting(world.desk):
                report = begun(world)
            answers = at_once(*[(world.desk, on(MAY, lambda: approve_report(report, by=world.desk)))] * 2)
            assert sorted(getattr(one, "code", "done") for one in answers) == ["approved", "done"]
            answers = at_once(*[(world.desk, on(MAY, lambda: begin_next_version(report, by=world.desk)))] * 2)
        assert [one.number for one in answers if isinstance(one, Report)] == [2]
        assert next(one.code for one in answers if isinstance(one, Refused)) in {"not_approved", "begun_already"}
        assert (events("report.approve"), events("report.begin"), Report.objects.count()) == (1, 2, 2)

    def test_words_written_while_it_is_approved_are_in_it_or_refused(self, committed_world: World, login: Login) -> None:
        world = committed_world
        a_year(world)
        close(world)
        with clock.moved_to(MAY), login("web"):
            with acting(world.desk):
                report = begun(world)
            written, _done = at_once((world.desk, on(MAY, lambda: write_section(report, "next", text="間に合うか", seen=0, by=world.desk))),
                                     (world.desk, on(MAY, lambda: approve_report(report, by=world.desk))))  # fmt: skip
        frozen = str(fresh(report).content)
        assert ("間に合うか" in frozen) is isinstance(written, ReportText)
        assert isinstance(written, ReportText) or written.code == "approved"


def test_under_the_real_login_nobody_moves_an_approved_report_or_takes_a_number_of_it(committed_world: World, login: Login) -> None:
    world = committed_world
    report = approved(world)
    tries = {
        "digest": {"digest": "x"}, "content": {"content": []}, "undone": {"approved_at": None, "as_of": None, "content": None, "digest": ""},
        "number": {"number": 9}, "year": {"fiscal_year": 2001},
    }  # fmt: skip
    for by in (world.desk, clerk()):
        for name, values in tries.items():
            with login("web"), acting(by), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                Report.objects.filter(pk=report.pk).update(**values)
            assert fresh(report).digest == report.digest, name
    for by in (world.lab, world.center, world.bank, GUEST):
        with login("web"), acting(by):
            assert Report.objects.filter(pk=report.pk).update(digest="x") == 0
    assert {body: Report.objects.visible_to(world.actor(body)).count() for body in (DESK, LAB, CENTER, BANK)} == dict.fromkeys((DESK, LAB, CENTER, BANK), 1)
    assert ClosedPeriod.objects.count() == 1


def test_frozen_parts_of_a_draft_are_plain_json_with_numbers_as_words(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        sections = sections_of(begun(world), world.desk)
    values = [cell["value"] for one in frozen_parts(sections) for table in one["tables"] for row in table["rows"] for cell in row if isinstance(cell, dict)]
    assert {type(one) for one in values} == {str}
    assert [one for _s, _t, _r, one in refs(sections) if not isinstance(one, Ref)] == []
