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
    numbers, scales = fixed(DICE.integers(-127, 128, (ROWS, 3, 300)).astype(np.int8)), fixed(DICE.random((ROWS, 3)).astype(np.float32))
    vector = DICE.random(300).astype(np.float32)
    asked = DICE.permutation(ROWS)[:size]
    vectors = Vectors(numbers, scales)
    found = vectors.near_to(asked, vector, 2, 0)
    assert np.allclose(found, [(numbers[asked, side] @ vector) * scales[asked, side] for side in (2, 0)], rtol=1e-4)
    assert np.array_equal(found[1:], vectors.near_to(asked, vector, 0))
    assert vectors.whole(1).tolist() == (numbers[:, 1] * scales[:, 1, None]).tolist()
    for beyond in (ROWS, -1):
        with pytest.raises(IndexError):
            vectors.near_to(np.array([0, beyond]), vector, 0)


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
    terms, counts = DICE.integers(0, 30, total) + 65_536 * DICE.integers(0, 3, total), DICE.integers(1, 256, total)
    numbers, norms = fixed((terms | counts << 20).astype(np.int32)), DICE.random((9, 3)).astype(np.float32)
    out = (np.zeros((9, 3), np.float32), np.zeros((9, 3), np.float32), np.zeros(9, np.float32))
    both(loops.meet, out, numbers, bounds, norms, wanted, DICE.random((4, len(wanted))).astype(np.float32), 1.5)


@pytest.mark.parametrize("turn", range(5))
def test_words_that_come_near(turn: int) -> None:
    words, total = made_of_rows(9, 2, 8), 0
    numbers, bounds = [], []
    for begin, title, end in (words - words[:, :1]).tolist():  # a row: its words, those of its title, something else, where they stand in the table
        other = int(DICE.integers(0, 5))
        numbers += [DICE.integers(0, 9, end) | DICE.integers(1, 256, end) << 20, DICE.integers(0, 9, other), DICE.integers(-1, 6, end)]
        bounds.append([total + begin, total + title, total + end, total + end + other])
        total += end + other + end
    pairs = np.r_[0, np.cumsum(DICE.integers(0, 3, 6))]
    near = (pairs, DICE.integers(0, 4, pairs[-1]), DICE.random(pairs[-1]).astype(np.float32))
    unknown = (np.array([3], dtype=np.int32), np.array([2]))
    titles = int((words[:, 2] - words[:, 1]).sum())
    out = (np.zeros((2, 9), np.float32), np.zeros(9, np.float32))
    given = fixed(np.concatenate(numbers).astype(np.int32)), np.array(bounds), near, unknown
    both(loops.come_near, out, *given, DICE.random((2, 4)).astype(np.float32), DICE.random(titles).astype(np.float32))


@pytest.mark.parametrize("turn", range(5))
def test_words_that_rows_hold(turn: int) -> None:
    """Also where two have the same mark or the same term: only both together are the word."""
    numbers: list[int] = []
    bounds, expected = [], []
    asked = sorted({(int(mark), int(term)) for mark, term in DICE.integers(0, 6, (8, 2))})
    for _row in range(9):
        own = sorted({(int(mark), int(term)) for mark, term in DICE.integers(0, 6, (DICE.integers(0, 12), 2))})
        begin = len(numbers)
        numbers += [term | int(DICE.integers(1, 256)) << 20 for _mark, term in own]
        numbers += [7] * int(DICE.integers(0, 3)) + [mark for mark, _term in own]
        bounds.append([begin, begin + len(own), len(numbers)])
        expected.append([one in own for one in asked])
    marks, terms = np.array(asked, dtype=np.int32).T.copy()
    given = fixed(np.array(numbers, dtype=np.int32)), np.array(bounds), terms, marks
    both(loops.hold, (np.zeros((9, len(asked)), bool),), *given)
    found = np.zeros((9, len(asked)), bool)
    loops.hold(found, *given)
    assert found.tolist() == expected


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
