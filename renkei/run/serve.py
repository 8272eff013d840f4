"""``renkei serve``: database, web and worker under one roof; watched, started again when they die, stopped in order."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from renkei.run.children import Child
from renkei.run.database import Database, database, environment
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.mail_in import mail_door
from renkei.run.port import own_address, wanted_port, why_closed
from renkei.run.postgres import PostgresError
from renkei.run.prepare import prepare
from renkei.run.say import complain, say, step

_LOOK_SECONDS = 1.0
_HEALTH_SECONDS = 10.0
_MOST_MISSES = 3
_AGAIN_SECONDS = 0.1
_PATIENCE = 3.0  # seconds for the port of a killed run


class Stop(KeyboardInterrupt):
    """Somebody asked us to stop. No library's ``except Exception`` keeps it, and psycopg ends the statement that runs."""


def serve() -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    port = wanted_port()
    signal.signal(signal.SIGTERM, _wish)
    signal.signal(signal.SIGINT, _wish)
    home = Home.open()
    example = home.is_example()
    address = os.environ.get("RENKEI_ADDRESS") or f"http://127.0.0.1:{port}"
    try:
        with _heard(), home.served(address), contextlib.ExitStack() as stack:
            _wait_for_port(port, home)
            say("連携を始めます。")
            with step("データベースを起動する"):
                db = stack.enter_context(database(home))
            stack.callback(_hold_still)
            prepare(home, db, example=example)
            children = _children(home, db, port=port, address=address, example=example)
            with _running(children):
                _greet(address, home, example=example)
                _watch(children, db)
    except BaseException as error:
        if not _is_wish(error):
            raise
        say("連携を止めました。")
    return 0


def _is_wish(error: BaseException | None) -> bool:
    """Tell whether it is the wish to stop, or what became of it on its way (the rollback of a cut statement fails)."""
    while error is not None and not isinstance(error, Stop):
        error = error.__context__
    return error is not None


def _wish(_sign: int, _frame: Any) -> None:
    raise Stop


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """Say a wish again that fell into a finalizer: Python reports it there and goes on."""
    report = sys.unraisablehook

    def again(lost: Any) -> None:
        if lost.exc_type is Stop:
            threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGTERM)).start()
        else:
            report(lost)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = report


def _hold_still() -> None:
    """While we stop, a second Ctrl-C changes nothing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _wait_for_port(port: int, home: Home) -> None:
    """Refuse a taken port; after a killed run its children need a moment to notice and let go."""
    deadline = time.monotonic() + (0.0 if home.is_new() else _PATIENCE)
    while (closed := why_closed(port)) is not None:
        if not closed.is_taken or time.monotonic() > deadline:
            raise Fault(f"{closed.what}。{closed.mend}")
        time.sleep(0.3)


def _children(home: Home, db: Database, *, port: int, address: str, example: bool) -> list[Child]:
    def web_answers() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            asked = urllib.request.Request(f"{own_address(port)}/health/", headers={"Host": "127.0.0.1"})  # noqa: S310  our own address
            with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310  our own address
                return bool(answer.status == 200)
        return False

    def worker_answers() -> bool:
        with contextlib.suppress(OSError):
            return time.time() - alive.stat().st_mtime < 90
        return False

    alive = home.path / "worker.alive"
    alive.unlink(missing_ok=True)
    common = {
        "PORT": str(port), "RENKEI_ADDRESS": address, "RENKEI_COOKIE": os.environ.get("RENKEI_COOKIE") or f"renkei_{port}",
        "DATABASE_URL": "", "DATABASE_URL_WEB": "", "DATABASE_URL_WORKER": "",
    }  # fmt: skip
    web = environment(home, db.urls, example=example, only="web") | {"RENKEI_LOGIN": "web"}
    worker = environment(home, db.urls, example=example, only="worker") | {"RENKEI_LOGIN": "worker"}
    children = [
        Child("web", "renkei.run.web", common | web, web_answers),
        Child("worker", "renkei.run.worker", common | worker, worker_answers),
    ]
    if (door := mail_door()) is not None:
        children.append(Child("mail-in", "renkei.run.mail_in", common | worker, door.answers))
    return children


@contextlib.contextmanager
def _running(children: list[Child]) -> Iterator[None]:
    """Start them one after the other, so that pages answer first; stop them in the order web, worker."""
    try:
        with step("画面と送信係を起動する"):
            for child in children:
                child.start()
                if not child.wait_ready():
                    raise Fault(f"{child.name} が起動しません。上に出ている記録を見てください。")
        yield
    finally:
        _hold_still()
        for child in children:
            child.stop()


def _watch(children: list[Child], db: Database) -> None:
    """Look after everything until somebody asks us to stop."""
    next_health = time.monotonic() + _HEALTH_SECONDS
    while True:
        time.sleep(_LOOK_SECONDS)
        if db.server is not None and not db.server.lives():
            _revive_database(children, db)
        for child in children:
            if child.ended():
                _revive(child)
        if time.monotonic() > next_health:
            next_health = time.monotonic() + _HEALTH_SECONDS
            for child in children:
                _check_health(child)


def _revive(child: Child) -> None:
    if child.process is not None:
        pause = child.plan_restart()
        complain(f"{child.name} が止まりました。{pause:.0f}秒後に起動し直します。" if pause else f"{child.name} を起動し直します。")
        child.kill()
    if time.monotonic() >= child.not_before:
        child.start()


def _check_health(child: Child) -> None:
    if child.ended():
        return
    if child.ready():
        child.was_ready, child.misses = True, 0
        return
    child.misses += 1
    if child.misses >= _MOST_MISSES:
        complain(f"{child.name} が答えません。起動し直します。")
        child.kill()
        child.start()


def _revive_database(children: list[Child], db: Database) -> None:
    assert db.server is not None  # noqa: S101  checked by the caller
    complain("データベースが止まりました。起動し直します。")
    try:
        db.server.start()
    except PostgresError as error:
        complain(str(error))
        return
    fresh = db.server.environment()
    if fresh != db.urls:  # another port: the children must learn it
        db.urls.update(fresh)
        for child in children:
            child.env.update({name: url for name, url in fresh.items() if child.env.get(name)})
            child.stop()
            child.start()


def _greet(address: str, home: Home, *, example: bool) -> None:
    say()
    say(f"  動いています： {address}")
    say(f"  データの置き場： {home.path}")
    if example:
        _greet_example(address)
    say("  止めるには Ctrl-C を押してください。")
    say()


def _greet_example(address: str) -> None:
    from renkei.accounts.queries import first_members
    from renkei.example.files import PASSWORD

    say("  例示の県です（会社も人も架空。二段階の確認を省いています）")
    say(f"  会社の方の入口： {address}/")
    say(f"  機関の方の入口： {address}/accounts/login/ （パスワードはどなたも {PASSWORD}）")
    for one in first_members():
        say(f"    {one.person.email}　{one.person.name}（{one.body.short}）")
