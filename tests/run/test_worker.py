"""The worker: its mark of life, fresh connections, an index that is looked after whatever happens, its own login only."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from renkei.matching import index
from renkei.run import children, tasks, web, worker
from renkei.run.cli import main
from renkei.run.database import Database

URLS = {name: f"postgresql://{name.lower()}@127.0.0.1:1/x" for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")}


class Enough(BaseException):
    """Ends a loop that never ends."""


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> list[str]:
    settings.RENKEI_HOME = tmp_path
    steps: list[str] = []
    monkeypatch.setattr(tasks, "close_old_connections", lambda: steps.append("fresh"))
    return steps


def test_a_task_leaves_its_mark_and_works_between_fresh_connections(book: list[str], tmp_path: Path) -> None:
    tasks._run(lambda: book.append(f"work, mark {(tmp_path / 'worker.alive').exists()}"))
    assert book == ["fresh", "work, mark True", "fresh"]


def test_a_task_that_fails_lets_its_connection_go_and_is_not_hidden(book: list[str], tmp_path: Path) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tasks._run(fail)
    assert (book, (tmp_path / "worker.alive").exists()) == (["fresh", "fresh"], True)


@pytest.mark.parametrize(
    ("task", "target", "name"),
    [("send_mails", "renkei.post.jobs.send_due", "renkei.send_due"), ("run_clocks", "renkei.cases.jobs.run_clocks", "renkei.run_clocks"),
     ("run_alerts", "renkei.cases.jobs.run_alerts", "renkei.run_alerts"), ("run_harvests", "renkei.matching.jobs.run_harvests", "renkei.run_harvests"),
     ("tell_owners", "renkei.matching.jobs.tell_owners", "renkei.tell_owners")],
)
def test_each_tick_calls_its_job_and_waits_in_one_place_only(book: list[str], monkeypatch: pytest.MonkeyPatch, task: str, target: str, name: str) -> None:
    monkeypatch.setattr(target, lambda: book.append(target))
    found = getattr(tasks, task)
    found(timestamp=0)
    assert book == ["fresh", target, "fresh"]
    assert (found.name, found.queueing_lock) == (name, name.partition(".")[2])


def test_clocks_never_run_beside_themselves() -> None:
    assert tasks.run_clocks.lock == "run_clocks"
    periods = {task.task.name: task.cron for task in tasks.app.periodic_registry.periodic_tasks.values()}
    assert {name: periods[name] for name in ("renkei.send_due", "renkei.run_clocks")} == {"renkei.send_due": "* * * * * */5", "renkei.run_clocks": "* * * * *"}


@pytest.mark.parametrize("fault", [None, OSError("disk full"), RuntimeError("connection lost"), ValueError("broken")])
def test_the_index_is_looked_after_every_ten_seconds_whatever_went_wrong(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception | None
) -> None:
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 4:
            raise Enough

    def refresh() -> None:
        if fault is not None:
            raise fault

    monkeypatch.setattr(worker.time, "sleep", sleep)
    monkeypatch.setattr(tasks, "refresh_index", refresh)
    monkeypatch.setattr("django.db.close_old_connections", lambda: None)
    with pytest.raises(Enough):
        worker._keep_index()
    assert looks == [10.0] * 4
    assert [record.message for record in caplog.records] == ["the search index could not be refreshed"] * (3 if fault else 0)


def test_a_disk_that_is_full_while_following_is_logged_and_the_next_look_mends_it(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([OSError("disk full"), ValueError("damaged"), None])

    def refresh() -> None:
        if (fault := next(answers)) is not None:
            raise fault

    monkeypatch.setattr(index, "refresh", refresh)
    for _ in range(3):
        tasks.refresh_index()
    assert len(caplog.records) == 2


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, str]:
    """What the worker finds in its environment; nothing runs."""
    found: dict[str, str] = {}
    for name in ("RENKEI_LOGIN", "RENKEI_SECRET_KEY", "RENKEI_EXAMPLE", *URLS):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setattr(worker, "main", lambda: found.update(os.environ))
    return found


@pytest.mark.parametrize("given", ["three", "its own", "none"])
def test_the_worker_command_runs_with_its_own_password_only(monkeypatch: pytest.MonkeyPatch, seen: dict[str, str], given: str, folder: Path) -> None:
    urls = {name: os.environ[name] for name in URLS}
    monkeypatch.setattr("renkei.run.database.database", lambda _home: contextlib.nullcontext(Database(urls)))
    for name in URLS:
        monkeypatch.setenv(name, urls[name] if given == "three" or (given == "its own" and name.endswith("WORKER")) else "")
    assert main(["worker"]) == 0
    assert {name: seen[name] for name in URLS if seen[name]} == {"DATABASE_URL_WORKER": urls["DATABASE_URL_WORKER"]}
    assert (seen["RENKEI_LOGIN"], seen["RENKEI_HOME"]) == ("worker", str(folder))


def test_a_worker_login_that_may_too_much_does_not_start(
    db: None, monkeypatch: pytest.MonkeyPatch, seen: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    from django.db import connection

    owner = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
    monkeypatch.setenv("DATABASE_URL_WORKER", f"{owner}/{connection.settings_dict['NAME']}")
    assert main(["worker"]) == 1
    assert seen == {}
    assert "DATABASE_URL_WORKER のログイン renkei_owner は表の所有者です。" in capsys.readouterr().err


def test_a_worker_that_cannot_reach_its_database_says_so_at_once(monkeypatch: pytest.MonkeyPatch, seen: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL_WORKER", "postgresql://renkei@127.0.0.1:1/renkei")
    assert main(["worker"]) == 1
    assert (seen, capsys.readouterr().err.startswith("DATABASE_URL_WORKER につながりません（")) == ({}, True)


@pytest.mark.parametrize(
    ("given", "address", "workers"),
    [({}, "127.0.0.1", 2), ({"RENKEI_BIND": "0.0.0.0", "RENKEI_WEB_WORKERS": "7"}, "0.0.0.0", 7), ({"RENKEI_BIND": ""}, "127.0.0.1", 2)],  # noqa: S104  not bound
)
def test_the_web_listens_where_it_is_told_and_ends_with_its_parent(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], address: str, workers: int
) -> None:
    asked: dict[str, Any] = {}
    for name in ("RENKEI_BIND", "RENKEI_WEB_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (given | {"PORT": "8123"}).items():
        monkeypatch.setenv(name, value)

    class Server:
        def __init__(self, target: str, **how: Any) -> None:
            asked.update(how, target=target)

        def serve(self) -> None:
            asked["served"] = True

    monkeypatch.setattr(web, "end_with_parent", lambda: asked.update(watched=True))
    monkeypatch.setattr(web, "Server", Server)
    web.main()
    assert (asked["address"], asked["port"], asked["workers"]) == (address, 8123, workers)
    assert (asked["target"], asked["watched"], asked["served"]) == ("renkei.config.wsgi:application", True, True)
    assert asked["workers_kill_timeout"] < children.STOP_SECONDS


def test_the_watch_over_the_parent_ends_the_whole_group(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, int, int]] = []
    parents = iter([77, 77, 1])
    monkeypatch.setenv("RENKEI_PARENT", "77")
    for name, value in (
        ("getpgrp", lambda: 5), ("getpid", lambda: 5), ("getppid", lambda: next(parents)),
        ("kill", lambda pid, sign: sent.append(("one", pid, int(sign)))), ("killpg", lambda pid, sign: sent.append(("group", pid, int(sign)))),
    ):  # fmt: skip
        monkeypatch.setattr(children.os, name, value)
    monkeypatch.setattr(children.time, "sleep", lambda _seconds: None)
    made: list[Any] = []
    monkeypatch.setattr(children.threading, "Thread", lambda **how: made.append(how) or threading.local())  # type: ignore[func-returns-value]
    with contextlib.suppress(AttributeError):
        children.end_with_parent()
    made[0]["target"]()
    assert sent == [("one", 5, 15), ("group", 5, 9)]
    assert made[0]["daemon"] is True
