"""What lists of others and jGrants may hold or say without stopping the worker: odd files, addresses, moments and letters."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.documents.sheets import MOST_BYTES, write_sheet
from renkei.matching import jgrants, outside_lists
from renkei.matching.actions_harvest import Wish, read_harvest, read_soon, save_harvest, take_reading
from renkei.matching.jgrants import (
    _facts,
    _is_for,
    _most_heads,
    _result,
    _still_open,
    _windows,
    first_day,
    keywords_of,
    last_day,
)
from renkei.matching.jobs import run_harvests
from renkei.matching.models import CatalogueRun, Entry, Harvest, HarvestWay
from renkei.matching.outside_lists import Fetched, _day_of, columns_of, entry_id, fetch_list, is_permitted, read_list
from renkei.matching.rows import Known
from tests.world import World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
WISH = Wish("一覧", "folder", "list.csv", "outside", "となりの県の試験場", {"name": "装置名", "summary": "用途", "key": "番号", "hourly_yen": "料金",
            "windows": "期間", "last_checked": "確認日", "is_public": "公開", "url": "アドレス"}, {}, 7, is_on=True)  # fmt: skip
CALL = {"id": "a0WJ200000CDTH0MAP", "title": "補助", "acceptance_end_datetime": "2026-12-18T15:00:00.000Z"}


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RENKEI_HARVEST_FOLDER = str(tmp_path)
    return tmp_path


def unsaved(**more: Any) -> Harvest:
    return Harvest(name=WISH.name, way=WISH.way, place=WISH.place, kind=WISH.kind, owner_name=WISH.owner_name, columns=WISH.columns, **more)


def code_of(place: str) -> str:
    harvest = unsaved()
    harvest.place = place
    try:
        fetch_list(harvest)
    except Refused as refusal:
        return refusal.code
    return ""


class TestFolder:
    def test_only_a_file_that_lies_there_can_be_had(self, folder: Path) -> None:
        (folder / "list.csv").write_bytes(b"x")
        (folder / "inner").mkdir()
        (folder / "inner" / "deep.csv").write_bytes(b"x")
        (folder / "way.csv").symlink_to("/etc/hostname")
        (folder / "ring.csv").symlink_to("ring.csv")
        (folder / "large.csv").write_bytes(b"x" * (MOST_BYTES + 1))
        asked = ["list.csv", "none.csv", "", ".", "..", "../list.csv", "inner", "inner/deep.csv", "way.csv", "ring.csv", "/etc/hostname", "a\x00b",
                 "長" * 300, "large.csv", "'; DROP TABLE matching_entry; --", "🔥.csv", "LIST.CSV"]  # fmt: skip
        found = {place: code_of(place) for place in asked}
        assert found == dict.fromkeys(asked, "no_file") | {"list.csv": "", "large.csv": "file_too_large"}

    def test_a_file_that_may_not_be_read_is_told(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "list.csv").write_bytes(b"x")

        def shut(_path: Path) -> bytes:
            raise PermissionError("no")

        monkeypatch.setattr(Path, "read_bytes", shut)
        assert code_of("list.csv") == "no_file"

    @pytest.mark.parametrize(("on", "told"), [(dt.date(2026, 11, 20), dt.date(2026, 11, 20)), (TODAY, TODAY), (dt.date(2031, 1, 1), TODAY), (dt.date(1990, 1, 1), dt.date(1990, 1, 1))])
    def test_a_file_is_of_the_day_it_was_laid_there_and_never_of_a_day_to_come(self, folder: Path, on: dt.date, told: dt.date) -> None:
        (folder / "list.csv").write_bytes(b"x")
        stamp = clock.at(on, 0).timestamp() + 60  # one minute past midnight in Japan: the day before in Greenwich
        os.utime(folder / "list.csv", (stamp, stamp))
        fetched = fetch_list(unsaved())
        assert (fetched.on, fetched.checked_on) == (told, told)


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "may"),
        [
            ("https://lists.example/a/list.csv", True), ("https://lists.example/a/", True), ("https://lists.example/a/b/c.csv?x=1", True),
            ("https://lists.example/", False), ("https://lists.example/ab/list.csv", False), ("http://lists.example/a/list.csv", False),
            ("https://lists.example:8443/a/list.csv", False), ("https://lists.example.evil/a/list.csv", False), ("https://evil@lists.example/a/x", False),
            ("https://lists.example@evil.example/a/x", False), ("https://lists.example/a/../secret", False), ("https://lists.example/a/%2e%2e/secret", False),
            ("https://lists.example/a/..%2fsecret", False), ("//lists.example/a/x", False), ("file:///a/list.csv", False), ("javascript:alert(1)", False), ("", False),
            ("https://[::1", False), ("https://lists.example\\@evil.example/a/x", False), ("https://whole.example/any/list.xlsx", True), ("https://whole.example", True),
        ],
    )  # fmt: skip
    def test_only_what_the_settings_name_is_called(self, settings: Any, address: str, may: bool) -> None:
        settings.RENKEI_HARVEST_ADDRESSES = ["https://lists.example/a/", "https://whole.example"]
        assert is_permitted(address) is may

    def test_nothing_is_permitted_where_nothing_is_named(self, settings: Any) -> None:
        settings.RENKEI_HARVEST_ADDRESSES = []
        assert not any(is_permitted(one) for one in ("https://lists.example/a", "", "/"))

    @pytest.mark.parametrize(
        ("header", "day"),
        [
            ("Fri, 20 Nov 2026 10:00:00 GMT", dt.date(2026, 11, 20)), ("Fri, 20 Nov 2026 16:00:00 GMT", dt.date(2026, 11, 21)),
            ("Fri, 20 Nov 2026 23:30:00 +0900", dt.date(2026, 11, 20)), ("Sat, 01 Jan 2050 00:00:00 GMT", TODAY), ("", TODAY), ("yesterday", TODAY),
            ("Fri, 31 Dec 9999 23:59:59 GMT", TODAY), ("Mon, 01 Jan 0001 00:00:00 +1400", dt.date(2000, 12, 31)), ("Fri, 99 Nov 2026 99:99:99 GMT", TODAY),
        ],
    )  # fmt: skip
    def test_the_day_a_site_says(self, header: str, day: dt.date) -> None:
        assert _day_of(header) == day


class TestRows:
    def read(self, *rows: list[Any], heads: tuple[str, ...] = ("番号", "装置名", "用途", "料金", "期間", "確認日", "公開", "アドレス")) -> outside_lists.Reading:
        data = write_sheet("一覧", heads, rows)
        return read_list(unsaved(), Fetched(data, TODAY, TODAY))

    def test_one_bad_cell_refuses_its_row_alone(self, world: World) -> None:
        good = ["1", "炉", "熱い", "1,200円", "いつでも", "2026/11/1", "はい", "https://x.example/1"]
        changed = {3: ["たくさん", "-5", "9" * 20, "1.5.2"], 4: ["いつか", "2026/13/1", "2026/12/2〜2026/12/1"], 5: ["2030/1/1", "昭和200年1月1日", "x"], 6: ["たぶん", "🔥"],
                   7: ["ftp://x", "javascript:alert(1)", "https://a b/", "長" * 501]}  # fmt: skip
        rows = [good] + [[*[str(n * 10 + at), f"炉{n}{at}"], *good[2:n], cell, *good[n + 1 :]] for n, cells in changed.items() for at, cell in enumerate(cells)]
        reading = self.read(*rows)
        assert [number for number, _row in reading.rows] == [2]
        assert [number for number, _why in reading.refused] == list(range(3, 2 + len(rows)))
        assert len(reading.ids) == len(rows)  # what is refused still stands in the list: nothing of it ends
        assert {why.split("：")[0] for _number, why in reading.refused} == {"1時間の料金", "期間", "確かめた日", "公開", "ページのアドレス"}

    def test_errors_of_a_spreadsheet_are_no_words(self, world: World) -> None:
        errors = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"]
        reading = self.read(*[[str(n), error, "", "", "", "", "", ""] for n, error in enumerate(errors)], ["9", "炉", "#N/A", "", "", "", "", ""])
        assert reading.rows == []
        assert [number for number, _why in reading.refused] == list(range(2, 10))
        assert all("計算の誤り" in why for _number, why in reading.refused)

    def test_the_same_number_or_the_same_name_twice(self, world: World) -> None:
        reading = self.read(["A-1", "炉", "", "", "", "", "", ""], ["ａ１", "別の炉", "", "", "", "", "", ""], ["", "秤", "", "", "", "", "", ""], ["", " 秤 ", "", "", "", "", "", ""])
        assert [row.name for _number, row in reading.rows] == ["炉", "秤"]
        assert reading.refused == [(3, "同じものが一覧に2度あります。"), (5, "同じものが一覧に2度あります。")]

    def test_hostile_and_odd_letters_are_names(self, world: World) -> None:
        names = ["'; DROP TABLE matching_entry; --", '"><script>alert(1)</script>', "🔥炉🔥", "炉\u202eexe", "Ω-Ti 6Al 4V（β）", "=1+1", "@SUM(A1)", "炉" * 300]
        reading = self.read(*[[str(n), name, "", "", "", "", "", ""] for n, name in enumerate(names)])
        assert [row.name for _number, row in reading.rows] == [name.replace("\u202e", "") for name in names]
        assert reading.refused == []

    @given(cells=st.lists(st.one_of(st.none(), st.integers(-(10**15), 10**15), st.text(max_size=30), st.dates()), min_size=8, max_size=8))
    @bounds(max_examples=60)
    def test_any_row_is_read_or_refused(self, cells: list[Any]) -> None:
        harvest = unsaved()
        known = Known.__new__(Known)
        known.bodies, known.services, known.kinds = {}, {}, {}
        reading = outside_lists.Reading("")
        given_cells = dict(zip(("key", "name", "summary", "hourly_yen", "windows", "last_checked", "is_public", "url"), cells, strict=True))
        with clock.moved_to(clock.at(TODAY, 9)):
            outside_lists._take(reading, harvest, Fetched(b"", TODAY, TODAY), 2, given_cells, known)
        assert len(reading.rows) + len(reading.refused) == 1

    def test_names_of_columns_are_found_below_a_title_and_not_in_a_list_of_nothing(self) -> None:
        assert columns_of(Fetched("設備一覧\n\n番号,装置名\n1,炉\n".encode(), TODAY, TODAY)) == ["番号", "装置名"]
        assert columns_of(Fetched(("\n" * 20 + "番号,装置名\n").encode(), TODAY, TODAY)) == []
        for data in (b"\x00" * 99, b"PK\x03\x04", b"\x81"):
            with pytest.raises(Refused):
                columns_of(Fetched(data, TODAY, TODAY))


class TestWorker:
    def test_one_list_that_cannot_be_read_stops_no_other(self, world: World, folder: Path) -> None:
        (folder / "good.csv").write_text("番号,装置名\n1,炉\n", encoding="utf-8")
        (folder / "bytes.csv").write_bytes(b"\x00\x01\x02" * 50)
        (folder / "quote.csv").write_text('番号,装置名\n1,"炉\n2,秤\n3,窯\n', encoding="utf-8")
        for place in ("none.csv", "x\x7f.csv", "bytes.csv", "quote.csv", "長" * 300, "good.csv"):
            save_harvest(None, replace(WISH, name=place[:20], place=place), by=world.desk)
        assert run_harvests() == 6
        assert set(Entry.objects.values_list("name", flat=True)) == {"炉"}
        runs = {run.name: bool(run.fault) for run in CatalogueRun.objects.all()}
        assert runs == {"none.csv": True, "x\x7f.csv": True, "bytes.csv": True, "quote.csv": True, "長" * 20: True, "good.csv": False}
        assert run_harvests() == 0  # tomorrow again, the good one in a week
        assert set(Harvest.objects.values_list("next_on", flat=True)) == {TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=7)}

    def test_a_list_put_forward_twice_is_read_once(self, world: World, folder: Path) -> None:
        (folder / "list.csv").write_text("番号,装置名\n1,炉\n", encoding="utf-8")
        harvest = save_harvest(None, WISH, by=world.desk)
        reading = read_harvest(harvest)
        assert take_reading(harvest, reading, by=SYSTEM) is not None
        assert take_reading(harvest, reading, by=SYSTEM) is None  # a second worker with the same reading
        for _press in range(2):
            read_soon(harvest, by=world.desk)
        assert run_harvests() == 1
        assert CatalogueRun.objects.count() == 2
        with pytest.raises(Refused) as told:
            read_soon(save_harvest(harvest, replace(WISH, is_on=False), by=world.desk), by=world.desk)
        assert told.value.code == "off"


class TestMoments:
    @pytest.mark.parametrize(
        ("moment", "first", "last"),
        [
            ("2026-12-25T15:00:00.000Z", dt.date(2026, 12, 26), dt.date(2026, 12, 25)), ("2026-12-25T14:59:59Z", dt.date(2026, 12, 25), dt.date(2026, 12, 25)),
            ("2026-12-25T08:00:00Z", dt.date(2026, 12, 25), dt.date(2026, 12, 25)), ("2026-12-31T15:00:00Z", dt.date(2027, 1, 1), dt.date(2026, 12, 31)),
            ("2026-12-25T17:00:00+09:00", dt.date(2026, 12, 25), dt.date(2026, 12, 25)), ("2026-12-26T00:00:00+09:00", dt.date(2026, 12, 26), dt.date(2026, 12, 25)),
            ("2026-12-25T17:00:00", dt.date(2026, 12, 26), dt.date(2026, 12, 26)), ("2026-12-25", dt.date(2026, 12, 25), dt.date(2026, 12, 25)),
            ("2028-02-28T15:00:00Z", dt.date(2028, 2, 29), dt.date(2028, 2, 28)), ("2026-12-25T23:30:00-10:00", dt.date(2026, 12, 26), dt.date(2026, 12, 26)),
        ],
    )  # fmt: skip
    def test_days_are_those_of_japan(self, moment: str, first: dt.date, last: dt.date) -> None:
        assert (first_day(moment), last_day(moment)) == (first, last)

    @given(moment=st.datetimes(min_value=dt.datetime(2000, 1, 1), max_value=dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)))  # noqa: DTZ001  bounds
    @bounds(max_examples=100)
    def test_the_last_day_is_the_day_of_the_last_second_before(self, moment: dt.datetime) -> None:
        text = moment.isoformat()
        local = moment.astimezone(clock.JST)
        assert first_day(text) == local.date()
        assert last_day(text) in {local.date(), local.date() - dt.timedelta(days=1)}
        assert (last_day(text) < local.date()) is (local.time() == dt.time(0))

    @pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "", "None", "2026-13-01", "2026-02-30T00:00:00Z", "soon", "1e9", "2026年12月1日"])
    def test_what_is_no_moment_is_one_fault_only(self, moment: str) -> None:
        for read in (first_day, last_day):
            with pytest.raises(ValueError, match="."):
                read(moment)
        assert _still_open({"acceptance_end_datetime": moment})

    def test_rounds_are_windows_and_what_opens_after_its_end_has_only_an_end(self) -> None:
        rounds: list[dict[str, Any]] = [
            {"acceptance_start_datetime": "2026-11-01T00:00:00Z", "acceptance_end_datetime": "2026-12-18T15:00:00Z"}, {"acceptance_end_datetime": None}, {},
            {"acceptance_start_datetime": "2027-01-01T00:00:00Z", "acceptance_end_datetime": "2026-12-18T08:00:00Z"}, {"acceptance_end_datetime": ""},
        ]  # fmt: skip
        assert [(one.opens, one.closes) for one in _windows(rounds)] == [(dt.date(2026, 11, 1), dt.date(2026, 12, 18)), (None, dt.date(2026, 12, 18))]


class TestJGrants:
    @pytest.fixture
    def harvest(self, world: World, settings: Any) -> Harvest:
        settings.RENKEI_JGRANTS_ADDRESS = "http://127.0.0.1:1/"
        wish = Wish("Jグランツ", "jgrants", "設備投資、研究開発", "programme", "国・自治体", {}, {"area": "ひばり県"}, 1, is_on=True)
        return save_harvest(None, wish, by=world.desk)

    def answer(self, monkeypatch: pytest.MonkeyPatch, details: dict[str, list[dict[str, Any]]], listed: list[dict[str, Any]] | None = None) -> None:
        calls = listed if listed is not None else [rounds[0] | {"id": pk} for pk, rounds in details.items()]
        monkeypatch.setattr(jgrants.JGrants, "calls", lambda _self, _keyword, _area="": calls)
        monkeypatch.setattr(jgrants.JGrants, "detail", lambda _self, pk: details.get(pk, []))

    def test_what_one_call_says_wrong_refuses_it_alone(self, harvest: Harvest, monkeypatch: pytest.MonkeyPatch) -> None:
        wrong: list[dict[str, Any]] = [
            {"title": ""}, {"title": None, "acceptance_end_datetime": "x"}, {"acceptance_end_datetime": "9999-12-31T23:59:59Z"}, {"acceptance_start_datetime": "0001-01-01T00:00:00+14:00"},
            {"acceptance_end_datetime": "2026-02-30T00:00:00Z"}, {"acceptance_start_datetime": "soon"},
        ]  # fmt: skip
        details = {f"W{n}": [CALL | one] for n, one in enumerate(wrong)} | {"NONE": [], "GOOD": [CALL]}
        self.answer(monkeypatch, details, [CALL | {"id": pk} for pk in details])
        run = take_reading(harvest, read_harvest(harvest), by=SYSTEM)
        assert run is not None
        assert (run.counts["new"], run.counts["refused"]) == (1, 7)
        assert {why.split("：")[0] for _number, why in run.refused} == {*details} - {"GOOD"}

    def test_odd_letters_and_numbers_of_a_call_are_kept_or_left_out(self, harvest: Harvest, monkeypatch: pytest.MonkeyPatch) -> None:
        odd = CALL | {"title": "補\x00助" + "長" * 400, "detail": "<p>一\x00二</p><script>alert(1)</script>" + "字" * 20_000, "subsidy_catch_phrase": "\x00" + "句" * 9_000,
                      "subsidy_rate": "1/2\x00" + "x" * 400, "subsidy_max_limit": float("inf"), "industry": "製造業\x00", "use_purpose": 5, "target_number_of_employees": ["x"],
                      "front_subsidy_detail_page_url": "https://x.example/a\x00b", "target_area_search": None, "target_area_detail": {"a": 1}}  # fmt: skip
        self.answer(monkeypatch, {"ODD": [odd], "HUGE": [CALL | {"subsidy_max_limit": 10**30}], "NAN": [CALL | {"subsidy_max_limit": float("nan")}]})
        run = take_reading(harvest, read_harvest(harvest), by=SYSTEM)
        assert run is not None
        assert (run.counts["new"], run.refused) == (3, [])
        entry = Entry.objects.get(pk=entry_id(harvest, "ODD"))
        kept = json.dumps([entry.name, entry.summary, entry.text, entry.facts, entry.url])
        assert "\\u0000" not in kept
        assert (len(entry.name), len(entry.facts["rate"]), len(entry.summary) <= 4_000, len(entry.text) <= 20_000) == (300, 200, True, True)
        assert not any("cap_yen" in one.facts for one in Entry.objects.all())

    def test_ids_that_are_none_are_never_asked_for(self, harvest: Harvest, monkeypatch: pytest.MonkeyPatch) -> None:
        odd = ["", None, "../../x", "a b", "１２", "x" * 19, 7, {"a": 1}, "'; --", "OK1"]
        asked: list[str] = []
        self.answer(monkeypatch, {}, [CALL | {"id": one} for one in odd])
        monkeypatch.setattr(jgrants.JGrants, "detail", lambda _self, pk: asked.append(pk) or [CALL])  # type: ignore[func-returns-value]  # notes and answers
        reading = read_harvest(harvest)
        assert asked == ["7", "OK1"]
        assert len(reading.rows) == 2

    def test_more_calls_than_are_asked_for_do_not_end_what_is_known(self, harvest: Harvest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jgrants, "MOST_CALLS", 2)
        self.answer(monkeypatch, {pk: [CALL] for pk in ("A", "B")})
        take_reading(harvest, read_harvest(harvest), by=SYSTEM)
        self.answer(monkeypatch, {pk: [CALL] for pk in ("C", "D", "A", "B")})
        Harvest.objects.update(next_on=TODAY)
        run = take_reading(harvest, read_harvest(harvest), by=SYSTEM)
        assert run is not None
        assert (run.counts["new"], run.counts["gone"]) == (2, 0)

    @pytest.mark.parametrize(
        "data",
        [b"", b"null", b"[]", b'"x"', b"{", b'{"result": null}', b'{"result": {}}', b'{"result": [1]}', b'{"result": ["x"]}', b'{"Result": []}', b"\xff\xfe", b"[" * 100_000],
        ids=range(12),
    )  # fmt: skip
    def test_what_is_no_answer(self, data: bytes) -> None:
        assert _result(data) is None

    @pytest.mark.parametrize(
        ("call", "area", "fits"),
        [
            ({}, "ひばり県", True), ({"target_area_search": ""}, "ひばり県", True), ({"target_area_search": "全国"}, "ひばり県", True), ({"target_area_search": "ひばり県"}, "ひばり県", True),
            ({"target_area_search": "となりの県 / ひばり県"}, "ひばり県", True), ({"target_area_search": "となりの県"}, "ひばり県", False), ({"target_area_search": "となりの県"}, "", True),
            ({"target_area_search": "ひばり県南部"}, "ひばり県", False), ({"target_area_search": "全国（一部を除く）"}, "ひばり県", True), ({"target_area_search": "／／"}, "ひばり県", True),
        ],
    )  # fmt: skip
    def test_whom_a_call_is_for(self, call: dict[str, Any], area: str, fits: bool) -> None:
        assert _is_for(call, area) is fits

    @pytest.mark.parametrize(
        ("call", "facts"),
        [
            ({}, {}), ({"subsidy_max_limit": 0}, {}), ({"subsidy_max_limit": -5}, {}), ({"subsidy_max_limit": "500"}, {}), ({"subsidy_max_limit": 500.9}, {"cap_yen": 500}),
            ({"subsidy_max_limit": True}, {}), ({"subsidy_rate": " 1/2 "}, {"rate": "1/2"}), ({"subsidy_rate": ""}, {}), ({"target_area_search": "ひばり県"}, {"eligible": {"in_prefecture": True}}),
            ({"target_area_search": "ひばり県 / 全国"}, {}), ({"target_number_of_employees": "20名以下"}, {"eligible": {"max_employees": 20}}),
            ({"target_number_of_employees": "20名以下 / 従業員の制約なし"}, {}), ({"industry": "製造業"}, {"eligible": {"jsic": ["E"]}}), ({"industry": "製造業 / 知らない業"}, {}),
        ],
    )  # fmt: skip
    def test_facts_of_a_call(self, call: dict[str, Any], facts: dict[str, Any]) -> None:
        assert _facts(call, "X1", "ひばり県") == {"jgrants_id": "X1"} | facts

    def test_heads_are_the_largest_named_and_never_a_limit_where_one_has_none(self) -> None:
        assert [_most_heads(one) for one in ("", "5名以下", "5名以下 / 300名以下 / 20名以下", "制約なし", "5名以下／制約なし", "x名以下", " / ")] == [None, 5, 300, None, None, None, None]

    @pytest.mark.parametrize("place", ["", "、", "a", "a、b c", "x" * 256, "、，,", " "])
    def test_without_a_word_to_ask_for_nothing_is_asked(self, world: World, place: str) -> None:
        with pytest.raises(Refused) as told:
            keywords_of(place)
        assert told.value.code == "no_keyword"
        with pytest.raises(Refused) as told:
            save_harvest(None, Wish("J", HarvestWay.JGRANTS, place or "、", "programme", "国", {}, {}, 1, is_on=True), by=world.desk)
        assert told.value.field == "place"
