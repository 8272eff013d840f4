"""Homes outside the session's own, and a Python that another account may run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.run.programs import reachable_by_others

REPO = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home that every account could reach."""
    made = Path(tempfile.mkdtemp(prefix="rk-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """The environment of a fresh shell: nothing of this test session's database."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "RENKEI_", "PORT", "DJANGO_", "PYTEST"))}
    return ours | {"RENKEI_HOME": str(folder), "PYTHONPATH": str(REPO), "PYTHONWARNINGS": "ignore"}


@pytest.fixture
def renkei(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one command of ``renkei`` to its end."""

    def run(*words: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "renkei.run.cli", *words], env=environment | more, input=stdin, text=True, capture_output=True, timeout=100, check=False, cwd=REPO)

    return run


@pytest.fixture
def ordinary() -> dict[str, Any]:
    """What makes a subprocess run as an ordinary user: account and a Python it may run. Skips loudly without one."""
    if not AS_ROOT:
        return {"python": sys.executable, "path": [], "as": {}}
    if not reachable_by_others(REPO):
        pytest.skip(f"{REPO} is closed to other accounts: the ordinary user cannot be tried from here")
    entry = pwd.getpwnam("nobody")
    account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    for python in (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}")):
        if python.exists() and reachable_by_others(python):
            return {"python": str(python), "path": [str(REPO), sysconfig.get_path("purelib")], "as": account}
    pytest.skip("no Python of this version that another account may run")


def lines_of_processes(text: str) -> list[str]:
    """Return the command lines of all processes that mention ``text`` (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if text in words and state != "Z" and int(folder.name) != os.getpid():
            found.append(words)
    return found
