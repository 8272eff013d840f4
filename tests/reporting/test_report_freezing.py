"""The edges of a report's life: each refusal leaves nothing, two at once end as one, frozen means the moment it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.utils.translation import override as working_in

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, company_person, staff
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.plan.models import Plan
from renkei.reporting.models import Report, ReportText
from renkei.reporting.report import actions
from renkei.reporting.report.actions import MOST, approve_report, begin_next_version, begin_report, write_section
from renkei.reporting.report.parts import refs
from renkei.reporting.report.queries import can_begin, digest, moment_of, period_of, reports_of, sections_of, texts_of
from renkei.reporting.rules import approves_reports, closes_periods, writes_reports
from tests.cases.making import events, fresh, refuses
from tests.reporting.test_closing import MAY, YEAR, close
from tests.reporting.test_reports import NOVEMBER, SECTIONS, approved, begun
from tests.reporting.year import a_year
from tests.world import DESK, LAB, World

Login = Callable[[str], AbstractContextManager[None]]
HOUR = dt.timedelta(hours=1)


def clerk(body: str = DESK, *, is_admin: bool = False) -> Any:
    """Another member of a body."""
    person = Person.objects.create_user(email=f"clerk@{body}.example", password=None, name="新人 一", kana="しんじん はじめ")
    Membership.objects.create(person=person, body_id=body, role="staff", is_admin=is_admin, since=dt.date(2024, 4, 1))
    return staff(person.pk, body, person.name)


def counts() -> tuple[int, int, int]:
    """Reports, words and events of reports."""
    return Report.objects.count(), ReportText.objects.count(), Event.objects.filter(verb__startswith="report.").count()


class TestWho:
    def test_the_desk_writes_its_administrators_approve_and_nobody_else_does_either(self, world: World) -> None:
        given = {
            "administrator": world.desk, "clerk": clerk(), "lab": world.lab, "centre": world.center, "bank": world.bank,
            "system": SYSTEM, "guest": GUEST, "company": company_person(world.people[LAB].pk),
        }  # fmt: skip
        assert {name: (closes_periods(by), writes_reports(by), approves_reports(by)) for name, by in given.items()} == {
            "administrator": (True, True, True), "clerk": (True, True, False), "system": (True, True, False),
            **dict.fromkeys(["lab", "centre", "bank", "guest", "company"], (False, False, False)),
        }  # fmt: skip

    def test_every_deed_of_everybody_else_is_refused_and_leaves_nothing(self, world: World) -> None:
        report = approved(world)
        before = counts()
        deeds: dict[str, Callable[[Any], Any]] = {
            "begin": lambda by: begin_report("year", world.plan, FiscalYear(2025), by=by),
            "write": lambda by: write_section(report, "next", text="よその文", seen=1, by=by),
            "approve": lambda by: approve_report(report, by=by),
            "next": lambda by: begin_next_version(report, by=by),
        }
        with clock.moved_to(MAY + HOUR):
            for by in (world.lab, world.center, world.bank, GUEST, company_person(world.people[LAB].pk)):
                for deed in deeds.values():
                    with refuses("not_allowed"):
                        deed(by)
        assert counts() == before

    def test_the_system_begins_and_writes_without_a_name_but_never_approves(self, world: World) -> None:
        a_year(world)
        close(world)
        with clock.moved_to(MAY):
            report = begin_report("year", world.plan, YEAR, by=SYSTEM)
            words = write_section(report, "work", text="機械の文", seen=0, by=SYSTEM)
            assert (report.begun_by_id, words.written_by_id, sections_of(report, world.desk)[1].text) == (None, None, "機械の文")
            with refuses("not_allowed"):
                approve_report(report, by=SYSTEM)
        assert fresh(report).content is None

    def test_who_left_the_desk_approves_no_more(self, world: World) -> None:
        a_year(world)
        close(world)
        second = clerk(is_admin=True)
        with clock.moved_to(MAY):
            report = begun(world)
            assert approves_reports(second)
            Membership.objects.filter(person_id=second.person).update(until=MAY.date() - dt.timedelta(days=1))
            with refuses("not_allowed"):
                approve_report(report, by=second)
        assert (fresh(report).approved_at, events("report.approve")) == (None, 0)


class TestBeginning:
    def test_a_term_is_offered_from_the_first_of_april_of_its_last_year(self, world: World) -> None:
        a_year(world)
        for day, offered in [(dt.date(2029, 3, 31), False), (dt.date(2029, 4, 1), True), (dt.date(2031, 1, 1), True)]:
            with clock.moved_to(clock.at(day, 0)):
                assert (("term", FiscalYear(2029), world.plan) in can_begin(world.desk)) is offered, day

    def test_a_year_is_offered_from_its_first_day_on(self, world: World) -> None:
        a_year(world)
        for moment, offered in [(clock.at(dt.date(2027, 3, 31), 23), False), (clock.at(dt.date(2027, 4, 1), 0), True)]:
            with clock.moved_to(moment):
                assert (("year", FiscalYear(2027), world.plan) in can_begin(world.desk)) is offered, moment

    @pytest.mark.parametrize("kind", ["", "yearly", "lab", "YEAR", "x" * 400])
    def test_a_kind_that_is_not_offered_is_refused(self, world: World, kind: str) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER), refuses("not_offered"):
            begin_report(kind, world.plan, YEAR, by=world.desk)
        assert counts() == (0, 0, 0)

    def test_each_year_and_kind_has_its_own_and_one_begun_takes_only_itself_away(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            before = {(kind, year.start_year) for kind, year, _plan in can_begin(world.desk)}
            begun(world)
            after = {(kind, year.start_year) for kind, year, _plan in can_begin(world.desk)}
        assert before - after == {("year", 2026)}
        assert after < before

    def test_the_record_says_who_began_and_when(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
        event = Event.objects.get(verb="report.begin")
        assert (report.begun_at, report.begun_by_id, report.number, report.digest, report.content) == (NOVEMBER, world.desk.person, 1, "", None)
        assert (event.at, event.person, event.body) == (NOVEMBER, world.desk.person, DESK)

    def test_a_plan_nobody_ever_published_has_no_report(self, world: World) -> None:
        a_year(world)
        other = Plan.objects.create(code="other", title="よその計画", term_from=dt.date(2040, 4, 1), term_to=dt.date(2045, 3, 31),
                                    front_desk_id=DESK, lead_party=world.plan.lead_party, is_fictional=True)  # fmt: skip
        with clock.moved_to(NOVEMBER):
            for kind in ("year", "term"):
                with refuses("not_offered"):
                    begin_report(kind, other, FiscalYear(2044), by=world.desk)
        assert counts() == (0, 0, 0)


class TestWriting:
    @pytest.mark.parametrize("section", SECTIONS)
    def test_each_section_is_written_by_itself(self, world: World, section: str) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            made = write_section(report, section, text="文", seen=0, by=world.desk)
            found = {one.code: one.text for one in sections_of(report, world.desk)}
        assert found == {**dict.fromkeys(SECTIONS, ""), section: "文"}
        assert (made.written_at, made.written_by_id, made.number) == (NOVEMBER, world.desk.person, 1)

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("あ" * MOST, "あ" * MOST), (f"  {'あ' * MOST}\n\n", "あ" * MOST), ("一\r\n二\r三", "一\n二\n三"), ("\x00あ\x0bい\u202e", "あい"),
            ("<b>&amp;{{ 7*7 }}{% now %}", "<b>&amp;{{ 7*7 }}{% now %}"), ("𠮷野家 髙﨑", "𠮷野家 髙﨑"), ("=SUM(A1)", "=SUM(A1)"),
        ],
    )  # fmt: skip
    def test_words_are_kept_as_written_without_what_cannot_be_seen(self, world: World, given: str, kept: str) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            write_section(report, "work", text=given, seen=0, by=world.desk)
        assert ReportText.objects.get().text == kept

    def test_one_letter_too_many_is_refused_in_words(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            for language, words in (("ja", "4000字までにしてください。"), ("en", None)):
                with working_in(language), pytest.raises(Refused) as refused:
                    write_section(report, "work", text="あ" * (MOST + 1), seen=0, by=world.desk)
                assert (refused.value.message == words) is (words is not None)
                assert "4000" in refused.value.message
        assert counts() == (1, 0, 1)

    def test_words_are_taken_out_again_and_all_that_was_ever_written_is_kept(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            for seen, text in enumerate(["一つ目", "二つ目", "", "一つ目"]):
                write_section(report, "work", text=text, seen=seen, by=world.desk)
            assert texts_of(report, world.desk)["work"].text == "一つ目"
        assert list(ReportText.objects.order_by("number").values_list("number", "text")) == [(1, "一つ目"), (2, "二つ目"), (3, ""), (4, "一つ目")]
        assert events("report.write") == 4

    @pytest.mark.parametrize("seen", [-1, 0, 1, 3, 10**9])
    def test_only_who_saw_the_last_words_may_write_over_them(self, world: World, seen: int) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            for number in range(2):
                write_section(report, "work", text=f"文{number}", seen=number, by=world.desk)
            with refuses("changed_meanwhile", "text"):
                write_section(report, "work", text="上書き", seen=seen, by=world.desk)
            assert texts_of(report, world.desk)["work"].text == "文1"

    def test_the_same_words_twice_are_refused_by_the_second_count(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            write_section(report, "work", text="同じ文", seen=0, by=world.desk)
            for seen, code in ((0, "changed_meanwhile"), (1, "nothing_changed")):
                with refuses(code, "text"):
                    write_section(report, "work", text=" 同じ文 ", seen=seen, by=world.desk)
        assert counts() == (1, 1, 2)

    def test_a_section_of_another_kind_of_report_is_unknown(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOVEMBER):
            report = begun(world)
            for section in ("years", "left", "lab", "", "WORK", "x" * 40):
                with refuses("unknown_section"):
                    write_section(report, section, text="文", seen=0, by=world.desk)
        assert counts() == (1, 0, 1)


class TestApproving:
    def test_as_of_is_the_moment_the_numbers_were_counted_at_however_long_freezing_takes(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """A term stands on no closed year: what is recorded while it is being frozen must show as a difference, not be lost."""
        a_year(world)
        end = clock.at(dt.date(2030, 4, 1), 9)
        asked: list[dt.datetime] = []

        def later() -> dt.datetime:
            asked.append(end + dt.timedelta(seconds=len(asked)))
            return asked[-1]

        with clock.moved_to(end):
            report = begin_report("term", world.plan, FiscalYear(2029), by=world.desk)
            seen: list[dt.datetime] = []
            real = actions.sections_of

            def spied(given: Report, by: Any) -> Any:
                seen.append(moment_of(given, by))
                return real(given, by)

            monkeypatch.setattr(actions, "sections_of", spied)
            monkeypatch.setattr(clock, "now", later)
            done = approve_report(report, by=world.desk)
        assert [done.as_of] == seen

    def test_frozen_content_holds_every_number_with_figure_version_and_seal(self, world: World) -> None:
        report = approved(world)
        found = [ref for _section, _table, _row, ref in refs(sections_of(report, world.desk))]
        assert len(found) > 50
        assert [ref for ref in found if not (ref.figure and ref.version >= 1 and ref.years and ref.value is not None)] == []
        assert [ref for ref in found if bool(ref.seal) is not (ref.value != 0)] == []
        cells = [cell for one in report.content or [] for table in one["tables"] for row in [*table["rows"], table["total"]] for cell in row if isinstance(cell, dict)]
        assert {tuple(sorted(cell)) for cell in cells} == {("body", "figure", "seal", "split", "value", "version", "years")}
        assert len(cells) == len(found)

    @pytest.mark.parametrize("changed", ["text", "value", "seal", "title", "drop", "order"])
    def test_whatever_is_changed_in_it_the_digest_is_another(self, world: World, changed: str) -> None:
        report = approved(world)
        parts: list[Any] = [dict(one) for one in report.content or []]
        cell = next(cell for table in parts[0]["tables"] for row in table["rows"] for cell in row if isinstance(cell, dict))
        if changed == "text":
            parts[-1]["text"] += "。"
        elif changed in {"value", "seal"}:
            cell[changed] = "9"
        elif changed == "title":
            parts[0]["title"] = "別の題"
        elif changed == "drop":
            parts.pop()
        else:
            parts.reverse()
        report.content = parts
        assert digest(report) != report.digest

    @pytest.mark.parametrize(("name", "value"), [("fiscal_year", 2025), ("number", 2), ("kind", "lab"), ("plan_id", "x"), ("as_of", MAY + HOUR)])
    def test_the_digest_is_of_its_year_number_kind_plan_and_moment_too(self, world: World, name: str, value: Any) -> None:
        report = approved(world)
        assert digest(report) == report.digest
        setattr(report, name, value)
        assert digest(report) != report.digest

    def test_it_is_frozen_in_the_house_language_whoever_approves(self, world: World) -> None:
        a_year(world)
        close(world)
        with clock.moved_to(MAY), working_in("en"):
            report = approve_report(begun(world), by=world.desk)
        assert [one["title"] for one in report.content or []] == [
            "目標と実績", "相談と支援の内容", "機関ごとの役割と実績", "会議の開催", "不足した機能と地域の外からの補完", "計画の変更", "銀行の働き", "課題と次の年度"]  # fmt: skip

    def test_the_words_frozen_are_the_last_and_a_taken_out_section_stays_empty(self, world: World) -> None:
        a_year(world)
        close(world)
        with clock.moved_to(MAY):
            report = begun(world)
            for seen, text in enumerate(["古い文", "新しい文"]):
                write_section(report, "next", text=text, seen=seen, by=world.desk)
            write_section(report, "work", text="消す文", seen=0, by=world.desk)
            write_section(report, "work", text="", seen=1, by=world.desk)
            done = approve_report(report, by=world.desk)
        assert {one["code"]: one["text"] for one in done.content or []} == {**dict.fromkeys(SECTIONS, ""), "next": "新しい文"}
        assert "古い文" not in str(done.content)

    def test_the_audit_row_carries_the_digest_and_nothing_is_approved_twice(self, world: World) -> None:
        report = approved(world)
        event = Event.objects.get(verb="report.approve")
        assert (str(report.pk) in str(event.objects_touched), event.person) == (True, world.desk.person)
        with clock.moved_to(MAY + 2 * HOUR):
            for deed in (lambda: approve_report(report, by=world.desk), lambda: write_section(report, "work", text="x", seen=0, by=world.desk)):
                with refuses("approved"):
                    deed()
        assert fresh(report).digest == report.digest

    def test_a_term_is_approved_the_day_after_its_last_and_not_on_it(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(clock.at(dt.date(2030, 3, 31), 23)):
            report = begin_report("term", world.plan, FiscalYear(2029), by=world.desk)
            with refuses("not_over"):
                approve_report(report, by=world.desk)
        with clock.moved_to(clock.at(dt.date(2030, 4, 1), 0)):
            assert period_of(report, world.desk) is None
            assert approve_report(report, by=world.desk).is_approved

    def test_a_version_of_versions_counts_on_and_each_has_its_own_words(self, world: World) -> None:
        first = approved(world)
        with clock.moved_to(MAY + 2 * HOUR):
            for number in (2, 3):
                again = begin_next_version(first, by=world.desk)  # of the oldest: what counts on is the newest
                assert (again.number, texts_of(again, world.desk)["next"].number) == (number, 1)
                write_section(again, "next", text=f"第{number}版の文", seen=1, by=world.desk)
                approve_report(again, by=world.desk)
        found = {one.number: sections_of(one, world.desk)[-1].text for one in Report.objects.all()}
        assert found == {1: "試験の待ちを短くする。", 2: "第2版の文", 3: "第3版の文"}
        assert [one.number for one in reports_of(world.lab)] == [3, 2, 1]
        assert (events("report.begin"), events("report.approve")) == (3, 3)
