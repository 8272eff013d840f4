"""Children: started, waited for, restarted later and later, ended in time, gone with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from renkei.run import children
from renkei.run.children import Child
from tests.run.conftest import REPO, lines_of_processes

Make = Callable[..., Child]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a function that makes a child running the given source; all are killed afterwards."""
    made: list[Child] = []

    def child(source: str, ready: Callable[[], bool] = lambda: True) -> Child:
        (tmp_path / "child_of_test.py").write_text(source)
        made.append(Child("web", "child_of_test", {"PYTHONPATH": f"{tmp_path}:{REPO}"}, ready))
        made[-1].start()
        return made[-1]

    yield child
    for one in made:
        one.kill()


def _wait(claim: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.05)
    return False


def test_child_has_no_input_and_an_own_session(make: Make) -> None:
    child = make("import time; time.sleep(60)")
    assert child.process is not None
    assert os.getsid(child.process.pid) == child.process.pid
    assert str(Path(f"/proc/{child.process.pid}/fd/0").readlink()) == "/dev/null"


def test_wait_ends_at_the_first_answer(make: Make) -> None:
    answers = iter([False, False, True])
    child = make("import time; time.sleep(60)", lambda: next(answers))
    assert child.wait_ready(5) is True
    assert child.was_ready is True


def test_wait_ends_when_the_child_dies(make: Make) -> None:
    begun = time.monotonic()
    assert make("raise SystemExit(3)", lambda: False).wait_ready(30) is False
    assert time.monotonic() - begun < 10


def test_polite_child_is_only_asked(make: Make, tmp_path: Path) -> None:
    child = make(
        f"import signal, sys, time, pathlib\ndef end(*_): pathlib.Path({str(tmp_path)!r}, 'ended').touch(); sys.exit()\n"
        f"signal.signal(signal.SIGTERM, end); pathlib.Path({str(tmp_path)!r}, 'up').touch(); time.sleep(60)",
        lambda: (tmp_path / "up").exists(),
    )
    child.wait_ready()
    child.stop()
    assert (tmp_path / "ended").exists()


def test_stubborn_child_and_its_own_children_are_killed(make: Make, tmp_path: Path) -> None:
    """granian told to stop while a worker starts hangs for ever: after the patience the group goes."""
    child = make(
        "import signal, subprocess, sys, time, pathlib\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(77.25)'])\npathlib.Path({str(tmp_path)!r}, 'up').touch(); time.sleep(60)",
        lambda: (tmp_path / "up").exists(),
    )
    child.wait_ready()
    begun = time.monotonic()
    child.stop(seconds=1)
    assert 1 <= time.monotonic() - begun < 8
    assert child.process is None
    assert _wait(lambda: lines_of_processes("sleep(77.25)") == [])


def test_child_is_not_asked_before_its_first_answer(make: Make, tmp_path: Path) -> None:
    child = make(
        f"import time, pathlib; time.sleep(1); pathlib.Path({str(tmp_path)!r}, 'up').touch(); time.sleep(60)",
        lambda: (tmp_path / "up").exists(),
    )
    child.stop(seconds=5)
    assert (tmp_path / "up").exists()


def test_stopping_twice_is_nothing(make: Make) -> None:
    child = make("pass")
    child.stop(1)
    child.stop(1)
    assert child.ended() is True


def test_quick_deaths_wait_longer_each_time_and_a_calm_life_forgets_them() -> None:
    child = Child("web", "x", {}, lambda: True)
    pauses = []
    for _ in range(7):
        child.started_at = time.monotonic()
        pauses.append(child.plan_restart())
    assert pauses == [0, 4, 8, 16, 30, 30, 30]
    child.started_at = time.monotonic() - children._CALM - 1
    assert child.plan_restart() == 0


def test_child_ends_with_its_parent_however_it_dies(tmp_path: Path) -> None:
    (tmp_path / "inner.py").write_text(
        "import time; from renkei.run.children import end_with_parent; end_with_parent(); time.sleep(88.5)"
    )
    outer = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', open(sys.argv[1]).read()], start_new_session=True,"
        " env=os.environ | {'RENKEI_PARENT': str(os.getpid())})\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", outer, str(tmp_path / "inner.py")], env=os.environ | {"PYTHONPATH": str(REPO)})
    assert _wait(lambda: len(lines_of_processes("time.sleep(88.5)")) == 1)
    parent.kill()
    parent.wait()
    assert _wait(lambda: lines_of_processes("time.sleep(88.5)") == [])


def test_no_watch_outside_an_own_group() -> None:
    """In a shell's own group the watch could kill the shell: it is not started there."""
    before = {thread.name for thread in __import__("threading").enumerate()}
    if os.getpgrp() != os.getpid():
        children.end_with_parent()
        assert {thread.name for thread in __import__("threading").enumerate()} == before
