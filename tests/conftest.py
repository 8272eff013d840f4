"""Hostile surroundings, three real logins, and a made-up region for every test."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.ground import Ground


settings.register_profile("untimed", deadline=None)  # no test is timed: a busy machine is no fault
settings.load_profile("untimed")
TOGETHER = ("tests/example/test_load.py", "tests/browser/")  # one process makes what the whole file looks at


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones: of two processes none shall be left with them at the end (no test needs another's order).

    Chromium's tests come last: the event loop that drives it stays in the thread, and Django makes no test database beside it.
    """
    items.sort(key=lambda item: ("tests/browser" in str(item.path), item.get_closest_marker("long") is None))


def pytest_collection_finish() -> None:
    """What is here now stays to the end: the collector need not walk it again and again (4 % of all the time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file of ``TOGETHER`` in one process: the mark of xdist does nothing since pytest 9.2 (its ``nodeid`` is read only)."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((path for path in TOGETHER if nodeid.startswith(path)), nodeid)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Copy the migrated database that ``tests.cluster`` keeps; somebody's own server (DATABASE_URL) is migrated anew."""
    from django.db import connection

    from tests.cluster import FRESH, SUPERUSER

    if SUPERUSER in os.environ:
        connection.settings_dict["TEST"].update(TEMPLATE=FRESH, MIGRATE=False)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    """After the test database is made: rights of the web and the worker login, and what tests stand on."""
    from django.test import TransactionTestCase

    from renkei.base.grants import apply_grants
    from tests.cluster import SUPERUSER
    from tests.ground import superuser, survey

    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        apply_grants()
        ground = survey()
        if SUPERUSER in os.environ:  # with somebody's own server Django empties the tables, all of them
            ground.superuser = superuser()
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: ground.clear())
        yield ground
        if ground.superuser is not None:
            ground.superuser.close()


@pytest.fixture
def login() -> Callable[[str], AbstractContextManager[None]]:
    """Return a context manager that reconnects the default connection as ``web``, ``worker`` or ``owner``.

    A real login, not SET ROLE: for tests on committed data (``transaction=True``) only.
    """
    from django.db import connection
    from psycopg.conninfo import conninfo_to_dict

    urls = {"owner": "DATABASE_URL", "web": "DATABASE_URL_WEB", "worker": "DATABASE_URL_WORKER"}

    @contextmanager
    def as_login(part: str) -> Iterator[None]:
        assert not connection.in_atomic_block, "real logins need committed data: use transaction=True"
        before = dict(connection.settings_dict)
        params = conninfo_to_dict(os.environ[urls[part]])
        connection.close()
        connection.settings_dict.update(USER=params["user"], PASSWORD=params["password"])
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(USER=before["USER"], PASSWORD=before["PASSWORD"])

    return as_login


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may leave this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else "unix"
        if host not in {"127.0.0.1", "::1", "localhost", "unix"}:
            raise OSError(f"a test tried to reach {host}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def _signed_in_just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """``force_login`` leaves what a sign-in leaves: the stamp that sensitive steps ask for (renkei.accounts.again)."""
    from django.contrib.auth import user_logged_in
    from django.test import Client

    real = Client.force_login

    def stamp(request: Any, user: Any, **_given: Any) -> None:
        request.session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        request.session["account_authentication_methods_user"] = str(user.pk)

    def force_login(self: Client, user: Any, backend: str | None = None) -> None:
        user_logged_in.connect(stamp)
        try:
            real(self, user, backend)
        finally:
            user_logged_in.disconnect(stamp)

    monkeypatch.setattr(Client, "force_login", force_login)


@pytest.fixture(autouse=True)
def _in_the_language_of_the_house() -> None:
    """A page asked for in English leaves the thread in English: the next test must not read it."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Sign-ins, drafts and letters are counted against their limits from nought."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def world(db: None, django_db_setup: Ground) -> Any:
    """The made-up region (``tests.world.World``) inside the test's transaction (the owner's login: no policy binds)."""
    return django_db_setup.lay()


@pytest.fixture
def committed_world(transactional_db: None, django_db_setup: Ground) -> Any:
    """The made-up region as committed data, for tests under the real logins (see ``login``)."""
    from renkei.base.grants import apply_grants

    if django_db_setup.superuser is None:
        apply_grants()  # Django's own flush empties the table of logins
    return django_db_setup.lay()
