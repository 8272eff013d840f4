"""The one clock."""

from __future__ import annotations

import datetime as dt

import pytest

from renkei.base import clock


def test_now_is_aware_and_utc() -> None:
    assert clock.now().tzinfo is dt.UTC
    assert abs(clock.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)


def test_today_changes_at_midnight_in_tokyo() -> None:
    with clock.moved_to(dt.datetime(2026, 11, 24, 14, 59, 59, tzinfo=dt.UTC)):
        assert clock.today() == dt.date(2026, 11, 24)
    with clock.moved_to(dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)):
        assert clock.today() == dt.date(2026, 11, 25)


def test_wall_clock_time_in_tokyo() -> None:
    assert clock.at(dt.date(2026, 11, 25), 9, 30).astimezone(dt.UTC) == dt.datetime(2026, 11, 25, 0, 30, tzinfo=dt.UTC)


def test_moves_nest_and_come_back() -> None:
    first, second = clock.at(dt.date(2025, 4, 1)), clock.at(dt.date(2026, 4, 1))
    with clock.moved_to(first):
        with clock.moved_to(second):
            assert clock.now() == second
        assert clock.now() == first
    assert clock.now() > second


def test_move_ends_with_a_crash() -> None:
    with pytest.raises(ZeroDivisionError), clock.moved_to(clock.at(dt.date(2025, 4, 1))):
        raise ZeroDivisionError
    assert clock.today().year >= 2026


def test_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"), clock.moved_to(dt.datetime(2026, 1, 1)):  # noqa: DTZ001  the point
        pass
