"""A report is drafted from figures, worded by people, approved and frozen; what comes later shows as a difference (form L)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, company_person, staff
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.cases.actions.projects import record_project
from renkei.meetings.actions.calling import call_meeting
from renkei.meetings.models import Meeting, MeetingState
from renkei.plan.models import Body, Field, PlanVersion
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE
from renkei.reporting.models import FrozenFigure, Report, ReportText
from renkei.reporting.queries import count
from renkei.reporting.report.actions import MOST, approve_report, begin_next_version, begin_report, write_section
from renkei.reporting.report.numbers import moved
from renkei.reporting.report.parts import Ref, Section, digest_of, frozen_parts, read_parts, refs, seal_of
from renkei.reporting.report.queries import can_begin, digest, moment_of, period_of, reports_of, sections_of, texts_of
from tests.cases.making import events, fresh, refuses
from tests.meetings.making import WITH_MEETINGS
from tests.reporting.test_closing import MAY, YEAR, close
from tests.reporting.year import a_year, at
from tests.world import BANK, DESK, LAB, World

NOVEMBER = at(11, 27)
Login = Callable[[str], AbstractContextManager[None]]
SECTIONS = ["targets", "work", "roles", "meetings", "gaps", "changes", "banks", "next"]


def begun(world: World, kind: str = "year", year: FiscalYear = YEAR) -> Report:
    return begin_report(kind, world.plan, year, by=world.desk)


def approved(world: World) -> Report:
    """The year's report, its year closed in May, approved a moment later."""
    a_year(world)
    close(world)
    with clock.moved_to(MAY + dt.timedelta(hours=1)):
        report = begun(world)
        write_section(report, "next", text="試験の待ちを短くする。", seen=0, by=world.desk)
        return approve_report(report, by=world.desk)


def numbers(sections: list[Section]) -> dict[tuple[str, ...], Any]:
    """Every number by section, figure, years, body and part."""
    return {(one.code, ref.figure, "-".join(map(str, ref.years)), ref.body, ref.split): ref.value for one, _table, _row, ref in refs(sections)}


def table(sections: list[Section], code: str, place: int = 0) -> list[list[Any]]:
    """A table as it is read: numbers by their value."""
    found = next(one for one in sections if one.code == code).tables[place]
    rows = [*found.rows, *([found.total] if found.total else [])]
    return [[int(cell.value or 0) if isinstance(cell, Ref) else cell for cell in row] for row in rows]


@pytest.mark.covers("C38", "C39", "C40")
def test_a_draft_has_the_sections_of_the_document_with_every_number_a_reference(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        report = begun(world)
        found = sections_of(report, world.desk)
        assert [one.code for one in found] == SECTIONS
        assert table(found, "targets") == [["令和7・8年度", "2", 2, 2], ["令和9年度", "1", 0, 2], ["合計", "3", 2, 2]]
        assert [row[:1] + row[2:] for row in table(found, "targets", 1)] == [
            [number, field, bodies] for number, field, bodies in _approved_in(2026)]  # fmt: skip
        # Each number is what the one place that defines the figure counts, for the same body, part, years and moment.
        checked = 0
        for _section, _table, _row, ref in refs(found):
            result = count(BY_CODE[ref.figure], FiscalYear(min(ref.years)), FiscalYear(max(ref.years)), as_of=NOVEMBER)
            rows = [row for row in result.rows if ref.figure != "projects" or row.split in {str(year) for year in ref.years}]
            records = {row.record for row in rows if ref.body in {ALL, row.body} and ref.split in {ALL, row.split}}
            value = Decimal(len(records))
            if ref.figure == "projects" and ref.body != ALL:  # by agreed shares; all are agreed in this year
                value = Decimal(sum(row.percent or 0 for row in rows if row.body == ref.body)) / 100
            assert (ref.value, ref.seal, ref.version) == (value, seal_of(records), BY_CODE[ref.figure].version), ref
            checked += 1
        assert checked == 73


def _approved_in(year: int) -> list[tuple[str, str, str]]:
    from renkei.cases.models import RegionalProject

    return [(one.number, str(one.field), "、".join(body.short for body in one.bodies.all()))
            for one in RegionalProject.objects.filter(counted_fiscal_year=year).order_by("approved_on", "number")]  # fmt: skip


def test_every_body_stands_in_the_report_nought_too_and_what_adds_up_adds_up(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        found = next(one for one in sections_of(begun(world), world.desk) if one.code == "roles").tables[0]
    assert [row[0] for row in found.rows[:-1]] == [one.short for one in Body.objects.order_by("order")]
    assert len({len(row) for row in (found.heads, *found.rows, found.total)}) == 1
    for column in found.sums:
        parts = sum(cell.value for row in found.rows if isinstance(cell := row[column], Ref) and cell.value is not None)
        whole = found.total[column]
        assert isinstance(whole, Ref)
        assert parts == whole.value, found.heads[column]
    bank = next(row for row in found.rows if isinstance(row[1], Ref) and row[1].body == BANK)
    assert [cell.value for cell in bank[1:] if isinstance(cell, Ref)] == [Decimal(0)] * (len(found.heads) - 1)
    assert found.rows[-1][0] == "分け方がまだ"
    projects = [cell for row in (*found.rows, found.total) for cell in row if isinstance(cell, Ref) and cell.figure == "projects"]
    assert [cell.value for cell in projects if cell.value] == [Decimal("0.6"), Decimal("0.4"), Decimal(1)]  # two bodies, one project


def test_a_closed_year_gives_its_frozen_figures_whatever_comes_later(world: World) -> None:
    a_year(world)
    period = close(world)
    with clock.moved_to(MAY + dt.timedelta(days=3)):
        report = begun(world)
        assert (period_of(report, world.desk), moment_of(report, world.desk)) == (period, MAY)
        before = numbers(sections_of(report, world.desk))
        _late_project(world)
        assert numbers(sections_of(report, world.desk)) == before
    kept = {(row.figure, row.body, row.split): row.value for row in FrozenFigure.objects.all()}
    compared = {key: value for key, value in before.items() if key[2] == "2026"}
    assert {key: value for key, value in compared.items() if value != kept.get((key[1], key[3], key[4]), Decimal(0))} == {}
    assert {key[1] for key in compared} >= {"projects", "consultations", "supports", "declines", "silent", "open", "areas"}


def _late_project(world: World) -> None:
    """What was approved in March is written down after the report."""
    from renkei.cases.models import Case

    case = Case.objects.filter(company__isnull=False).order_by("number").first()
    assert case is not None
    record_project(fresh(case), number="牽引-99", approved_on=dt.date(2027, 3, 25), title="遅れ", field=Field.objects.get(pk="A"),
                   bodies=[Body.objects.get(pk=LAB)], by=world.desk)  # fmt: skip


def test_approved_is_frozen_under_a_digest_and_later_corrections_show_as_differences(world: World) -> None:
    report = approved(world)
    assert (report.number, report.approved_by_id, report.as_of, events("report.approve")) == (1, world.desk.person, MAY, 1)
    parts = report.content
    moment = MAY.astimezone(dt.UTC).isoformat()
    assert report.digest == digest(report) == digest_of(parts, plan=world.plan.pk, kind="year", year=2026, number=1, as_of=moment)
    assert frozen_parts(read_parts(parts)) == parts
    before = sections_of(report, world.desk)
    assert {one.code: one.text for one in before} == {**dict.fromkeys(SECTIONS, ""), "next": "試験の待ちを短くする。"}
    with clock.moved_to(MAY + dt.timedelta(days=30)):
        assert moved(before) == []
        _late_project(world)
        after = Report.objects.get(pk=report.pk)
        assert (sections_of(after, world.desk), after.digest) == (before, report.digest)
        found = {(one.section, one.was.figure, one.was.body, one.was.years): (one.was.value, one.now.value) for one in moved(before)}
    two, three, one = Decimal(2), Decimal(3), Decimal(1)
    assert found == {
        ("目標と実績", "projects", ALL, (2025, 2026)): (two, three), ("目標と実績", "projects", ALL, (2025, 2026, 2027)): (two, three),
        ("機関ごとの役割と実績", "projects", LAB, (2026,)): (Decimal("0.6"), Decimal("1.6")), ("機関ごとの役割と実績", "projects", ALL, (2026,)): (one, two),
    }  # fmt: skip


def test_the_same_number_of_other_records_is_a_difference_too() -> None:
    first, second = seal_of(["a"]), seal_of(["b"])  # type: ignore[list-item]  any words will do
    assert len({first, second, seal_of([])}) == 3
    assert seal_of(["a", "b"]) == seal_of(["b", "a"])  # type: ignore[list-item]


def test_a_second_writer_is_refused_and_what_both_wrote_is_kept(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        report = begun(world)
        first = write_section(report, "work", text="一人目の文。", seen=0, by=world.desk)
        with refuses("changed_meanwhile", "text"):
            write_section(report, "work", text="二人目の文。", seen=0, by=world.desk)
        assert texts_of(report, world.desk) == {"work": first}
        second = write_section(report, "work", text="一人目の文。二人目の文。", seen=1, by=world.desk)
        assert texts_of(report, world.desk) == {"work": second}
    assert [(one.number, one.text) for one in ReportText.objects.order_by("number")] == [(1, "一人目の文。"), (2, "一人目の文。二人目の文。")]
    assert events("report.write") == 2


def test_what_cannot_be_written_is_refused_and_leaves_nothing(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        report = begun(world)
        for given, code in [
            ({"text": "あ" * (MOST + 1)}, ("too_long", "text")), ({"section": "nowhere", "text": "あ"}, ("unknown_section", None)),
            ({"text": " \n"}, ("nothing_changed", "text")), ({"text": "あ", "seen": 3}, ("changed_meanwhile", "text")),
            ({"text": "あ", "by": world.lab}, ("not_allowed", None)), ({"text": "あ", "by": GUEST}, ("not_allowed", None)),
        ]:  # fmt: skip
            with refuses(*code):
                write_section(report, **{"section": "work", "seen": 0, "by": world.desk, **given})  # type: ignore[arg-type]
    assert (ReportText.objects.count(), events("report.write")) == (0, 0)


def test_reports_are_begun_once_by_the_desk_for_years_that_can_be_counted(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        offered = [(kind, year.start_year) for kind, year, _plan in can_begin(world.desk)]
        assert {year for kind, year in offered if kind == "year"} >= {2025, 2026}
        assert "lab" not in {kind for kind, _year in offered}  # the plan names no designation
        for by in (world.lab, world.bank, GUEST, company_person(world.people[LAB].pk)):
            with refuses("not_allowed"):
                begin_report("year", world.plan, YEAR, by=by)
        with refuses("not_offered"):
            begin_report("lab", world.plan, YEAR, by=world.desk)
        with refuses("not_offered"):
            begin_report("year", world.plan, FiscalYear(2040), by=world.desk)
        report = begun(world)
        with refuses("begun_already"):
            begun(world)
        assert [one.pk for one in reports_of(world.desk)] == [report.pk]
        assert ("year", YEAR, world.plan) not in can_begin(world.desk)
    assert (Report.objects.count(), events("report.begin")) == (1, 1)


def test_only_an_administrator_of_the_front_desk_approves_and_only_a_closed_year(world: World) -> None:
    a_year(world)
    clerk = Person.objects.create_user(email="clerk@desk.example", password=None, name="新人 一", kana="しんじん はじめ")
    Membership.objects.create(person=clerk, body_id=DESK, role="staff", since=dt.date(2024, 4, 1))
    writer = staff(clerk.pk, DESK)
    with clock.moved_to(NOVEMBER):
        report = begun(world)
        write_section(report, "next", text="係の文。", seen=0, by=writer)
        with refuses("not_closed"):
            approve_report(report, by=world.desk)
    close(world)
    with clock.moved_to(MAY):
        for by in (writer, world.lab, SYSTEM, GUEST):
            with refuses("not_allowed"):
                approve_report(report, by=by)
        assert (Report.objects.get().approved_at, events("report.approve")) == (None, 0)
        approve_report(report, by=world.desk)
        with refuses("approved"):
            approve_report(report, by=world.desk)
        with refuses("approved"):
            write_section(report, "next", text="あとから", seen=1, by=world.desk)
    assert events("report.approve") == 1


def test_a_new_version_keeps_the_words_and_the_approved_one(world: World) -> None:
    report = approved(world)
    with clock.moved_to(MAY + dt.timedelta(days=2)):
        with refuses("not_allowed"):
            begin_next_version(report, by=world.lab)
        second = begin_next_version(report, by=world.desk)
        with refuses("not_approved"):
            begin_next_version(report, by=world.desk)
        assert (second.number, texts_of(second, world.desk)["next"].text) == (2, "試験の待ちを短くする。")
        write_section(second, "next", text="試験の待ちを半分にする。", seen=1, by=world.desk)
        approve_report(second, by=world.desk)
    one, two = Report.objects.order_by("number")
    assert ([words(one, world)["next"], words(two, world)["next"]], one.digest == two.digest) == (
        ["試験の待ちを短くする。", "試験の待ちを半分にする。"], False)  # fmt: skip


def words(report: Report, world: World) -> dict[str, str]:
    return {one.code: one.text for one in sections_of(report, world.desk)}


def test_meetings_held_stand_beside_the_plan_and_those_called_off_or_yet_to_come_do_not_count(world: World) -> None:
    a_year(world)
    publish_more(world, meetings=WITH_MEETINGS["meetings"])
    with clock.moved_to(at(5, 1)):
        for month in (6, 7, 12):
            call_meeting("full", held_on=dt.date(2026, month, 10), by=world.desk)
        call_meeting("full", held_on=dt.date(2026, 8, 3), kind="circulation", by=world.desk)
    Meeting.objects.filter(held_on__month__in=[6, 8]).update(state=MeetingState.HELD, held_at=at(5, 2))
    with clock.moved_to(NOVEMBER):
        found = table(sections_of(begun(world), world.desk), "meetings")
    assert found == [["ひばり定例会議", "年10回", 0], ["ひばり連携会議", "年1回", 1], ["ひばりスマート会議", "随時", 0]]


def publish_more(world: World, **sections: Any) -> None:
    """Publish the plan's last version with other sections."""
    last = PlanVersion.objects.order_by("-number")[0]
    PlanVersion.objects.create(plan=world.plan, number=last.number + 1, content={**last.content, **sections}, published_at=last.published_at)


def test_the_database_holds_one_draft_and_no_half_frozen_report(world: World) -> None:
    a_year(world)
    given: dict[str, Any] = {"plan": world.plan, "kind": "year", "fiscal_year": 2026, "begun_at": NOVEMBER}
    report = Report.objects.create(**given, number=1)
    wrong = {
        "report_number_once": lambda: Report.objects.create(**given, number=1),
        "report_one_draft": lambda: Report.objects.create(**given, number=2),
        "report_kind": lambda: Report.objects.create(**{**given, "kind": "odd", "fiscal_year": 2025}, number=1),
        "report_approved_is_frozen": lambda: Report.objects.filter(pk=report.pk).update(approved_at=NOVEMBER),
        "report_text_number_once": lambda: [ReportText.objects.create(report=report, section="work", number=1, written_at=NOVEMBER) for _ in range(2)],
    }  # fmt: skip
    for name, deed in wrong.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            deed()


def test_an_approved_report_and_every_word_written_stand_for_good(world: World) -> None:
    report = approved(world)
    for deed in (lambda: Report.objects.filter(pk=report.pk).update(digest="x"), lambda: Report.objects.filter(pk=report.pk).update(number=7),
                 lambda: ReportText.objects.update(text="x"), lambda: ReportText.objects.all().delete()):  # fmt: skip
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            deed()


def test_who_reads_which_report_under_the_real_logins(committed_world: World, login: Login) -> None:
    world = committed_world
    report = approved(world)
    with clock.moved_to(MAY + dt.timedelta(days=1)), login("web"), acting(world.desk):
        draft = begin_next_version(report, by=world.desk)
        write_section(draft, "next", text="まだ見せない。", seen=1, by=world.desk)
    both, one, none = {report.pk, draft.pk}, {report.pk}, set[Any]()
    for actor, reports, texts in [(world.desk, both, 3), (world.lab, one, 0), (world.bank, one, 0), (GUEST, none, 0),
                                  (company_person(world.people[LAB].pk), none, 0)]:  # fmt: skip
        with login("web"), acting(actor):
            assert set(Report.objects.values_list("pk", flat=True)) == reports == set(Report.objects.visible_to(actor).values_list("pk", flat=True))
            assert (ReportText.objects.count(), ReportText.objects.visible_to(actor).count()) == (texts, texts)
    with login("web"), acting(world.lab):
        read = sections_of(Report.objects.get(), world.lab)
        assert words(Report.objects.get(), world) == {**dict.fromkeys(SECTIONS, ""), "next": "試験の待ちを短くする。"}
        assert numbers(read) == numbers(sections_of(report, world.desk))
    with login("worker"), acting(SYSTEM):
        assert (Report.objects.count(), ReportText.objects.count()) == (2, 3)


def test_no_other_body_writes_into_the_tables_under_the_web_login(committed_world: World, login: Login) -> None:
    world = committed_world
    report = approved(world)
    given: dict[str, Any] = {"plan": world.plan, "kind": "year", "fiscal_year": 2025, "number": 1, "begun_at": MAY}
    with login("web"), acting(world.lab):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Report.objects.create(**given)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            ReportText.objects.create(report=report, section="work", number=1, written_at=MAY)
        assert Report.objects.filter(pk=report.pk).update(digest="x") == 0
    with login("web"), acting(world.desk):
        for sql in ("DELETE FROM reporting_report", "DELETE FROM reporting_reporttext", "UPDATE reporting_reporttext SET text = ''"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Report.objects.create(**given, approved_at=MAY, as_of=MAY, content=[], digest="x")


def test_of_two_who_write_at_once_one_is_refused_and_nothing_is_lost(committed_world: World, login: Login) -> None:
    world = committed_world
    a_year(world)
    with clock.moved_to(NOVEMBER):
        report = begun(world)
    start, said = threading.Barrier(2), []

    def run(text: str) -> None:
        try:
            with acting(world.desk):
                start.wait(10)
                write_section(report, "work", text=text, seen=0, by=world.desk)
                said.append(text)
        except Refused as refusal:
            said.append(refusal.code)
        finally:
            connection.close()

    with login("web"):
        threads = [threading.Thread(target=run, args=(text,)) for text in ("甲の文", "乙の文")]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
    kept = ReportText.objects.get()
    assert sorted(said) == sorted([kept.text, "changed_meanwhile"])
    assert kept.text in {"甲の文", "乙の文"}


def test_versions_of_the_plan_published_in_the_year_stand_in_the_report(world: World) -> None:
    a_year(world)
    last = PlanVersion.objects.order_by("-number").first()
    assert last is not None
    with clock.moved_to(at(9, 1)):
        PlanVersion.objects.create(plan=world.plan, number=last.number + 1, content=last.content, published_at=clock.now(), note="代表者の変更")
    with clock.moved_to(NOVEMBER):
        rows = table(sections_of(begun(world), world.desk), "changes")
    assert rows[-1] == [f"第{last.number + 1}版", "令和8年9月1日", "代表者の変更"]
