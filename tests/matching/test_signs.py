"""The signs beside the same reckoned document by document, word by word, from the words themselves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from renkei.matching import meaning, vectors
from renkei.matching.postings import Postings, PostingsWriter
from renkei.matching.signs import LEXICAL, SIGNALS, query_of, signals
from renkei.matching.terms import FIELDS, Document, Told, analysed, places
from tests.matching.judged import documents

SYNONYMS = [("錆",), ("修理",), ("塩水", "噴霧")]
ASKED = ["自転車のパンクの修理", "カロヤの時計とヌペラ膜を直したい。電池も。", "朝のパン パン パン", "融資", "ヌペラ膜", "!?", "本を売り、花を買い、刺身を作り、風邪を診る。" * 4]
MORE = [Document("rare", "カロヤの電池", "カロヤとヌペラ膜。カロヤを貸す。"), Document("none", "", ""), Document("sign", "!?", "。")]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Postings, list[Told]]:
    """Postings in which every second document has been replaced once, and what their rows say."""
    listed = analysed([*documents(), *MORE])
    place: Path = tmp_path_factory.mktemp("signs")
    writer = PostingsWriter(place)
    writer.add(listed)
    writer.bury(range(0, len(listed), 2))
    writer.add(listed[::2])
    return Postings(place, writer.extent), [told for _document, told in [*listed, *listed[::2]]]


def lexical_by_hand(text: str, postings: Postings, told: Sequence[Told], rows: Sequence[int]) -> dict[str, list[float]]:
    query = query_of(text, postings, SYNONYMS)
    living = [one for row, one in enumerate(told) if postings.alive[row]]
    found: dict[str, list[float]] = {name: [] for name in LEXICAL}

    def rarity(name: str, term: str) -> float:
        often = sum(term in one.by_field[name] for one in living)
        return math.log1p((len(living) - often + 0.5) / (often + 0.5))

    for name in FIELDS:
        mean = sum(len(one.by_field[name]) for one in living) / len(living)
        for row in rows:
            own = Counter(told[row].by_field[name])
            norm = 1.5 * (0.25 + 0.75 * sum(own.values()) / mean)
            gain = {term: rarity(name, term) * own[term] * 2.5 / (own[term] + norm) for term in own}
            found[name].append(sum(gain.get(term, 0.0) for term in query.terms.by_field[name]))
            if name == "words":
                alike = {forms[0] for forms in SYNONYMS if len(forms) == 1} - set(query.terms.words)
                found["synonyms"].append(sum(gain.get(term, 0.0) for term in alike))
            if name in FIELDS[:2]:
                whole = sum(rarity(name, term) for term in query.terms.words)
                met = sum(rarity(name, term) for term in query.terms.words if term in own)
                found["cover" if name == "words" else "cover_title"].append(met / max(whole, 1e-6))
    return found


def near_by_hand(text: str, postings: Postings, told: Sequence[Told], rows: Sequence[int]) -> dict[str, list[float]]:
    asked = query_of(text, postings).terms.words

    def alike(one: str, other: str) -> float:
        row, other_row = meaning.rows_of([one, other]).tolist()
        if row < 0 or other_row < 0:
            return float(one == other)
        table = vectors.table()
        assert table is not None
        likeness = float(table.unit[row] @ table.unit[other_row])
        return likeness**2 if likeness >= 0.5 else 0.0

    def rare(name: str, word: str) -> float:
        return float(postings.often.rarity(FIELDS.index(name), places([word]))[0])

    def covered(by: Sequence[str], words: Sequence[str], name: str) -> float:
        best = {word: max((alike(word, other) for other in by), default=0.0) for word in dict.fromkeys(words)}
        return sum(rare(name, word) * much for word, much in best.items()) / max(sum(rare(name, word) for word in best), 1e-6)

    own = [told[row].by_field for row in rows]
    return {
        "near": [covered(one["words"], asked, "words") for one in own],
        "near_title": [covered(one["title"], asked, "title") for one in own],
        "near_back": [covered(asked, one["title"], "title") for one in own],
    }


@pytest.mark.parametrize("text", ASKED, ids=range(len(ASKED)))
def test_the_signs_are_those_told_word_by_word(held: tuple[Postings, list[Told]], text: str) -> None:
    postings, told = held
    whole = list(range(len(told)))
    for rows in (whole, whole[::3], [8, 9], []):
        found = signals(query_of(text, postings, SYNONYMS), postings, np.array(rows, dtype=np.int64))
        assert set(found) == set(SIGNALS)
        assert {len(values) for values in found.values()} == {len(rows)}
        expected = lexical_by_hand(text, postings, told, rows)
        if query_of(text, postings).terms.words:
            expected |= near_by_hand(text, postings, told, rows)
        for name, values in expected.items():
            assert found[name].tolist() == pytest.approx(values, rel=1e-4, abs=1e-5), name


def test_what_is_not_in_the_table_is_near_to_itself_alone(held: tuple[Postings, list[Told]]) -> None:
    postings, told = held
    assert meaning.rows_of(["カロヤ"]).tolist() == [-1]
    found = signals(query_of("カロヤ", postings), postings, np.arange(len(told)))
    holds = [float("カロヤ" in one.by_field["words"]) for one in told]
    assert sum(holds) == 2
    assert found["near"].tolist() == pytest.approx(holds)
    assert [value > 0 for value in found["near_back"].tolist()] == [value > 0 for value in holds]
