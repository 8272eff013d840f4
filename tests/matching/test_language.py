"""What a sentence is for, on made-up sentences."""

from __future__ import annotations

import pytest

from renkei.matching import language
from renkei.matching.cues import lexicon
from renkei.matching.reading import FIRST, LATER, NEGATED, REQUEST, read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("request", "使わせてもらえませんか"), ("request", "見てほしいです"), ("request", "詳しく教えて"),
        ("later", "落ち着いたら海外へ"), ("first", "まず厚さから"), ("declined", "設備がないと断られました"),
        ("declined", "うちではできないそうです"), ("elsewhere", "県外でもかまいません"), ("elsewhere", "他の都県の試験場"),
        ("vague", "何でもいいから使えるもの"), ("everywhere", "どこも同じ返事"), ("prefectures", "埼玉の施設"),
    ],
)  # fmt: skip
def test_a_sentence_says(name: str, text: str) -> None:
    assert language.says(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("request", "工場は古い。"), ("declined", "測ってもらえた。"), ("elsewhere", "県内で探したい"),
        ("vague", "膜厚を測りたい"), ("prefectures", "東京ビッグサイトの展示会"), ("later", "いま困っている"),
    ],
)  # fmt: skip
def test_a_sentence_does_not_say(name: str, text: str) -> None:
    assert not language.says(name, text)


def test_found_gives_the_places() -> None:
    assert language.found("prefectures", "埼玉か東京") == [(0, 2), (3, 5)]


@pytest.mark.parametrize(
    ("text", "weight"),
    [("測定。", 1.0), ("測定したい。", REQUEST), ("まず測定。", FIRST), ("いずれ測定。", LATER), ("まず測定、いずれ契約。", 1.0)],
)
def test_a_clause_counts_by_what_it_is_for(text: str, weight: float) -> None:
    [clause] = read(text, lexicon({}))
    assert clause.weight == pytest.approx(weight)


@pytest.mark.parametrize(
    "text", ["研究の契約ではありません", "契約まではしない話です", "契約するほどのことではない", "契約は要らない", "契約は済みました"]
)
def test_what_is_laid_aside_counts_against(text: str) -> None:
    [clause] = read(text, lexicon({"joint": {"strong": ["契約"]}}))
    assert [hit.weight for hit in clause.hits] == [3.0 * NEGATED] or "まで" in text


def test_a_question_lays_nothing_aside() -> None:
    [clause] = read("契約ではないでしょうか", lexicon({"joint": {"strong": ["契約"]}}))
    assert [hit.weight for hit in clause.hits] == [3.0]


def test_numbered_points_are_clauses_of_their_own() -> None:
    text = "①厚さを測る。②県外へ売る。"
    assert [clause.text for clause in read("次のとおり①厚さを測る②売り先を探す", lexicon({}))] == [
        "次のとおり", "①厚さを測る", "②売り先を探す",
    ]  # fmt: skip
    assert [text[c.sentence.start : c.sentence.end] for c in read(text, lexicon({}))] == [c.text for c in read(text, lexicon({}))]
