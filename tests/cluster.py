"""Plugin (``-p tests.cluster``): one throw-away database cluster a session, started before Django reads its settings.

Workers of xdist inherit the addresses and share the cluster, each with its own database.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from renkei.run.postgres import Server

_server: Server | None = None


def _start() -> None:
    global _server  # noqa: PLW0603  one server a session
    if "DATABASE_URL" in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="rk-", dir="/var/tmp"))
    home.chmod(0o755)
    _server = Server(home, throw_away=True)
    _server.start()
    os.environ.update(_server.environment())
    os.environ["RENKEI_HOME"] = str(home)
    os.environ["RENKEI_LOGIN"] = "owner"


_start()


def pytest_unconfigure() -> None:
    if _server is not None:
        _server.stop()
