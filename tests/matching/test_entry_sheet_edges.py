"""Sheets of entries at their edges: whatever was kept goes out and comes in unchanged, in both languages, and runs can be redone."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.documents.sheets import write_sheet
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.actions_keeping import withdraw_entry
from renkei.matching.actions_sheet import empty_sheet, export_entries, import_entries, undo_import
from renkei.matching.entry_words import changes, in_order, mark_of, row_from, row_of, shown, snapshot, window_words
from renkei.matching.fact_words import read_fact, read_terms, read_words, read_yes, show_fact
from renkei.matching.fields import FACTS, Fact, Shape, facts_of, value_of, with_values
from renkei.matching.keeping import BY_HAND
from renkei.matching.models import CatalogueRun, Entry, Revision
from renkei.matching.rows import read_day, read_windows
from renkei.matching.sheet import EntryPreview, columns, find_header, plain, read_entries
from renkei.matching.tying import account_of
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
BY_KEY = {fact.key: fact for fact in FACTS}


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


def put(*rows: EntryRow, kept_by: str = "screen") -> None:
    put_entries(rows, kept_by=kept_by, by=SYSTEM)


def read(world: World, text: str | bytes, body: str = LAB, kind: str = "") -> EntryPreview:
    return read_entries(text.encode() if isinstance(text, str) else text, actor=world.actor(body), kind=kind)


def told(preview: EntryPreview) -> list[tuple[int, str]]:
    return [(row.number, row.deed) for row in preview.rows]


def reason(world: World, text: str, body: str = LAB) -> str:
    (only,) = read(world, text, body).rows
    return "／".join(only.problems)


def out() -> bytes:
    return export_entries(Entry.objects.select_related("body", "service").prefetch_related("windows"))


WORDS = st.text(max_size=20).map(clean_text).filter(bool)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
WRITTEN: dict[Shape, st.SearchStrategy[str]] = {
    Shape.TEXT: WORDS, Shape.LINES: st.lists(WORDS, min_size=1, max_size=3).map("\n".join), Shape.WORDS: st.lists(WORDS, min_size=1, max_size=3).map("、".join),
    Shape.YEN: st.integers(0, 10**12).map(str), Shape.NUMBER: st.integers(1, 3).map(str), Shape.YES: st.sampled_from(["はい", "いいえ"]),
    Shape.CHOICE: st.sampled_from(["可", "要相談", "不可"]), Shape.POST: st.just("coordinator"), Shape.STAGES: st.sampled_from(["2", "2、3"]),
    Shape.PLACES: st.just("999016"), Shape.TRADES: st.sampled_from(["E", "E、39", "3911"]),
    Shape.MEMBER: st.builds(account_of, st.just("小出 渉"), st.just(LAB)),
    Shape.SPANS: st.lists(st.tuples(DAYS, DAYS).map(lambda days: f"{min(days)}〜{max(days)}"), min_size=1, max_size=3).map("\n".join),
}  # fmt: skip
WINDOWS = st.builds(
    lambda kind, days, starts, always: WindowRow(kind, always_open=True) if always else WindowRow(kind, days[0], days[1], starts),
    st.sampled_from(["call", "slot", "meeting", "course"]), st.tuples(DAYS, DAYS).map(sorted), st.none() | DAYS, st.booleans(),
)  # fmt: skip


@st.composite
def rows_kept(draw: Any) -> EntryRow:
    """One entry as people may have kept it, of any kind, with any of its facts."""
    kind = draw(st.sampled_from([one.value for one in BY_HAND]))
    given_facts = {fact.key: read_fact(fact, draw(WRITTEN[fact.shape])) for fact in facts_of(kind) if draw(st.booleans())}
    return EntryRow(
        id=f"e-{draw(st.integers(0, 10**6))}", kind=kind, name=draw(WORDS), kana=draw(st.just("") | WORDS), body=LAB, owner_name=draw(st.just("") | WORDS),
        service=draw(st.none() | st.just("rd-subsidy")), summary=draw(st.just("") | WORDS), text=draw(st.just("") | WORDS), facts=with_values({}, given_facts),
        tech_fields=draw(st.just([]) | st.just(["metal"])), url=draw(st.just("") | st.just("https://x.example/a?b=1&c=2")), source=draw(st.just("") | WORDS),
        source_on=draw(st.none() | DAYS), last_checked=draw(st.none() | st.just(TODAY)), is_public=draw(st.booleans()), ends_on=draw(st.none() | DAYS),
        windows=tuple(draw(st.lists(WINDOWS, max_size=3))),
    )  # fmt: skip


class TestThereAndBack:
    @pytest.mark.parametrize(("going", "coming"), [("en", "ja"), ("ja", "en")])
    def test_whatever_was_kept_comes_back_the_same(self, world: World, going: str, coming: str) -> None:
        @given(rows=st.lists(rows_kept(), min_size=1, max_size=4, unique_by=lambda row: row.id))
        @bounds(max_examples=8, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
        def there_and_back(rows: list[EntryRow]) -> None:
            Entry.objects.all().delete()
            put(*rows)
            with override(going):
                data = out()
            with override(coming):
                found = read(world, data)
            assert [(row.deed, row.changes, row.problems) for row in found.rows] == [("same", [], [])] * len(rows)
            assert found.unknown == []

        there_and_back()

    def test_letters_a_spreadsheet_has_its_own_mind_about(self, world: World) -> None:
        names = ["=1+1", "+81", "-5", "@x", "'quoted", "00123", "1e5", "2026/11/25", "TRUE", "#1号炉", "_x0041_x", "a\tb", "<b>&amp;</b>", "🔥炉", "〜", "𠮷野の炉", "http://x.example", "炉" * 300]
        put(*[EntryRow(id=f"e{n}", kind="equipment", name=name, body=LAB, summary=f"{name}\n二行目") for n, name in enumerate(names)])
        found = read(world, out())
        assert [(row.number, row.deed, row.changes) for row in found.rows] == [(n, "same", []) for n in range(2, 2 + len(names))]

    def test_the_longest_texts_come_back_whole(self, world: World) -> None:
        put(EntryRow(id="e1", kind="seed", name="長" * 300, body=LAB, summary="説" * 4_000, text="語" * 20_000, source="出" * 200, facts={"wants": "望" * 4_000}))
        assert told(read(world, out())) == [(2, "same")]

    def test_names_of_columns_are_those_of_the_house_in_any_language(self) -> None:
        with override("ja"):
            house = empty_sheet("equipment")
        with override("en"):
            other = empty_sheet("equipment")
            english = columns()
        heads = [[cell.value for cell in next(iter(openpyxl.load_workbook(io.BytesIO(data)).active.rows))] for data in (house, other)]  # type: ignore[union-attr]  # it has a sheet
        assert heads[0] == heads[1]
        assert "1時間の料金" in english["hourly_yen"]


class TestRunsAgain:
    SHEET = "種類,名前,説明\n機器,炉,熱い\n機器,秤,重さ\n"

    def bring(self, world: World, text: str = SHEET) -> CatalogueRun:
        return import_entries(read(world, text), name="表.csv", data=text.encode(), by=world.lab)

    def test_a_run_taken_back_can_be_made_again(self, world: World) -> None:
        assert undo_import(self.bring(world), by=world.lab) == []
        assert told(read(world, self.SHEET)) == [(2, "new"), (3, "new")]
        run = self.bring(world)
        assert run.counts == {"new": 2, "changed": 0, "same": 0, "refused": 0}
        assert sorted(Entry.objects.filter(withdrawn_on=None).values_list("name", flat=True)) == ["炉", "秤"]
        assert told(read(world, self.SHEET)) == [(2, "same"), (3, "same")]
        assert undo_import(run, by=world.lab) == []
        assert Entry.objects.filter(withdrawn_on=None).count() == 0

    def test_one_that_stands_is_meant_before_one_that_was_withdrawn(self, world: World) -> None:
        put(EntryRow(id="old", kind="equipment", name="炉", body=LAB), EntryRow(id="new", kind="equipment", name="炉", body=LAB))
        withdraw_entry(Entry.objects.get(pk="old"), by=world.lab, on=TODAY, reason="廃棄")
        (row,) = read(world, "種類,名前,説明\n機器,炉,熱い\n").rows
        assert (row.deed, row.before and row.before.id) == ("changed", "new")
        assert reason(world, "番号,名前,説明\nold,,熱い\n") == "取り下げた項目です。先に画面で戻してください。"

    def test_names_of_marks_alone_are_not_one_name(self, world: World) -> None:
        put(EntryRow(id="e1", kind="equipment", name="（・）", body=LAB), EntryRow(id="e2", kind="equipment", name="“A”", body=LAB))
        assert told(read(world, "種類,名前\n機器,＆＆\n機器,（・）\n機器,A\n機器,「Ａ」\n")) == [(2, "new"), (3, "same"), (4, "changed"), (5, "refused")]

    def test_taken_back_while_others_hold_part_of_it(self, world: World) -> None:
        run = self.bring(world)
        withdraw_entry(Entry.objects.get(name="炉"), by=world.lab, on=TODAY, reason="廃棄")
        assert undo_import(run, by=world.lab) == ["2行目「炉」：取り込んだあとに直されています。"]
        assert dict(Entry.objects.values_list("name", "withdrawn_reason")) == {"炉": "廃棄", "秤": "取込みの取消し"}

    def test_who_may_take_a_run_back(self, world: World) -> None:
        run = self.bring(world)
        for actor in (world.desk, world.bank, GUEST):
            with pytest.raises((Refused, CatalogueRun.DoesNotExist)):
                undo_import(run, by=actor)
        assert Revision.objects.filter(deed="undone").count() == 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("種類,名前\n機器,#REF!\n", "計算の誤り"), ("種類,名前,1時間の料金\n機器,炉,#DIV/0!\n", "計算の誤り"), ("種類,名前,1時間の料金\n機器,炉,=A1*2\n", "1時間の料金："),
            ("種類,名前,1時間の料金\n機器,炉,-1\n", "1時間の料金："), ("種類,名前,1時間の料金\n機器,炉,１０００００００００００００円\n", "1時間の料金："), ("種類,名前,講習の段階\n機器,炉,4\n", "1から3まで"),
            ("種類,名前,講習の段階\n機器,炉,0\n", "1から3まで"), ("種類,名前,講習の段階\n機器,炉,二\n", "数字で"), ("種類,名前,外からの利用\n機器,炉,たぶん\n", "どれかを入れて"),
            ("種類,名前,市町村\n機器,炉,どこか市\n", "一覧にありません"), ("種類,名前,段階\n機器,炉,第百段階\n", "一覧にありません"), ("種類,名前,業種\n機器,炉,Z\n", "産業分類ではありません"),
            ("種類,名前,業種\n機器,炉,٣٩\n", "産業分類ではありません"), ("種類,名前,公開\n機器,炉,たぶん\n", "「はい」か「いいえ」"), ("種類,名前,確かめた日\n機器,炉,2026/11/26\n", "まだ来ていない"),
            ("種類,名前,最終日\n機器,炉,46000\n", "日付として読めません"), ("種類,名前,最終日\n機器,炉,令和元年2月30日\n", "日付として読めません"), ("種類,名前,期間\n機器,炉,募集\n", "期間："),
            ("種類,名前,技術分野\n機器,炉,知らない分野\n", "一覧にありません"), ("種類,名前,ページのアドレス\n機器,炉,javascript:alert(1)\n", "https://"),
            ("種類,名前,ページのアドレス\n機器,炉,https://\n", "https://"), ("種類,名前\n機器," + "炉" * 301 + "\n", "300字まで"), ("種類,名前,支援メニュー\n機器,炉,ない支援\n", "計画にありません"),
            ("種類,名前\n'; DROP TABLE--,炉\n", "書けません"), ("種類,名前\n機器　シーズ,炉\n", "書けません"), ("番号,名前\ne-1' OR '1'='1,炉\n", "ここで保つものの中にありません"),
            ("種類,名前,機関\n機器,炉,ひばり銀\n", "ほかの機関のもの"), ("種類,名前\n機器,　\n", "名前を入れて"), ("種類,名前\n機器,\u200b\n", "名前を入れて"),
        ],
    )  # fmt: skip
    def test_a_row_that_cannot_be_says_why(self, world: World, text: str, why: str) -> None:
        assert why in reason(world, text)
        assert not Entry.objects.exists()

    def test_days_in_every_writing_of_offices(self, world: World) -> None:
        days = ["令和8年12月1日", "R8.12.1", "平成38年12月1日", "2026-12-01", "2026年12月1日", "２０２６/１２/１", "12月1日", "1 Dec 2026"]
        text = "種類,名前,最終日\n" + "".join(f"機器,炉{n},{day}\n" for n, day in enumerate(days))
        assert {row.after.ends_on if row.after else row.problems[0] for row in read(world, text.encode()).rows} == {dt.date(2026, 12, 1)}
        cells = write_sheet("台帳", ["種類", "名前", "最終日"], [["機器", "炉", dt.date(2026, 12, 1)]])
        (only,) = read(world, cells).rows
        assert only.after is not None
        assert only.after.ends_on == dt.date(2026, 12, 1)

    def test_windows_31j_with_its_own_letters(self, world: World) -> None:
        data = "種類,名前,持ち主\n機器,①号炉（㈱髙橋）,Ⅲ課～\n".encode("cp932")
        (only,) = read(world, data).rows
        assert only.after is not None
        assert (only.after.name, only.after.owner_name) == ("①号炉（㈱髙橋）", "Ⅲ課～")

    def test_large_and_small(self, world: World) -> None:
        for text, code in (("種類,名前\n" + "機器,炉\n" * 5_011, "too_many_rows"), ("x" * (5 * 1024 * 1024 + 1), "file_too_large"), ('種類,名前\n機器,"炉\n機器,秤\n', "not_csv"),
                           ("あ", "no_header"), ("🔥", "no_header"), ("\n\n\n", "no_header"), ("種類,名前\n,\n,,,\n", "no_rows")):  # fmt: skip
            with pytest.raises(Refused) as refusal:
                read(world, text)
            assert (refusal.value.code, refusal.value.field) == (code, "file")

    def test_a_header_far_down_or_twice(self, world: World) -> None:
        assert told(read(world, "題\n" * 9 + "種類,名前,名称\n機器,炉,別名\n")) == [(11, "new")]
        with pytest.raises(Refused):
            read(world, "題\n" * 10 + "種類,名前\n機器,炉\n")
        assert find_header([["名 前＊", "ＵＲＬ", "", None, "謎"]], columns()) == (0, {"name": 0, "url": 1}, ["謎"])
        assert [plain(one) for one in (None, 0, " Ｎａｍｅ※ ", "名　前*")] == ["", "", "name", "名前"]


class TestWords:
    @pytest.mark.parametrize(
        ("key", "text", "value"),
        [
            ("hourly_yen", "1,540円", 1540), ("hourly_yen", "７万円", 70_000), ("hourly_yen", "0", 0), ("days", "１０日", 10), ("days", "10日以内", 10), ("days", "0", 0),
            ("decision_weeks", "9週間", 9), ("eligible.max_employees", "300人以下", 300), ("eligible.consortium_min", "2者以上", 2), ("eligible.sme_only", "○", True), ("eligible.sme_only", "×", False),
            ("spec", " 一 \n\n二", ["一", "二"]), ("standards", "JIS K 0124、CISPR 32,JIS K 0124", ["JIS K 0124", "CISPR 32"]), ("external_use", "使える", "可"), ("external_use", "不可", "不可"),
            ("eligible.jsic", "ｅ、39", ["E", "39"]), ("eligible.stage", "2、3、2", ["2", "3"]), ("eligible.municipalities", "ひばり市", ["999016"]), ("lab", " \n ", None),
        ],
    )  # fmt: skip
    def test_facts_as_people_write_them(self, world: World, key: str, text: str, value: Any) -> None:
        assert read_fact(BY_KEY[key], text) == value
        if value is not None:
            assert read_fact(BY_KEY[key], show_fact(BY_KEY[key], value)) == value

    def test_what_is_longer_than_a_fact_may_be(self, world: World) -> None:
        for fact in FACTS:
            with pytest.raises(ValueError, match="4,000字"):
                read_fact(fact, "長" * 4_001)
            assert read_fact(fact, "\u200b \n") is None
            assert show_fact(fact, None) == show_fact(fact, "") == show_fact(fact, []) == ""

    def test_yes_and_no(self) -> None:
        assert {read_yes(one) for one in ("はい", "○", "◯", "１", "TRUE", "Yes", "公開")} == {True}
        assert {read_yes(one) for one in ("いいえ", "×", "0", "False", "ＮＯ", "-", "－")} == {False}
        for text in ("", "はいいいえ", "2", "🔥"):
            with pytest.raises(ValueError, match="はい"):
                read_yes(text)

    @given(text=st.text(max_size=60))
    @bounds(max_examples=100)
    def test_words_are_each_once_and_read_again_the_same(self, text: str) -> None:
        found = read_words(text)
        assert len(found) == len(set(found))
        assert read_words("、".join(found)) == found

    def test_terms_by_name_code_and_width(self, world: World) -> None:
        names = {code: read_terms("tech_fields", code) for code in ("metal", "METAL", "ｍｅｔａｌ")}
        assert names == dict.fromkeys(names, ["metal"])
        with pytest.raises(ValueError, match="一覧にありません"):
            read_terms("tech_fields", "metal、' OR 1=1")

    @pytest.mark.parametrize("windows", [(), (WindowRow("call", always_open=True),), (WindowRow("slot", None, TODAY), WindowRow("call", TODAY, TODAY, TODAY))])
    def test_windows_in_words(self, windows: tuple[WindowRow, ...]) -> None:
        words = "；".join(map(window_words, windows))
        for language in ("ja", "en"):
            with override(language):
                assert read_windows(words) == windows

    def test_days_that_are_none(self) -> None:
        for cell in ("", "🔥", "0000/0/0", "2026/2/30", "令和0年1月1日", "9" * 40, 0, -1, True, "1800/1/1", "2999/1/1"):
            with pytest.raises(ValueError, match="日付として読めません"):
                read_day(cell)


class TestSnapshots:
    @given(row=rows_kept())
    @bounds(max_examples=40, suppress_health_check=list(HealthCheck))
    def test_a_row_kept_in_the_history_is_the_row(self, world: World, row: EntryRow) -> None:
        again = row_from(snapshot(row))
        assert again == replace(row, windows=in_order(row.windows))
        assert changes(snapshot(row), snapshot(again)) == []

    def test_each_difference_is_named_once_in_words(self, world: World) -> None:
        before = EntryRow(id="e1", kind="equipment", name="炉", body=LAB, facts={"hourly_yen": 100, "spec": ["一"], "odd": 5}, windows=(WindowRow("call", always_open=True),))
        after = replace(before, name="窯", body=None, owner_name="課", is_public=True, ends_on=TODAY, facts={"spec": ["一", "二"], "odd": 6}, windows=(), tech_fields=["metal"])
        found = {one.label: (one.old, one.new) for one in changes(snapshot(before), snapshot(after))}
        assert set(found) == {"名前", "機関", "持ち主・部署", "公開", "最終日", "1時間の料金", "仕様", "期間", "技術分野"}
        assert found["公開"] == ("職員だけ", "公開")
        assert found["最終日"] == ("", "令和8年11月25日")
        assert found["期間"] == ("募集 いつでも", "")
        assert found["仕様"] == ("一", "一\n二")
        assert changes({}, snapshot(after)) == changes(snapshot(before), {}) == []

    def test_what_was_named_and_is_gone_stands_as_its_code(self, world: World) -> None:
        assert [shown(name, "gone-code") for name in ("body", "service")] == ["gone-code"] * 2
        assert shown("tech_fields", ["gone-code"]) == "gone-code"
        assert {shown(name, None) for name in ("body", "ends_on", "windows", "name")} == {""}

    def test_a_mark_changes_with_every_change_and_with_nothing_else(self, world: World) -> None:
        put(EntryRow(id="e1", kind="equipment", name="炉", body=LAB))
        marks = [mark_of(Entry.objects.get()), mark_of(Entry.objects.get())]
        for change in ({"name": "窯"}, {"facts": {"hourly_yen": 5}}, {"windows": (WindowRow("call", always_open=True),)}, {"is_public": True}):
            put(replace(row_of(Entry.objects.get()), **change))
            marks.append(mark_of(Entry.objects.get()))
        withdraw_entry(Entry.objects.get(), by=world.lab, on=TODAY, reason="廃棄")
        marks.append(mark_of(Entry.objects.get()))
        assert len(set(marks)) == len(marks) - 1
        assert max(map(len, marks)) <= 80


class TestFacts:
    @given(values=st.dictionaries(st.sampled_from(sorted(BY_KEY)), st.none() | st.just("") | st.integers(0, 9) | st.booleans(), max_size=8))
    @bounds(max_examples=60)
    def test_values_put_in_are_found_and_empty_ones_are_gone(self, values: dict[str, Any]) -> None:
        begun = {"odd": 1, "lab": "x", "eligible": {"kept": 2}}
        found = with_values(begun, values)
        for key, value in values.items():
            assert value_of(found, key) == (None if value in (None, "") else value)
        assert (found["odd"], found["eligible"]["kept"], begun) == (1, 2, {"odd": 1, "lab": "x", "eligible": {"kept": 2}})
        assert with_values(found, {}) == found

    def test_the_last_rule_taken_away_leaves_no_empty_box(self) -> None:
        assert with_values({"eligible": {"sme_only": True}}, {"eligible.sme_only": None}) == {}
        assert with_values({}, {"eligible.sme_only": False}) == {"eligible": {"sme_only": False}}
        assert value_of({"eligible": None}, "eligible.sme_only") is None

    def test_every_fact_has_a_name_of_its_own_and_a_kind(self) -> None:
        assert len({fact.name for fact in FACTS}) == len(FACTS) == len({str(fact.label) for fact in FACTS})
        assert all(fact.kinds and fact.kinds <= {one.value for one in BY_HAND} for fact in FACTS)
        assert all(fact.least <= fact.most for fact in FACTS)
        assert Fact("a.b", "x", Shape.TEXT, frozenset()).name == "a__b"


def test_the_desk_and_a_body_see_the_same_sheet_differently(world: World) -> None:
    put(EntryRow(id="own", kind="equipment", name="炉", body=LAB), EntryRow(id="desk", kind="outside", name="域外の炉", owner_name="となりの県"),
        EntryRow(id="bank", kind="equipment", name="金庫", body=BANK))  # fmt: skip
    put(EntryRow(id="list", kind="outside", name="一覧の炉", owner_name="となりの県"), kept_by="harvest:0")
    data = out()
    deeds = {body: [row.deed for row in read(world, data, body).rows] for body in (LAB, DESK, BANK)}
    ids = sorted(Entry.objects.values_list("pk", flat=True))
    assert {body: {pk for pk, deed in zip(ids, found, strict=True) if deed == "same"} for body, found in deeds.items()} == {LAB: {"own"}, DESK: {"desk"}, BANK: {"bank"}}
    words = {"／".join(row.problems).replace(pk, "?") for body in (LAB, BANK) for pk, row in zip(ids, read(world, data, body).rows, strict=True) if row.problems}
    assert len(words) == 1  # another's number and one that is nowhere are told alike
    assert reason(world, "番号,名前\nnowhere,炉\n").replace("nowhere", "?") in words
