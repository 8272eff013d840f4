"""How ``serve`` watches: who is started again and when, who is told what, and in which order everything stops."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from renkei.run import serve
from renkei.run.children import Child
from renkei.run.database import Database
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.postgres import PostgresError
from renkei.run.serve import Stop

URLS = {name: f"postgresql://{name.lower()}@127.0.0.1:1/x" for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")}


class Played(Child):
    """A child without a process: it writes down what is asked of it, and lives or answers as told."""

    def __init__(self, name: str, book: list[str], *, lives: bool = True, answers: Callable[[], bool] = lambda: True) -> None:
        super().__init__(name, "none", {}, answers)
        self.book, self.lives = book, lives
        self.process = SimpleNamespace(poll=lambda: None if self.lives else 1)  # type: ignore[assignment]

    def start(self) -> None:
        self.book.append(f"start {self.name}")
        self.lives, self.was_ready, self.misses, self.started_at = True, False, 0, time.monotonic()
        self.process = SimpleNamespace(poll=lambda: None if self.lives else 1)  # type: ignore[assignment]

    def wait_ready(self, _seconds: float = 0) -> bool:
        self.book.append(f"wait {self.name}")
        self.was_ready = self.lives and self.ready()
        return self.was_ready

    def stop(self, _seconds: float = 0) -> None:
        self.book.append(f"stop {self.name}")
        self.process = None

    def kill(self) -> None:
        self.book.append(f"kill {self.name}")
        self.process = None


@dataclass
class Clock:
    """Time that moves only when somebody sleeps; ``Stop`` after so many looks."""

    looks: int
    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if len(self.slept) >= self.looks:
            raise Stop
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clock]:
    """Return a function that watches for so many looks, in time of its own."""

    def run(children: list[Any], db: Any = None, looks: int = 1) -> Clock:
        clock = Clock(looks)
        monkeypatch.setattr("renkei.run.children.time", clock)
        monkeypatch.setattr(serve, "time", clock)
        monkeypatch.setattr(f"{__name__}.time", clock)
        for child in children:
            child.started_at = clock.now
        with pytest.raises(Stop):
            serve._watch(children, db or Database(dict(URLS)))
        return clock

    return run


@pytest.fixture
def signals() -> Iterator[None]:
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGINT)}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


def test_who_lives_and_answers_is_left_alone(watch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    book: list[str] = []
    clock = watch([Played("web", book), Played("worker", book)], looks=40)
    assert (book, capsys.readouterr()) == ([], ("", ""))
    assert set(clock.slept) == {serve._LOOK_SECONDS}


def test_a_dead_child_is_started_at_the_next_look_and_only_that_one(watch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    book: list[str] = []
    watch([Played("web", book), Played("worker", book, lives=False)])
    assert book == ["kill worker", "start worker"]
    assert capsys.readouterr().err == "worker を起動し直します。\n"


def test_what_is_left_of_a_dead_child_s_group_is_killed_before_the_next_one_starts(watch: Any) -> None:
    """granian's own workers outlive it and would hold the port."""
    book: list[str] = []
    watch([Played("web", book, lives=False)])
    assert book.index("kill web") < book.index("start web")


def test_one_that_dies_again_and_again_waits_longer_and_says_how_long(watch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    book: list[str] = []

    class Dying(Played):
        def start(self) -> None:
            super().start()
            self.lives = False

    clock = watch([Dying("web", book, lives=False)], looks=60)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "web を起動し直します。", "web が止まりました。4秒後に起動し直します。", "web が止まりました。8秒後に起動し直します。",
        "web が止まりました。16秒後に起動し直します。", "web が止まりました。30秒後に起動し直します。",
    ]  # fmt: skip
    assert book.count("start web") == 4
    assert len(clock.slept) == 60


def test_the_other_child_is_looked_after_while_one_waits(watch: Any) -> None:
    book: list[str] = []
    waiting, other = Played("web", book, lives=False), Played("worker", book, lives=False)
    waiting.quick_deaths = 4
    watch([waiting, other], looks=3)
    assert book == ["kill web", "kill worker", "start worker"]


@pytest.mark.parametrize(("misses", "restarts"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2)])
def test_three_silences_in_a_row_are_a_death(misses: int, restarts: int, capsys: pytest.CaptureFixture[str]) -> None:
    book: list[str] = []
    child = Played("web", book, answers=lambda: False)
    for _ in range(misses):
        serve._check_health(child)
    assert book == ["kill web", "start web"] * restarts
    assert capsys.readouterr().err == "web が答えません。起動し直します。\n" * restarts


def test_one_answer_forgets_the_silences_before() -> None:
    book: list[str] = []
    answers = iter([False, False, True, False, False, True])
    child = Played("web", book, answers=lambda: next(answers))
    for _ in range(6):
        serve._check_health(child)
    assert (book, child.misses, child.was_ready) == ([], 0, True)


def test_a_dead_child_is_not_asked_for_its_health() -> None:
    child = Played("web", [], lives=False, answers=lambda: pytest.fail("asked"))
    serve._check_health(child)
    assert child.misses == 0


def test_health_is_asked_every_ten_seconds_not_at_every_look(watch: Any) -> None:
    asked: list[int] = []
    watch([Played("web", [], answers=lambda: not asked.append(1))], looks=35)
    assert len(asked) == 3


class PlayedServer:
    """A database server that is up or down, and comes back at a port."""

    def __init__(self, *, lives: bool, port: int = 1, fails: int = 0) -> None:
        self.up, self.port, self.fails, self.starts = lives, port, fails, 0

    def lives(self) -> bool:
        return self.up

    def start(self) -> None:
        self.starts += 1
        if self.starts <= self.fails:
            raise PostgresError("PostgreSQL が起動しません。")
        self.up = True

    def environment(self) -> dict[str, str]:
        return {name: url.replace(":1/", f":{self.port}/") for name, url in URLS.items()}


def test_a_dead_database_is_started_and_the_children_keep_running(watch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    book: list[str] = []
    server = PlayedServer(lives=False)
    watch([Played("web", book)], Database(dict(URLS), server), looks=3)  # type: ignore[arg-type]  # plays the server
    assert (server.starts, book) == (1, [])
    assert capsys.readouterr().err == "データベースが止まりました。起動し直します。\n"


def test_a_database_that_does_not_come_back_is_tried_again_at_every_look(watch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    server = PlayedServer(lives=False, fails=2)
    watch([], Database(dict(URLS), server), looks=5)  # type: ignore[arg-type]  # plays the server
    assert server.starts == 3
    assert capsys.readouterr().err.count("PostgreSQL が起動しません。") == 2


def test_children_learn_a_new_port_of_the_database_each_its_own_address_only(watch: Any) -> None:
    book: list[str] = []
    web, worker = Played("web", book), Played("worker", book)
    web.env = {"DATABASE_URL": "", "DATABASE_URL_WEB": URLS["DATABASE_URL_WEB"], "DATABASE_URL_WORKER": ""}
    worker.env = {"DATABASE_URL": "", "DATABASE_URL_WEB": "", "DATABASE_URL_WORKER": URLS["DATABASE_URL_WORKER"]}
    db = Database(dict(URLS), PlayedServer(lives=False, port=2))  # type: ignore[arg-type]  # plays the server
    watch([web, worker], db)
    assert web.env == {"DATABASE_URL": "", "DATABASE_URL_WEB": "postgresql://database_url_web@127.0.0.1:2/x", "DATABASE_URL_WORKER": ""}
    assert worker.env["DATABASE_URL_WORKER"].endswith(":2/x")
    assert worker.env["DATABASE_URL"] == worker.env["DATABASE_URL_WEB"] == ""
    assert book == ["stop web", "start web", "stop worker", "start worker"]
    assert db.urls["DATABASE_URL"].endswith(":2/x")


def test_somebody_else_s_database_is_not_looked_after(watch: Any) -> None:
    watch([], Database(dict(URLS)), looks=3)


def test_pages_come_before_the_worker_and_both_stop_in_that_order(signals: None) -> None:
    book: list[str] = []
    with serve._running([Played("web", book), Played("worker", book)]):
        book.append("served")
    assert book == ["start web", "wait web", "start worker", "wait worker", "served", "stop web", "stop worker"]


def test_one_that_does_not_start_stops_all_and_is_named(signals: None) -> None:
    book: list[str] = []
    with pytest.raises(Fault, match="worker が起動しません。上に出ている記録を見てください"):
        with serve._running([Played("web", book), Played("worker", book, answers=lambda: False)]):
            pytest.fail("served")
    assert book[-2:] == ["stop web", "stop worker"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_second_wish_to_stop_does_not_cut_the_stopping_short(signals: None, sign: int) -> None:
    signal.signal(sign, serve._wish)
    book: list[str] = []
    with pytest.raises(Stop):
        os.kill(os.getpid(), sign)
        time.monotonic()
    with pytest.raises(Stop), serve._running([Played("web", book), Played("worker", book)]):
        raise Stop
    os.kill(os.getpid(), sign)
    assert book[-2:] == ["stop web", "stop worker"]
    assert signal.getsignal(sign) is signal.SIG_IGN


def test_a_wish_lost_in_a_finalizer_is_said_again(signals: None) -> None:
    class Deaf:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.monotonic()  # the handler runs here, where nobody can hear it

    signal.signal(signal.SIGTERM, serve._wish)
    with pytest.raises(Stop), serve._heard():
        deaf = Deaf()
        del deaf
        signal.pause()


def _children(home: Path, **more: Any) -> tuple[Child, Child]:
    web, worker = serve._children(Home(home), Database(dict(URLS)), port=8123, address="https://renkei.example", example=True, **more)
    return web, worker


def test_each_child_gets_its_own_login_and_no_other_address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RENKEI_COOKIE", raising=False)
    for child, part in zip(_children(folder), ("web", "worker"), strict=True):
        addresses = {name: value for name, value in child.env.items() if name.startswith("DATABASE_URL") and value}
        assert addresses == {f"DATABASE_URL_{part.upper()}": URLS[f"DATABASE_URL_{part.upper()}"]}
        assert {name for name in URLS if name in child.env} == set(URLS)  # those of our own environment are emptied
        told = [child.env[name] for name in ("RENKEI_LOGIN", "PORT", "RENKEI_ADDRESS", "RENKEI_COOKIE", "RENKEI_EXAMPLE")]
        assert told == [part, "8123", "https://renkei.example", "renkei_8123", "1"]


def test_a_cookie_of_one_s_own_name_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENKEI_COOKIE", "ours")
    assert {child.env["RENKEI_COOKIE"] for child in _children(folder)} == {"ours"}


@pytest.mark.parametrize(("age", "ready"), [(0, True), (85, True), (95, False), (9_999, False)])
def test_a_worker_is_alive_while_its_mark_is_fresh(folder: Path, age: float, ready: bool) -> None:
    _web, worker = _children(folder)
    alive = folder / "worker.alive"
    assert worker.ready() is False
    alive.touch()
    os.utime(alive, (time.time() - age, time.time() - age))
    assert worker.ready() is ready


def test_the_mark_of_the_last_run_s_worker_tells_nothing(folder: Path) -> None:
    (folder / "worker.alive").touch()
    assert _children(folder)[1].ready() is False


def test_the_greeting_names_address_and_folder_and_no_example_where_there_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serve._greet("http://127.0.0.1:8123", Home(folder), example=False)
    said = capsys.readouterr().out
    assert [line.strip() for line in said.splitlines() if line] == [
        "動いています： http://127.0.0.1:8123", f"データの置き場： {folder}", "止めるには Ctrl-C を押してください。",
    ]  # fmt: skip


def test_the_greeting_of_the_example_names_a_person_of_each_body(world: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serve._greet("http://127.0.0.1:8123", Home(folder), example=True)
    said = capsys.readouterr().out
    assert "http://127.0.0.1:8123/accounts/login/" in said
    assert [name for name in ("相川 志保", "小出 渉", "露崎 遥", "古川 靖") if name not in said] == []


@pytest.mark.parametrize("at", ["prepare", "database", "_children", "_greet"])
def test_a_wish_to_stop_at_any_moment_ends_well(
    signals: None, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], at: str
) -> None:
    import contextlib

    def stop(*_given: Any, **_named: Any) -> Any:
        raise Stop

    for name, value in (
        ("why_closed", lambda _port: None), ("database", lambda _home: contextlib.nullcontext(Database(dict(URLS)))),
        ("prepare", lambda *_g, **_n: None), ("_children", lambda *_g, **_n: []), ("_greet", lambda *_g, **_n: None),
    ):  # fmt: skip
        monkeypatch.setattr(serve, name, stop if name == at else value)
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setenv("RENKEI_EXAMPLE", "")
    assert serve.serve() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "連携を止めました。"
    with Home(folder).served("free again"):
        pass


def test_what_became_of_a_wish_on_its_way_is_a_wish_still() -> None:
    def told(error: BaseException) -> BaseException:
        try:
            try:
                raise error
            finally:
                raise Fault("the rollback failed")
        except Fault as failed:
            return failed

    assert serve._is_wish(Stop())
    assert serve._is_wish(told(Stop()))
    assert not serve._is_wish(told(OSError()))
    assert not serve._is_wish(Fault("a fault"))
