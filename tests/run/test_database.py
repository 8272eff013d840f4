"""Which database is used, and which logins are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from renkei.run import database as chosen
from renkei.run.database import URLS, environment, faults_of_logins, urls_given
from renkei.run.fault import Fault
from renkei.run.home import Home
from tests import cluster

GIVEN = {name: f"postgresql://{part}:x@db.example/renkei" for part, name in URLS.items()}


@pytest.fixture
def urls(db: None) -> dict[str, str]:
    """The session's three logins, on the test database."""
    from django.db import connection

    return {name: make_conninfo(os.environ[name], dbname=connection.settings_dict["NAME"]) for name in URLS.values()}


@pytest.fixture
def changed() -> Iterator[None]:
    """Run a statement as superuser on the web login; undone afterwards."""
    yield
    assert cluster._server is not None
    with psycopg.connect(cluster._server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("ALTER ROLE renkei_web NOSUPERUSER NOBYPASSRLS")
        connection.execute("REVOKE renkei_owner FROM renkei_web")


def _as_superuser(statement: str) -> None:
    assert cluster._server is not None
    with psycopg.connect(cluster._server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement))  # type: ignore[arg-type]  # fixed statements of this file


def test_no_url_means_the_embedded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    assert urls_given() is None


def test_three_urls_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, url in GIVEN.items():
        monkeypatch.setenv(name, url)
    assert urls_given() == GIVEN


@pytest.mark.parametrize("missing", list(GIVEN))
def test_two_urls_are_refused_and_the_third_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, url in GIVEN.items():
        monkeypatch.setenv(name, url)
    monkeypatch.delenv(missing)
    with pytest.raises(Fault, match=f"{missing} も設定してください"):
        urls_given()


def test_right_logins_have_no_fault(urls: dict[str, str]) -> None:
    assert faults_of_logins(urls) == []


@pytest.mark.own_cluster
@pytest.mark.parametrize(("statement", "said"), [
    ("ALTER ROLE renkei_web SUPERUSER", "スーパーユーザー"),
    ("ALTER ROLE renkei_web BYPASSRLS", "行の保護を素通りできるログイン（BYPASSRLS）"),
    ("GRANT renkei_owner TO renkei_web", "表の所有者"),
])  # fmt: skip
def test_too_mighty_web_login_is_refused(urls: dict[str, str], changed: None, statement: str, said: str) -> None:
    _as_superuser(statement)
    assert faults_of_logins(urls) == [
        f"DATABASE_URL_WEB のログイン renkei_web は{said}です。権限のないログインに変えてください。"
    ]


def test_owner_as_worker_is_refused(urls: dict[str, str]) -> None:
    assert faults_of_logins(urls | {"DATABASE_URL_WORKER": urls["DATABASE_URL"]}) == [
        "DATABASE_URL_WORKER のログイン renkei_owner は表の所有者です。権限のないログインに変えてください。",
        "三つの宛先は、それぞれ別のログインにしてください（renkei doctor --sql で作り方が出ます）。",
    ]


def test_one_login_for_web_and_worker_is_refused(urls: dict[str, str]) -> None:
    assert faults_of_logins(urls | {"DATABASE_URL_WORKER": urls["DATABASE_URL_WEB"]}) == [
        "三つの宛先は、それぞれ別のログインにしてください（renkei doctor --sql で作り方が出ます）。"
    ]


def test_old_server_is_refused(urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen, "LOWEST_VERSION", 990_000)
    assert faults_of_logins(urls) == ["PostgreSQL 18 では動きません。17 以上にしてください。"]


def test_wrong_password_is_said_without_showing_it(urls: dict[str, str]) -> None:
    said = faults_of_logins(urls | {"DATABASE_URL_WEB": make_conninfo(urls["DATABASE_URL_WEB"], password="tell-nobody")})
    assert len(said) == 1
    assert said[0].startswith("DATABASE_URL_WEB につながりません")
    assert "tell-nobody" not in said[0]


def test_a_child_learns_its_own_login_only(tmp_path: Path) -> None:
    made = environment(Home(tmp_path), GIVEN, example=True, only="web")
    assert sorted(made) == ["DATABASE_URL_WEB", "RENKEI_EXAMPLE", "RENKEI_HOME", "RENKEI_SECRET_KEY"]
    assert made["RENKEI_EXAMPLE"] == "1"
    assert sorted(environment(Home(tmp_path), GIVEN, example=False)) == sorted([*GIVEN, "RENKEI_EXAMPLE", "RENKEI_HOME", "RENKEI_SECRET_KEY"])


def test_session_urls_name_three_logins() -> None:
    assert [conninfo_to_dict(os.environ[name])["user"] for name in URLS.values()] == [
        "renkei_owner", "renkei_web", "renkei_worker",
    ]  # fmt: skip
