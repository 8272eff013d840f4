"""Choose the database: three URLs when given, the embedded server of the home otherwise. Start Django on it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.postgres import LOWEST_VERSION, Server

URLS = {"owner": "DATABASE_URL", "web": "DATABASE_URL_WEB", "worker": "DATABASE_URL_WORKER"}

_ROLE = """
    SELECT r.rolsuper, r.rolbypassrls,
           EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'public' AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
           OR EXISTS (SELECT 1 FROM pg_database d WHERE d.datname = current_database()
                      AND pg_has_role(r.oid, d.datdba, 'MEMBER'))
    FROM pg_roles r WHERE r.rolname = current_user
"""


@dataclass(frozen=True, slots=True)
class Database:
    """The chosen database: its addresses by environment name, and the embedded server when we run it."""

    urls: dict[str, str]
    server: Server | None = None


def urls_given() -> dict[str, str] | None:
    """Return the three addresses of the environment, or None. Raises Fault when only some are set."""
    given = {name: os.environ[name] for name in URLS.values() if os.environ.get(name)}
    if not given:
        return None
    if missing := [name for name in URLS.values() if name not in given]:
        raise Fault(f"データベースの宛先が足りません。{'、'.join(missing)} も設定してください。三つとも無ければ内蔵のデータベースを使います。")
    return given


@contextlib.contextmanager
def database(home: Home) -> Iterator[Database]:
    """Give a running database for the length of a command; an embedded server stops with its last user."""
    if given := urls_given():
        yield Database(given)
        return
    with Server(home.path) as server:
        yield Database(server.environment(), server)


def faults_of_logins(urls: dict[str, str]) -> list[str]:
    """Return in words why these logins (all three, or those a node knows) may not run Renkei; empty when they may.

    Web and worker must be bound by the policies: not the owner nor one of its members, no superuser, no BYPASSRLS.
    """
    faults: list[str] = []
    users: dict[str, str] = {}
    for part, name in URLS.items():
        if name not in urls:
            continue
        try:
            with psycopg.connect(urls[name], connect_timeout=5) as connection:
                users[part] = connection.info.user
                if connection.info.server_version < LOWEST_VERSION:
                    faults.append(f"PostgreSQL {connection.info.server_version // 10_000} では動きません。17 以上にしてください。")
                if part != "owner":
                    faults += _faults_of_role(connection, name)
        except psycopg.OperationalError as error:
            faults.append(f"{name} につながりません（{str(error).splitlines()[0]}）。宛先とパスワードを確かめてください。")
    if len(set(users.values())) < len(users):
        faults.append("三つの宛先は、それぞれ別のログインにしてください（renkei doctor --sql で作り方が出ます）。")
    return list(dict.fromkeys(faults))


def _faults_of_role(connection: psycopg.Connection, name: str) -> list[str]:
    row = connection.execute(_ROLE).fetchone()
    is_super, bypasses, owns = row or (False, False, False)
    user = connection.info.user
    said = {
        "スーパーユーザー": is_super, "行の保護を素通りできるログイン（BYPASSRLS）": bypasses, "表の所有者": owns and not is_super,
    }  # fmt: skip
    return [f"{name} のログイン {user} は{what}です。権限のないログインに変えてください。" for what, holds in said.items() if holds]


def start_django(home: Home, urls: dict[str, str], *, login: str, example: bool) -> None:
    """Set the environment our settings read, and start Django in this process as one of the three logins."""
    os.environ.update(environment(home, urls, example=example))
    os.environ["RENKEI_LOGIN"] = login
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings.base")
    import django

    django.setup()


def environment(home: Home, urls: dict[str, str], *, example: bool, only: str | None = None) -> dict[str, str]:
    """Return what a process of this installation needs; ``only`` leaves out the other logins' passwords."""
    chosen = {name: url for part, name in URLS.items() if only in {None, part} for url in [urls[name]]}
    return chosen | {
        "RENKEI_HOME": str(home.path), "RENKEI_SECRET_KEY": os.environ.get("RENKEI_SECRET_KEY") or home.secret_key(),
        "RENKEI_EXAMPLE": "1" if example else "",
    }  # fmt: skip
