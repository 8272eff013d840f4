"""What the index answers: ranked by the one core, from halves that do not know of each other, bounded and true."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import half, index
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.signs import SIGNALS
from tests.world import World

SECRET = [
    EntryRow(id=f"S{n}", kind="person", name=f"めっきの厚さに詳しい人{n}", summary="めっきの剥がれと膜厚。") for n in range(6)
]


@pytest.fixture
def built(region: Callable[..., World], index_home: Path) -> Path:
    region()
    index.ensure()
    return index_home


def hits(text: str, audience: str = "staff", kinds: tuple[str, ...] = ("equipment", "person", "example")) -> list[tuple[str, float]]:
    index.ensure()
    return [(hit.id, hit.score) for hit in index.find_by_kind(text, audience=audience, kinds=kinds, limit=8)]


def test_scores_lie_between_nought_and_one_and_the_best_has_one(built: Path) -> None:
    found = hits("めっきの剥がれを測りたい")
    assert {"EQ1", "PE1", "PC1"} <= {one for one, _score in found}
    assert max(score for _one, score in found) == pytest.approx(1.0)
    assert all(0 < score <= 1 for _one, score in found)


def test_what_shares_nothing_and_is_not_near_is_not_found(built: Path) -> None:
    assert hits("幽霊") == hits("") == hits("のをに") == []


def test_hidden_entries_change_nothing_for_the_public(built: Path) -> None:
    asked = ("めっきの厚さ", "金属の強度を測る", "試作")
    kinds = ("equipment", "programme", "person")
    before = [hits(text, "public", kinds) for text in asked]
    put_entries(SECRET, kept_by="secret", by=SYSTEM)
    assert [hits(text, "public", kinds) for text in asked] == before
    assert {one for one, _score in hits("めっきの厚さ")} >= {"S0", "S5"}


def test_candidates_come_with_their_signs(built: Path) -> None:
    found, signs = index.find_with_signs("めっきの厚さ", kinds=["equipment", "person"], limit=3)
    assert found == index.find_by_kind("めっきの厚さ", audience="staff", kinds=["equipment", "person"], limit=3)
    assert "EQ1" in {one.id for one in found}
    assert set(signs) == set(SIGNALS)
    assert {len(values) for values in signs.values()} == {len(found)}
    by_words = [any(signs[name][n] > 0 for name in ("words", "pairs", "synonyms")) for n in range(len(found))]
    assert [one.is_told for one in found] == by_words
    near = np.maximum(signs["near"], signs["near_title"]).tolist()
    assert near == [one.near for one in found]


def test_a_row_file_cut_short_is_found_out_and_built_anew(built: Path) -> None:
    before = hits("めっきの厚さ")
    index.forget()
    known = index.state()
    assert known is not None
    path = built / "index" / known.folder / "staff-postings" / "numbers.i4"
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:4])
    assert hits("めっきの厚さ") == before
    after = index.state()
    assert after is not None
    assert after.folder != known.folder


@pytest.mark.parametrize("told", ["", "{}", "[1, 2]", "[-1, 0, 0]", '["a", 0, 0]'])
def test_an_extent_that_says_nothing_is_damage(built: Path, told: str) -> None:
    known = index.state()
    assert known is not None
    path = built / "index" / known.folder / "staff-postings" / f"extent-{known.generation}.json"
    path.write_text(told)
    with pytest.raises((OSError, ValueError)):
        half.ranker(path.parent.parent, "staff", known.generation)


def test_each_generation_keeps_its_extent_and_old_ones_go(built: Path) -> None:
    for number in range(4):
        put_entries([EntryRow(id="EQ1", kind="equipment", name=f"膜厚計{number}", is_public=True)], kept_by="test", by=SYSTEM)
        index.ensure()
    known = index.state()
    assert known is not None
    place = built / "index" / known.folder / "staff-postings"
    kept = sorted(int(path.stem.removeprefix("extent-")) for path in place.glob("extent-*.json"))
    assert kept == [known.generation - 1, known.generation]
    rows, dead, _names = json.loads((place / f"extent-{known.generation}.json").read_text())
    assert rows - dead == known.entries


def test_more_dead_rows_than_living_ones_build_anew(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before: Any = index.state()
    monkeypatch.setattr(half, "is_worn", lambda *_given: True)
    put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計二号", is_public=True)], kept_by="test", by=SYSTEM)
    index.ensure()
    after: Any = index.state()
    assert after.folder != before.folder
    assert after.entries == before.entries
