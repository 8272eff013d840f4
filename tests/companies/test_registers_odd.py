"""The public registers at their edges: files cut, doubled and in no order; a service that says anything at all."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.audit.models import Event
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.companies.actions import numbers
from renkei.companies.actions.numbers import load_numbers
from renkei.companies.lookup import Found, GBizInfo, _filled, find_number, municipality_code
from renkei.companies.models import RegisteredNumber
from tests.companies.test_lookup import ANSWER, NUMBER, OTHER, code_of, line, written

SAID = ANSWER["hojin-infos"][0]


def loaded(tmp_path: Path, *lines: str, **more: Any) -> tuple[int, int]:
    return load_numbers(written(tmp_path, *lines, **more), by=SYSTEM)


def names() -> dict[str, str]:
    return dict(RegisteredNumber.objects.values_list("pk", "name"))


def with_cell(place: int, value: str, number: str = NUMBER) -> str:
    cells = line(number).strip('"').split('","')
    cells[place] = value
    return ",".join(f'"{cell}"' for cell in cells)


class Answer:
    """What ``requests`` would give back."""

    def __init__(self, body: str, status: int = 200) -> None:
        self.body, self.status_code = body, status

    def json(self) -> Any:
        return json.loads(self.body)


def service(monkeypatch: pytest.MonkeyPatch, body: str) -> GBizInfo:
    monkeypatch.setattr(requests, "get", lambda *_where, **_how: Answer(body))
    return GBizInfo("a-token", "https://info.example/hojin/")


def says(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Found | None:
    return service(monkeypatch, json.dumps({"hojin-infos": [SAID | changes]})).find(NUMBER)


class TestFile:
    def test_of_two_lines_of_one_firm_the_newer_stands_whichever_comes_first(self, db: None, tmp_path: Path) -> None:
        new, old = line(name="新しい名前", updated="2026-05-01"), line(name="古い名前", updated="2026-04-01")
        for order in ((new, old), (old, new)):
            RegisteredNumber.objects.all().delete()
            loaded(tmp_path, *order)
            assert names() == {NUMBER: "新しい名前"}

    def test_on_one_day_the_later_line_stands(self, db: None, tmp_path: Path) -> None:
        loaded(tmp_path, line(name="朝の名前"), line(name="夕方の名前"))
        assert names() == {NUMBER: "夕方の名前"}
        loaded(tmp_path, line(name="次の日の名前"))  # a corrected file of the same day
        assert names() == {NUMBER: "次の日の名前"}

    def test_order_holds_across_batches(self, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(numbers, "AT_ONCE", 1)
        new, old = line(name="新しい名前", updated="2026-05-01"), line(name="古い名前", updated="2026-04-01")
        assert loaded(tmp_path, new, old, line(OTHER)) == (2, 0)
        assert names() == {NUMBER: "新しい名前", OTHER: "株式会社まぼろし計測"}

    @pytest.mark.parametrize(
        ("place", "value"),
        [(1, ""), (1, "1234567890123"), (1, NUMBER[:12]), (1, f"{NUMBER}0"), (6, ""), (6, "\u3000"), (6, "\u200b"), (4, ""), (4, "2026-13-01"),
         (4, "20260401"[:7]), (4, "昨日")],
    )  # fmt: skip
    def test_a_line_without_number_name_or_day_is_counted_and_left_out(self, db: None, tmp_path: Path, place: int, value: str) -> None:
        assert loaded(tmp_path, line(OTHER), with_cell(place, value)) == (1, 1)
        assert list(names()) == [OTHER]

    @pytest.mark.parametrize(
        ("place", "value", "field", "kept"),
        [(15, "", "postal_code", ""), (15, "999001", "postal_code", ""), (15, "9990010", "postal_code", "999-0010"), (18, "", "closed_on", None),
         (18, "いつか", "closed_on", None), (18, "2025-03-31", "closed_on", dt.date(2025, 3, 31)), (20, f" {OTHER} ", "successor", OTHER),
         (13, "", "municipality", ""), (13, "x9", "municipality", ""), (28, "マ" * 600, "kana", "マ" * 500), (6, "名" * 300, "name", "名" * 200)],
    )  # fmt: skip
    def test_what_else_is_odd_costs_that_cell_only(self, db: None, tmp_path: Path, place: int, value: str, field: str, kept: Any) -> None:
        assert loaded(tmp_path, with_cell(place, value)) == (1, 0)
        assert getattr(RegisteredNumber.objects.get(), field) == kept

    def test_an_address_abroad_stands_where_there_is_none_here(self, db: None, tmp_path: Path) -> None:
        cells = line().strip('"').split('","')
        cells[9:12], cells[16] = ["", "", ""], "1 Nowhere Street"
        assert loaded(tmp_path, ",".join(f'"{cell}"' for cell in cells)) == (1, 0)
        assert RegisteredNumber.objects.get().address == "1 Nowhere Street"

    @pytest.mark.parametrize("broken", ["", "x", "," * 40, '"', '"never ends', line()[:40], line() + ",more", "\x00"])
    def test_a_broken_line_between_two_costs_no_other_before_it(self, db: None, tmp_path: Path, broken: str) -> None:
        written_, wrong = loaded(tmp_path, line(), broken)
        assert (written_, wrong in {0, 1}) == (1, True)
        assert names() == {NUMBER: "株式会社まぼろし計測"}

    def test_a_quotation_that_swallows_the_rest_of_a_long_file_is_one_wrong_line(self, db: None, tmp_path: Path) -> None:
        """The reader gives up on a field of more than 131,072 characters; what came before stays."""
        written_, wrong = loaded(tmp_path, line(), line(OTHER)[:-1], *["長" * 500] * 400)
        assert written_ == 1
        assert wrong >= 1
        assert names() == {NUMBER: "株式会社まぼろし計測"}

    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n"])
    def test_an_empty_file(self, db: None, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "all.csv"
        path.write_bytes(content)
        try:
            assert load_numbers(path, by=SYSTEM) == (0, 0)
        except Refused as refusal:
            assert refusal.code == "not_the_register"  # noqa: PT017  either is an answer in words
        assert not RegisteredNumber.objects.exists()

    def test_a_folder_is_no_file_and_a_refused_one_leaves_no_trace(self, db: None, tmp_path: Path) -> None:
        assert code_of(lambda: load_numbers(tmp_path, by=SYSTEM)) == "no_file"
        assert code_of(lambda: loaded(tmp_path, "会社名,番号", line())) == "not_the_register"
        assert (RegisteredNumber.objects.count(), Event.objects.filter(verb="company.load_numbers").count()) == (0, 0)

    def test_letters_outside_the_old_writing_are_kept(self, db: None, tmp_path: Path) -> None:
        loaded(tmp_path, line(name="髙﨑①製作所"), encoding="cp932")
        loaded(tmp_path, line(OTHER, name="𠮷野工業"))
        assert names() == {NUMBER: "髙﨑①製作所", OTHER: "𠮷野工業"}


class TestService:
    @pytest.mark.parametrize(
        ("changes", "wanted"),
        [
            ({"kana": None}, {"kana": ""}), ({"location": None}, {"address": ""}), ({"postal_code": None}, {"postal_code": ""}), ({"postal_code": 9990010}, {"postal_code": "999-0010"}),
            ({"postal_code": "〒999-0010"}, {"postal_code": "999-0010"}), ({"postal_code": "99900"}, {"postal_code": ""}), ({"capital_stock": None}, {"capital_yen": None}),
            ({"capital_stock": ""}, {"capital_yen": None}), ({"capital_stock": "30000000"}, {"capital_yen": 30_000_000}), ({"capital_stock": 0}, {"capital_yen": 0}),
            ({"employee_number": "19"}, {"employees": 19}), ({"employee_number": 19.0}, {"employees": 19}), ({"close_date": ""}, {"closed_on": None}),
            ({"close_date": "2025-03-31"}, {"closed_on": dt.date(2025, 3, 31)}), ({"representative_name": "長" * 300}, {"representative": "長" * 100}),
            ({"name": "名\x00\u200b前"}, {"name": "名前"}), ({"name": "長" * 300}, {"name": "長" * 200}), ({"location": "県\r\n市"}, {"address": "県\n市"}),
            ({"corporate_number": int(NUMBER)}, {"number": NUMBER}), ({"more": [1, {}]}, {}),
        ],
    )  # fmt: skip
    def test_whatever_a_field_holds_is_read_or_left_open(self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], wanted: dict[str, Any]) -> None:
        found = says(monkeypatch, **changes)
        assert found is not None
        assert {name: getattr(found, name) for name in wanted} == wanted

    @pytest.mark.parametrize(
        "changes",
        [{"name": None}, {"name": ""}, {"name": "\u3000"}, {"corporate_number": None}, {"corporate_number": OTHER}, {"capital_stock": "many"}, {"capital_stock": []},
         {"capital_stock": float("inf")}, {"capital_stock": float("nan")}, {"employee_number": {}}, {"employee_number": float("-inf")}, {"close_date": "2025-99-99"},
         {"close_date": "いつか"}],
    )  # fmt: skip
    def test_what_is_no_firm_is_refused_in_words(self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
        assert code_of(lambda: says(monkeypatch, **changes)) == "lookup_unreadable"

    @pytest.mark.parametrize(
        "body",
        ["", "null", "1", '"x"', "[]", "{}", "[" * 100_000, '{"hojin-infos": 1}', '{"hojin-infos": {"a": 1}}', '{"hojin-infos": [1]}', '{"hojin-infos": [null]}',
         '{"hojin-infos": [[]]}', '{"hojin-infos": ["x"]}', '{"hojin-infos": [{}]}', "\ufeff{}", "{'hojin-infos': []}"],
    )  # fmt: skip
    def test_an_answer_of_any_shape_is_refused_in_words(self, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
        assert code_of(lambda: service(monkeypatch, body).find(NUMBER)) == "lookup_unreadable"

    def test_only_the_number_is_sent_and_no_redirect_followed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[Any, Any]] = []

        def get(*where: Any, **how: Any) -> Answer:
            asked.append((where, how))
            return Answer(json.dumps(ANSWER))

        monkeypatch.setattr(requests, "get", get)
        GBizInfo("a-token", "https://info.example/hojin/").find(NUMBER)
        [((address,), how)] = asked
        assert address == f"https://info.example/hojin/v2/hojin/{NUMBER}"
        assert (how["allow_redirects"], how["headers"], "params" in how, "data" in how) == (
            False, {"X-hojinInfo-api-token": "a-token", "Accept": "application/json"}, False, False)  # fmt: skip

    @pytest.mark.parametrize("status", [400, 404, 418, 429, 500, 502, 503])
    def test_the_file_is_enough_whatever_the_service_does(self, db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
        settings.RENKEI_GBIZINFO_TOKEN = "a-token"
        monkeypatch.setattr(requests, "get", lambda *_where, **_how: Answer("", status))
        loaded(tmp_path, line())
        found = find_number(NUMBER)
        assert found is not None
        assert (found.name, found.source) == ("株式会社まぼろし計測", "法人番号の公表データ")

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6),
           st.sampled_from(sorted(SAID)))  # fmt: skip
    @settings(max_examples=150, derandomize=True)
    def test_any_value_in_any_field_is_read_or_refused(self, value: Any, field: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            try:
                found = says(patch, **{field: value})
            except Refused as refusal:
                assert refusal.code == "lookup_unreadable"  # noqa: PT017  either is an answer in words
            else:
                assert found is not None
                assert (found.number, bool(found.name), found.source) == (NUMBER, True, "gBizINFO")


class TestBoth:
    def test_gaps_are_filled_and_nothing_said_is_overruled(self) -> None:
        first = Found(NUMBER, "甲", "一", kana="コウ", employees=0)
        more = Found(NUMBER, "乙", "二", kana="オツ", address="県", capital_yen=0, employees=5, closed_on=dt.date(2025, 3, 31))
        assert _filled(first, more) == Found(NUMBER, "甲", "一、二", kana="コウ", address="県", capital_yen=0, employees=0, closed_on=dt.date(2025, 3, 31))

    def test_who_adds_nothing_is_not_named(self) -> None:
        first = Found(NUMBER, "甲", "一", address="県")
        assert _filled(first, Found(NUMBER, "乙", "二", address="市")) is first

    @pytest.mark.parametrize(("prefecture", "city", "code"), [("", "", ""), ("99", "", ""), ("9", "901", ""), ("99", "90", ""), ("x9", "901", ""), ("９９", "9０", "")])
    def test_no_code_of_a_place_comes_of_half_a_one(self, prefecture: str, city: str, code: str) -> None:
        assert municipality_code(prefecture, city) == code
