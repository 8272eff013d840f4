"""After an import: what counts as a change that forbids taking it back, what taking back leaves, and what goes out."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.cases.actions import register as register_acts
from renkei.cases.actions.closing import close_case, give_feedback, reopen_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import set_next_step, take_case
from renkei.cases.actions.intake import bind_company
from renkei.cases.actions.merging import merge_cases, split_case
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.register import export_register, import_register, read_register, undo_import
from renkei.cases.actions.talk import add_file, log_contact, write_to_company
from renkei.cases.actions.triage import add_need, change_need, set_analysis, set_summary, settle_need
from renkei.cases.models import Case, Consultation, ImportedCase, ImportRun, Need, Register, Transition
from renkei.cases.queries.history import company_history
from renkei.cases.queries.register import COLUMNS
from renkei.cases.steps import NextStep
from renkei.plan.models import Body, Field
from renkei.plan.queries import content_now
from tests.cases.linking import web
from tests.cases.making import NOON, arrived, company, events, fresh, need_of, offered, refuses
from tests.cases.test_board import queries
from tests.cases.test_register import CLOSED, OPEN, read, run, sheet
from tests.storm.racing import at_once, codes
from tests.world import CENTER, DESK, LAB, World

STEP = NextStep("訪ねる", dt.date(2026, 12, 1))


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def cells(data: bytes) -> list[list[Any]]:
    page = openpyxl.load_workbook(io.BytesIO(data)).active
    return [[cell.value.date() if isinstance(cell.value, dt.datetime) else cell.value for cell in row]
            for row in page.iter_rows()]  # fmt: skip


def twin(case: Case, world: World) -> Case:
    """Another case of the same firm."""
    return arrived(world, company=case.company).case


LATER: dict[str, Callable[[Case, World], object]] = {
    "a call": lambda case, w: log_contact(case, by=w.desk, channel="phone", text="話した"),
    "a letter": lambda case, w: write_to_company(case, by=w.desk, text="お知らせ"),
    "a file": lambda case, w: add_file(case, by=w.desk, name="メモ.txt", data="寸法".encode()),
    "a next step": lambda case, w: set_next_step(case, STEP, by=w.desk),
    "another person": lambda case, w: take_case(case, by=w.desk, person=w.people[DESK].pk),
    "a problem": lambda case, w: add_need(case, title="もう1つ", stage="4", by=w.desk),
    "a problem said better": lambda case, w: change_need(case.needs.get(), title="別の言い方", by=w.desk),
    "a problem settled": lambda case, w: settle_need(case.needs.get(), state="settled", by=w.desk),
    "a summary": lambda case, w: set_summary(case, title="新しい件名", summary="要約", by=w.desk),
    "an analysis": lambda case, w: set_analysis(case, support_field="A", by=w.desk),
    "a consent": lambda case, w: give_consent(case, body=body(LAB), klass="summary", by=w.desk, how="oral", given_by="人"),
    "another firm": lambda case, w: bind_company(fresh(case), company(name="別の名前"), by=w.desk),
    "its end": lambda case, w: close_case(case, by=w.desk, reason="solved", words="済", needs="settled"),
    "a merge": lambda case, w: merge_cases(twin(case, w), case, by=w.desk),
    "a merge into it": lambda case, w: merge_cases(case, twin(case, w), by=w.desk),
    "a split": lambda case, w: split_case(case, needs=[need_of(case, w)], title="分けた", by=w.desk),
    "a project": lambda case, w: record_project(case, number="1", approved_on=clock.today(), title="量産",
                                                field=Field.objects.get(), bodies=[body(LAB)], by=w.desk),
}  # fmt: skip
UNBOUND = {"another firm"}


class TestWhatForbidsUndoing:
    @pytest.mark.parametrize("later", LATER)
    def test_whatever_happened_to_one_case_and_nothing_is_undone(
        self, world: World, later: str, tmp_path: Any, settings: Any
    ) -> None:
        settings.RENKEI_HOME = tmp_path
        if later not in UNBOUND:
            company(name=OPEN["会社名"])
        made = run(world, {**OPEN, "主担当": "産業課"}, CLOSED)
        LATER[later](Case.objects.get(number="旧-101"), world)
        before = list(Case.objects.order_by("pk").values())
        with pytest.raises(Exception, match=r"まとめては取り消せません：旧-101$") as caught:
            undo_import(made, by=world.desk)
        assert caught.value.code == "changed_since"  # type: ignore[attr-defined]
        assert list(Case.objects.order_by("pk").values()) == before
        assert fresh(made).undone_at is None

    @pytest.mark.parametrize(
        "later",
        [
            lambda case, world: reopen_case(case, by=world.desk, reason="また"),
            lambda case, world: give_feedback(case, by=world.desk, result="solved", satisfaction=4),
        ],
        ids=["reopened", "feedback"],
    )
    def test_what_happens_to_a_closed_one_counts_too(self, world: World, later: Callable[..., Any]) -> None:
        made = run(world, CLOSED)
        later(Case.objects.get(), world)
        with refuses("changed_since"):
            undo_import(made, by=world.desk)

    @pytest.mark.parametrize(("count", "ending"), [(1, "番0"), (5, "番0、番1、番2、番3、番4"), (7, "番0、番1、番2、番3、番4ほか2件")])
    def test_names_five_of_them_and_counts_the_rest(self, world: World, count: int, ending: str) -> None:
        made = run(world, *[{**OPEN, "受付番号": f"番{n}"} for n in range(8)])
        for case in Case.objects.order_by("number")[:count]:
            log_contact(case, by=world.desk, channel="phone", text="話した")
        with pytest.raises(Exception, match=f"：{ending}$"):
            undo_import(made, by=world.desk)

    def test_a_change_in_another_run_does_not_matter(self, world: World) -> None:
        first, second = run(world, OPEN), run(world, CLOSED)
        reopen_case(Case.objects.get(number="旧-100"), by=world.desk, reason="また")
        undo_import(first, by=world.desk)
        with refuses("changed_since"):
            undo_import(second, by=world.desk)

    def test_only_its_own_body_the_desk_and_the_worker(self, world: World) -> None:
        own = {**OPEN, "主担当": ""}
        made = import_register(read(own), by=world.lab, body=body(LAB))
        for actor in (world.center, world.bank, GUEST):
            with refuses("not_allowed"):
                undo_import(made, by=actor)
        assert undo_import(made, by=world.desk).undone_at == NOON
        assert undo_import(import_register(read(own), by=world.lab, body=body(LAB)), by=SYSTEM).undone_at == NOON


class TestWhatUndoingLeaves:
    def test_closed_cases_keep_the_day_of_their_end_and_open_ones_end_today(self, world: World) -> None:
        undo_import(run(world), by=world.desk)
        ends = [case.closed_at.astimezone(clock.JST).date() for case in Case.objects.order_by("imported__row") if case.closed_at]
        assert ends == [dt.date(2026, 11, 25), dt.date(2026, 9, 30)]

    def test_nothing_is_deleted_and_the_steps_tell_both(self, world: World) -> None:
        made = run(world)
        undo_import(made, by=world.desk)
        assert [list(case.transitions.values_list("verb", flat=True).order_by("verb")) for case in
                Case.objects.order_by("imported__row")] == [
            ["import_undone", "imported"], ["closed", "import_undone", "imported"]]
        assert (Consultation.objects.count(), ImportedCase.objects.filter(run=made).count()) == (2, 2)
        assert set(Need.objects.values_list("state", flat=True)) == {"dropped", "settled"}

    def test_numbers_of_the_full_length_are_given_back_too(self, world: World) -> None:
        numbers = [f"{'長' * 29}{n}" for n in range(3)]
        rows = [{**OPEN, "受付番号": number} for number in numbers]
        undo_import(run(world, *rows), by=world.desk)
        assert max(len(case.number) for case in Case.objects.all()) == 30
        run(world, *rows)
        assert set(Case.objects.open().values_list("number", flat=True)) == set(numbers)

    def test_the_firm_and_the_searcher_meet_it_no_more(self, world: World) -> None:
        known = company(name=OPEN["会社名"])
        made = run(world, OPEN)
        assert len(company_history(known, actor=world.desk)) == 1
        undo_import(made, by=world.desk)
        assert company_history(known, actor=world.desk) == []
        assert Case.objects.get().company_name == "まぼろし計測株式会社"
        assert not Case.objects.containing("まぼろし").exists()

    def test_again_and_again_the_same_sheet(self, world: World) -> None:
        for _turn in range(3):
            undo_import(run(world), by=world.desk)
        assert (Case.objects.count(), Case.objects.open().count(), ImportRun.objects.count()) == (6, 0, 3)

    def test_what_fails_halfway_undoes_nothing(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        made = run(world)
        real, calls = register_acts._take_out, list[Case]()

        def fail_at_the_second(case: Case, **more: Any) -> None:
            calls.append(case)
            if len(calls) == 2:
                raise OSError("the disk is full")
            real(case, **more)

        monkeypatch.setattr(register_acts, "_take_out", fail_at_the_second)
        with pytest.raises(OSError, match="disk"):
            undo_import(made, by=world.desk)
        assert set(Case.objects.values_list("number", flat=True)) == {"旧-100", "旧-101"}
        assert fresh(made).undone_at is None


class TestImportingWhole:
    def test_what_fails_halfway_imports_nothing(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        preview = read({**OPEN, "受付番号": ""}, CLOSED)
        monkeypatch.setattr(register_acts.Consultation.objects, "create", lambda **more: 1 / 0 if "旧" in more["number"] else None)
        with pytest.raises(ZeroDivisionError):
            import_register(preview, by=world.desk, body=body(DESK))
        assert [table.objects.count() for table in (Case, ImportRun, Register, Transition)] == [0, 0, 0, 0]
        assert not Event.objects.filter(verb="register.import").exists()

    @pytest.mark.parametrize(
        ("word", "reason", "result", "kept"),
        [
            ("解決した", "solved", "solved", "解決した"), ("一部できた", "partly", "partly", "一部できた"),
            ("役に立たなかった", "imported", "no", "役に立たなかった"), ("連絡がつかない", "no_reply", "", "連絡がつかない"),
            ("ＩｏＴで解決", "imported", "", "ＩｏＴで解決"), ("", "imported", "", ""), (" 解決 した ", "solved", "solved", "解決 した"),
        ],
    )  # fmt: skip
    def test_the_words_of_the_result_become_the_plans_where_it_has_them(
        self, world: World, word: str, reason: str, result: str, kept: str
    ) -> None:
        run(world, {**CLOSED, "結果": word})
        case = Case.objects.get()
        assert (case.close_reason, case.result, case.close_words) == (reason, result, kept)

    def test_without_a_title_the_words_give_one(self, world: World) -> None:
        run(world, {**OPEN, "件名": "", "内容": "一行目\n" + "長" * 200})
        case = Case.objects.get()
        assert (case.title, case.consultations.get().text) == ("一行目 " + "長" * 96, "一行目\n" + "長" * 200)

    @pytest.mark.storm
    def test_the_same_sheet_confirmed_twice_at_once_is_imported_once(self, committed_world: World, login: Any) -> None:
        world = committed_world
        preview = read(OPEN, CLOSED)
        with login("web"):
            got = at_once(*[(world.desk, lambda: import_register(preview, by=world.desk, body=body(DESK)))] * 2)
        assert codes(got) == ["number_taken", "ok"]
        assert (Case.objects.count(), ImportRun.objects.count()) == (2, 1)


class TestGoingOut:
    def test_the_columns_are_those_that_come_in_and_the_oldest_case_first(self, world: World) -> None:
        run(world, OPEN, CLOSED)
        header, first, second = cells(export_register(Case.objects.order_by("-arrived_at"), by=world.desk))
        assert header == list(COLUMNS)
        assert dict(zip(header, first, strict=True)) == {name: "" if value is None else value for name, value in CLOSED.items()}
        assert dict(zip(header, second, strict=True)) == {name: "" if value is None else value for name, value in OPEN.items()}

    def test_a_case_of_today_goes_out_and_would_come_in_again(self, world: World) -> None:
        case = arrived(world, company=company()).case
        need_of(case, world)
        data = export_register([case], by=world.desk)
        row = dict(zip(*cells(data), strict=True))
        assert (row["受付番号"], row["状態"], row["段階"], row["主担当"], row["期日"]) == (
            case.number, "振り分け前", "開発・試験", "産業課 相川", dt.date(2026, 11, 27))
        assert read_register(data).rows[0].problems == [f"「受付番号」{case.number}は、もう入っています。"]

    def test_a_body_that_was_asked_gets_the_summary_and_not_the_words(self, world: World) -> None:
        support = offered(world, case=arrived(world, summary="要約だけ").case)
        row = dict(zip(*cells(export_register(Case.objects.all(), by=world.lab)), strict=True))
        assert (row["受付番号"], row["内容"], row["担当者"], row["電話"]) == (support.case.number, "要約だけ", "", "")
        assert cells(export_register(Case.objects.all(), by=world.bank)) == [list(COLUMNS)]

    def test_of_several_consultations_the_first_words_go_out(self, world: World) -> None:
        case = arrived(world, text="はじめの話。").case
        later = Consultation.objects.get()
        later.pk, later.number, later.text = None, "x", "あとの話。"
        later.consulted_at = NOON + dt.timedelta(days=1)
        Consultation.objects.create(**{field.attname: getattr(later, field.attname) for field in later._meta.concrete_fields
                                       if field.attname != "id"})  # fmt: skip
        row = dict(zip(*cells(export_register([case], by=world.desk)), strict=True))
        assert row["内容"] == "はじめの話。"

    def test_every_reading_is_on_record_and_an_empty_one_too(self, world: World) -> None:
        case, other = arrived(world).case, arrived(world).case
        export_register([case, other], by=world.desk)
        assert set(Event.objects.filter(verb="read").values_list("body", flat=True)) == {DESK}
        before = events("read")
        export_register([], by=world.desk)
        assert events("read") == before + 1

    def test_no_more_queries_for_thirty_cases_than_for_three(self, world: World) -> None:
        content_now()  # kept by the process from now on
        counts = []
        for numbers in (range(3), range(3, 30)):
            run(world, *[{**OPEN, "受付番号": f"番{n}"} for n in numbers])
            counts.append(queries(lambda: export_register(Case.objects.all(), by=world.desk)))
        assert counts[0] == counts[1]

    def test_under_its_own_login_a_body_takes_out_its_own(self, committed_world: World, login: Any) -> None:
        world = committed_world
        arrived(world)
        with web(login, world.center):
            own = {**OPEN, "主担当": "", "受付番号": "セの番号"}
            import_register(read_register(sheet(own), body=body(CENTER)), by=world.center, body=body(CENTER))
            rows = cells(export_register(Case.objects.all(), by=world.center))
        assert [row[0] for row in rows] == ["受付番号", "セの番号"]
        assert rows[1][8] == "センター"
