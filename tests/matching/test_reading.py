"""A text read into clauses: cut at numbered points, weighed by what each is for, cues turned round by a no behind them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.cues import lexicon
from renkei.matching.reading import FIRST, LATER, NEGATED, REQUEST, points, read
from renkei.matching.words import MAX_LENGTH
from tests.matching.making import clauses

JOINT = {"joint": {"strong": ["契約"]}}
LINES = st.lists(st.sampled_from([*"①⑳19１.．)）。！？?\n 、」』", "めっき", "ﾒｯｷ", "剥がれ", "契約は要らない", "12", "\x00", "🦊"]), max_size=30)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("。。。", []),
        ("測定。", ["測定。"]),
        ("測定。契約！相談？何？！", ["測定。", "契約！", "相談？", "何？！"]),
        ("一行目\n二行目\n\n三行目", ["一行目\n", "二行目\n\n", "三行目"]),
        ("「測りたい。」と言う", ["「測りたい。」", "と言う"]),
        ("①測る②売る③借りる", ["①測る", "②売る", "③借りる"]),
        ("次の件 1.測る 2.売る", ["次の件 ", "1.測る ", "2.売る"]),
        ("次の件１）測る２）売る", ["次の件", "１）測る", "２）売る"]),
        ("⑳最後", ["⑳最後"]),
        ("厚さは12.5mm", ["厚さは12.5mm"]),
        ("従業員19)", ["従業員19)"]),
    ],
)
def test_a_text_is_cut_into_sentences_and_points(text: str, parts: list[str]) -> None:
    assert [one.text for one in points(text)] == parts


def test_a_fraction_is_no_point_of_a_list() -> None:
    text = "誤差は0.5mm、板は1.5mm（１．５ミリ）で、12.5kg、率は0.1)。"
    assert [one.text for one in points(text)] == [text]


def test_only_the_first_characters_of_a_long_text_are_read() -> None:
    text = "測定。" * MAX_LENGTH
    found = points(text)
    assert found[-1].end <= MAX_LENGTH
    assert len(found) == len(points(text[:MAX_LENGTH]))
    assert points("あ" * MAX_LENGTH + "めっき")[-1].end == MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("測定。", 1.0),
        ("測定したい。", REQUEST),
        ("測定してもらえませんか。", REQUEST),
        ("測定をお願いします。", REQUEST),
        ("まず測定。", FIRST),
        ("①測定。", FIRST),
        ("いずれ測定。", LATER),
        ("落ち着いたら測定したい。", REQUEST * LATER),
        ("まず測定したい。", REQUEST * FIRST),
        ("まず測定、いずれ契約。", 1.0),
        ("まず測定、いずれ契約したい。", REQUEST),
    ],
)
def test_a_clause_weighs_by_what_it_is_for(text: str, weight: float) -> None:
    [clause] = clauses(text)
    assert clause.weight == pytest.approx(weight)
    assert clause.is_request is (weight in {REQUEST, REQUEST * LATER, REQUEST * FIRST})


@pytest.mark.parametrize(
    "text",
    [
        "契約ではありません", "契約じゃない", "契約ではなく相談だけ", "契約は要らない", "契約は不要です", "契約も済みました",
        "契約は終わりました", "契約するほどのことではない", "契約の話ではない", "契約のつもりはありません", "契約は考えていない",
    ],
)  # fmt: skip
def test_a_cue_that_is_laid_aside_counts_against(text: str) -> None:
    [clause] = clauses(text, JOINT)
    assert [hit.weight for hit in clause.hits] == [pytest.approx(3.0 * NEGATED)]


@pytest.mark.parametrize(
    "text",
    [
        "契約したい", "契約ではないでしょうか", "契約ではないですか", "契約の相談、費用は要らない", "要らない物は契約したい",
        "契約の期間や費用や分け方や持分の割合などのことは別として、不要な物はない",
    ],
)  # fmt: skip
def test_a_no_that_stands_elsewhere_lays_nothing_aside(text: str) -> None:
    [clause] = clauses(text, JOINT)
    assert [hit.weight for hit in clause.hits] == [3.0]


def test_a_cue_against_is_not_turned_round_twice() -> None:
    [clause] = clauses("契約は要らない", {"joint": {"against": ["契約"]}})
    assert [hit.weight for hit in clause.hits] == [-2.0]


def test_of_two_parts_the_last_in_the_text_is_the_one_laid_aside() -> None:
    cues = {"joint": {"strong": ["研究+契約"]}}
    [first] = clauses("契約のための研究は要らない", cues)
    [second] = clauses("研究はしたい、契約は要らない", cues)
    assert [[hit.weight < 0 for hit in one.hits] for one in (first, second)] == [[True], [True]]
    [third] = clauses("研究は要らない、契約はしたい", cues)
    assert [hit.weight for hit in third.hits] == [3.0]


def test_a_no_lays_aside_what_stands_in_its_own_clause_only() -> None:
    first, second = clauses("契約したい。測定は要らない。", {"joint": {"strong": ["契約"]}, "tests": {"strong": ["測定"]}})
    assert [hit.weight for hit in first.hits] == [3.0]
    assert [hit.weight for hit in second.hits] == [pytest.approx(3.0 * NEGATED)]


def test_both_parts_of_a_cue_must_stand_in_one_clause() -> None:
    assert [one.hits for one in clauses("①開発する②補助がほしい", {"a": {"strong": ["開発+補助"]}})] == [(), ()]
    assert [len(one.hits) for one in clauses("補助がほしい開発", {"a": {"strong": ["開発+補助"]}})] == [1]


def test_a_clause_that_says_nothing_has_no_cues() -> None:
    assert [(one.text, one.hits, one.weight) for one in clauses("……\n\n🦊", JOINT)] == [("……\n\n", (), 1.0), ("🦊", (), 1.0)]


@settings(max_examples=50)
@given(LINES.map("".join))
def test_clauses_stand_where_they_say_and_lose_only_ends_of_sentences(text: str) -> None:
    found = points(text)
    assert [text[one.start : one.end] for one in found] == [one.text for one in found]
    assert all(before.end <= after.start for before, after in pairwise(found))
    kept = {place for one in found for place in range(one.start, one.end)}
    assert {char for place, char in enumerate(text) if place not in kept} <= set("。！？!?\n")
    for one in found:
        assert [text[word.start : word.end] for word in one.words] == [word.surface for word in one.words]


@settings(max_examples=40)
@given(LINES.map("".join))
def test_cues_stand_inside_their_clause(text: str) -> None:
    for clause in read(text, lexicon({**JOINT, "a": {"words": ["めっき", "剥がれ"]}, "b": {"weak": ["めっき+契約"]}})):
        for hit in clause.hits:
            assert all(clause.sentence.start <= start < end <= clause.sentence.end for start, end in hit.spans)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["測定したい。", "契約は要らない。", "まず相談。", "いずれ販売！"]), max_size=6))
def test_a_sentence_reads_the_same_wherever_it_stands(told: list[str]) -> None:
    cues = {**JOINT, "tests": {"words": ["測定"]}}
    together = [(one.text, one.weight, [hit.weight for hit in one.hits]) for one in clauses("".join(told), cues)]
    alone = [(one.text, one.weight, [hit.weight for hit in one.hits]) for text in told for one in clauses(text, cues)]
    assert together == alone
