"""A running ``renkei serve``, watched from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.run.conftest import REPO, lines_of_processes

PATIENCE = 110.0


class Served:
    """Start it, ask it, kill parts of it, stop it."""

    def __init__(self, environment: dict[str, str], port: int, *, python: str = sys.executable, **account: Any) -> None:
        self.environment = environment | {"PORT": str(port)}
        self.home = Path(environment["RENKEI_HOME"])
        self.port = port
        self.python = python
        self.account = account
        self.said = Path(tempfile.mkstemp(prefix="said-")[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, until: str = "止めるには") -> float:
        """Start, wait for the greeting (or another word); returns the seconds it took."""
        begun = time.monotonic()
        self.said.write_text("")
        with self.said.open("ab") as out:
            self.process = subprocess.Popen(
                [self.python, "-m", "renkei.run.cli", "serve"], env=self.environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, cwd=REPO, start_new_session=True, **self.account,
            )  # fmt: skip
        assert self.wait(lambda: until in self.text() or self.ended()), self.text()
        assert not self.ended(), self.text()
        return time.monotonic() - begun

    def text(self) -> str:
        return self.said.read_text(errors="replace")

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @staticmethod
    def wait(claim: Any, seconds: float = PATIENCE) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if claim():
                return True
            time.sleep(0.1)
        return False

    def get(self, path: str = "/health/") -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def children(self, module: str) -> list[int]:
        """Return the process ids of this instance's children that run ``module`` as their own session's leader."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                mine = f"RENKEI_HOME={self.home}".encode() in (folder / "environ").read_bytes().split(b"\0")
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if mine and module.encode() in words and os.getsid(int(folder.name)) == int(folder.name):
                    found.append(int(folder.name))
        return found

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Ask it to stop; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(sign)
        code = self.process.wait(60)
        self.process = None
        return code

    def everything(self) -> list[str]:
        """Return the command lines of whatever still runs for this home."""
        mine = f"RENKEI_HOME={self.home}".encode()
        found = lines_of_processes(str(self.home))
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mine in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                    found.append((folder / "cmdline").read_bytes().decode(errors="replace"))
        return [line for line in found if line]

    def kill_everything(self) -> None:
        """``kill -9`` of the whole instance: supervisor, web, worker, database."""
        mine = f"RENKEI_HOME={self.home}".encode()
        for _ in range(3):
            for folder in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    ours = mine in (folder / "environ").read_bytes().split(b"\0")
                    if ours or str(self.home).encode() in (folder / "cmdline").read_bytes():
                        os.kill(int(folder.name), signal.SIGKILL)
            time.sleep(0.1)
        if self.process is not None:
            self.process.wait()
            self.process = None

    def close(self) -> None:
        """Leave nothing behind, whatever happened."""
        if not self.ended():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.everything():
            self.kill_everything()
        self.said.unlink(missing_ok=True)
