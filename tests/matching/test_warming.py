"""A process asks itself a question soon after its start and loads what comes in later, and nobody hears of it when that fails."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable

import pytest

from renkei.audit.models import Event
from renkei.base.actor import GUEST
from renkei.base.refusal import Refused
from renkei.matching import index, knowledge, shelf, synonyms, warming, whole
from renkei.matching.finding import Look, Wish, look
from tests.world import World

Region = Callable[..., World]
pytestmark = pytest.mark.django_db


class Closed:
    """Stands for the connections, which a test still needs."""

    times = 0

    def close_all(self) -> None:
        self.times += 1


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Closed:
    stand_in = Closed()
    monkeypatch.setattr(warming, "connections", stand_in)
    return stand_in


def test_a_question_loads_what_the_first_would_wait_for(
    region: Region, connections: Closed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    region()
    before = Event.objects.count()
    for one in (synonyms._of_edition, synonyms.default, knowledge.knowledge_of):
        one.cache_clear()
    index.forget()
    read: list[int] = []
    pages: list[bool] = []
    monkeypatch.setattr(warming, "get_resolver", lambda: type("Urls", (), {"url_patterns": property(lambda _urls: pages.append(True))})())
    through = whole.read_through
    monkeypatch.setattr(whole, "read_through", lambda: read.append(through()))
    with caplog.at_level(logging.INFO, "renkei.matching"):
        warming.ask()
    assert [one.cache_info().currsize for one in (synonyms.default, knowledge.knowledge_of)] == [1, 1]
    assert set(index._opened) == {"public", "staff"}, "the first page of the staff, or of the public, waits for its half"
    assert synonyms.default().used_in(warming._QUESTION), "no phrase is looked for: its loop is not compiled"
    assert (caplog.messages, connections.times, Event.objects.count()) == ([], 1, before)
    assert pages == [True], "the first page waits for all the others to be read"
    held = sum(path.stat().st_size for path in index.home().rglob("build-*/**/*") if path.is_file() and not path.name.startswith("sums-"))
    assert read == [held], "the first questions wait for the disk"


def test_an_index_that_half_of_the_memory_does_not_hold_is_left_on_the_disk(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    index.rebuild()
    assert whole.read_through() > 0
    monkeypatch.setattr(os, "sysconf", lambda _name: 1)
    assert whole.read_through() == 0


@pytest.mark.parametrize(("fault", "level"), [(OSError("the disk is gone"), "WARNING"), (Refused("計画がありません。", code="no_plan"), "INFO")])
def test_a_fault_is_told_to_the_log_alone(
    monkeypatch: pytest.MonkeyPatch, connections: Closed, caplog: pytest.LogCaptureFixture, fault: Exception, level: str,
) -> None:  # fmt: skip
    def fail(wish: Wish, **_given: object) -> Look:
        raise fault

    monkeypatch.setattr(warming, "look", fail)
    with caplog.at_level(logging.INFO, "renkei.matching"):
        warming.ask()
    assert [one.levelname for one in caplog.records] == [level]
    assert connections.times == 1


def test_it_is_asked_in_a_while_then_followed_and_keeps_no_process_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    followed = threading.Event()
    monkeypatch.setattr(warming, "ask", lambda: done.append("asked"))
    monkeypatch.setattr(warming.gc, "freeze", lambda: done.append("frozen"))
    monkeypatch.setattr(warming, "follow", lambda _end: followed.set())
    monkeypatch.setattr(warming, "_AFTER", 0.2)
    warming.soon()
    [thread] = [one for one in threading.enumerate() if one.name == "warming"]
    assert (thread.daemon, done) == (True, [])
    assert followed.wait(10)
    thread.join(10)
    assert done == ["asked", "frozen"]


def test_what_is_ended_before_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(warming, "ask", lambda: asked.append(True))
    end = warming.soon()
    [thread] = [one for one in threading.enumerate() if one.name == "warming"]
    end.set()
    thread.join(10)
    assert (thread.is_alive(), asked) == (False, [])


class Turns(threading.Event):
    """Ends what follows the index after some turns, without waiting."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.left = turns

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left < 0


def test_what_came_in_is_loaded_once_the_index_stands_still(monkeypatch: pytest.MonkeyPatch, connections: Closed, caplog: pytest.LogCaptureFixture) -> None:
    states = iter("AAABCC-CDDD".replace("-", "\0"))
    seen: list[str] = []
    loaded: list[str] = []

    def state() -> str | None:
        seen.append(next(states))
        return seen[-1] if seen[-1] != "\0" else None

    def load() -> None:
        loaded.append("".join(seen))
        raise OSError("the disk is gone")

    monkeypatch.setattr(index, "state", state)
    monkeypatch.setattr(warming, "_load", load)
    monkeypatch.setattr(warming.gc, "freeze", lambda: loaded.append("frozen"))
    warming.follow(Turns(11))
    assert [(len(one), one[-1]) for one in loaded] == [(2, "A"), (6, "n"), (6, "C"), (10, "D")], "what came in first stays as well, and is not looked through for waste"
    assert ([one.levelname for one in caplog.records], connections.times) == (["WARNING"] * 3, 3), "a fault is told, and followed further"


def test_once_a_day_the_index_is_looked_through(monkeypatch: pytest.MonkeyPatch, connections: Closed) -> None:
    looked: list[float] = []
    clock = iter(range(0, 86_400 * 3, 30_000))
    now: list[float] = [0.0]

    def monotonic() -> float:
        now[0] = next(clock)
        return now[0]

    monkeypatch.setattr(warming.time, "monotonic", monotonic)
    monkeypatch.setattr(whole, "look_after", lambda: looked.append(now[0]))
    monkeypatch.setattr(index, "state", lambda: None)
    warming.follow(Turns(6))
    assert (looked, connections.times) == ([90_000, 210_000], 2)


def test_after_loading_a_list_reads_neither_texts_nor_names(region: Region, connections: Closed, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    index.ensure()
    index.forget()
    shelf.forget()
    warming.follow(Turns(2))
    assert connections.times == 1
    assert set(index._opened) == {"public", "staff"}
    for *_of, ranker in index._opened.values():
        read, rows = dict(ranker.postings._read), range(ranker.postings.extent.rows)
        ranker.postings._read.clear()
        assert read == {row: ranker.postings._name(row) for row in rows}
    monkeypatch.setattr(shelf, "_read", lambda *_given: pytest.fail("a text is read"))
    assert look(Wish(q="めっき"), actor=GUEST).lines


def test_entries_are_told_a_few_at_a_time_and_once(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    shelf.forget()
    pauses: list[float] = []
    read: list[str] = []

    def reading(ids: list[str], known: knowledge.Knowledge) -> None:
        read.extend(ids)
        _read(ids, known)

    _read = shelf._read
    monkeypatch.setattr(shelf, "_read", reading)
    monkeypatch.setattr(shelf, "_FEW", 2)
    monkeypatch.setattr(shelf.time, "sleep", pauses.append)
    for _turn in range(2):
        shelf.tell(knowledge.knowledge())
        assert (sorted(read), pauses) == (sorted(shelf._kept), [shelf._PAUSE] * 4)
    assert len(read) == 7
    shelf.forget()
    monkeypatch.setattr(shelf, "_AT_ONCE", 2)
    monkeypatch.setattr(shelf, "_MOST_KEPT", 5)
    shelf.tell(knowledge.knowledge())
    assert len(shelf._kept) == 4, "what is kept is emptied and read again and again"


def test_each_process_of_the_web_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    monkeypatch.setattr(warming, "soon", lambda: begun.append(True))
    sys.modules.pop("renkei.config.wsgi", None)
    importlib.import_module("renkei.config.wsgi")
    assert begun == [True]
