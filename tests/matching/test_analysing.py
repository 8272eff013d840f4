"""Analysing on several cores: the same numbers in the same order, whatever becomes of the helpers."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from renkei.matching import analysing
from renkei.matching.digest import Digest
from renkei.matching.terms import FIELDS, Document

BLOCKS = [[Document(f"D{at}-{number}", "めっき", f"厚さを{number}回測る。", "equipment", f"m{at}") for number in range(3)] for at in range(7)]


def same(found: Sequence[Digest], expected: Sequence[Digest]) -> bool:
    """Tell whether blocks hold the same names, words and numbers."""
    return [one.names for one in found] == [one.names for one in expected] and all(
        np.array_equal(one.fields[name].keys, other.fields[name].keys) and np.array_equal(one.fields[name].counts, other.fields[name].counts)
        for one, other in zip(found, expected, strict=True)
        for name in FIELDS
    )


@pytest.fixture
def here() -> list[Digest]:
    """What comes of the blocks without helpers."""
    return list(analysing.numbers_of(BLOCKS, count=21))


def test_helpers_give_the_same_in_the_same_order_and_go(here: list[Digest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "_FROM", 1)
    monkeypatch.setattr(analysing, "_cores", lambda: 2)
    asked = []
    real = analysing._exchange
    monkeypatch.setattr(analysing, "_exchange", lambda one, block: (asked.append(one), real(one, block))[1])
    assert same(list(analysing.numbers_of(BLOCKS, count=21)), here)
    assert asked
    assert {one.returncode is not None for one in asked} == {True}


def test_a_helper_that_ends_early_is_done_without(here: list[Digest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "_FROM", 1)
    monkeypatch.setattr(analysing, "_cores", lambda: 2)
    monkeypatch.setattr(analysing, "_PROGRAM", ("-c", "raise SystemExit(3)"))
    assert same(list(analysing.numbers_of(BLOCKS, count=21)), here)


def test_where_no_process_can_be_started_the_work_is_done_here(here: list[Digest], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object, **_named: object) -> None:
        raise OSError(11, "no process left")

    monkeypatch.setattr(analysing, "_FROM", 1)
    monkeypatch.setattr(analysing, "_cores", lambda: 4)
    monkeypatch.setattr(analysing.subprocess, "Popen", full)
    assert same(list(analysing.numbers_of(BLOCKS, count=21)), here)


@pytest.mark.parametrize(("count", "cores"), [(21, 8), (50_000, 1)])
def test_few_documents_and_one_core_start_nobody(count: int, cores: int, here: list[Digest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "_cores", lambda: cores)
    monkeypatch.setattr(analysing, "_Helpers", lambda _count: pytest.fail("a helper was started"))
    assert same(list(analysing.numbers_of(BLOCKS, count=count)), here)


def test_a_reader_that_stops_early_leaves_no_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysing, "_FROM", 1)
    monkeypatch.setattr(analysing, "_cores", lambda: 2)
    started: list[analysing._Helpers] = []

    class Watched(analysing._Helpers):
        def __init__(self, count: int) -> None:
            super().__init__(count)
            started.append(self)

    monkeypatch.setattr(analysing, "_Helpers", Watched)
    found: Iterator[Digest] = analysing.numbers_of(BLOCKS, count=21)
    assert next(found).names[0][0] == "D0-0"
    found.close()  # type: ignore[attr-defined]  # a generator
    assert [one.returncode is not None for one in started[0]._started] == [True]


def test_a_helper_answers_block_by_block_until_nothing_more_is_asked(here: list[Digest]) -> None:
    asked, told = io.BytesIO(b"".join(pickle.dumps(block) for block in BLOCKS[:2])), io.BytesIO()
    analysing._serve(asked, told)
    told.seek(0)
    assert same([pickle.load(told) for _block in range(2)], here[:2])  # noqa: S301  written two lines above
    assert told.read() == b""
