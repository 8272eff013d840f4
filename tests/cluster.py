"""Plugin (``-p tests.cluster``): one throw-away database cluster a session, started before Django reads its settings.

Workers of xdist inherit the addresses and share the cluster, each with its own database.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the cluster for itself where it is shared: by the workers of xdist, or with somebody's server."""
    shared = pytest.mark.skip(reason="needs the session's own cluster (DATABASE_URL is set)")
    for item in items:
        if _server is None and item.get_closest_marker("own_cluster"):
            item.add_marker(shared)


def pytest_unconfigure() -> None:
    if _server is not None:
        _server.stop()
