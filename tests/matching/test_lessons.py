"""Learning from simulated judgments: what people say again and again moves the order, and noise moves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import encoders, fusion, learned
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.learnactions import ask_learning, keep_learned, roll_back, switch_on
from renkei.matching.learned import in_use
from renkei.matching.lessons import learn_from
from renkei.matching.synonyms import term_of
from renkei.matching.wordfile import ALIKE, shipped
from tests.world import World

# A word a group, each of one form: a language of machines in which every word tells one thing.
NOUNS = [found[0] for group in shipped() if (found := [one.word for one in group.words if one.kind == ALIKE
         and len(one.word) > 1 and len(term_of(one.word).forms) == 1])][:120]  # fmt: skip
COUNT = 40


@pytest.fixture(autouse=True)
def _no_encoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RENKEI_ENCODER", raising=False)
    encoders.encoder.cache_clear()
    yield
    encoders.encoder.cache_clear()


def names(n: int) -> tuple[str, str]:
    """The word in an entry's name, and the one in its text."""
    return NOUNS[n], NOUNS[COUNT + n]


def catalogue() -> None:
    rows = [EntryRow(id=f"E{n:02d}", kind="equipment", name=names(n)[0], text=names(n)[1]) for n in range(COUNT)]
    put_entries(rows, kept_by="t", by=SYSTEM)


def asked(n: int) -> tuple[str, int]:
    """A need that names one machine by its name and another by what it does."""
    other = (n * 7 + 3) % COUNT
    return f"{names(other)[0]}と{names(n)[1]}", other


def test_simulated_judgments_teach_and_only_a_gain_is_used(world: World) -> None:
    """People here always take what a machine does over what it is called; the shipped weights do the opposite."""
    catalogue()
    judged = [(text, {f"E{n:02d}": 3, f"E{other:02d}": 0}) for n in range(COUNT) for text, other in [asked(n)] if other != n]
    found = learn_from(judged)
    assert found.examples == len(judged) >= 30
    assert found.after > found.before + 0.05
    assert found.gain_low > 0
    model = keep_learned(ask_learning(by=world.desk), found, by=SYSTEM)
    switch_on(model, by=world.desk)
    used = in_use()
    assert used is not None
    ours = learned.model("equipment")
    assert ours is not None
    assert ours.weights == fusion.from_data(dict(found.weights)).weights
    again = learn_from(judged)
    assert again.before > found.before  # measured against what is in use now
    roll_back(by=world.desk)
    assert in_use() is None
    assert learned.model() is None


def test_judgments_by_chance_teach_nothing(world: World) -> None:
    catalogue()
    dice = np.random.default_rng(4)
    judged = []
    for n in range(COUNT):
        text, other = asked(n)
        right = n if dice.random() < 0.5 else other
        judged.append((text, {f"E{n:02d}": 0, f"E{other:02d}": 0, f"E{right:02d}": 3}))
    found = learn_from(judged)
    assert found.gain_low <= 0


def test_what_is_never_found_cannot_be_learned_from(world: World) -> None:
    catalogue()
    with pytest.raises(ValueError, match="課題の言葉では見つかりません"):
        learn_from([("まったく別の話です", {"gone": 3})] * 40)


def test_a_kind_learns_from_its_own_entries(world: World) -> None:
    catalogue()
    put_entries([EntryRow(id="S1", kind="seed", name=names(0)[1], text=names(0)[0])], kept_by="t", by=SYSTEM)
    judged: list[Any] = [(asked(n)[0], {f"E{n:02d}": 3, "S1": 3}) for n in range(COUNT)]
    assert learn_from(judged, kind="equipment").examples == COUNT
