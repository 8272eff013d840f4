"""Who stands first of each group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.matching.columns import firsts
from renkei.matching.index import _with_equals

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 3)), max_size=40)


@given(PAIRS, st.integers(1, 5))
def test_the_largest_of_each_group_are_first(pairs: list[tuple[int, int]], limit: int) -> None:
    values, group = (np.array(one, dtype=np.int64) for one in zip(*pairs, strict=True)) if pairs else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    found = firsts(values, group, limit).tolist()
    for number in range(4):
        own = sorted((-value, at) for at, (value, of) in enumerate(pairs) if of == number)
        assert [at for at in found if group[at] == number] == [at for _value, at in own[:limit]]
    assert all(group[at] >= 0 for at in found)


@given(PAIRS, st.integers(1, 5))
def test_equal_ones_at_the_end_are_all_kept(pairs: list[tuple[int, int]], limit: int) -> None:
    values, group = (np.array(one, dtype=np.float64) for one in zip(*pairs, strict=True)) if pairs else (np.zeros(0), np.zeros(0))
    group = group.astype(np.int64)
    kept = set(_with_equals(firsts(values, group, limit), values, group).tolist())
    for number in range(4):
        own = sorted((value for value, of in pairs if of == number), reverse=True)
        least = own[:limit][-1] if own else np.inf
        assert {at for at in kept if group[at] == number} == {at for at, (value, of) in enumerate(pairs) if of == number and value >= least}


@pytest.mark.parametrize("limit", [1, 3])
def test_of_nobody_nobody_is_first(limit: int) -> None:
    nobody = np.zeros(0, dtype=np.int64)
    assert firsts(nobody, nobody, limit).tolist() == _with_equals(nobody, np.zeros(0), nobody).tolist() == []
