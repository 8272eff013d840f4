"""A sheet as offices send it: how each cell is read, and every fault of a row named at once and by its column."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.cases.models import Case
from renkei.cases.queries.register import COLUMNS, LIMITS, read_register
from renkei.documents.sheets import write_sheet
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, refuses
from tests.cases.test_register import CLOSED, OPEN, read, run, sheet
from tests.world import CENTER, DESK, LAB, World

UNREADABLE = "「{}」の「{}」を日付として読めません。「令和8年11月27日」のように書いてください。"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def book(*rows: list[Any]) -> bytes:
    """A sheet written by another program, cell by cell."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    memory = io.BytesIO()
    made.save(memory)
    return memory.getvalue()


def problems(*changes: dict[str, Any], base: dict[str, Any] = OPEN) -> list[list[str]]:
    """What is wrong with each row, read in one sheet; numbers are told apart by their place."""
    rows = [{**base, "受付番号": f"番{n}", **change} for n, change in enumerate(changes)]
    return [row.problems for row in read(*rows).rows]


class TestDates:
    @pytest.mark.parametrize(
        "written",
        [
            "令和8年10月5日", "令和８年１０月５日", "R8.10.5", "r8/10/5", "2026/10/5", "2026-10-05", "8.10.5", "26.10.5", "10月5日",
            "10/5", " 10月5日（月） ", dt.date(2026, 10, 5), dt.datetime(2026, 10, 5, 23, 59),  # noqa: DTZ001  cells have no zone
        ],
    )  # fmt: skip
    def test_are_read_as_people_write_them(self, world: World, written: Any) -> None:
        data = book(["受付日", "会社名", "件名", "次の一手", "期日"], [written, "会社", "件名", "電話", "12月1日"])
        (row,) = read_register(data).rows
        assert (row.values["受付日"], row.problems) == (dt.date(2026, 10, 5), [])

    @pytest.mark.parametrize(
        "written", ["令和8年13月1日", "2026/2/29", "10月32日", "昨年の秋", "0/0", "令和0年1月1日", "20261005", "４日", "<b>", "1868-01-01"]
    )
    def test_no_such_day_is_said_with_what_was_written(self, world: World, written: str) -> None:
        assert problems({"受付日": written}) == [[UNREADABLE.format("受付日", written)]]

    @pytest.mark.parametrize("name", ["受付日", "期日", "終了日"])
    @pytest.mark.parametrize("day", [dt.date(9999, 12, 31), dt.date(2126, 1, 1)])
    def test_a_day_no_list_could_count_to_is_none(self, world: World, name: str, day: dt.date) -> None:
        base = CLOSED if name == "終了日" else OPEN
        found = problems({name: day}, base=base)[0]
        assert found[0] == UNREADABLE.format(name, f"{day:%Y/%m/%d}")

    def test_a_day_far_ahead_but_possible_is_kept(self, world: World) -> None:
        assert problems({"期日": dt.date(2036, 2, 29)}, {"期日": "令和18年2月29日"}) == [[], []]

    @pytest.mark.parametrize(
        ("received", "ended", "fine"),
        [
            (dt.date(2026, 4, 2), dt.date(2026, 4, 2), True), (dt.date(2026, 11, 25), dt.date(2026, 11, 25), True),
            (dt.date(2026, 4, 2), dt.date(2026, 4, 1), False), (dt.date(2026, 4, 2), dt.date(2026, 11, 26), False),
            (dt.date(2024, 2, 29), dt.date(2024, 2, 29), True),
        ],
    )  # fmt: skip
    def test_the_end_lies_between_the_beginning_and_today(
        self, world: World, received: dt.date, ended: dt.date, fine: bool
    ) -> None:
        sentence = "「終了日」は、「受付日」から今日までの日にしてください。"
        assert problems({"受付日": received, "終了日": ended}, base=CLOSED) == [[] if fine else [sentence]]

    def test_an_overdue_step_is_imported_as_overdue(self, world: World) -> None:
        run(world, {**OPEN, "期日": dt.date(2026, 1, 5)})
        assert Case.objects.get().is_late


class TestFaults:
    def test_all_faults_of_a_row_are_named_at_once(self, world: World) -> None:
        (found,) = problems({"会社名": "", "受付日": "x", "電話": "y", "段階": "9", "主担当": "どこか", "状態": "さあ", "件名": "長" * 101})
        assert found == [
            UNREADABLE.format("受付日", "x"),
            "「件名」が長すぎます（100字まで）。短くしてください。",
            "「会社名」がありません。",
            "「電話」の「y」を読めません。市外局番から書いてください。",
            "「主担当」の「どこか」という機関が計画にありません。",
            "「段階」の「9」は計画にありません。",
            "「状態」は「対応中」か「終了」にしてください。",
        ]

    @pytest.mark.parametrize(("name", "most"), sorted(LIMITS.items()))
    def test_each_column_has_its_length(self, world: World, name: str, most: int) -> None:
        fits, too_long = {name: "字" * most}, {name: "字" * (most + 1)}
        assert problems(fits, too_long) == [
            [], [f"「{name}」が長すぎます（{most}字まで）。短くしてください。"]]

    def test_a_long_wrong_word_is_cut_in_the_sentence(self, world: World) -> None:
        for name in ("電話", "主担当"):
            (found,) = problems({name: "長" * 150})
            assert "長" * 40 in found[0]
            assert "長" * 41 not in found[0]

    def test_a_telephone_number_whose_zero_the_sheet_dropped(self, world: World) -> None:
        data = book(["受付日", "会社名", "件名", "次の一手", "期日", "電話"], ["R8.10.5", "会社", "件名", "電話", "12月1日", 471000001])
        assert read_register(data).rows[0].problems == ["「電話」の「471000001」を読めません。市外局番から書いてください。"]

    @pytest.mark.parametrize("state", ["終了", "完了", "済", "終わり", "解決", "CLOSED", " 終 了 ", "ｃｌｏｓｅｄ"])
    def test_words_for_the_end_want_its_day_and_no_next_step(self, world: World, state: str) -> None:
        assert problems({"状態": state}, {"状態": state, "終了日": None}, base=CLOSED) == [
            [], ["終わった案件の「終了日」がありません。"]]

    @pytest.mark.parametrize("state", ["", "対応中", "継続", "継続中", "受付", "未", "未対応", "振り分け前", "Open"])
    def test_words_for_going_on_want_a_step_and_its_day(self, world: World, state: str) -> None:
        assert problems({"状態": state}, {"状態": state, "次の一手": "", "期日": None}) == [
            [], ["続いている案件の「次の一手」がありません。", "続いている案件の「期日」がありません。"]]

    def test_an_end_day_alone_means_the_end_unless_the_state_says_otherwise(self, world: World) -> None:
        preview = read({**CLOSED, "状態": ""}, {**OPEN, "終了日": dt.date(2026, 11, 1)})
        assert [row.will[:2] for row in preview.rows] == ["終わ", "続い"]

    @pytest.mark.parametrize("stages", ["2,4", "2、4", "資金，販路", "資金、 4", "2資金、4販路", "２、４"])
    def test_several_stages_in_one_cell(self, world: World, stages: str) -> None:
        run(world, {**OPEN, "段階": stages})
        assert [need.stage_id for need in Case.objects.get().needs.order_by("order")] == ["2", "4"]

    def test_a_stage_twice_is_one_need_and_an_unknown_one_is_named_alone(self, world: World) -> None:
        assert problems({"段階": "2、宇宙、4"}) == [["「段階」の「宇宙」は計画にありません。"]]
        run(world, {**OPEN, "段階": "資金、2、資金"})
        assert Case.objects.get().needs.count() == 1

    @pytest.mark.parametrize(
        ("text", "body", "known"),
        [
            ("", DESK, False), ("産業課", DESK, False), ("ひばり県産業課 相川", DESK, True), ("産業課／相川", DESK, True),
            ("産業課（相川）", DESK, True), ("産業課 だれか", DESK, False), ("ｈｉｂａｒｉ－ｌａｂ", LAB, False), ("工業試験所小出", LAB, True),
            ("ひばり産業センター：露崎", CENTER, True),
        ],
    )  # fmt: skip
    def test_the_holder_by_any_of_its_names_and_a_surname(self, world: World, text: str, body: str, known: bool) -> None:
        run(world, {**OPEN, "主担当": text})
        case = Case.objects.get()
        assert (case.holder_id, case.next_body_id, case.holder_person_id) == (
            body, body, world.people[body].pk if known else None)

    def test_numbers_are_compared_as_they_are_kept(self, world: World) -> None:
        run(world, {**OPEN, "受付番号": dt.date(2026, 1, 5)})
        assert Case.objects.get().number == "2026/01/05"
        assert problems({"受付番号": dt.date(2026, 1, 5)}, {"受付番号": " 2026/01/05 "}) == [
            ["「受付番号」2026/01/05は、もう入っています。"],
            ["「受付番号」2026/01/05は、もう入っています。", "「受付番号」2026/01/05が、この表に2回あります。"]]

    def test_rows_without_numbers_never_count_as_the_same(self, world: World) -> None:
        assert problems({"受付番号": ""}, {"受付番号": "row 2"}, {"受付番号": ""}) == [[], [], []]

    def test_a_number_that_a_case_of_today_has_is_taken(self, world: World) -> None:
        number = arrived(world).case.number
        assert problems({"受付番号": number}) == [[f"「受付番号」{number}は、もう入っています。"]]

    @pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1", "'; DROP TABLE cases_case;--", "\u202eさかさま\u200b"])
    def test_hostile_cells_are_texts_without_what_cannot_be_seen(self, world: World, text: str) -> None:
        (row,) = read({**OPEN, "件名": text, "会社名": text}).rows
        clean = text.replace("\u202e", "").replace("\u200b", "")
        assert (row.values["件名"], row.values["会社名"], row.problems) == (clean, clean, [])


class TestHeader:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(order=st.permutations(list(COLUMNS)), above=st.integers(0, 9))
    def test_columns_in_any_order_below_any_title(self, world: World, order: list[str], above: int) -> None:
        titles = [["台帳"] for _turn in range(above)]
        preview = read_register(book(*titles, order, [OPEN[name] for name in order], [CLOSED[name] for name in order]))
        assert [row.values for row in preview.rows] == [OPEN, CLOSED]
        assert [row.number_in_file for row in preview.rows] == [above + 2, above + 3]

    def test_beyond_ten_rows_nobody_looks_for_it(self, world: World) -> None:
        with refuses("no_header", "file"):
            read_register(book(*[["台帳"]] * 10, list(COLUMNS), list(OPEN.values())))

    @pytest.mark.parametrize("aliases", [COLUMNS[name] for name in COLUMNS], ids=list(COLUMNS))
    def test_every_other_name_of_a_column_is_known(self, world: World, aliases: tuple[str, ...]) -> None:
        name = next(name for name, known in COLUMNS.items() if known == aliases)
        for alias in aliases:
            header = [alias if one == name else one for one in COLUMNS]
            assert read_register(sheet(OPEN, header=header)).rows[0].values == OPEN

    @pytest.mark.parametrize("missing", [["会社名"], ["受付日"], ["件名", "内容"]])
    def test_without_what_it_needs_it_is_no_register(self, world: World, missing: list[str]) -> None:
        names = [name for name in COLUMNS if name not in missing]
        with refuses("no_header", "file"):
            read_register(write_sheet("台帳", names, [[OPEN[name] for name in names]]))

    def test_of_two_columns_of_one_name_the_first_counts(self, world: World) -> None:
        data = book(["受付日", "会社名", "企業名", "件名", "次の一手", "期日"], ["R8.10.5", "先", "あと", "件名", "電話", "12月1日"])
        assert read_register(data).rows[0].values["会社名"] == "先"

    def test_empty_rows_are_stepped_over_and_the_others_keep_their_place(self, world: World) -> None:
        data = book(list(COLUMNS), list(OPEN.values()), [], ["", None, " "], list(CLOSED.values()), [])
        assert [(row.number_in_file, bool(row.problems)) for row in read_register(data).rows] == [(2, False), (5, False)]

    def test_a_short_row_lacks_its_last_cells_only(self, world: World) -> None:
        data = book(list(COLUMNS), list(OPEN.values())[:6])
        assert read_register(data).rows[0].problems == [
            "続いている案件の「次の一手」がありません。", "続いている案件の「期日」がありません。"]

    def test_reading_writes_nothing_and_draws_no_number(self, world: World) -> None:
        read_register(sheet({**OPEN, "受付番号": ""}, CLOSED), body=Body.objects.get(pk=DESK))
        assert not Case.objects.exists()
        assert arrived(world).case.number == "県 8-0001"
