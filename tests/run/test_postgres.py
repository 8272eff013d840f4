"""The supervisor's rules: each of them cost somebody a day."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from renkei.run import postgres
from renkei.run.postgres import PARTS, PostgresError, Server, State, free_port
from tests.run.conftest import AS_ROOT, REPO, lines_of_processes

only_root = pytest.mark.skipif(not AS_ROOT, reason="the rule is about root")


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """One running server for the tests that leave it as it was."""
    home = Path(tempfile.mkdtemp(prefix="rk-", dir="/var/tmp"))
    home.chmod(0o755)
    with Server(home, throw_away=True) as server:
        yield server
    assert lines_of_processes(str(home)) == []
    shutil.rmtree(home)


def _owner_of_process(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _rows(server: Server) -> list[int]:
    with psycopg.connect(server.dsn("owner", "renkei")) as connection:
        return [one for (one,) in connection.execute("SELECT n FROM kept ORDER BY n").fetchall()]


def _write(server: Server, number: int) -> None:
    with psycopg.connect(server.dsn("owner", "renkei")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


@only_root
def test_root_hands_over_to_an_existing_account(shared: Server) -> None:
    assert shared.state is not None
    assert _owner_of_process(shared.state.pid) == shared.data.stat().st_uid != 0


def test_server_has_no_socket_file_and_listens_on_loopback_only(shared: Server) -> None:
    with psycopg.connect(shared.dsn("postgres")) as connection:
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_nobody_enters_without_the_password(shared: Server) -> None:
    assert "trust" not in [
        line.split()[-1] for line in (shared.data / "pg_hba.conf").read_text().splitlines() if line[:1] not in {"", "#"}
    ]
    for part in ("postgres", *PARTS):
        for word in ("wrong", ""):
            with pytest.raises(psycopg.OperationalError, match="password|no password supplied"):
                psycopg.connect(shared.dsn(part), password=word)


def test_secrets_are_private_and_all_different(shared: Server) -> None:
    kept = json.loads((shared.place / "secrets.json").read_text())
    assert sorted(kept) == ["owner", "postgres", "web", "worker"]
    assert len(set(kept.values())) == 4
    assert all(len(word) >= 32 for word in kept.values())
    for name in ("secrets.json", "state.json", "postgres.log"):
        assert stat.S_IMODE((shared.place / name).stat().st_mode) == 0o600
    assert not (shared.place / "pw").exists()


def test_roles_can_do_no_more_than_they_must(shared: Server) -> None:
    with psycopg.connect(shared.dsn("postgres")) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin FROM pg_roles"
            " WHERE rolname LIKE 'renkei%' ORDER BY 1"
        ).fetchall()
    assert rows == [(f"renkei_{part}", False, False, False, True) for part in PARTS]


def test_text_is_japanese_on_every_machine(shared: Server) -> None:
    with psycopg.connect(shared.dsn("owner", "renkei")) as connection:
        row = connection.execute("SELECT lower('ＡＢＣ'), normalize('㈱', NFKC)").fetchone()
    assert row == ("ａｂｃ", "(株)")


def test_second_server_object_joins_and_leaves_without_stopping(shared: Server) -> None:
    other = Server(shared.home)
    assert other.start() == shared.state
    assert other.process is None
    other.stop()
    with psycopg.connect(shared.dsn("postgres")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_last_one_out_stops_what_another_started(folder: Path) -> None:
    first, second = Server(folder, throw_away=True), Server(folder)
    first.start()
    second.start()
    pid = first.state.pid if first.state else 0
    first.stop()
    _write(second, 1)
    second.stop()
    assert not postgres._alive(pid)
    assert lines_of_processes(str(folder)) == []


def test_data_survives_stop_and_start(folder: Path) -> None:
    with Server(folder) as server:
        _write(server, 7)
    with Server(folder) as server:
        assert _rows(server) == [7]


def test_stop_is_fast_and_takes_its_state_with_it(folder: Path) -> None:
    server = Server(folder, throw_away=True)
    server.start()
    busy = psycopg.connect(server.dsn("owner", "renkei"))  # an open connection must not hold it up
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 5
    assert not server.state_file.exists()
    with contextlib.suppress(psycopg.Error):
        busy.close()


@pytest.mark.storm
def test_killed_server_is_started_again_with_every_row(folder: Path) -> None:
    server = Server(folder)
    server.start()
    _write(server, 1)
    assert server.state is not None
    port = server.state.port
    os.kill(server.state.pid, signal.SIGKILL)
    time.sleep(0.05)
    server.start()
    assert _rows(server) == [1]
    assert server.state.port == port
    server.stop()


@pytest.mark.storm
def test_orphan_of_a_killed_run_is_found_used_and_stopped(folder: Path, environment: dict[str, str]) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from renkei.run.postgres import Server;"
        f"s = Server(Path({str(folder)!r})); s.start(); print(s.state.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    assert postgres._alive(pid)
    server = Server(folder)
    assert server.start().pid == pid
    server.stop()
    assert lines_of_processes(str(folder)) == []


@pytest.mark.storm
@pytest.mark.parametrize("state", [None, "garbage", '{"port": 1, "pid": 999999, "data": "/x", "passwords": {"postgres": "x"}}'])
def test_lost_or_stale_state_file_is_no_obstacle(folder: Path, state: str | None) -> None:
    first = Server(folder)
    first.start()
    pid = first.state.pid if first.state else 0
    first.state_file.unlink()
    if state is not None:
        first.state_file.write_text(state)
    second = Server(folder)
    assert second.start().pid == pid
    first.stop()
    second.stop()
    assert not postgres._alive(pid)


def test_stale_lock_file_of_a_dead_process_is_no_obstacle(folder: Path) -> None:
    with Server(folder) as server:
        port = server.state.port if server.state else 0
    lock = f"{os.getpid()}\n{server.data}\n1\n{port}\n\n127.0.0.1\n1 1\nready\n"  # a living pid that is not PostgreSQL
    (server.data / "postmaster.pid").write_text(lock.replace(str(os.getpid()), "4194000"))
    if AS_ROOT:
        os.chown(server.data / "postmaster.pid", server.data.stat().st_uid, server.data.stat().st_gid)
    with Server(folder) as again:
        assert again.process is not None


def test_failed_start_leaves_no_server_and_says_where_to_look(folder: Path) -> None:
    with Server(folder):
        pass
    conf = folder / "postgres" / "data" / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nno_such_setting = 1\n")
    begun = time.monotonic()
    with pytest.raises(PostgresError, match=r"postgres\.log の終わりを見てください"):
        Server(folder).start()
    assert time.monotonic() - begun < 10
    assert lines_of_processes(str(folder)) == []


def test_failure_after_the_launch_stops_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Server, _passwords: dict[str, str]) -> None:
        raise PostgresError("roles")

    monkeypatch.setattr(Server, "_make_roles", fail)
    with pytest.raises(PostgresError, match="roles"):
        Server(folder, throw_away=True).start()
    assert lines_of_processes(str(folder)) == []


def test_old_server_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOWEST_VERSION", 990_000)
    with pytest.raises(PostgresError, match="PostgreSQL 17 以上が要ります"):
        Server(folder, throw_away=True).start()
    assert lines_of_processes(str(folder)) == []


def test_failed_initdb_leaves_no_half_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        return real([*command, "--no-such-option"], **options)

    monkeypatch.setattr(postgres.subprocess, "run", run)
    with pytest.raises(PostgresError, match="initdb が失敗しました"):
        Server(folder).start()
    assert not (folder / "postgres" / "data").exists()


def test_server_of_another_home_is_never_joined(shared: Server, folder: Path) -> None:
    """A failed run once left a server on the port, and the next one silently talked to the wrong data."""
    other = Server(folder)
    (folder / "postgres").mkdir()
    assert shared.state is not None
    wrong = State(shared.state.port, shared.state.pid, str(other.data), shared.state.passwords)
    assert other._answers(wrong) is False
    assert other.running() is None


def test_server_holds_nobodys_pipe(folder: Path, environment: dict[str, str]) -> None:
    """``out=$(renkei ...)`` returns though the server lives on."""
    script = (
        "from pathlib import Path; from renkei.run.postgres import Server;"
        f"s = Server(Path({str(folder)!r})); s.start(); print(s.state.pid); s._use.close(); s._use = None"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=40)
    assert time.monotonic() - begun < 30
    assert os.readlink(f"/proc/{int(done.stdout)}/fd/0") == "/dev/null"
    Server(folder).__enter__().stop()
    assert lines_of_processes(str(folder)) == []


def test_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "postgres").mkdir()
    monkeypatch.setattr("renkei.run.programs.os.geteuid", lambda: 4242)
    with pytest.raises(PostgresError, match="別の利用者のものです"):
        Server(folder).start()


@only_root
def test_root_below_a_private_folder_keeps_its_data_elsewhere(folder: Path) -> None:
    folder.chmod(0o700)
    server = Server(folder / "home")
    try:
        with server:
            assert server.place.parent == Path("/var/tmp/renkei")
            assert stat.S_IMODE(server.place.parent.stat().st_mode) & 0o022 == 0
            _write(server, 5)
        folder.chmod(0o755)
        assert Server(folder / "home").place == server.place  # opened up later: the data stay where they are
    finally:
        shutil.rmtree(server.place)


def test_ordinary_user_runs_it_in_the_home(folder: Path, environment: dict[str, str], ordinary: dict[str, Any]) -> None:
    if ordinary["as"]:
        os.chown(folder, ordinary["as"]["user"], ordinary["as"]["group"])
    script = (
        "from pathlib import Path; import psycopg; from renkei.run.postgres import Server;"
        f"s = Server(Path({str(folder)!r}));\n"
        "with s: print(s.place, psycopg.connect(s.dsn('web', 'renkei')).execute('SELECT 6 * 7').fetchone()[0])"
    )
    done = subprocess.run([ordinary["python"], "-c", script], env=environment | {"PYTHONPATH": os.pathsep.join(ordinary["path"] or [str(REPO)])}, capture_output=True, text=True, check=False, cwd="/", **ordinary["as"])
    assert (done.stdout.split(), done.stderr) == ([str(folder / "postgres"), "42"], "")
    assert lines_of_processes(str(folder)) == []


def test_free_port_prefers_the_wanted_one() -> None:
    wanted = free_port()
    assert free_port(wanted) == wanted


def test_dsn_before_the_start_is_refused(folder: Path) -> None:
    with pytest.raises(PostgresError):
        Server(folder).dsn("web")
