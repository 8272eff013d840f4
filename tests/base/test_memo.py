"""An answer is remembered while one page is read, and never longer."""

from __future__ import annotations

import pytest

from renkei.base.memo import forget, once, remembering


def asker() -> tuple[list[int], object]:
    calls: list[int] = []

    def ask() -> int:
        calls.append(1)
        return len(calls)

    return calls, ask


def test_asked_once_a_page() -> None:
    calls, ask = asker()
    with remembering():
        assert [once("a", ask), once("a", ask), once("b", ask)] == [1, 1, 2]  # type: ignore[arg-type]
    assert len(calls) == 2


@pytest.mark.parametrize("is_reading", [True, False])
def test_nothing_outlives_the_page(is_reading: bool) -> None:
    calls, ask = asker()
    for _page in range(2):
        with remembering(is_reading):
            once("a", ask)  # type: ignore[arg-type]
    assert len(calls) == 2


def test_what_lasts_is_asked_once_in_a_writing_request_until_it_is_forgotten() -> None:
    calls, ask = asker()
    with remembering(is_reading=False):
        assert [once("a", ask, lasting=True), once("a", ask, lasting=True)] == [1, 1]  # type: ignore[arg-type]
        forget()
        assert [once("a", ask, lasting=True), once("a", ask, lasting=True)] == [2, 2]  # type: ignore[arg-type]
    forget()
    assert [once("a", ask, lasting=True), once("a", ask, lasting=True)] == [3, 4]  # type: ignore[arg-type]
    assert len(calls) == 4


def test_a_writing_request_and_a_job_always_ask() -> None:
    calls, ask = asker()
    with remembering(is_reading=False):
        assert [once("a", ask), once("a", ask)] == [1, 2]  # type: ignore[arg-type]
    once("a", ask)  # type: ignore[arg-type]
    assert len(calls) == 3


def test_an_answer_of_nothing_is_an_answer() -> None:
    calls: list[int] = []
    with remembering():
        assert [once("a", lambda: calls.append(1)), once("a", lambda: calls.append(1))] == [None, None]  # type: ignore[func-returns-value]
    assert len(calls) == 1


def test_a_fault_is_not_remembered() -> None:
    def fail() -> int:
        raise ValueError

    with remembering():
        with pytest.raises(ValueError):
            once("a", fail)
        assert once("a", lambda: 2) == 2
