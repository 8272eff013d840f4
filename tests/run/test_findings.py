"""The doctor's findings one by one, in both languages, each with its mend, and that the mend mends."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from renkei.base.actor import SYSTEM
from renkei.matching import index as matching_index
from renkei.matching import vectors as matching_vectors
from renkei.matching.actions import EntryRow, put_entries
from renkei.run import doctor
from renkei.run.cli import main
from renkei.run.doctor import Finding
from renkei.run.home import Home
from renkei.run.postgres import free_port
from tests import cluster
from tests.world import World

URLS = {"owner": "DATABASE_URL", "web": "DATABASE_URL_WEB", "worker": "DATABASE_URL_WORKER"}


@pytest.fixture
def home(folder: Path) -> Home:
    return Home(folder)


def bad(finding: Finding) -> list[str]:
    """Return both lines of a bad finding in both languages."""
    assert not finding.good
    return [line.strip(" ×→") for english in (False, True) for line in finding.line(english=english).splitlines()]


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(("mode", "good"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o620, False), (0o601, False)])
def test_a_key_is_private_when_nobody_else_may_do_anything(home: Home, mode: int, good: bool) -> None:
    home.secret_key()
    (home.path / "secret.key").chmod(mode)
    assert doctor.writable(home).good is good


def test_both_key_files_are_named(home: Home) -> None:
    (home.path / "postgres").mkdir()
    for file in (home.path / "secret.key", home.path / "postgres" / "secrets.json"):
        file.write_text("x")
        file.chmod(0o644)
    assert bad(doctor.writable(home)) == [
        "鍵のファイル secret.key、secrets.json をほかの人が読めます",
        "chmod 600 で secret.key、secrets.json を自分だけが読めるようにしてください。",
        "key files others can read: secret.key、secrets.json", "Run chmod 600 on secret.key、secrets.json.",
    ]  # fmt: skip
    for file in (home.path / "secret.key", home.path / "postgres" / "secrets.json"):
        file.chmod(0o600)
    assert doctor.writable(home).line() == f"✓ 置き場所 {home.path} は読み書きでき、鍵はほかの人に読めません"


def test_a_new_home_has_no_key_that_could_be_read(home: Home) -> None:
    assert doctor.writable(home).good


@pytest.mark.parametrize(
    ("free", "good", "shown"), [(500_000_000, True, "500"), (499_999_999, False, "499"), (0, False, "0"), (12_345_678_901, True, "12,345")]
)
def test_disk_space_is_enough_from_the_limit_on(home: Home, monkeypatch: pytest.MonkeyPatch, free: int, good: bool, shown: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": free})())
    found = doctor.disk(home.path)
    assert (found.good, found.what, found.what_en) == (good, f"ディスクの空き {shown}MB", f"disk space free: {shown} MB")
    assert found.mend == f"{home.path} のあるディスクを500MB以上空けてください。"


def test_looking_at_the_port_leaves_it_and_the_home_free(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    for _ in range(2):
        assert doctor.port_free(home).good
    with home.served("http://127.0.0.1:1"):
        pass


def test_a_running_serve_keeps_its_address_in_the_lock(home: Home) -> None:
    with home.served("http://127.0.0.1:4321"):
        assert doctor.port_free(home).what_en == "Renkei is running now"
        assert (home.path / "serve.lock").read_text() == "http://127.0.0.1:4321"


@pytest.mark.parametrize(("number", "good", "shown"), [(170_000, True, "17.0"), (180_006, True, "18.6"), (169_999, False, "16.9999"), (150_018, False, "15.18")])
def test_postgresql_from_17_on_is_good(monkeypatch: pytest.MonkeyPatch, number: int, good: bool, shown: str) -> None:
    class Old:
        info = type("Info", (), {"server_version": number})

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_error: object) -> None: ...

    monkeypatch.setattr(psycopg, "connect", lambda *_given, **_named: Old())
    found = doctor.version("postgresql://db.example/renkei")
    assert (found.good, found.what) == (good, f"PostgreSQL {shown}")
    assert (found.mend, found.mend_en) == ("PostgreSQL 17 以上に上げてください。", "Move to PostgreSQL 17 or newer.")


def test_a_missing_role_is_named_by_its_address(db: None) -> None:
    urls = {name: os.environ[name] for name in URLS.values()}
    user = psycopg.conninfo.conninfo_to_dict(urls["DATABASE_URL_WORKER"])["user"]
    lines = bad(doctor.logins(urls | {"DATABASE_URL_WORKER": urls["DATABASE_URL_WORKER"].replace(str(user), "nobody_here")}))
    assert (lines[0], lines[2]) == ("ログインに問題があります", "the logins are not as they must be")
    assert lines[1].startswith("DATABASE_URL_WORKER につながりません（")
    assert lines[1].endswith("）。宛先とパスワードを確かめてください。")
    assert "renkei doctor --sql" in lines[3]


def test_a_missing_database_is_named_without_its_password(db: None) -> None:
    urls = {name: os.environ[name].rsplit("/", 1)[0] + "/no_such_database" for name in URLS.values()}
    [_what, mend, *_english] = bad(doctor.logins(urls))
    assert [name for name in URLS.values() if f"{name} につながりません" not in mend] == []
    words = [psycopg.conninfo.conninfo_to_dict(url)["password"] for url in urls.values()]
    assert [word for word in words if str(word) in mend] == []


@pytest.mark.parametrize("missing", [["pg_trgm"], ["btree_gist"], ["pg_trgm", "btree_gist"]])
def test_each_missing_extension_is_named(monkeypatch: pytest.MonkeyPatch, home: Home, missing: list[str]) -> None:
    have = [("plpgsql",), *[(name,) for name in doctor.EXTENSIONS if name not in missing]]
    monkeypatch.setattr(doctor, "_rows", lambda _query: have)
    assert bad(doctor.extensions(home)) == [
        f"PostgreSQL の拡張 {'、'.join(missing)} がありません", "所有者のログインで renkei migrate を動かしてください。",
        f"extensions missing: {', '.join(missing)}", "Run renkei migrate as the owner.",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_waiting_migrations_are_counted_and_the_first_named(monkeypatch: pytest.MonkeyPatch, home: Home, count: int) -> None:
    monkeypatch.setattr(doctor, "left_half_way", lambda: "")
    monkeypatch.setattr(doctor, "pending_migrations", lambda: [f"plan.{n:04}_x" for n in range(count)])
    assert bad(doctor.migrations(home)) == [
        f"まだ当てていない変更が{count}件あります（plan.0000_x など）", "renkei migrate を動かしてください。",
        f"{count} migrations are not applied (plan.0000_x ...)", "Run renkei migrate.",
    ]  # fmt: skip


def test_tables_left_half_way_are_told_before_anything_is_counted(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    monkeypatch.setattr(doctor, "left_half_way", lambda: "前の版で済ませてください。")
    monkeypatch.setattr(doctor, "pending_migrations", lambda: pytest.fail("the loader cannot read such a state"))
    assert bad(doctor.migrations(home)) == [
        "表が前の版の途中で止まっています", "前の版で済ませてください。",
        "tables stopped half-way in an older version", "Finish renkei migrate with version 3709647, then start this one.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT DELETE ON cases_case TO renkei_web", "GRANT UPDATE ON audit_event TO renkei_worker", "REVOKE SELECT ON cases_case FROM renkei_web",
        "REVOKE INSERT ON cases_case FROM renkei_worker", "GRANT TRUNCATE ON plan_body TO renkei_web",
    ],
)  # fmt: skip
def test_a_right_too_many_or_too_few_is_found_and_migrate_mends_it(db: None, home: Home, statement: str) -> None:
    from renkei.base.grants import apply_grants

    apply_grants()
    execute(statement)
    lines = bad(doctor.grants(home))
    _verb, _right, _on, table, _to, role = statement.split()
    assert lines[0] == f"権限が決まりと違う表が1個あります（{role}: {table}）"
    assert lines[1:] == ["renkei migrate を動かすと、権限が整います。", f"rights differ on 1 tables ({role}: {table})", "Run renkei migrate: it sets the rights again."]
    apply_grants()
    assert doctor.grants(home).good


def test_a_stale_index_is_found_by_every_way_it_can_be_stale(world: World, home: Home, settings: Any) -> None:
    settings.RENKEI_HOME = home.path
    mend = "renkei serve を起動し直すと作り直します。"

    def stale() -> bool:
        found = doctor.index(home)
        assert found.good or (found.what, found.mend) == ("検索の索引が無いか、古くなっています", mend)
        return not found.good

    matching_index.rebuild()
    assert not stale()
    put_entries([EntryRow(id="X", kind="seed", name="新しい種")], kept_by="t", by=SYSTEM)
    assert stale()
    matching_index.ensure()
    assert not stale()
    shutil.rmtree(next((home.path / "index").glob("build-*")))
    assert stale()


def test_missing_vectors_are_told_with_the_line_that_brings_them(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENKEI_VECTORS", str(tmp_path))
    monkeypatch.setattr(matching_vectors, "table", lambda: None)
    lines = bad(doctor.vectors(home))
    assert lines[0] == "言葉の意味の近さの表（ja-ginza）が入っていません。言葉の一致だけで探します。"
    assert lines[1] == "pip install --no-deps --require-hashes -r requirements/vectors.txt で入ります。"
    assert lines[2] == "word vectors (ja-ginza) are missing"
    (tmp_path / "vectors").touch()
    assert bad(doctor.vectors(home))[0] == "言葉の意味の近さの表（ja-ginza）が壊れています。言葉の一致だけで探します。"
    monkeypatch.setattr(matching_vectors, "table", object)
    assert doctor.vectors(home).line() == "✓ 言葉の意味の近さの表（ja-ginza）があります"


@pytest.fixture
def empty_database() -> Iterator[Callable[[], dict[str, str]]]:
    """Return a function that makes a database without a single table; dropped afterwards."""
    assert cluster._server is not None
    superuser = cluster._server.dsn("postgres")

    def make() -> dict[str, str]:
        with psycopg.connect(superuser, autocommit=True) as server:
            server.execute("CREATE DATABASE doctor_empty OWNER renkei_owner TEMPLATE template0")
        return {name: os.environ[name].rsplit("/", 1)[0] + "/doctor_empty" for name in URLS.values()}

    yield make
    with psycopg.connect(superuser, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS doctor_empty WITH (FORCE)")


@pytest.mark.own_cluster
def test_a_database_without_a_table_is_described_to_the_end(empty_database: Callable[[], dict[str, str]], renkei: Any) -> None:
    done = renkei("doctor", PORT=str(free_port()), **empty_database())
    faults = [line[2:] for line in done.stdout.splitlines() if line.startswith("×")]
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert faults[0] == "PostgreSQL の拡張 pg_trgm、btree_gist がありません"
    assert faults[1].startswith("まだ当てていない変更が")
    assert [fault for fault in faults if fault.startswith(("公開された", "検索の索引"))] == [
        "公開された連携支援計画がありません", "検索の索引が無いか、古くなっています",
    ]  # fmt: skip


def test_a_real_home_asked_to_be_the_example_is_told_as_what_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Home(folder).remember_mode(example=False)
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setenv("RENKEI_EXAMPLE", "1")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("× 置き場所を使えません\n    → ")
    assert "例示（RENKEI_EXAMPLE=1）では開けません" in shown


def test_a_home_that_cannot_be_written_is_not_said_to_be_writable(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_file: Path, *_given: Any, **_named: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setattr(Path, "touch", refuse)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == (
        "× 置き場所を使えません\n"
        f"    → {folder} に書けません（Read-only file system）。権限を直すか、RENKEI_HOME で別の場所を指定してください。\n"
    )  # fmt: skip


def test_half_given_addresses_leave_the_other_findings_standing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.delenv("DATABASE_URL_WEB")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("✓") == 3
    assert "× データベースにつながりません\n    → データベースの宛先が足りません。DATABASE_URL_WEB も設定してください。" in shown


@pytest.mark.parametrize("text", ["abc", "0", "99999"])
def test_a_wrong_port_does_not_keep_the_doctor_from_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    monkeypatch.setenv("PORT", text)
    monkeypatch.delenv("DATABASE_URL_WEB")
    assert main(["doctor"]) == 1
    said = [line for line in capsys.readouterr().out.splitlines() if line[0] in "✓×"]
    assert [line[0] for line in said] == ["✓", "✓", "×", "×"]
    assert said[2:] == ["× PORT が正しくありません", "× データベースにつながりません"]


@pytest.mark.parametrize(
    ("urls", "roles"),
    [
        ({}, ["renkei_owner", "renkei_web", "renkei_worker"]),
        ({part: f"postgresql://{part}_of_ours:x@db.example/renkei" for part in URLS}, ["owner_of_ours", "web_of_ours", "worker_of_ours"]),
    ],
)
def test_the_sql_names_the_logins_of_the_addresses(monkeypatch: pytest.MonkeyPatch, urls: dict[str, str], roles: list[str]) -> None:
    for part, name in URLS.items():
        monkeypatch.delenv(name, raising=False)
        if urls:
            monkeypatch.setenv(name, urls[part])
    lines = doctor.roles_sql().splitlines()
    made = [line.split()[2] for line in lines if line.startswith("CREATE ROLE")]
    assert made == roles
    assert [line for line in lines if line.startswith("CREATE DATABASE")] == [f"CREATE DATABASE renkei OWNER {roles[0]} TEMPLATE template0 ENCODING 'UTF8'"]
    assert [line for line in lines if line.startswith("CREATE ROLE") and "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE" not in line] == []
