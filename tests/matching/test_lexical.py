"""The inverted index: BM25 as the books have it, synonyms whole or not at all, segments that join, damage that is told."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from renkei.matching import lexical
from renkei.matching.digest import keys_of
from renkei.matching.lexical import WEIGHTS, Index
from renkei.matching.terms import Document, Terms, analysed, query_terms

TEXTS = [
    ("塩水噴霧", "めっきの腐食を調べる。腐食の速さ。"), ("硬さ試験", "焼入れの硬さを測る。"), ("膜厚計", "めっきの厚さを測る。"),
    ("電子顕微鏡", "破面を見る。腐食も見る。"), ("引張試験", "樹脂を引いて強さを測る。"), ("", "めっき"), ("恒温槽", ""),
]  # fmt: skip
LISTED = analysed(Document(f"D{number}", title, text) for number, (title, text) in enumerate(TEXTS))


def made(parts: Sequence[int] = (), place: Path | None = None) -> Index:
    """An index over the texts, written in parts of so many documents."""
    index = lexical.make(place)
    at = 0
    for generation, size in enumerate(parts or (len(LISTED),), 1):
        with lexical.writing(index, generation) as writer:
            lexical.add(writer, LISTED[at : at + size])
        at += size
    return index


def by_hand(terms: Terms, synonyms: Sequence[tuple[str, ...]] = ()) -> list[float]:
    """The same sum, document by document, from the words themselves."""
    total = [0.0] * len(LISTED)
    for name, weight in WEIGHTS.items():
        counted = [Counter(own.by_field[name]) for _document, own in LISTED]
        mean = sum(sum(one.values()) for one in counted) / len(counted)

        def rarity(term: str, counted: list[Counter[str]] = counted) -> float:
            often = sum(term in other for other in counted)
            return math.log1p((len(counted) - often + 0.5) / (often + 0.5))

        def gain(one: Counter[str], term: str, mean: float = mean) -> float:
            return rarity(term) * 2.2 * one[term] / (one[term] + 1.2 * (0.25 + 0.75 * sum(one.values()) / mean)) if one[term] else 0.0

        for number, one in enumerate(counted):
            total[number] += weight * sum(gain(one, term) for term in terms.by_field[name])
            if name == "words":
                total[number] += sum(0.4 * gain(one, forms[0]) for forms in synonyms if len(forms) == 1)
                whole = [forms for forms in synonyms if len(forms) > 1 and all(one[form] for form in forms)]
                total[number] += sum(0.4 / len(forms) * sum(rarity(form) for form in forms) for forms in whole)
    return total


@pytest.mark.parametrize("text", ["めっきの腐食", "厚さを測る", "膜厚計", "腐食 腐食 腐食"])
def test_the_sum_is_that_of_the_books(text: str) -> None:
    terms = query_terms(text)
    assert lexical.scores(made(), terms, []) == pytest.approx(by_hand(terms), rel=1e-3, abs=1e-6)


def test_a_synonym_counts_less_and_a_phrase_only_whole() -> None:
    terms, synonyms = query_terms("サビ"), [("腐食",), tuple(LISTED[1][1].by_field["text"][:2]), (LISTED[1][1].by_field["text"][0], "樹脂")]
    found = lexical.scores(made(), terms, synonyms)
    assert found == pytest.approx(by_hand(terms, synonyms), rel=1e-3, abs=1e-6)
    assert np.flatnonzero(found).tolist() == [0, 1, 3]
    assert not lexical.scores(made(), terms, []).any()


@pytest.mark.parametrize("parts", [(1, 6), (3, 2, 2), (1,) * 7, (5, 1, 1)])
def test_however_it_was_written_the_same_is_found(parts: Sequence[int], tmp_path: Path) -> None:
    for index in (made(parts), made(parts, tmp_path)):
        for text in ("めっきの腐食を測る", "樹脂"):
            terms = query_terms(text)
            found, whole = lexical.scores(index, terms, [("破面", "見る")]), lexical.scores(made(), terms, [("破面", "見る")])
            assert np.flatnonzero(found).tolist() == np.flatnonzero(whole).tolist()
            assert np.argmax(found) == np.argmax(whole)


def test_small_segments_are_joined_and_large_ones_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert [len(made((1,) * 7).segments), made((1,) * 7).parts.segments[-1][1]] == [len(made((1,) * 7).parts.segments), 7]
    assert len(made((1,) * 7).segments) < 4
    monkeypatch.setattr(lexical, "_JOINED", 3)
    assert made((3, 3, 1), tmp_path).parts.segments == ((0, 3), (3, 6), (6, 7))
    assert sorted(path.name for path in tmp_path.glob("*.segment")) == ["0-3.segment", "3-6.segment", "6-7.segment"]


def test_what_is_too_much_at_once_becomes_several_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "_SEGMENT", 2)
    monkeypatch.setattr(lexical, "_JOINED", 2)
    index = lexical.make()
    with lexical.writing(index) as writer:
        for one in LISTED:
            lexical.add(writer, [one])
    assert index.parts.segments == ((0, 2), (2, 4), (4, 6), (6, 7))
    assert index.parts.rows == 7


def test_a_generation_is_read_as_it_was_written_and_old_ones_go(tmp_path: Path) -> None:
    made((3, 2, 2), tmp_path)
    assert sorted(path.name for path in tmp_path.glob("parts-*")) == ["parts-2.json", "parts-3.json"]
    terms = query_terms("樹脂")
    assert [lexical.opened(tmp_path, number).parts.rows for number in (2, 3)] == [5, 7]
    assert [len(lexical.scores(lexical.opened(tmp_path, number), terms, [])) for number in (2, 3)] == [5, 7]
    named = {f"{a}-{b}.segment" for number in (2, 3) for a, b in json.loads((tmp_path / f"parts-{number}.json").read_text())["segments"]}
    assert {path.name for path in tmp_path.glob("*.segment")} == named


def test_what_fails_half_way_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    index = made((3,), tmp_path)
    with pytest.raises(ZeroDivisionError), lexical.writing(index, 2) as writer:
        lexical.add(writer, LISTED[3:])
        raise ZeroDivisionError
    assert (index.parts.rows, lexical.opened(tmp_path, 1).parts.rows) == (3, 3)
    with pytest.raises(OSError, match="parts-2"):
        lexical.opened(tmp_path, 2)


@pytest.mark.parametrize("text", ["", "のをに", "まぼろし"])
def test_nothing_is_found_for_nothing(text: str) -> None:
    assert not lexical.scores(made(), query_terms(text), []).any()
    assert lexical.scores(lexical.make(), query_terms(text), [("腐食",), ("破面", "見る")]).tolist() == []


@pytest.mark.parametrize("harm", [lambda data: data[:-8], lambda data: data[:100], lambda _data: b"", lambda data: b"[]" + data[2:], lambda data: data + b"more"])
def test_a_segment_that_does_not_fit_is_told(tmp_path: Path, harm: object) -> None:
    made((), tmp_path)
    [path] = tmp_path.glob("*.segment")
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(harm(data))  # type: ignore[operator]  # a function of the table
    with pytest.raises((OSError, ValueError)):
        lexical.opened(tmp_path, 1)


@pytest.mark.parametrize("told", ["", "{}", "[]", '{"rows": 1}', '{"rows": 1, "tokens": {}, "segments": []}', '{"rows": "x", "tokens": {}, "segments": 1}'])
def test_parts_that_say_nothing_are_damage(tmp_path: Path, told: str) -> None:
    made((), tmp_path)
    (tmp_path / "parts-1.json").write_text(told)
    with pytest.raises((OSError, ValueError)):
        lexical.opened(tmp_path, 1)


def test_lengths_are_rounded_as_they_grow() -> None:
    given = np.array([0, 1, 39, 40, 41, 42, 55, 57, 103, 200, 1000], dtype=np.float32)
    assert lexical._rounded(given).tolist() == [0, 1, 39, 40, 40, 42, 54, 56, 96, 200, 984]


def test_a_key_is_the_same_everywhere_and_another_for_another_term() -> None:
    terms = [f"{one}{other}" for one in "あいうえお" for other in "かきくけこ"]
    assert len(set(keys_of(terms).tolist())) == 25
    assert keys_of(["腐食", "樹脂", "腐食"]).tolist() == [*keys_of(["腐食", "樹脂"]).tolist(), *keys_of(["腐食"]).tolist()]
    assert keys_of(["腐食"])[0] >> 54 == 0


def test_of_a_long_question_over_many_the_commonest_words_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    index, terms = made(), query_terms("めっきの腐食を樹脂の膜厚計で測る")
    whole = lexical.scores(index, terms, [])
    often = {form: sum(form in own.words for _document, own in LISTED) for form in terms.words}
    rarest = min((form for form in terms.words if often[form]), key=lambda form: often[form])
    monkeypatch.setattr(lexical, "_FEW", 1)
    monkeypatch.setattr(lexical, "_SHARE", 0.0)
    cut = lexical.scores(index, terms, [])
    assert (cut <= whole + 1e-9).all()
    assert cut.sum() < whole.sum()
    holding = [number for number, (_document, own) in enumerate(LISTED) if rarest in own.words]
    assert all(cut[number] > 0 for number in holding)
