"""A process asks itself a question soon after its start, and nobody hears of it when that fails."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable

import pytest

from renkei.audit.models import Event
from renkei.base.refusal import Refused
from renkei.matching import index, knowledge, synonyms, warming
from renkei.matching.finding import Look, Wish
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
    through = index.read_through
    monkeypatch.setattr(index, "read_through", lambda: read.append(through()))
    with caplog.at_level(logging.INFO, "renkei.matching"):
        warming.ask()
    assert [one.cache_info().currsize for one in (synonyms.default, knowledge.knowledge_of)] == [1, 1]
    assert set(index._opened) == {"public", "staff"}, "the first page of the staff, or of the public, waits for its half"
    assert synonyms.default().used_in(warming._QUESTION), "no phrase is looked for: its loop is not compiled"
    assert (caplog.messages, connections.times, Event.objects.count()) == ([], 1, before)
    whole = sum(path.stat().st_size for path in index.home().rglob("build-*/**/*") if path.is_file())
    assert read == [whole], "the first questions wait for the disk"


def test_an_index_that_half_of_the_memory_does_not_hold_is_left_on_the_disk(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    index.rebuild()
    assert index.read_through() > 0
    monkeypatch.setattr(os, "sysconf", lambda _name: 1)
    assert index.read_through() == 0


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


def test_it_is_asked_in_a_while_and_keeps_no_process_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    monkeypatch.setattr(warming, "ask", asked.set)
    monkeypatch.setattr(warming, "_AFTER", 0.2)
    timer = warming.soon()
    assert timer.daemon
    assert not asked.is_set()
    assert asked.wait(10)


def test_each_process_of_the_web_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    monkeypatch.setattr(warming, "soon", lambda: begun.append(True))
    sys.modules.pop("renkei.config.wsgi", None)
    importlib.import_module("renkei.config.wsgi")
    assert begun == [True]
