"""The few loops that go through hundreds of thousands of numbers a question, compiled (numba) when they are first run.

Plain Python over arrays: each says what it does as one would by hand, and runs so without the compiler, slowly (``__wrapped__``). A
place beyond the end of an array raises IndexError as everywhere; only ``nearnesses`` does not look, for that would cost it half its
speed. What was compiled is kept beside this file where that may be written to. Arrays from files can only be read: so are all others
that are given for such (``fixed``), or a second version is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from renkei.matching.terms import SPACE

_P = ParamSpec("_P")
_LOW = 0xFFFF
_TERM, _BITS = SPACE - 1, SPACE.bit_length() - 1  # of a row's number the lower bits are a term, above them stands how often
Numbers = NDArray[Any]


def _compiled(**options: Any) -> Callable[[Callable[_P, None]], Callable[_P, None]]:
    """Compile a loop at its first call: who never searches does not wait for the compiler to be loaded."""

    def decorate(loop: Callable[_P, None]) -> Callable[_P, None]:
        made: list[Callable[_P, None]] = []

        @wraps(loop)
        def run(*given: _P.args, **named: _P.kwargs) -> None:
            if not made:
                from numba import njit  # noqa: PLC0415  it takes most of a second to load

                always = {"nogil": True, "error_model": "numpy", **options}
                try:
                    made.append(njit(cache=True, **always)(loop))
                except RuntimeError:  # no place on this machine may be written to
                    made.append(njit(**always)(loop))
            made[0](*given, **named)

        return run

    return decorate


def fixed(values: Numbers) -> Numbers:
    """Return an array that can only be read."""
    view = values.view()
    view.flags.writeable = False
    return view


@_compiled(boundscheck=True)
def add_rows(score: Numbers, rows: Numbers, gains: Numbers, starts: Numbers, ends: Numbers, worth: Numbers) -> None:
    """Add to ``score`` what terms add to the rows that hold them: term t those from ``starts[t]`` to ``ends[t]``, times its worth."""
    for term in range(len(starts)):
        times = worth[term]
        for at in range(starts[term], ends[term]):
            score[rows[at]] += times * np.float32(gains[at])


@_compiled(boundscheck=True)
def add_phrases(score: Numbers, rows: Numbers, starts: Numbers, ends: Numbers, firsts: Numbers, worth: Numbers) -> None:
    """Add its worth to the rows that hold all words of a phrase: phrase p has the terms from ``firsts[p]`` to ``firsts[p + 1]``.

    The rows of a term are in order; those of the rarest are looked for among the others, each from where the last was found.
    """
    for phrase in range(len(worth)):
        first, last = firsts[phrase], firsts[phrase + 1]
        least = first
        for term in range(first, last):
            if ends[term] - starts[term] < ends[least] - starts[least]:
                least = term
        places = starts[first:last].copy()
        for at in range(starts[least], ends[least]):
            row = rows[at]
            is_in = True
            for term in range(first, last):
                place, end = places[term - first], ends[term]
                step = 1
                while place + step < end and rows[place + step] < row:  # ever longer steps, then halves
                    place += step
                    step *= 2
                high = min(place + step, end)
                while place < high:
                    middle = (place + high) // 2
                    if rows[middle] < row:
                        place = middle + 1
                    else:
                        high = middle
                places[term - first] = place
                if place == end or rows[place] != row:
                    is_in = False
                    break
            if is_in:
                score[row] += worth[phrase]


@_compiled(fastmath={"reassoc", "contract"})
def nearnesses(out: Numbers, numbers: Numbers, scales: Numbers, sides: Numbers, rows: Numbers, vector: Numbers) -> None:
    """Write how near some vectors (``sides``) of each of some rows come to a vector; all are added up alike: equal ones come out equal.

    The rows must be there: nothing looks whether they are.
    """
    for at in range(len(rows)):
        row = rows[at]
        for number in range(len(sides)):
            side = sides[number]
            total = np.float32(0)
            for n in range(numbers.shape[2]):
                total += np.float32(numbers[row, side, n]) * vector[n]
            out[number, at] = total * scales[row, side]


@_compiled(boundscheck=True)
def weigh(found: Numbers, vectors: Numbers, owner: Numbers, near: Numbers, weight: Numbers) -> None:
    """Add to each text (``owner`` of a word) the vectors of its words, each times its weight, word by word."""
    for at in range(len(near)):
        text, row, times = owner[at], near[at], weight[at]
        for n in range(vectors.shape[1]):
            found[text, n] += times * vectors[row, n]


@_compiled(boundscheck=True)
def meet(
    gains: Numbers, covered: Numbers, alike: Numbers, numbers: Numbers, bounds: Numbers, norms: Numbers, wanted: Numbers, rarity: Numbers, k1: float,
) -> None:  # fmt: skip
    """Write BM25 of rows in each field, the rarity they cover in each, and BM25 of the words alike (of the first field).

    Row r has its terms of field f from ``bounds[r, f]`` to ``bounds[r, f + 1]``; ``rarity[f, w]`` is how rare the w-th wanted term is in
    field f, its last line as a word alike; nought where it is not asked for. Terms are told apart by their last bits first: most are
    none of the wanted, and a table of those stays in the processor's own memory.
    """
    first = np.full(_LOW + 1, -1, np.int32)
    other = np.empty(len(wanted), np.int32)
    for number in range(len(wanted)):
        other[number] = first[wanted[number] & _LOW]
        first[wanted[number] & _LOW] = number
    fields = gains.shape[1]
    for row in range(len(gains)):
        for field in range(fields):
            gain = cover = same = 0.0
            for at in range(bounds[row, field], bounds[row, field + 1]):
                number = first[numbers[at] & _LOW]
                while number >= 0:
                    if wanted[number] == numbers[at] & _TERM:
                        often = np.float32(numbers[at] >> _BITS)
                        share = often * np.float32(k1 + 1) / (often + norms[row, field])
                        gain += rarity[field, number] * share
                        cover += rarity[field, number]
                        if field == 0:
                            same += rarity[fields, number] * share
                    number = other[number]
            gains[row, field] = gain
            covered[row, field] = cover
            if field == 0:
                alike[row] = same


@_compiled(boundscheck=True)
def come_near(
    told: Numbers, back: Numbers, numbers: Numbers, bounds: Numbers, near: tuple[Numbers, Numbers, Numbers], unknown: tuple[Numbers, Numbers],
    rare: Numbers, weights: Numbers,
) -> None:  # fmt: skip
    """Write how well the words of each row (``told[0]``) and of its title (``told[1]``) cover the query, and the query the title.

    The words of row r begin in ``numbers`` at ``bounds[r, 0]``, its title's at ``bounds[r, 1]``, and end at ``bounds[r, 2]``; the row of each in the
    table of vectors stands in the same order from ``bounds[r, 3]`` on. ``near``: where the pairs of each row of the table end, which word
    of the query each is with, how alike. ``unknown``: words of the query that are in no table, each near to itself alone, by their
    numbers and places. ``rare[f, w]`` weighs the words of the query, ``weights`` those of the titles, one after the other.
    """
    pairs_of, query_word, much = near
    own_terms, own_words = unknown
    best = np.empty(rare.shape[1], np.float32)
    title = 0
    for row in range(told.shape[1]):
        further = bounds[row, 3] - bounds[row, 0]
        for field in range(2):
            best[:] = 0
            met = whole = 0.0
            for at in range(bounds[row, field], bounds[row, field + 1]):
                most = np.float32(0)
                held = numbers[at + further]
                if held >= 0:
                    for pair in range(pairs_of[held], pairs_of[held + 1]):
                        best[query_word[pair]] = max(best[query_word[pair]], much[pair])
                        most = max(most, much[pair])
                for word in range(len(own_terms)):
                    if numbers[at] & _TERM == own_terms[word]:
                        best[own_words[word]] = most = np.float32(1)
                if field == 1:
                    met += weights[title] * most
                    whole += weights[title]
                    title += 1
            total = 0.0
            for word in range(len(best)):
                total += rare[field, word] * best[word]
            told[field, row] = total
            if field == 1:
                back[row] = met / max(whole, 1e-6)


@_compiled(boundscheck=True)
def hold(found: Numbers, numbers: Numbers, bounds: Numbers, words: Numbers, marks: Numbers) -> None:
    """Tell which of some words each row has: ``words`` are their terms, ``marks`` the rest of what they are known by, in order of that.

    The words of row r stand in ``numbers`` from ``bounds[r, 0]`` to ``bounds[r, 1]``, their marks, in order, end at ``bounds[r, 2]``.
    """
    for row in range(len(found)):
        further = bounds[row, 2] - bounds[row, 1]
        at, end = bounds[row, 0] + further, bounds[row, 2]
        for word in range(len(marks)):
            while at < end and numbers[at] < marks[word]:
                at += 1
            same = at
            while same < end and numbers[same] == marks[word]:
                if numbers[same - further] & _TERM == words[word]:
                    found[row, word] = True
                same += 1
