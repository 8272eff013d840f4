"""Plugin (``-p tests.cluster``): one throw-away database cluster a session, started before Django reads its settings.

Workers of xdist inherit the addresses and share the cluster, each with its own database. All migrations run once for each
state of the migrations and the locked parts: the cluster that holds the outcome (``FRESH``) is kept and copied.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from renkei.run.postgres import Server
from renkei.run.programs import find_programs, own

FRESH = "renkei_fresh"  # the database that test databases are copied from; nothing ever connects to it
SUPERUSER = "RENKEI_TEST_SUPERUSER"  # address of the cluster's superuser, who empties tables between tests
KEPT = Path(f"/var/tmp/renkei-tests-{os.geteuid()}")
_MOST_KEPT = 12  # clones side by side, each with its own migrations
_REPO = Path(__file__).parents[1]
_server: Server | None = None


def _key() -> str:
    """Name what decides the contents of a fresh database: migrations, what they import, the parts, the server."""
    told = hashlib.sha256(f"{sys.version_info} {find_programs()} {(find_programs() / 'postgres').stat().st_mtime_ns}".encode())
    ours = [*(_REPO / "renkei").glob("*/migrations/*.py"), *(_REPO / "renkei").glob("*/apps.py"),
            *(_REPO / "renkei/reporting/counting").glob("*.py")]  # fmt: skip
    more = ["renkei/base/rls.py", "renkei/base/grants.py", "renkei/base/clock.py", "renkei/run/postgres.py", "renkei/config/settings/base.py",
            "tests/cluster.py", "requirements/run.txt"]  # fmt: skip
    for path in sorted([*ours, *(_REPO / name for name in more)]):
        told.update(f"{path.relative_to(_REPO)}\0".encode() + path.read_bytes() + b"\0")
    return told.hexdigest()[:20]


def _migrated(place: Path) -> None:
    """Start a new cluster, migrate ``FRESH`` in it, stop it, and keep its files at ``place``."""
    home = Path(tempfile.mkdtemp(prefix="rk-", dir="/var/tmp"))
    home.chmod(0o755)
    server = Server(home, throw_away=True)
    try:
        server.start()
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {FRESH} OWNER renkei_owner TEMPLATE template0")
        words = ("import django; django.setup(); from django.core.management import call_command; from renkei.base.grants import apply_grants;"
                 "call_command('migrate', verbosity=0); apply_grants()")  # fmt: skip
        ours = {**os.environ, **server.environment(FRESH), "RENKEI_LOGIN": "owner", "RENKEI_HOME": str(home),
                "DJANGO_SETTINGS_MODULE": "renkei.config.settings.test", "PYTHONPATH": str(_REPO)}  # fmt: skip
        subprocess.run([sys.executable, "-c", words], env=ours, cwd=_REPO, check=True)
        server.throw_away = False  # keep the files
        server.stop()
        with contextlib.suppress(OSError):  # another session was quicker
            server.place.rename(place)
    finally:
        server.throw_away = True
        server.stop()
        shutil.rmtree(server.place, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def _copy_of_migrated(server: Server) -> None:
    """Lay a copy of the migrated cluster where ``server`` will start."""
    own(KEPT)
    KEPT.chmod(0o711)
    place = KEPT / _key()
    if not (place / "data" / "PG_VERSION").exists():
        _migrated(place)
        for old in sorted(KEPT.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)[_MOST_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    os.utime(place)  # in use: not among the oldest
    server.place.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(place), str(server.place)], check=True)


def _own_home() -> None:
    """Give a worker of xdist a home: with one for all, each would search in the index of whose database was met last."""
    worker, shared = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("RENKEI_HOME")
    if worker and shared:
        own_home = Path(shared) / worker
        own_home.mkdir(mode=0o755, exist_ok=True)
        os.environ["RENKEI_HOME"] = str(own_home)


def _start() -> None:
    global _server  # noqa: PLW0603  one server a session
    # Small matrices on a full machine: the threads of one process wait for each other a hundred times as long as one thread counts.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "DATABASE_URL" in os.environ:
        _own_home()
        return
    # Compiled once for this and the next session: the tests of commands start a hundred and fifty Pythons.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    home = Path(tempfile.mkdtemp(prefix="rk-", dir="/var/tmp"))
    home.chmod(0o755)
    _server = Server(home, throw_away=True)
    _copy_of_migrated(_server)
    _server.start()
    os.environ.update(_server.environment())
    os.environ[SUPERUSER] = _server.dsn("postgres")
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
        shutil.rmtree(_server.home, ignore_errors=True)
