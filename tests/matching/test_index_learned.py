"""A search goes by what a site has plugged in and learned: its encoder's vectors, and the weights in use."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import encoders, enrich, fusion, index, learned
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
    before = index._open("staff")
    enrich.enrich(encoder=liking)
    assert index._open("staff").postings is before.postings, "the files are opened anew for vectors that have come in"
    assert index._open("staff") is not before
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


def test_a_kind_with_weights_of_its_own_is_ordered_by_them_and_the_others_as_before(world: World) -> None:
    put()
    seeds = [EntryRow(id=f"S{n}", kind="seed", name=f"測定の種{n}", text=text) for n, text in enumerate(["膜厚を測る", "膜厚", "硬度"])]
    put_entries(seeds, kept_by="s", by=SYSTEM)
    index.ensure()

    def by_kind() -> dict[str, list[tuple[str, float]]]:
        hits = index.find_by_kind("膜厚を測る", audience="staff", kinds=["equipment", "seed"], limit=10)
        return {kind: [(one.id, one.score) for one in hits if one.kind == kind] for kind in ("equipment", "seed")}

    plain = by_kind()
    turned = {name: [-one for one in weight] for name, weight in fusion.published().weights.items()}
    own = keep_learned(ask_learning("seed", by=world.desk), Outcome({"name": "own", "weights": turned}, 40, 0.5, 0.6, 0.01, 0.2), by=SYSTEM)
    assert by_kind() == plain
    switch_on(own, by=world.desk)
    now = by_kind()
    assert now["equipment"] == plain["equipment"]
    assert [one for one, _score in now["seed"]] == [one for one, _score in plain["seed"]][::-1]
    assert [score for _one, score in now["seed"]] == [score for _one, score in plain["seed"]]
    roll_back("seed", by=world.desk)
    assert by_kind() == plain


def test_a_search_asks_once_which_weights_are_in_use(world: World, django_assert_num_queries: Any) -> None:
    shipped = fusion.published()
    signs = {name: np.array([1.0, 2.0, 3.0], dtype=np.float32) for name in shipped.weights}

    def kinds(kind: str) -> Any:
        return np.array(["seed", "seed", "equipment"]) == kind

    with django_assert_num_queries(1):
        assert learned.scores(signs, kinds, shipped).tolist() == shipped.score(signs).tolist()
    for kind in ("", "seed", "event"):
        weights = {"name": "x", "weights": {"words": [-1, 0, 0]}}
        switch_on(keep_learned(ask_learning(kind, by=world.desk), Outcome(weights, 40, 0.5, 0.6, 0.01, 0.2), by=SYSTEM), by=world.desk)
    assert learned.scores(signs, kinds, shipped).tolist() == sorted(learned.scores(signs, kinds, shipped).tolist(), reverse=True)
    with django_assert_num_queries(1):
        learned.scores(signs, kinds, shipped)
