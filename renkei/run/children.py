"""The processes that ``serve`` watches: the web server and the worker, each in its own session.

granian hangs for ever when it is told to stop while a worker is still starting: so it is never asked before its first
answer, gets twelve seconds, and then its whole group is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 12.0
READY_SECONDS = 60.0
_CALM = 60.0  # a child that lived this long before it died is started again at once


@dataclass(slots=True)
class Child:
    """One supervised process. ``ready`` tells whether it answers."""

    name: str
    module: str
    env: dict[str, str]
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    was_ready: bool = False
    started_at: float = 0.0
    not_before: float = 0.0
    quick_deaths: int = 0
    misses: int = field(default=0)

    def start(self) -> None:
        """Start the process with nothing on its standard input."""
        self.was_ready, self.misses, self.started_at = False, 0, time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module], env=os.environ | self.env | {"RENKEI_PARENT": str(os.getpid())}, stdin=subprocess.DEVNULL,
            start_new_session=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def ended(self) -> bool:
        """Tell whether the process is gone."""
        return self.process is None or self.process.poll() is not None

    def wait_ready(self, seconds: float = READY_SECONDS) -> bool:
        """Wait for the first answer; False when the process ended or time ran out."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.ended():
            if self.ready():
                self.was_ready = True
                return True
            time.sleep(0.1)
        return False

    def plan_restart(self) -> float:
        """Return in how many seconds to start again: at once after a calm life, later and later after quick deaths."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = 0 if lived > _CALM else self.quick_deaths + 1
        pause = 0.0 if self.quick_deaths <= 1 else min(2.0**self.quick_deaths, 30.0)
        self.not_before = time.monotonic() + pause
        return pause

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask the process to end, wait, then kill its whole group."""
        process = self.process
        if process is None:
            return
        if not self.ended():
            if not self.was_ready:
                self.wait_ready(seconds)
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kill the whole group and fetch the process's end."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def end_with_parent() -> None:
    """End this process and its group when the supervisor dies, however it dies. Called first in a child."""
    parent = int(os.environ.get("RENKEI_PARENT") or os.getppid())  # named by it: it may be dead before we have begun

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    if os.getpgrp() == os.getpid():  # only as leader of an own group: never kill somebody's shell
        threading.Thread(target=watch, name="parent watch", daemon=True).start()
