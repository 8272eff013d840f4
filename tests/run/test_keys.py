"""What is kept in the home and beside the data: keys, passwords, the mode; through races, power cuts and lost files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from renkei.run import home as homes
from renkei.run import postgres
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.postgres import PARTS, PostgresError, Server, State, free_port
from tests.run.conftest import AS_ROOT, lines_of_processes

NAMES = {"postgres", *PARTS}
STATE = {"port": 5, "pid": 1, "data": "/x", "passwords": dict.fromkeys(NAMES, "w")}


@pytest.fixture
def server(folder: Path) -> Server:
    """A server that is not started; its folder is there."""
    made = Server(folder)
    made.place.mkdir(parents=True)
    return made


def test_many_who_ask_at_once_get_one_key(folder: Path) -> None:
    together, keys = threading.Barrier(8), []

    def ask() -> None:
        together.wait(20)
        keys.append(Home(folder).secret_key())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(keys), len(set(keys))) == (8, 1)
    assert [path.name for path in folder.iterdir()] == ["secret.key"]


def test_a_key_is_never_seen_half_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_given: Any) -> str:
        assert not (folder / "secret.key").exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(homes.secrets, "token_urlsafe", cut)
        with pytest.raises(KeyboardInterrupt):
            Home(folder).secret_key()
    assert len(Home(folder).secret_key()) >= 64


def test_who_comes_second_takes_the_first_one_s_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_is_first(_count: int) -> str:
        (folder / "secret.key").write_text("the first one's")
        return "mine"

    monkeypatch.setattr(homes.secrets, "token_urlsafe", other_is_first)
    assert Home(folder).secret_key() == "the first one's"


def test_a_key_emptied_by_a_power_cut_is_made_anew_and_private(folder: Path) -> None:
    (folder / "secret.key").touch(mode=0o644)
    key = Home(folder).secret_key()
    assert len(key) >= 64
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert Home(folder).secret_key() == key


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert Home(tmp_path / "a").secret_key() != Home(tmp_path / "b").secret_key()


@pytest.mark.parametrize("asked", ["2", "no", "false", "on", "TRUE", " 1"])
def test_only_a_clear_yes_makes_an_example(folder: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv("RENKEI_EXAMPLE", asked)
    assert Home(folder).is_example() is False


@pytest.mark.parametrize("content", ["", "exam", "real", "\x00", "EXAMPLE"])
def test_a_home_of_unclear_mode_is_real_so_that_the_second_factor_stays_on(folder: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    (folder / "mode").write_text(content)
    monkeypatch.setenv("RENKEI_EXAMPLE", "")
    assert Home(folder).is_example() is False
    monkeypatch.setenv("RENKEI_EXAMPLE", "1")
    with pytest.raises(Fault, match="例示"):
        Home(folder).is_example()


def test_a_home_named_relatively_is_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RENKEI_HOME", "some/../home")
    assert Home.open().path == tmp_path / "home"
    monkeypatch.delenv("RENKEI_HOME")
    assert Home.open().path == tmp_path / "var"


def test_a_lock_is_let_go_when_serving_fails(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), Home(folder).served("a"):
        raise ZeroDivisionError
    with Home(folder).served("b"):
        assert (folder / "serve.lock").read_text() == "b"


def test_a_served_home_without_an_address_is_refused_all_the_same(folder: Path) -> None:
    with Home(folder).served(""), pytest.raises(Fault, match="もう 別の場所 で動いています"), Home(folder).served("x"):
        pytest.fail("served twice")


def test_passwords_are_made_once_and_private(server: Server) -> None:
    made = server._passwords()
    assert (set(made), len(set(made.values()))) == (NAMES, 4)
    assert server._passwords() == made
    assert stat.S_IMODE((server.place / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"postgres": "x"}', "\x00"])
def test_passwords_cut_off_before_there_was_a_database_are_made_anew(server: Server, content: str) -> None:
    (server.place / "secrets.json").write_text(content)
    assert set(server._passwords()) == NAMES
    assert set(json.loads((server.place / "secrets.json").read_text())) == NAMES


@pytest.mark.parametrize("content", [None, "", "{", "{}", '{"postgres": "x"}'])
def test_lost_passwords_of_a_database_are_told_at_once_and_not_overwritten(server: Server, content: str | None) -> None:
    """New ones would open nothing: the start would wait a minute and say something else."""
    (server.data).mkdir()
    (server.data / "PG_VERSION").write_text("18\n")
    file = server.place / "secrets.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(PostgresError) as fault:
        server.start()
    assert str(fault.value) == f"{file} が無いか、壊れています。控えから戻してください。データは {server.data} にそのままあります。"
    assert (file.read_text() if file.exists() else None) == content
    assert (server.data / "PG_VERSION").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", json.dumps({"port": 1}), json.dumps(STATE | {"more": 1})])
def test_a_state_file_of_other_shape_tells_of_no_server(server: Server, content: str) -> None:
    server.state_file.write_text(content)
    assert server._state_kept() is None
    assert server.running() is None


@pytest.mark.parametrize("lines", ["", "1\n", "x\n/d\n1\n5\n", "1\n/d\n1\nport\n"])
def test_a_lock_file_of_other_shape_tells_of_no_server(server: Server, lines: str) -> None:
    server.data.mkdir()
    server._passwords()
    (server.data / "postmaster.pid").write_text(lines)
    assert server._state_of_lock() is None


def test_a_lock_file_tells_port_and_process(server: Server) -> None:
    server.data.mkdir()
    words = server._passwords()
    (server.data / "postmaster.pid").write_text("77\n/d\n1\n5433\n\n127.0.0.1\n")
    assert server._state_of_lock() == State(5433, 77, str(server.data), words)


def test_a_living_process_that_is_no_server_of_ours_is_not_joined(server: Server) -> None:
    state = STATE | {"pid": os.getpid(), "port": free_port()}
    server.state_file.write_text(json.dumps(state))
    assert server.running() is None


def test_the_state_is_exchanged_in_one_step_and_private(server: Server) -> None:
    server.state_file.write_text("old")
    server.state_file.with_suffix(".new").write_text("left by a killed run")
    server.state = State(**STATE)  # type: ignore[arg-type]  # the shape of the file
    server._write_state()
    assert json.loads(server.state_file.read_text()) == STATE
    assert stat.S_IMODE(server.state_file.stat().st_mode) == 0o600
    assert not server.state_file.with_suffix(".new").exists()


def test_a_dead_process_not_yet_fetched_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert postgres._alive(child.pid) is False
    child.wait()
    assert postgres._alive(child.pid) is False
    assert postgres._alive(os.getpid()) is True


@pytest.mark.skipif(AS_ROOT, reason="root may signal everybody")
def test_somebody_else_s_process_is_alive() -> None:
    assert postgres._alive(1) is True


def test_a_stubborn_server_is_asked_then_told_then_killed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    class Stubborn:
        def poll(self) -> None: ...

        def send_signal(self, sign: int) -> None:
            sent.append(sign)

        def wait(self, patience: float) -> int:
            if sent[-1] != signal.SIGKILL:
                raise subprocess.TimeoutExpired("postgres", patience)
            return -9

    server.process = Stubborn()  # type: ignore[assignment]  # plays the process
    server._end_process()
    assert (sent, server.process) == ([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], None)


def test_an_orphan_of_another_run_is_ended_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    now = iter(range(0, 10_000, 4))
    monkeypatch.setattr(postgres, "_alive", lambda _pid: signal.SIGKILL not in sent)
    monkeypatch.setattr(postgres.os, "kill", lambda _pid, sign: sent.append(sign))
    monkeypatch.setattr(postgres.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(postgres.time, "sleep", lambda _seconds: None)
    postgres._end_foreign(4_194_000)
    assert sent == [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]


def test_an_orphan_that_is_gone_already_is_no_fault() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    postgres._end_foreign(child.pid)


def test_stopping_what_was_never_started_is_nothing(folder: Path) -> None:
    server = Server(folder)
    server.stop()
    server.stop()
    assert (server.lives(), list(folder.iterdir())) == (False, [])


def test_a_wanted_port_that_is_taken_gives_another(folder: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert free_port(taken) not in {0, taken}


def test_the_database_of_a_home_is_the_same_to_the_index_after_a_stop_and_a_start(folder: Path) -> None:
    """Another port, another process: the identity by which the search index knows it stays."""
    import psycopg

    seen = []
    for _ in range(2):
        with Server(folder) as server, psycopg.connect(server.dsn("web", "renkei")) as connection:
            query = "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()"
            seen.append((connection.execute(query).fetchone(), server.dsn("web")))
    assert seen[0][0] == seen[1][0] is not None
    assert lines_of_processes(str(folder)) == []
    shutil.rmtree(folder / "postgres")
