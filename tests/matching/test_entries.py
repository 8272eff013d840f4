"""Entries for a text: their windows, their services, the words they share with it, their scores and their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base.actor import SYSTEM
from renkei.matching import index
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.entries import KINDS, Match, matches
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry, EntryKind
from tests.world import LAB, World

Region = Callable[..., World]
DAY = dt.date(2026, 12, 1)
ROW = EntryRow(id="X1", kind="equipment", name="恒温恒湿槽", summary="湿度を保つ。")


def put(*rows: EntryRow) -> None:
    put_entries(rows, kept_by="more", by=SYSTEM)


def found(text: str, **limits: Any) -> list[Match]:
    return matches(text, knowledge(), **limits)


def of(text: str, entry: str, **limits: Any) -> Match:
    [one] = [match for match in found(text, **limits) if match.entry.id == entry]
    return one


def ids(listed: Sequence[Match]) -> list[str]:
    return [match.entry.id for match in listed]


@pytest.mark.parametrize(
    ("text", "entry", "words"),
    [
        ("めっきの厚さを測りたい。", "EQ1", "めっき、厚、さ、測りたい"),
        ("ﾒｯｷの厚さ。", "EQ1", "ﾒｯｷ、厚"),
        ("メッキ、めっき、鍍金。", "EQ1", "メッキ"),
        ("扉の耐火。", "EX1", "耐火"),
        ("材料が割れるので強度を測る。", "EQ2", "強度、測る"),
    ],
)
def test_shared_words_stand_as_the_firm_wrote_them(region: Region, text: str, entry: str, words: str) -> None:
    region()
    match = of(text, entry)
    assert set(match.words(text).split("、")) <= set(words.split("、"))
    assert match.words(text).split("、")[0] == words.split("、", 1)[0]
    assert [text[start:end] for start, end in match.spans] == [text[start:end] for start, end in sorted(match.spans)]


def test_a_word_said_thrice_is_shown_once_where_it_stands_first(region: Region) -> None:
    region()
    text = "湿度、湿度、そして湿度。"
    put(ROW)
    assert of(text, "X1").spans == ((0, 2),)
    assert of(text, "X1").words(text) == "湿度"


def test_no_more_than_five_words_are_shown_the_longest_of_them(region: Region) -> None:
    region()
    named = ["コンプレッサー", "プラスチック", "マグネシウム", "アルミニウム", "センサー", "モーター", "ギア"]
    put(replace(ROW, summary="、".join(named)))
    text = "ギアとモーターとセンサーとアルミニウムとマグネシウムとプラスチックとコンプレッサー。"
    shown = of(text, "X1").words(text).split("、")
    assert len(shown) == 5
    assert "ギア" not in shown
    assert "コンプレッサー" in shown
    assert [text.index(word) for word in shown] == sorted(text.index(word) for word in shown)


def test_words_that_mean_the_same_have_a_place_but_are_not_told_as_the_same_word(region: Region) -> None:
    region()
    put(replace(ROW, summary="腐食を促す。"))
    text = "サビが出る。"
    match = of(text, "X1")
    assert (match.spans, match.words(text), [(span, term.word) for span, term in match.alike]) == (((0, 2),), "", [((0, 2), "腐食")])


def test_single_letters_are_shown_only_when_there_is_nothing_longer(region: Region) -> None:
    region()
    put(replace(ROW, name="炉", summary="炉と煙突。"))
    assert of("炉と煙突。", "X1").words("炉と煙突。") == "煙突"
    assert of("炉。", "X1").words("炉。") == "炉"


def test_windows_come_with_their_entry_the_first_to_close_first(region: Region) -> None:
    region()
    late, soon, always = WindowRow("slot", None, DAY + dt.timedelta(9)), WindowRow("slot", None, DAY), WindowRow("course", always_open=True)
    put(replace(ROW, windows=(late, always, soon)), replace(ROW, id="X2"))
    assert [(window.kind, window.closes) for window in of("湿度", "X1").windows] == [
        ("slot", DAY), ("slot", DAY + dt.timedelta(9)), ("course", None),
    ]  # fmt: skip
    assert of("湿度", "X2").windows == ()


@pytest.mark.parametrize(
    ("row", "services"),
    [
        (replace(ROW, kind="equipment"), ("equipment-tests",)),
        (replace(ROW, kind="equipment", service="loan"), ("loan",)),
        (replace(ROW, kind="seed"), ("tech-consultation",)),
        (replace(ROW, kind="person", facts={"post": "engineer"}), ("tech-consultation",)),
        (replace(ROW, kind="person", facts={"post": "gardener"}), ()),
        (replace(ROW, kind="person"), ()),
        (replace(ROW, kind="person", service="events"), ("events",)),
        (replace(ROW, kind="example"), ()),
    ],
)
def test_an_entry_speaks_for_its_own_service_or_for_those_of_its_kind(region: Region, row: EntryRow, services: tuple[str, ...]) -> None:
    region()
    put(row)
    assert of("湿度を保つ。", "X1").services == services


def test_scores_lie_between_nought_and_one_and_the_best_is_one(region: Region) -> None:
    region()
    listed = found("めっきの厚さを測りたい。金属の強度も。")
    scores = [match.score for match in listed]
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_equals_come_in_the_order_of_their_ids(region: Region) -> None:
    region()
    put(*[replace(ROW, id=key, kind=kind) for key, kind in (("X3", "seed"), ("X1", "event"), ("X2", "equipment"))])
    assert ids(found("湿度"))[:3] == ["X1", "X2", "X3"]


@pytest.mark.parametrize("per_kind", [1, 2, 8])
def test_each_kind_gives_its_best_and_no_kind_crowds_out_another(region: Region, per_kind: int) -> None:
    region()
    put(*[replace(ROW, id=f"{kind}{n:02}", kind=kind) for kind in ("equipment", "seed", "event") for n in range(10)])
    listed = found("湿度", per_kind=per_kind)
    counted = {kind: sum(match.entry.kind == kind for match in listed) for kind in ("equipment", "seed", "event")}
    assert counted == {"equipment": per_kind, "seed": per_kind, "event": per_kind}


def test_services_and_tests_are_no_kinds_of_a_proposal() -> None:
    assert set(EntryKind.values) - set(KINDS) == {"service", "test"}


def test_what_the_database_no_longer_holds_is_left_out_and_gives_no_score(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index may be a moment behind: then its best hit may be one that is gone."""
    region()
    put(ROW, replace(ROW, id="X2", name="湿度", summary="湿度と恒温恒湿槽。湿度。"))
    assert ids(found("湿度"))[:2] == ["X2", "X1"]
    Entry.objects.filter(pk="X2").delete()
    monkeypatch.setattr(index, "ensure", lambda: None)
    assert [(match.entry.id, match.score) for match in found("湿度")] == [("X1", 1.0)]


def test_nothing_found_is_an_empty_list(region: Region) -> None:
    region()
    assert found("") == found("。") == found("ぜんぜん") == found("めっき", kinds=[]) == []


def test_a_long_text_is_searched_whole_and_shown_from_its_beginning(region: Region) -> None:
    region()
    put(ROW)
    text = "あ。" * 3_000 + "湿度を保ちたい。"
    assert of(text, "X1").spans == ()
    near = "あ。" * 1_000 + "湿度を保ちたい。"
    assert near[slice(*of(near, "X1").spans[0])] == "湿度"


def test_the_number_of_questions_does_not_grow_with_what_is_found(region: Region) -> None:
    region()
    windows = (WindowRow("slot", None, DAY),)
    put(replace(ROW, windows=windows))

    def asked() -> int:
        index.ensure()
        with CaptureQueriesContext(connection) as queries:
            found("湿度")
        return len(queries)

    found("湿度")
    one = asked()
    put(*[replace(ROW, id=f"X{n}", windows=windows) for n in range(2, 9)])
    assert asked() == one
    assert len(found("湿度")) >= 8


def test_a_changed_entry_is_shown_by_its_new_words_at_once(region: Region) -> None:
    region()
    put(replace(ROW, name="試料の箱"))
    assert of("湿度", "X1").words("湿度") == "湿度"
    put(replace(ROW, name="試料の箱", summary="騒音を防ぐ。"))
    assert "X1" not in ids(found("湿度"))
    assert of("騒音", "X1").words("騒音") == "騒音"


def test_the_public_s_matches_hold_public_entries_only(region: Region) -> None:
    region()
    put(replace(ROW, id="OPEN", is_public=True), replace(ROW, id="SHUT"))
    assert ids(found("湿度", audience="public")) == ["OPEN"]
    assert ids(found("湿度"))[:2] == ["OPEN", "SHUT"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="めっき厚さ測る金属強度ﾒｯｷ、。\n1A ", max_size=60))
def test_every_span_lies_in_the_text_and_tells_a_word(ready: str, text: str) -> None:
    for match in matches(text, knowledge()):
        assert len(match.spans) <= 5
        for start, end in match.spans:
            assert 0 <= start < end <= len(text)
            assert text[start:end].strip()


@pytest.fixture
def ready(region: Region) -> str:
    region()
    index.ensure()
    return LAB
