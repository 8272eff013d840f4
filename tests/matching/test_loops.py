"""The compiled loops do what their plain Python says, number by number, and look where they read."""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import Any

import numba
import numpy as np
import pytest

from renkei.matching import loops
from renkei.matching.columns import Vectors
from renkei.matching.loops import fixed

DICE = np.random.default_rng()
ROWS = 40


@pytest.fixture(autouse=True)
def same_dice(request: pytest.FixtureRequest) -> None:
    """Each test throws what its name says, whichever went before."""
    DICE.bit_generator.state = np.random.default_rng(zlib.crc32(request.node.name.encode())).bit_generator.state


def lists(count: int) -> tuple[Any, Any, Any]:
    """Return the rows of terms, each in order, one term's after the other's, and where each begins and ends."""
    each = [np.sort(DICE.choice(ROWS, DICE.integers(0, ROWS), replace=False)) for _ in range(count)]
    ends = np.cumsum([len(one) for one in each])
    return fixed(np.concatenate(each).astype(np.int32)), np.r_[0, ends[:-1]], ends


def both(loop: Any, out: tuple[Any, ...], *given: Any) -> None:
    """Run a loop compiled and as it is written, each on its own place for what it writes, and compare."""
    ours, plain = ([one.copy() for one in out] for _turn in range(2))
    loop(*ours, *given)
    loop.__wrapped__(*plain, *given)
    assert any(one.any() for one in ours)
    for one, other in zip(ours, plain, strict=True):
        assert np.allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("turn", range(5))
def test_rows_and_phrases_are_added_up(turn: int) -> None:
    rows, starts, ends = lists(12)
    gains = fixed(DICE.integers(0, 65_535, len(rows)).astype(np.uint16))
    both(loops.add_rows, (np.zeros(ROWS),), rows, gains, starts, ends, DICE.random(12).astype(np.float32))
    both(loops.add_phrases, (np.zeros(ROWS),), rows, starts, ends, np.array([0, 2, 5, 6, 12]), DICE.random(4))


def test_a_phrase_is_met_where_all_its_words_are_and_nowhere_else() -> None:
    for _turn in range(20):
        rows, starts, ends = lists(6)
        score = np.zeros(ROWS)
        loops.add_phrases(score, rows, starts, ends, np.array([0, 3, 6]), np.array([1.0, 10.0]))
        held = [set(rows[begin:end].tolist()) for begin, end in zip(starts, ends, strict=True)]
        expected = [1.0 * (row in held[0] & held[1] & held[2]) + 10.0 * (row in held[3] & held[4] & held[5]) for row in range(ROWS)]
        assert score.tolist() == expected


@pytest.mark.parametrize("size", [0, 1, 7, ROWS])
def test_nearness_to_a_vector(size: int) -> None:
    numbers, scales = fixed(DICE.integers(-127, 128, (ROWS, 300)).astype(np.int8)), fixed(DICE.random((ROWS, 3)).astype(np.float32))
    vector = DICE.random(300).astype(np.float32)
    asked = DICE.permutation(ROWS)[:size]
    found = Vectors(numbers, scales, 1).near_to(asked, vector)
    assert np.allclose(found, (numbers[asked] @ vector) * scales[asked, 1], rtol=1e-4)
    for beyond in (ROWS, -1):
        with pytest.raises(IndexError):
            Vectors(numbers, scales).near_to(np.array([0, beyond]), vector)


def test_vectors_are_weighed_and_added_up() -> None:
    given = DICE.random((9, 300)).astype(np.float32), np.sort(DICE.integers(0, 5, 30)), DICE.integers(0, 9, 30).astype(np.int32), DICE.random(30).astype(np.float32)
    both(loops.weigh, (np.zeros((5, 300), np.float32),), *given)


def made_of_rows(rows: int, fields: int, most: int) -> Any:
    """Return where the fields of rows begin, and the end of the last."""
    sizes = DICE.integers(0, most, (rows, fields))
    ends = np.cumsum(sizes).reshape(rows, fields)
    return np.concatenate([(ends[:, 0] - sizes[:, 0])[:, None], ends], axis=1)


@pytest.mark.parametrize("turn", range(5))
def test_terms_that_are_met(turn: int) -> None:
    """Also those that share their last bits with a wanted one."""
    bounds = made_of_rows(9, 3, 8)
    wanted = np.unique(np.r_[DICE.integers(0, 30, 6), DICE.integers(0, 30, 4) + 65_536]).astype(np.int32)
    total = int(bounds[-1, -1])
    terms = fixed((DICE.integers(0, 30, total) + 65_536 * DICE.integers(0, 3, total)).astype(np.int32))
    counts, norms = fixed(DICE.integers(1, 9, total).astype(np.uint8)), DICE.random((9, 3)).astype(np.float32)
    out = (np.zeros((9, 3), np.float32), np.zeros((9, 3), np.float32), np.zeros(9, np.float32))
    both(loops.meet, out, terms, counts, bounds, norms, wanted, DICE.random((4, len(wanted))).astype(np.float32), 1.5)


@pytest.mark.parametrize("turn", range(5))
def test_words_that_come_near(turn: int) -> None:
    bounds = made_of_rows(9, 2, 8)
    total = int(bounds[-1, -1])
    held, terms = fixed(DICE.integers(-1, 6, total).astype(np.int32)), fixed(DICE.integers(0, 9, total + 5).astype(np.int32))
    pairs = np.r_[0, np.cumsum(DICE.integers(0, 3, 6))]
    near = (pairs, DICE.integers(0, 4, pairs[-1]), DICE.random(pairs[-1]).astype(np.float32))
    unknown = (np.array([3], dtype=np.int32), np.array([2]))
    titles = int((bounds[:, 2] - bounds[:, 1]).sum())
    out = (np.zeros((2, 9), np.float32), np.zeros(9, np.float32))
    both(loops.come_near, out, held, terms, bounds, np.full(9, 5), near, unknown, DICE.random((2, 4)).astype(np.float32), DICE.random(titles).astype(np.float32))


def test_a_place_beyond_the_end_is_told() -> None:
    rows = fixed(np.array([0, 99], dtype=np.int32))
    gains = fixed(np.ones(2, dtype=np.uint16))
    with pytest.raises(IndexError):
        loops.add_rows(np.zeros(3), rows, gains, np.array([0]), np.array([2]), np.ones(1, dtype=np.float32))


def test_where_nothing_may_be_written_the_loops_run_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def njit(**options: Any) -> Any:
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda loop: loop

    monkeypatch.setattr(numba, "njit", njit)
    score = np.zeros(2)
    again = loops._compiled()(loops.add_rows.__wrapped__)  # type: ignore[attr-defined]
    again(score, np.array([1]), np.array([2]), np.array([0]), np.array([1]), np.array([3.0]))
    assert score.tolist() == [0.0, 6.0]
    assert [one.get("cache") for one in asked] == [True, None]


def test_the_compiler_is_loaded_by_the_first_question_alone() -> None:
    told = "import sys; from renkei.matching import ranking, columns; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.strip() == "False"
