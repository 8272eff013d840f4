"""Sheets of entries: what each row would do, writing it, taking it back, and out again the same."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.refusal import Refused
from renkei.documents.sheets import MOST_COLUMNS, write_sheet
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.actions_keeping import change_entry
from renkei.matching.actions_sheet import empty_sheet, export_entries, import_entries, undo_import
from renkei.matching.entry_words import row_of, window_words
from renkei.matching.fields import FACTS
from renkei.matching.models import CatalogueRun, Entry, Revision
from renkei.matching.rows import Known, put_together, read_day, read_values, read_windows
from renkei.matching.sheet import BASE, EntryPreview, columns, read_entries
from tests.world import BANK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


def table(header: list[str], *rows: list[Any]) -> bytes:
    return write_sheet("台帳", header, rows)


def csv(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def read(world: World, data: bytes, body: str = LAB, kind: str = "") -> EntryPreview:
    return read_entries(data, actor=world.actor(body), kind=kind)


def told(preview: EntryPreview) -> list[tuple[int, str, str]]:
    return [(row.number, row.deed, "／".join(row.problems)) for row in preview.rows]


def imported(world: World, data: bytes, body: str = LAB, name: str = "表.xlsx") -> CatalogueRun:
    return import_entries(read(world, data, body), name=name, data=data, by=world.actor(body))


def put(*rows: EntryRow, kept_by: str = "screen") -> None:
    put_entries(rows, kept_by=kept_by, by=SYSTEM)


FULL = EntryRow(
    id="PG1", kind="programme", name="試作の補助金", kana="シサク", body=LAB, owner_name="企画課", service="rd-subsidy", summary="説明\n二行目", text="補助、助成",
    facts={"rate": "1/2", "cap_yen": 2_500_000, "decision_weeks": 9, "requires": ["決算書", "見積書"],
           "eligible": {"sme_only": True, "municipalities": ["999016"], "jsic": ["E", "39"], "stage": ["2", "3"], "min_age_years": 1}},
    tech_fields=["metal"], themes=["iot"], url="https://lab.example/p", source="要綱", source_on=dt.date(2026, 4, 1),
    last_checked=dt.date(2026, 11, 1), is_public=True, ends_on=dt.date(2027, 3, 31),
    windows=(WindowRow("call", dt.date(2026, 12, 1), dt.date(2026, 12, 25)), WindowRow("meeting", None, dt.date(2026, 12, 27), dt.date(2026, 12, 28)),
             WindowRow("call", always_open=True)),
)  # fmt: skip


def test_labels_of_columns_are_one_field_each() -> None:
    names = [name for aliases in columns().values() for name in aliases]
    assert len(names) == len(set(names))
    assert len(columns()) <= MOST_COLUMNS
    assert not set(BASE) & {fact.key for fact in FACTS}


def test_what_goes_out_comes_in_as_the_same(world: World) -> None:
    rows = [FULL, EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB, facts={"hourly_yen": 0, "spec": ["一", "二"], "external_use": "可", "training_level": 2}),
            EntryRow(id="EV1", kind="event", name="講座", body=LAB, facts={"online": False, "fee_yen": 0}),
            EntryRow(id="PE1", kind="person", name="小出 渉", body=LAB, facts={"post": "coordinator"})]  # fmt: skip
    put(*rows)
    entries = Entry.objects.select_related("body", "service").prefetch_related("windows")
    data = export_entries(entries)
    assert told(read(world, data)) == [(number, "same", "") for number in range(2, 6)]
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    cells = {cell.value: sheet.cell(row=5, column=cell.column).value for cell in sheet[1]}
    assert (cells["番号"], cells["種類"], cells["上限"], cells["段階"], cells["市町村"], cells["公開"]) == ("PG1", "制度", 2_500_000, "資金、開発・試験", "ひばり市", "はい")
    assert "定員" not in cells


def test_another_writing_of_the_same_is_no_change(world: World) -> None:
    put(EntryRow(id="PG1", kind="programme", name="補助金", body=LAB, facts={"eligible": {"stage": [2, 3]}}))
    assert told(read(world, csv("番号,名前,段階\nPG1,,資金、3\n"))) == [(2, "same", "")]


def test_rows_tell_what_they_would_do(world: World) -> None:
    put(FULL, EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB), EntryRow(id="EQ2", kind="equipment", name="秤", body=BANK))
    put(EntryRow(id="MD1", kind="test", name="引張試験", body=LAB), kept_by="lab")
    header = ["番号", "種類", "名前", "説明", "機関", "1時間の料金", "期間", "上限"]
    data = table(
        header,
        ["", "機器", "新しい炉", "高温の炉", "", "1,540円", "", ""],
        ["", "機器", "膜厚計", "厚さを測る", "", "", "", ""],
        ["EQ1", "", "", "", "", "", "空き 2026/12/1〜2026/12/5", ""],
        ["PG1", "", "", "", "", "", "", "300万円"],
        ["PG1", "制度", "試作の補助金", "", "", "", "", ""],
        ["EQ2", "機器", "秤", "", "", "", "", ""],
        ["MD1", "依頼試験", "引張試験", "", "", "", "", ""],
        ["", "支援メニュー", "相談", "", "", "", "", ""],
        ["", "機器", "", "", "", "", "", ""],
        ["", "機器", "高い炉", "", "", "たくさん", "", ""],
        ["", "機器", "よその炉", "", "ひばり銀", "", "", ""],
        ["", "機器", "県の炉", "", "どこか", "", "", ""],
        ["", "機器", "期間の炉", "", "", "", "いつか", ""],
        ["", "機器", "上限の炉", "", "", "", "", "100"],
        [None] * 8,
        ["", "機器", "新しい炉", "", "", "", "", ""],
    )  # fmt: skip
    found = read(world, data)
    assert [(row.number, row.deed) for row in found.rows] == [
        (2, "new"), (3, "changed"), (4, "refused"), (5, "changed"), (6, "refused"), (7, "refused"), (8, "refused"), (9, "refused"),
        (10, "refused"), (11, "refused"), (12, "refused"), (13, "refused"), (14, "refused"), (15, "refused"), (17, "refused"),
    ]  # fmt: skip
    words = {row.number: "／".join(row.problems) for row in found.rows if row.problems}
    assert words[4] == "3行目と同じものです。"
    assert words[6] == "5行目と同じものです。"
    assert words[7] == words[8].replace("MD1", "EQ2") == "番号「EQ2」は、ここで保つものの中にありません。新しく入れるときは、番号を空けてください。"
    assert words[9] == "種類「支援メニュー」は書けません。「シーズ」「機器」「制度」などを入れてください。"
    assert words[10] == "名前を入れてください。"
    assert words[11].startswith("1時間の料金：")
    assert words[12] == "ほかの機関のものは書けません。その機関か窓口に頼んでください。"
    assert words[13] == "機関：機関「どこか」は計画にありません。計画の外の機関は「持ち主・部署」に入れてください。"
    assert words[14].startswith("期間：")
    assert words[15] == "機器には「上限」がありません。"
    assert words[17] == "2行目と同じものです。"
    assert [[(one.label, one.old, one.new) for one in row.changes] for row in found.rows if row.deed == "changed"] == [
        [("説明", "", "厚さを測る")], [("上限", "2500000", "3000000")]]  # fmt: skip
    assert {deed: found.count(deed) for deed in ("new", "changed", "same", "refused")} == {"new": 1, "changed": 2, "same": 0, "refused": 12}


def test_two_of_one_name_need_their_number(world: World) -> None:
    put(EntryRow(id="EQ1", kind="equipment", name="炉", body=LAB), EntryRow(id="EQ2", kind="equipment", name="炉", body=LAB))
    found = read(world, csv("種類,名前,説明\n機器,炉,熱い\n"))
    assert told(found) == [(2, "refused", "同じ名前のものが2件あります。直すものの番号を入れてください。")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_csv_as_offices_write_it(world: World, encoding: str) -> None:
    found = read(world, csv("台帳,,\n種類※,機器名,キーワード,備考\n機器,膜厚計,めっき、厚さ,古い\n", encoding))
    assert told(found) == [(3, "new", "")]
    assert found.unknown == ["備考"]
    after = found.rows[0].after
    assert after is not None
    assert (after.kind, after.name, after.text, after.body) == ("equipment", "膜厚計", "めっき、厚さ", LAB)


def test_a_kind_may_be_given_for_the_whole_sheet(world: World) -> None:
    data = csv("名前,TRL\n酸化反応,5\n")
    assert told(read(world, data))[0][1:] == ("refused", "種類「」は書けません。「シーズ」「機器」「制度」などを入れてください。")
    assert told(read(world, data, kind="seed")) == [(2, "new", "")]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "no_header"), ("種類,題\n機器,炉\n".encode(), "no_header"), ("種類,名前\n".encode(), "no_rows"), (b"PK\x03\x04none", "not_xlsx")],
)  # fmt: skip
def test_what_is_no_such_sheet_is_refused_in_words(world: World, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(world, data)
    assert (refusal.value.code, refusal.value.field) == (code, "file")


def test_the_desk_brings_in_what_others_own(world: World) -> None:
    data = csv("種類,名前,持ち主,出典,出典の日,確かめた日\n域外の機器・機関,大きな炉,となりの県の試験場,となりの県の一覧,2026/4/1,2026/11/1\n")
    run = import_entries(read_entries(data, actor=world.desk), name="一覧.csv", data=data, by=world.desk)
    entry = Entry.objects.get()
    assert (entry.body_id, entry.owner_name, entry.source, entry.source_on, entry.last_checked) == (
        None, "となりの県の試験場", "となりの県の一覧", dt.date(2026, 4, 1), dt.date(2026, 11, 1))  # fmt: skip
    assert run.counts == {"new": 1, "changed": 0, "same": 0, "refused": 0}
    assert told(read(world, data, "hibari-desk")) == [(2, "same", "")]


def test_importing_writes_rows_history_and_audit(world: World) -> None:
    put(FULL)
    data = csv("番号,種類,名前,上限\n,機器,炉,\nPG1,,,300万円\n,機器,,\n")
    run = imported(world, data)
    assert run.counts == {"new": 1, "changed": 1, "same": 0, "refused": 1}
    assert run.refused == [[4, "名前を入れてください。"]]
    assert (run.body_id, run.done_by_id, run.name, len(run.digest)) == (LAB, world.people[LAB].pk, "表.xlsx", 64)
    made, changed = Entry.objects.get(name="炉"), Entry.objects.get(pk="PG1")
    assert {(one.last_checked, one.checked_by_id) for one in (made, changed)} == {(TODAY, world.people[LAB].pk)}
    assert changed.facts == FULL.facts | {"cap_yen": 3_000_000}
    assert row_of(changed).windows == tuple(sorted(FULL.windows, key=lambda one: one.closes or dt.date.max))
    assert set(Revision.objects.values_list("entry", "deed", "row", "run")) == {(made.pk, "made", 2, run.pk), ("PG1", "changed", 3, run.pk)}
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True))[-1] == "entries.import"
    with pytest.raises(Refused) as refusal:
        imported(world, data)  # twice: nothing is left to do
    assert refusal.value.code == "nothing"
    assert CatalogueRun.objects.count() == 1


def test_only_staff_import(world: World) -> None:
    data = csv("種類,名前\n機器,炉\n")
    with pytest.raises(Refused) as refusal:
        import_entries(read(world, data), name="", data=data, by=GUEST)
    assert refusal.value.code == "not_allowed"


def test_what_changed_while_one_looked_is_looked_at_again(world: World) -> None:
    put(EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB))
    data = csv("番号,名前\nEQ1,新しい膜厚計\n")
    preview = read(world, data)
    put(EntryRow(id="EQ1", kind="equipment", name="別の人の膜厚計", body=LAB))
    with pytest.raises(Refused) as refusal:
        import_entries(preview, name="", data=data, by=world.lab)
    assert refusal.value.code == "changed_meanwhile"
    assert Entry.objects.get().name == "別の人の膜厚計"


def test_taking_a_run_back(world: World) -> None:
    put(FULL, EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB), EntryRow(id="EQ2", kind="equipment", name="秤", body=LAB))
    before = {one.pk: row_of(one) for one in Entry.objects.all()}
    data = csv("番号,種類,名前,説明\n,機器,炉,熱い\nPG1,,,別の説明\nEQ1,,,厚さ\nEQ2,,,重さ\n")
    run = imported(world, data)
    change_entry(Entry.objects.get(pk="EQ2"), replace(row_of(Entry.objects.get(pk="EQ2")), summary="あとで直した"), by=world.lab)
    assert undo_import(run, by=world.lab) == ["5行目「秤」：取り込んだあとに直されています。"]
    after = {one.pk: row_of(one) for one in Entry.objects.filter(withdrawn_on__isnull=True)}
    assert {pk: row for pk, row in after.items() if pk != "EQ2"} == {pk: row for pk, row in before.items() if pk != "EQ2"}
    gone = Entry.objects.get(name="炉")
    assert (gone.withdrawn_on, gone.withdrawn_reason) == (TODAY, "取込みの取消し")
    assert after["EQ2"].summary == "あとで直した"
    assert Revision.objects.filter(deed="undone").count() == 3
    for actor, code in ((world.lab, "undone"), (world.desk, "not_allowed")):
        with pytest.raises(Refused) as refusal:
            undo_import(run, by=actor)
        assert refusal.value.code == code


def test_a_withdrawn_entry_is_not_changed_by_a_sheet(world: World) -> None:
    put(EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB))
    Entry.objects.update(withdrawn_on=TODAY)
    assert told(read(world, csv("番号,説明,名前\nEQ1,新しい,\n"))) == [(2, "refused", "取り下げた項目です。先に画面で戻してください。")]
    assert told(read(world, csv("番号,名前\nEQ1,膜厚計\n"))) == [(2, "same", "")]


def test_an_empty_sheet_has_the_columns_of_its_kind(world: World) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(empty_sheet("test"))).active
    assert sheet is not None
    header = [cell.value for cell in sheet[1]]
    assert header[:3] == ["番号", "種類", "名前"]
    assert {"かかる日数", "方法", "料金"} <= set(header)
    assert "定員" not in header


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("募集 2026/12/1〜2026/12/25", (WindowRow("call", dt.date(2026, 12, 1), dt.date(2026, 12, 25)),)),
        ("2026/12/1～2026/12/25", (WindowRow("call", dt.date(2026, 12, 1), dt.date(2026, 12, 25)),)),
        ("〜令和8年12月25日", (WindowRow("call", None, dt.date(2026, 12, 25)),)),
        ("講座 〜2026/12/1 開始2026/12/8", (WindowRow("course", None, dt.date(2026, 12, 1), dt.date(2026, 12, 8)),)),
        ("会合 2026/12/1", (WindowRow("meeting", None, dt.date(2026, 12, 1)),)),
        ("いつでも", (WindowRow("call", always_open=True),)), ("空き 随時", (WindowRow("slot", always_open=True),)),
        ("募集 〜2026/12/1；空き いつでも\n会合 2026/12/3",
         (WindowRow("call", None, dt.date(2026, 12, 1)), WindowRow("slot", always_open=True), WindowRow("meeting", None, dt.date(2026, 12, 3)))),
        ("", ()),
    ],
)  # fmt: skip
def test_windows_as_people_write_them(text: str, windows: tuple[WindowRow, ...]) -> None:
    assert read_windows(text) == windows
    assert read_windows("；".join(window_words(one) for one in windows)) == windows


@pytest.mark.parametrize("text", ["いつか", "2026/12/1〜", "募集", "2026/12/10〜2026/12/1", "2026/13/45", "；".join(["いつでも"] * 61)])
def test_windows_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        read_windows(text)


def test_days_of_cells() -> None:
    assert [read_day(cell) for cell in (dt.date(2026, 4, 1), "2026/4/1", "令和8年4月1日", "R8.4.1")] == [dt.date(2026, 4, 1)] * 4
    with pytest.raises(ValueError, match="日付として読めません"):
        read_day("春")


def test_values_say_only_what_is_written(world: World) -> None:
    known = Known()
    values, problems = read_values({"name": " 炉 ", "summary": "", "kana": None, "hourly_yen": 1540, "last_checked": dt.date(2027, 1, 1),
                                    "url": "ftp://x", "other": "x", "source": "あ" * 201}, "equipment", known)  # fmt: skip
    assert values == {"name": "炉", "hourly_yen": 1540}
    assert problems == ["確かめた日：まだ来ていない日です。", "ページのアドレス：https:// から書いてください。", "出典：200字までにしてください。"]
    base = EntryRow(id="x", kind="equipment", name="旧", facts={"lab": "化学", "own": 1})
    assert put_together(base, values) == replace(base, name="炉", facts={"lab": "化学", "own": 1, "hourly_yen": 1540})


@pytest.mark.parametrize(("written", "kind"), [
    ("催し", "event"), ("催し・講座", "event"), ("機器", "equipment"), ("域外の機器", "outside"), ("シーズ", "seed"), ("event", "event"),
])  # fmt: skip
def test_a_kind_may_be_called_by_the_first_of_its_two_names(world: World, written: str, kind: str) -> None:
    assert Known().kind(written) == kind
