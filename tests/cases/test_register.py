"""The running 相談台帳: in with a preview of every row and a way back, out with the same columns."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest

from renkei.base import clock
from renkei.cases.actions import register
from renkei.cases.actions.closing import reopen_case
from renkei.cases.actions.register import export_register, import_register, read_register, undo_import
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Consultation, ImportRun, Need
from renkei.cases.queries.register import COLUMNS, Preview
from renkei.documents.sheets import write_sheet
from renkei.plan.models import Body
from tests.cases.linking import web
from tests.cases.making import NOON, arrived, company, events, fresh, refuses, steps
from tests.world import DESK, LAB, World

OPEN = {
    "受付番号": "旧-101", "受付日": dt.date(2026, 10, 5), "会社名": "まぼろし計測株式会社", "担当者": "髙梨 芽衣",
    "電話": "04-7100-0001", "件名": "水質計の試験", "内容": "落下試験をしたい。", "段階": "開発・試験", "主担当": "産業課 相川",
    "次の一手": "結果を聞く", "期日": dt.date(2026, 12, 1), "状態": "対応中", "終了日": None, "結果": "",
}  # fmt: skip
CLOSED = {
    **OPEN, "受付番号": "旧-100", "受付日": dt.date(2026, 4, 2), "段階": "資金、販路", "主担当": "工業試験所", "次の一手": "",
    "期日": None, "状態": "終了", "終了日": dt.date(2026, 9, 30), "結果": "解決した",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def sheet(*rows: dict[str, Any], header: list[str] | None = None) -> bytes:
    names = header or list(COLUMNS)
    return write_sheet("台帳", names, [[row.get(name) for name in COLUMNS] for row in rows])


def read(*rows: dict[str, Any]) -> Preview:
    return read_register(sheet(*rows))


def run(world: World, *rows: dict[str, Any]) -> ImportRun:
    return import_register(read(*(rows or (OPEN, CLOSED))), by=world.desk, body=Body.objects.get(pk=DESK))


class TestReading:
    def test_every_row_says_what_will_happen(self, world: World) -> None:
        preview = read(OPEN, CLOSED)
        assert [(row.number_in_file, row.problems, row.will) for row in preview.rows] == [
            (2, [], "続いている案件として取り込みます（次：12月1日（火） 結果を聞く）。"),
            (3, [], "終わった案件として取り込みます。"),
        ]
        assert [row.values for row in preview.rows] == [OPEN, CLOSED]
        assert not Case.objects.exists()

    def test_headers_are_read_as_offices_write_them(self, world: World) -> None:
        book = openpyxl.Workbook()
        page = book.active
        page.append(["令和8年度 相談台帳"])
        page.append([])
        page.append(["Ｎｏ．", "備考", "相談 日", "企業名※", "相談内容", "担当機関", "今後の対応", "期限"])
        page.append([7, "x", "R8.10.5", "㈱まぼろし計測", "試験の相談", "産業課", "電話する", "12月1日"])
        memory = io.BytesIO()
        book.save(memory)
        preview = read_register(memory.getvalue())
        (row,) = preview.good
        assert {name: value for name, value in row.values.items() if value} == {
            "受付番号": "7", "受付日": dt.date(2026, 10, 5), "会社名": "㈱まぼろし計測", "内容": "試験の相談", "主担当": "産業課",
            "次の一手": "電話する", "期日": dt.date(2026, 12, 1)}
        assert row.number_in_file == 4

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"会社名": ""}, "「会社名」がありません。"),
            ({"受付日": None}, "「受付日」がありません。"),
            ({"受付日": "いつか"}, "「受付日」の「いつか」を日付として読めません。「令和8年11月27日」のように書いてください。"),
            ({"受付日": dt.date(2026, 11, 26)}, "「受付日」がまだ来ていない日です。"),
            ({"件名": "", "内容": ""}, "「件名」か「内容」のどちらかを書いてください。"),
            ({"件名": "あ" * 101}, "「件名」が長すぎます（100字まで）。短くしてください。"),
            ({"電話": "ない"}, "「電話」の「ない」を読めません。市外局番から書いてください。"),
            ({"段階": "5"}, "「段階」の「5」は計画にありません。"),
            ({"主担当": "どこか"}, "「主担当」の「どこか」という機関が計画にありません。"),
            ({"状態": "保留"}, "「状態」は「対応中」か「終了」にしてください。"),
            ({"次の一手": ""}, "続いている案件の「次の一手」がありません。"),
            ({"期日": None}, "続いている案件の「期日」がありません。"),
            ({"状態": "終了"}, "終わった案件の「終了日」がありません。"),
            ({"状態": "終了", "終了日": dt.date(2026, 10, 4)}, "「終了日」は、「受付日」から今日までの日にしてください。"),
        ],
    )
    def test_what_is_wrong_names_the_column(self, world: World, change: dict[str, Any], problem: str) -> None:
        (row,) = read({**OPEN, **change}).rows
        assert (row.problems, row.will) == ([problem], "")

    def test_numbers_that_are_taken_or_twice(self, world: World) -> None:
        run(world, OPEN)
        preview = read(OPEN, {**OPEN, "受付番号": "旧-9"}, {**OPEN, "受付番号": "旧-9"}, {**OPEN, "受付番号": ""},
                       {**OPEN, "受付番号": ""})
        assert [row.problems for row in preview.rows] == [
            ["「受付番号」旧-101は、もう入っています。"], [], ["「受付番号」旧-9が、この表に2回あります。"], [], []]

    def test_a_body_sees_at_once_what_only_the_desk_may_import(self, world: World) -> None:
        preview = read_register(sheet(OPEN, CLOSED), body=Body.objects.get(pk=LAB))
        assert [bool(row.problems) for row in preview.rows] == [True, False]

    @pytest.mark.parametrize("text", ["2", "２", "資金", "2資金"])
    def test_stages_by_number_or_name(self, world: World, text: str) -> None:
        assert read({**OPEN, "段階": text}).rows[0].problems == []

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "not_xlsx"), (b"PK\x03\x04broken", "not_xlsx"), (b"\x00" * 100, "not_xlsx"),
            ("会社名,件名".encode(), "not_xlsx"), (b"x" * (5 * 1024 * 1024 + 1), "file_too_large"),
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_sheet(self, world: World, data: bytes, code: str) -> None:
        with refuses(code, "file"):
            read_register(data)

    def test_refuses_traps(self, world: World) -> None:
        bomb, entities = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * (101 * 1024 * 1024))
        with refuses("file_too_large", "file"):
            read_register(bomb.getvalue())
        with zipfile.ZipFile(io.BytesIO(sheet(OPEN))) as old, zipfile.ZipFile(entities, "w") as archive:
            for part in old.infolist():
                body = old.read(part)
                if part.filename == "xl/sharedStrings.xml":
                    body = body.replace(b"?>", b'?><!DOCTYPE lolz [<!ENTITY lol "lol">]>', 1)
                archive.writestr(part.filename, body)
        with refuses("not_xlsx", "file"):
            read_register(entities.getvalue())

    def test_refuses_missing_headers_rows_and_too_many(self, world: World, monkeypatch: Any) -> None:
        with refuses("no_header", "file"):
            read_register(write_sheet("x", ["a", "b"], [["1", "2"]]))
        with refuses("no_rows", "file"):
            read()
        monkeypatch.setattr("renkei.cases.queries.register.MOST_ROWS", 2)
        with refuses("too_many_rows", "file"):
            read(OPEN, OPEN, OPEN)

    def test_formulas_without_values_are_named(self, world: World) -> None:
        book = openpyxl.Workbook()
        book.active.append(["受付日", "会社名", "件名", "次の一手", "期日"])
        book.active.append(["R8.10.5", "=1+1", '=HYPERLINK("http://x")', "電話", "12月1日"])
        memory = io.BytesIO()
        book.save(memory)
        with refuses("no_value", "file"):
            read_register(memory.getvalue())


class TestImporting:
    def test_open_and_closed_cases_with_holder_step_and_day(self, world: World) -> None:
        made = run(world)
        assert (made.rows, made.body_id, made.done_by_id) == (2, DESK, world.desk.person)
        first, second = Case.objects.get(number="旧-101"), Case.objects.get(number="旧-100")
        assert (first.state, first.holder_id, first.holder_person_id, first.next_step, first.next_on, first.title,
                first.company_given, first.at_desk) == (
            "active", DESK, world.desk.person, "結果を聞く", dt.date(2026, 12, 1), "水質計の試験", "まぼろし計測株式会社", True)
        assert (second.state, second.holder_id, second.close_reason, second.result, second.next_on) == (
            "closed", LAB, "solved", "solved", None)
        assert second.closed_at.astimezone(clock.JST).date() == dt.date(2026, 9, 30)
        said = Consultation.objects.get(case=first)
        assert (said.text, said.person_given, said.phone, said.number) == (
            "落下試験をしたい。", "髙梨 芽衣", "04-7100-0001", "旧-101")
        assert [(n.stage_id, n.state) for n in Need.objects.order_by("stage_id")] == [
            ("2", "settled"), ("3", "open"), ("4", "settled")]
        assert steps(first) == [("imported", "", "active")]
        assert steps(second) == [("imported", "", "closed"), ("closed", "", "closed")]
        assert events("register.import") == 1

    def test_the_days_of_the_steps_are_those_of_the_sheet(self, world: World) -> None:
        run(world, CLOSED)
        days = Case.objects.get().transitions.order_by("happened_on").values_list("happened_on", flat=True)
        assert list(days) == [dt.date(2026, 4, 2), dt.date(2026, 9, 30)]

    def test_a_known_firm_is_bound_and_two_of_a_name_are_not(self, world: World) -> None:
        known = company(name="㈱まぼろし計測")
        run(world, OPEN)
        assert Case.objects.get().company == known
        company(LAB, name="まぼろし計測 株式会社")
        run(world, {**OPEN, "受付番号": "旧-2"})
        assert Case.objects.get(number="旧-2").company is None

    def test_without_a_number_the_bodys_own_is_drawn(self, world: World) -> None:
        run(world, {**OPEN, "受付番号": "", "受付日": dt.date(2025, 4, 1)})
        assert Case.objects.get().number == "県 7-0001"

    def test_unknown_results_are_kept_in_words(self, world: World) -> None:
        run(world, {**CLOSED, "結果": "他県へ移転"})
        assert (Case.objects.get().close_reason, Case.objects.get().close_words) == ("imported", "他県へ移転")

    def test_bad_rows_are_left_out(self, world: World) -> None:
        assert run(world, OPEN, {**CLOSED, "会社名": ""}).rows == 1
        assert Case.objects.count() == 1

    def test_refuses(self, world: World) -> None:
        lab = Body.objects.get(pk=LAB)
        with refuses("nothing_to_import", "file"):
            run(world, {**OPEN, "会社名": ""})
        with refuses("not_allowed"):
            import_register(read(OPEN), by=world.lab, body=Body.objects.get(pk=DESK))
        with refuses("foreign_holder"):
            import_register(read(OPEN), by=world.lab, body=lab)
        preview = read(CLOSED, OPEN)
        run(world, OPEN)
        with refuses("number_taken"):
            import_register(preview, by=world.desk, body=Body.objects.get(pk=DESK))
        assert list(Case.objects.values_list("number", flat=True)) == ["旧-101"]

    def test_a_body_imports_its_own(self, world: World) -> None:
        import_register(read({**OPEN, "主担当": ""}), by=world.lab, body=Body.objects.get(pk=LAB))
        assert (Case.objects.get().holder_id, Case.objects.get().at_desk) == (LAB, False)


class TestUndoing:
    def test_a_whole_run_and_its_numbers_come_back(self, world: World) -> None:
        known = company(name="まぼろし計測")
        made = undo_import(run(world), by=world.desk)
        assert made.undone_at == NOON
        assert {(c.state, c.close_reason, c.company_id, c.next_on) for c in Case.objects.all()} == {
            ("closed", "import_undone", None, None)}
        assert not Case.objects.containing("水質計").exists()
        assert not known.cases.exists()
        assert events("register.undo") == 1
        assert run(world).rows == 2
        with refuses("undone"):
            undo_import(made, by=world.desk)

    def test_says_which_case_has_moved_since(self, world: World) -> None:
        made = run(world)
        log_contact(Case.objects.get(number="旧-101"), by=world.desk, channel="phone", text="話した")
        with refuses("changed_since"):
            undo_import(made, by=world.desk)
        assert Case.objects.get(number="旧-101").is_open

    def test_reopened_ones_have_moved(self, world: World) -> None:
        made = run(world, CLOSED)
        reopen_case(Case.objects.get(), by=world.desk, reason="また")
        with refuses("changed_since"):
            undo_import(made, by=world.desk)

    def test_only_the_body_that_imported_or_the_desk(self, world: World) -> None:
        with refuses("not_allowed"):
            undo_import(run(world), by=world.lab)


class TestExporting:
    def test_round_trip(self, world: World) -> None:
        run(world)
        data = export_register(Case.objects.all(), by=world.desk)
        undo_import(ImportRun.objects.get(), by=world.desk)
        assert [row.values for row in read_register(data).rows] == [CLOSED, OPEN]
        again = import_register(read_register(data), by=world.desk, body=Body.objects.get(pk=DESK))
        cases = Case.objects.filter(imported__run=again)
        assert [row.values for row in read_register(export_register(cases, by=world.desk)).rows] == [CLOSED, OPEN]

    def test_prints_the_register_columns_and_logs_who_took_it(self, world: World) -> None:
        case = arrived(world).case
        page = openpyxl.load_workbook(io.BytesIO(export_register([case], by=world.desk))).active
        rows = [[cell.value for cell in row] for row in page.iter_rows()]
        assert rows[0] == list(COLUMNS)
        assert (rows[1][0], rows[1][1].date(), rows[1][2]) == (case.number, dt.date(2026, 11, 25), "狐火エレクトロ株式会社")
        assert events("read") == 1

    def test_a_hostile_text_stays_a_text(self, world: World) -> None:
        case = arrived(world, title="=cmd|' /C calc'!A0", text="=1+1").case
        page = openpyxl.load_workbook(io.BytesIO(export_register([case], by=world.desk))).active
        assert {page.cell(2, 6).data_type, page.cell(2, 7).data_type} == {"s"}

    def test_no_more_than_one_may_see(self, world: World) -> None:
        arrived(world)
        data = export_register(Case.objects.all(), by=world.lab)
        with refuses("no_rows", "file"):
            read_register(data)


class TestRealLogin:
    def test_imported_undone_and_exported_by_a_body(self, committed_world: World, login: Any) -> None:
        world = committed_world
        lab = Body.objects.get(pk=LAB)
        with web(login, world.desk):
            run(world, {**OPEN, "受付番号": "窓口の番号"})
        with web(login, world.lab):
            own = {**OPEN, "主担当": "工業試験所"}
            made = import_register(read_register(sheet(own, CLOSED), body=lab), by=world.lab, body=lab)
            data = export_register(Case.objects.all(), by=world.lab)
            assert [row.values["受付番号"] for row in read_register(data).rows] == ["旧-100", "旧-101"]
            with refuses("number_taken"):
                import_register(read({**own, "受付番号": "窓口の番号"}), by=world.lab, body=lab)
        with web(login, world.center):
            assert not ImportRun.objects.exists()
            assert not Case.objects.exists()
        with web(login, world.lab):
            undo_import(made, by=world.lab)
        assert fresh(made).undone_at is not None

    def test_the_module_is_the_one_the_pages_use(self) -> None:
        assert set(register.__all__) == {
            "Preview", "RegisterRow", "export_register", "import_register", "read_register", "undo_import"}
