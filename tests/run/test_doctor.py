"""The doctor, on an installation made wrong in each way it knows."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from renkei import post
from renkei.base.grants import apply_grants, wrong_grants
from renkei.run import doctor
from renkei.run.cli import main
from renkei.run.doctor import Finding
from renkei.run.home import Home
from renkei.run.postgres import free_port
from tests.world import World


@pytest.fixture
def home(folder: Path) -> Home:
    return Home(folder)


def _line(finding: Finding) -> tuple[bool, str]:
    return finding.good, finding.line()


def test_line_says_what_and_how_in_both_languages() -> None:
    bad = Finding("壊れています", "is broken", good=False, mend="直してください。", mend_en="Mend it.")
    assert bad.line() == "× 壊れています\n    → 直してください。"
    assert bad.line(english=True) == "× is broken\n    → Mend it."
    assert Finding("良いです", "is good", good=True).line() == "✓ 良いです"


def test_keys_others_can_read_are_found(home: Home) -> None:
    home.secret_key()
    assert doctor.writable(home).good
    (home.path / "secret.key").chmod(0o644)
    assert _line(doctor.writable(home)) == (
        False, "× 鍵のファイル secret.key をほかの人が読めます\n    → chmod 600 で secret.key を自分だけが読めるようにしてください。",
    )  # fmt: skip


def test_full_disk_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.disk(home.path).good
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 120_000_000})())
    good, line = _line(doctor.disk(home.path))
    assert (good, line.splitlines()[0]) == (False, "× ディスクの空き 120MB")


def test_taken_port_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert _line(doctor.port_free(home)) == (
            False, f"× ポート {port} はほかのプログラムが使っています\n    → そのプログラムを止めるか、PORT={port + 1} のように別の番号を指定してください。",
        )  # fmt: skip
    assert _line(doctor.port_free(home)) == (True, f"✓ ポート {port} は空いています")


def test_our_own_server_on_the_port_is_no_fault(home: Home) -> None:
    with home.served("http://127.0.0.1:1"):
        assert _line(doctor.port_free(home)) == (True, "✓ 連携はいま動いています")


def test_version_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.version(os.environ["DATABASE_URL"]).good
    monkeypatch.setattr(doctor, "LOWEST_VERSION", 990_000)
    assert doctor.version(os.environ["DATABASE_URL"]).line().splitlines()[1] == "    → PostgreSQL 17 以上に上げてください。"


def test_wrong_logins_are_found() -> None:
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")}
    assert doctor.logins(urls).good
    found = doctor.logins(urls | {"DATABASE_URL_WEB": urls["DATABASE_URL_WORKER"]})
    assert (found.good, found.what) == (False, "ログインに問題があります")


def test_missing_extension_is_found(db: None, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.extensions(home).good
    monkeypatch.setattr(doctor, "EXTENSIONS", ("pg_trgm", "hstore"))
    assert doctor.extensions(home).what == "PostgreSQL の拡張 hstore がありません"


def test_unapplied_migration_is_found(db: None, home: Home) -> None:
    assert doctor.migrations(home).good
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'post'")
    found = doctor.migrations(home)
    assert found.good is False
    there = len(list((Path(post.__file__).parent / "migrations").glob("0*.py")))
    assert found.what == f"まだ当てていない変更が{there}件あります（post.0001_joined など）"
    assert found.mend == "renkei migrate を動かしてください。"


def test_touched_rights_are_found_and_mended(db: None, home: Home) -> None:
    apply_grants()
    assert doctor.grants(home).good
    with connection.cursor() as cursor:
        cursor.execute("GRANT DELETE ON cases_case TO renkei_web")
    assert wrong_grants() == ["renkei_web: cases_case"]
    assert doctor.grants(home).what == "権限が決まりと違う表が1個あります（renkei_web: cases_case）"
    apply_grants()
    assert doctor.grants(home).good


def test_missing_plan_is_found(db: None, home: Home) -> None:
    assert _line(doctor.plan(home)) == (
        False,
        "× 公開された連携支援計画がありません\n    → renkei plan publish フォルダ で計画を公開してください。",
    )


def test_published_plan_is_seen(world: World, home: Home) -> None:
    assert doctor.plan(home).good


def test_stale_index_is_found_and_mended(world: World, home: Home, settings: Any) -> None:
    from renkei.matching.index import rebuild

    settings.RENKEI_HOME = home.path
    assert doctor.index(home).good is False
    rebuild()
    assert doctor.index(home).good is True


def test_missing_vectors_are_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENKEI_VECTORS", str(home.path / "nowhere"))
    monkeypatch.setattr("renkei.matching.vectors.table", lambda: None)
    found = doctor.vectors(home)
    assert found.good is False
    assert "requirements/vectors.txt" in found.mend
    assert "requirements/vectors.txt" in found.mend_en


@pytest.fixture
def urls_of_test(db: None, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Let the command look at the test database."""
    for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER"):
        base, _, _ = os.environ[name].rpartition("/")
        monkeypatch.setenv(name, f"{base}/{connection.settings_dict['NAME']}")
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setenv("RENKEI_EXAMPLE", "")
    monkeypatch.setattr(doctor, "_closed", __import__("contextlib").nullcontext)
    monkeypatch.setenv("PORT", str(free_port()))
    return


def test_command_ends_with_1_and_names_every_fault(urls_of_test: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "× 公開された連携支援計画がありません" in said
    assert said.count("✓") >= 7


def test_command_speaks_english(urls_of_test: None, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--en"])
    said = capsys.readouterr().out
    assert "× no plan is published\n    → Publish one: renkei plan publish FOLDER." in said
    assert not any("\u3040" <= letter <= "\u30ff" for letter in said)


def test_unreachable_database_is_told(monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER"):
        monkeypatch.setenv(name, "postgresql://renkei@127.0.0.1:1/renkei")
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    assert main(["doctor"]) == 1
    assert "× データベースにつながりません" in capsys.readouterr().out


def test_home_in_the_way_is_told(monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("RENKEI_HOME", str(folder / "file" / "home"))
    assert main(["doctor"]) == 1
    assert "RENKEI_HOME で別の場所を指定してください" in capsys.readouterr().out


@pytest.mark.own_cluster
def test_sql_makes_logins_that_pass(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the doctor prints is run on a server, and the doctor is content with the logins."""
    from renkei.run.database import faults_of_logins
    from tests import cluster

    assert cluster._server is not None
    for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER"):
        monkeypatch.delenv(name)
    assert main(["doctor", "--sql"]) == 0
    script = capsys.readouterr().out.replace("renkei_", "printed_").replace("DATABASE renkei", "DATABASE printed")
    superuser = cluster._server.dsn("postgres")
    statements = [one.strip() for one in script.split(";") if any(not line.startswith("--") for line in one.strip().splitlines())]
    with psycopg.connect(superuser, autocommit=True) as server:
        for one in statements:
            server.execute(one)  # type: ignore[call-overload]  # the text under test
    port = psycopg.conninfo.conninfo_to_dict(superuser)["port"]
    urls = {
        name: f"postgresql://printed_{part}:change-me-{part}@127.0.0.1:{port}/printed"
        for part, name in (("owner", "DATABASE_URL"), ("web", "DATABASE_URL_WEB"), ("worker", "DATABASE_URL_WORKER"))
    }
    assert faults_of_logins(urls) == []
    with psycopg.connect(superuser, autocommit=True) as server:
        server.execute("DROP DATABASE printed")
        for part in ("owner", "web", "worker"):
            server.execute(f"DROP ROLE printed_{part}")  # type: ignore[call-overload]  # fixed names


def test_an_encoder_that_is_plugged_in_and_cannot_start_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from renkei.matching import encoders

    monkeypatch.delenv("RENKEI_ENCODER", raising=False)
    assert doctor.encoder(home).good
    monkeypatch.setenv("RENKEI_ENCODER", "nowhere:load")
    encoders.encoder.cache_clear()
    found = doctor.encoder(home)
    encoders.encoder.cache_clear()
    assert not found.good
    assert "nowhere:load" in found.what
    assert "requirements/encoder.txt" in found.mend
    assert "requirements/encoder.txt" in found.mend_en
