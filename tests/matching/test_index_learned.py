"""A search goes by what a site has plugged in and learned: its encoder's vectors, and the weights in use."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import encoders, enrich, fusion, index
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.encoders import EncoderError, Matrix, Role
from renkei.matching.learnactions import Outcome, ask_learning, keep_learned, roll_back, switch_on
from tests.world import World


class Liking:
    """Finds every text that holds a word near to every question; fails when told to."""

    name, version, width = "liking", "1", 2

    def __init__(self, word: str) -> None:
        self.word, self.fails = word, False

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        if self.fails:
            raise EncoderError("止まりました。")
        return np.array([[1, 0] if role == "query" or self.word in text else [0, 1] for text in texts], dtype=np.float32)


@pytest.fixture(autouse=True)
def _own_index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.RENKEI_HOME = tmp_path
    index.forget()
    enrich._done.clear()
    yield
    index.forget()
    enrich._done.clear()


def put() -> None:
    rows = [EntryRow(id=f"E{n}", kind="equipment", name=f"測定機{n}", text=text)
            for n, text in enumerate(["膜厚と硬度を測る", "膜厚を測る", "膜厚計、電磁式", "硬度計"])]  # fmt: skip
    put_entries(rows, kept_by="t", by=SYSTEM)


def found(text: str = "膜厚を測る") -> list[str]:
    index.ensure()
    return [hit.id for hit in index.find_by_kind(text, audience="staff", kinds=["equipment"], limit=10)]


def test_vectors_that_come_in_move_the_order_and_a_failing_encoder_stops_no_search(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put()
    plain = found()
    assert plain[0] != "E2"
    liking = Liking("電磁式")
    monkeypatch.setattr(encoders, "encoder", lambda: liking)
    found()
    enrich.enrich(encoder=liking)
    assert found()[0] == "E2" or found().index("E2") < plain.index("E2")
    liking.fails = True
    with caplog.at_level(logging.WARNING, "renkei.matching"):
        assert sorted(found()) == sorted(plain)
    assert "止まりました。" in caplog.text


def test_weights_in_use_decide_the_order_and_going_back_brings_the_old_one(world: World) -> None:
    put()
    plain = found()
    model = fusion.published()
    turned = {"name": "learned", "weights": {name: [-one for one in weight] for name, weight in model.weights.items()}}
    kept = keep_learned(ask_learning(by=world.desk), Outcome(turned, 40, 0.5, 0.6, 0.01, 0.2), by=SYSTEM)
    assert found() == plain
    switch_on(kept, by=world.desk)
    assert found() == plain[::-1]
    roll_back(by=world.desk)
    assert found() == plain
