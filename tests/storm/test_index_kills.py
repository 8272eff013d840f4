"""kill -9 while the index is built or follows a change, processes side by side, files taken away: what is found stays true.

A few rounds in the ordinary run, hundreds at night (RENKEI_NIGHT).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from renkei.base.actor import SYSTEM
from renkei.matching import index
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Entry
from tests.storm.test_kills import start
from tests.world import World

pytestmark = [pytest.mark.storm]

ROUNDS = 200 if os.environ.get("RENKEI_NIGHT") else 6
NAMES = ["渦電流の膜厚計", "塩水噴霧の試験機", "振動の試験機", "引張の試験機", "硬さの試験機", "蛍光の分析装置", "超音波の洗浄器"]
WORDS = [name.split("の")[0] for name in NAMES]
_fork = multiprocessing.get_context("fork")


@pytest.fixture
def built(committed_world: World, index_home: Path) -> Path:
    """A home with an index over a hundred entries and one whose name changes."""
    rows = [EntryRow(id=f"E{n:03}", kind="equipment", name=f"ありふれた器{n}", summary="寸法を測る。") for n in range(100)]
    put_entries([*rows, EntryRow(id="CHANGES", kind="equipment", name=NAMES[0], is_public=True)], kept_by="t", by=SYSTEM)
    index.rebuild()
    return index_home


@pytest.fixture
def index_home(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.RENKEI_HOME = tmp_path
    index.forget()
    yield tmp_path
    index.forget()


def found(text: str, audience: str = "staff") -> list[str]:
    index.ensure()
    return [hit.id for hit in index.find_by_kind(text, audience=audience, kinds=["equipment"], limit=200)]


def is_true() -> None:
    """The index says what the database says, for both audiences, and needs no mending afterwards."""
    name = Entry.objects.get(pk="CHANGES").name
    for audience in index.AUDIENCES:
        assert [word for word in WORDS if "CHANGES" in found(word, audience)] == [name.split("の")[0]]
    assert len(found("寸法")) == 100
    assert not index.is_stale()


def test_each_name_is_found_by_its_own_word_alone(built: Path) -> None:
    """What the kills below are told by: no synonym and no likeness leads from one of the words to another's name."""
    for name in NAMES:
        put_entries([EntryRow(id="CHANGES", kind="equipment", name=name, is_public=True)], kept_by="t", by=SYSTEM)
        is_true()


def _forked(home: Path, work: Callable[[], Any]) -> BaseProcess:
    def run() -> None:
        connections.close_all()
        settings.RENKEI_HOME = home
        index.forget()
        while True:
            work()

    connections.close_all()
    index.forget()
    process = _fork.Process(target=run, daemon=True)
    process.start()
    return process


def _change() -> None:
    name = random.choice(NAMES)  # noqa: S311
    put_entries([EntryRow(id="CHANGES", kind="equipment", name=name, is_public=True)], kept_by="t", by=SYSTEM)
    index.refresh()


@pytest.mark.parametrize("work", [index.rebuild, _change], ids=["building", "following"])
def test_kill_9_at_any_point_leaves_an_index_that_tells_the_truth(built: Path, work: Callable[[], Any]) -> None:
    dice = random.Random(11)  # noqa: S311
    for _round in range(ROUNDS):
        process = _forked(built, work)
        time.sleep(dice.uniform(0.02, 0.5))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(20)
        assert process.exitcode == -signal.SIGKILL
        is_true()
    index.rebuild()
    assert sorted(one.name.split("-")[0] for one in (built / "index").iterdir() if not one.name.endswith(".tmp")) == [
        "build", "lock", "state.json",
    ]  # fmt: skip


def test_two_are_killed_while_a_third_goes_on(built: Path) -> None:
    """Writers that die beside each other hold no lock and leave no half index to those who live."""
    for _round in range(max(2, ROUNDS // 4)):
        processes = [_forked(built, work) for work in (index.rebuild, _change, _change)]
        time.sleep(0.4)
        for process in processes:
            process.kill()
            process.join(20)
        is_true()


ANSWER = """
import sys, json, time, django; django.setup()
from django.conf import settings
settings.RENKEI_HOME = sys.argv[1]
from renkei.matching import index
from renkei.matching.search import search
from renkei.base.actor import GUEST
for line in sys.stdin:
    begun = time.monotonic()
    hits = [hit.id for hit in search(line.strip(), actor=GUEST)]
    print(json.dumps([hits, time.monotonic() - begun]), flush=True)
"""


@pytest.fixture
def web(built: Path) -> Iterator[Callable[[int, str], tuple[list[str], float]]]:
    """Two web processes of their own, under the web login; ask one of them for a text."""
    urls = {"RENKEI_HOME": str(built)}
    processes = [start(ANSWER, str(built), part="web", **urls) for _ in range(2)]

    def ask(number: int, text: str) -> tuple[list[str], float]:
        process = processes[number]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(text + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise AssertionError(process.communicate()[1][-800:])
        hits, seconds = json.loads(answer)
        return hits, seconds

    try:
        yield ask
    finally:
        for process in processes:
            process.kill()
            process.communicate(timeout=20)


@pytest.mark.long
@pytest.mark.covers("C12")
def test_what_is_committed_is_found_by_the_next_question_in_every_process(built: Path, web: Callable[[int, str], tuple[list[str], float]]) -> None:
    """Committed here (as the worker or a page would), asked at once in two web processes; also when nobody else followed."""
    for number in (0, 1):
        assert web(number, "塩水噴霧")[0] == []
    for round_, name in enumerate(NAMES[1:5]):
        if round_ % 2:
            put_entries([EntryRow(id="CHANGES", kind="equipment", name=name, is_public=True)], kept_by="t", by=SYSTEM)
        else:  # whoever wrote died before it could follow
            Entry.objects.filter(pk="CHANGES").update(name=name)
        for number in (0, 1):
            assert web(number, name.split("の")[0])[0] == ["CHANGES"]
    Entry.objects.filter(pk="CHANGES").update(is_public=False)
    for number in (0, 1):
        assert web(number, NAMES[4].split("の")[0])[0] == []


@pytest.mark.long
def test_files_taken_away_under_running_processes(built: Path, web: Callable[[int, str], tuple[list[str], float]]) -> None:
    """The folder, the state, single files, everything: each process answers all the same, from what it holds or anew."""
    place = built / "index"

    def build() -> Path:
        return place / json.loads((place / "state.json").read_text())["folder"]

    def files() -> None:
        for one in build().rglob("*"):
            if one.is_file():
                one.unlink()

    deeds: list[Callable[[], Any]] = [
        lambda: shutil.rmtree(build()), (place / "state.json").unlink, files, lambda: shutil.rmtree(build() / "public"), lambda: shutil.rmtree(place),
    ]  # fmt: skip
    for deed in deeds:
        for number in (0, 1):
            assert web(number, "渦電流")[0] == ["CHANGES"]
        deed()
        for number in (1, 0):
            assert web(number, "渦電流")[0] == ["CHANGES"]
        is_true()
