"""A word on the minutes in the moment they are locked; two who press the same button of a meeting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from renkei.base import clock
from renkei.meetings.actions import confirming, minuting
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.confirming import confirm, lock_minutes, words_on
from renkei.meetings.actions.minuting import decide, send_out
from renkei.meetings.models import Meeting, Minutes
from tests.cases.making import fresh
from tests.meetings.making import NOON, held, meeting, with_meetings
from tests.storm.racing import at_once, codes, meet_in, without_row_locks
from tests.world import World

pytestmark = pytest.mark.storm


@pytest.fixture
def region(committed_world: World, login: Any) -> Iterator[World]:
    """Prepared as the owner; the races run as web."""
    with clock.moved_to(NOON):
        yield with_meetings(committed_world)


def checked(region: World) -> tuple[Meeting, Minutes]:
    """Minutes that wait for the words of the bodies."""
    found = meeting(region)
    item = add_item(found, by=region.center, wording=Wording("報告"), kind="report")
    held(region, found)
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    return found, send_out(fresh(found), by=region.center)


@pytest.mark.parametrize("locked", [True, False])
def test_a_change_asked_for_while_the_minutes_are_locked(
    region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """Whichever comes first: minutes never stand against a body's word. Without the lock both succeed."""
    found, minutes = checked(region)
    version = fresh(found).version
    if not locked:
        without_row_locks(monkeypatch)
        monkeypatch.setattr(confirming, "hold_meeting", lambda meeting: Meeting.objects.get(pk=meeting))
    meet_in(monkeypatch, confirming, "record")  # both have looked, and neither has committed
    with login("web"):
        got = at_once((region.lab, lambda: confirm(minutes, by=region.lab, agrees=False, words="幅は5ミリ。")),
                      (region.center, lambda: lock_minutes(found, by=region.center, version=version)))  # fmt: skip
    against = [word.body_id for word in words_on(minutes).values() if not word.agrees]
    stands_against = fresh(found).state == "locked" and bool(against)
    assert (stands_against, codes(got).count("ok")) == ((False, 1) if locked else (True, 2))
    if locked:
        assert set(codes(got)) - {"ok"} <= {"change_asked", "wrong_state"}


@pytest.mark.parametrize("locked", [True, False])
def test_two_send_the_minutes_out_at_once(region: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    """Two numbers one after the other with the lock; without it both would take the same one, and the database refuses the second."""
    found, _minutes = checked(region)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, minuting, "meeting_name")  # both have counted, and neither has written
    with login("web"):
        got = at_once((region.center, lambda: send_out(found, by=region.center)), (region.desk, lambda: send_out(found, by=region.desk)))
    numbers = sorted(Minutes.objects.values_list("number", flat=True))
    assert (codes(got), numbers) == ((["ok", "ok"], [1, 2, 3]) if locked else (["IntegrityError", "ok"], [1, 2]))
