"""Two people at the same moment: each deed in its own thread, with its own connection and transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from renkei.base.actor import Actor
from renkei.base.context import acting

PATIENCE = 1.0


def at_once(*deeds: tuple[Actor, Callable[[], Any]]) -> list[Any]:
    """Run the deeds together; returns per deed what it returned, or the error it raised."""
    answers: list[Any] = [None] * len(deeds)
    start = threading.Barrier(len(deeds))

    def run(place: int, actor: Actor, deed: Callable[[], Any]) -> None:
        try:
            with acting(actor):
                start.wait(10)
                answers[place] = deed()
        except Exception as error:  # noqa: BLE001  whatever it is belongs to the answer
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, *deed)) for n, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads), "a deed waits for ever"
    return answers


def meet_in(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, parties: int = 2) -> None:
    """Let everybody who calls ``place.name`` wait until all have come: the worst moment, every time.

    Who waits for a lock does not come; the others go on after a while.
    """
    real, barrier = getattr(place, name), threading.Barrier(parties)

    def meeting(*args: Any, **more: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(PATIENCE)
        return real(*args, **more)

    monkeypatch.setattr(place, name, meeting)


def without_row_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out: what a test proves must fail then."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_options: self._chain())


def codes(answers: list[Any]) -> list[str]:
    """What became of each deed: ``ok``, the code of a refusal, or the class of an error; in no particular order."""
    return sorted(
        "ok" if not isinstance(answer, Exception) else getattr(answer, "code", None) or type(answer).__name__
        for answer in answers
    )
