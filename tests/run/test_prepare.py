"""Bringing a home up to date: only what is missing, in order, and what a command speaks on which stream."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from renkei.base.actor import SYSTEM
from renkei.matching import index
from renkei.matching.actions import EntryRow, put_entries
from renkei.plan.models import PlanVersion
from renkei.run import prepare, ready, say
from renkei.run.database import Database
from renkei.run.fault import Fault
from renkei.run.home import Home
from tests.world import World

URLS = {name: f"postgresql://{name.lower()}@127.0.0.1:1/x" for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")}


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down which steps of preparing are taken, and take none."""
    steps: list[str] = []
    for name in ("migrate", "publish_plans", "load_region", "build_index", "collect_static"):
        monkeypatch.setattr(prepare, name, lambda *_given, step=name: steps.append(step))
    monkeypatch.setattr(prepare, "start_django", lambda *_given, login, example: steps.append(f"django as {login}, example {example}"))
    monkeypatch.setattr(prepare, "faults_of_logins", lambda _urls: [])
    monkeypatch.setattr("django.db.connection.close", lambda: steps.append("closed"))
    return steps


@pytest.fixture
def own_index(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.RENKEI_HOME = tmp_path
    index.forget()
    yield tmp_path
    index.forget()


def test_everything_comes_in_its_order_and_the_connection_is_closed(folder: Path, book: list[str]) -> None:
    prepare.prepare(Home(folder), Database(URLS), example=True)
    assert book == [
        "django as owner, example True", "migrate", "publish_plans", "load_region", "build_index", "collect_static", "closed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("example", "with_pages", "missing"),
    [(False, True, {"load_region"}), (True, False, {"collect_static"}), (False, False, {"load_region", "collect_static"})],
)
def test_a_real_home_gets_no_made_up_firms_and_a_command_no_pages(
    folder: Path, book: list[str], example: bool, with_pages: bool, missing: set[str]
) -> None:
    prepare.prepare(Home(folder), Database(URLS), example=example, with_pages=with_pages)
    assert {"migrate", "publish_plans", "load_region", "build_index", "collect_static"} - set(book) == missing


def test_wrong_logins_stop_it_before_anything_is_touched(folder: Path, book: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "faults_of_logins", lambda _urls: ["一つめ。", "二つめ。"])
    with pytest.raises(Fault, match="^一つめ。\n二つめ。$"):
        prepare.prepare(Home(folder), Database(URLS), example=True)
    assert (book, list(folder.iterdir())) == ([], [])


def test_a_home_is_remembered_once_its_tables_are_made(folder: Path, book: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that fails on the tables decides nothing: the next one may still be the example, or not."""

    def fail() -> None:
        raise Fault("表が作れません。")

    home = Home(folder)
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "migrate", fail)
        with pytest.raises(Fault):
            prepare.prepare(home, Database(URLS), example=True)
    assert home.is_new()
    prepare.prepare(home, Database(URLS), example=False)
    assert (folder / "mode").read_text() == "real"


def _joined() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Every migration that stands for older ones, with their names."""
    return {key: one.replaces for key, one in MigrationLoader(None).disk_migrations.items() if one.replaces}


def _as_before_joining() -> list[tuple[str, str]]:
    """Make the log of migrations what the last version before the joining left; returns the older names."""
    recorder = MigrationRecorder(connection)
    older = [name for names in _joined().values() for name in names]
    for key in _joined():
        recorder.record_unapplied(*key)
    for name in older:
        recorder.record_applied(*name)
    return older


def test_a_database_of_the_last_version_before_goes_on_without_a_step(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Functions and policies are there already: a step taken twice would stop at the first of them."""
    assert {app for app, _ in _joined()} == {"accounts", "post", "companies", "cases"}
    _as_before_joining()
    assert (prepare.left_half_way(), prepare.pending_migrations()) == ("", [])
    assert not _joined().keys() & MigrationRecorder(connection).applied_migrations().keys()
    prepare.migrate()
    assert capsys.readouterr().out == ""
    assert _joined().keys() <= MigrationRecorder(connection).applied_migrations().keys()
    assert prepare.pending_migrations() == []


@pytest.mark.parametrize("app", ["accounts", "post", "companies", "cases"])
def test_a_database_that_stopped_half_way_is_told_which_version_ends_it(db: None, app: str) -> None:
    _as_before_joining()
    older = _joined()[app, "0001_joined"]
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(*older[-1])
    said = (
        f"データベースの表（{app}）が、前の版の途中（{len(older)}段のうち{len(older) - 1}段）で止まっています。"
        f"版 {prepare.BEFORE_JOINING} で renkei migrate を済ませてから、この版を始めてください。"
    )
    assert prepare.left_half_way() == said
    for call in (prepare.pending_migrations, prepare.migrate):
        with pytest.raises(Fault, match=f"^{re.escape(said)}$"):
            call()
    for name in older[1:-1]:
        recorder.record_unapplied(*name)
    assert f"（{len(older)}段のうち1段）" in prepare.left_half_way()
    recorder.record_unapplied(*older[0])
    assert prepare.left_half_way() == ""


def test_an_empty_database_is_not_half_way(db: None) -> None:
    assert prepare.left_half_way() == ""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations")
    assert prepare.left_half_way() == ""


def test_plans_are_published_into_an_empty_database_only(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    published: list[int] = []
    monkeypatch.setattr("renkei.plan.commands.publish_built_in", lambda: published.append(1))
    prepare.publish_plans()
    assert (published, capsys.readouterr().out) == ([], "")
    PlanVersion.objects.all().update(note="x")
    with monkeypatch.context() as patch:
        patch.setattr(PlanVersion.objects, "exists", lambda: False)
        prepare.publish_plans()
    assert published == [1]
    assert "連携支援計画を公開する：済み（" in capsys.readouterr().out


def test_the_region_is_loaded_into_a_database_without_cases_only(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from renkei.cases.models import Case

    loaded: list[int] = []

    def load(tell: Callable[[str], None]) -> None:
        loaded.append(1)
        tell("会社を作っています")

    monkeypatch.setattr("renkei.example.load.load_example", load)
    prepare.load_region()
    assert "    会社を作っています\n" in capsys.readouterr().out
    with monkeypatch.context() as patch:
        patch.setattr(Case.objects, "exists", lambda: True)
        prepare.load_region()
    assert (loaded, capsys.readouterr().out) == ([1], "")


def test_the_index_is_built_once_and_a_second_start_is_silent(world: World, own_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_entries([EntryRow(id="X", kind="seed", name="種")], kept_by="t", by=SYSTEM)
    prepare.build_index()
    assert "検索の索引を作る：済み（" in capsys.readouterr().out
    for _ in range(2):
        prepare.build_index()
    assert capsys.readouterr().out == ""


def test_a_second_start_at_another_port_of_the_database_builds_no_index(world: World, own_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from django.db import connection

    prepare.build_index()
    capsys.readouterr()
    before = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = "1"
    try:
        prepare.build_index()
    finally:
        connection.settings_dict["PORT"] = before
    assert capsys.readouterr().out == ""


class _Storage:
    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> str:
        return str(self.root / name)


@pytest.fixture
def sheets(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Home], bool]:
    """Return a function that collects two small files and tells whether it had to."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.css", "b.js"):
        (source / name).write_text("x")
        os.utime(source / name, (1_000, 1_000))
    settings.STATIC_ROOT = tmp_path / "static"
    collected: list[int] = []

    def call(_command: str, **_how: Any) -> None:
        (tmp_path / "static").mkdir(exist_ok=True)
        collected.append(1)

    finder = type("Finder", (), {"list": lambda _self, _ignored: [(path.name, _Storage(source)) for path in sorted(source.iterdir())]})
    monkeypatch.setattr("django.contrib.staticfiles.finders.get_finders", lambda: [finder()])
    monkeypatch.setattr("django.core.management.call_command", call)

    def collect(home: Home) -> bool:
        before = len(collected)
        prepare.collect_static(home)
        return len(collected) > before

    return collect


@pytest.mark.parametrize("change", ["touched", "new", "gone", "none"])
def test_style_sheets_are_collected_when_a_source_has_changed(tmp_path: Path, sheets: Callable[[Home], bool], change: str) -> None:
    home, source = Home(tmp_path), tmp_path / "source"
    assert sheets(home)
    assert not sheets(home)
    if change == "touched":
        os.utime(source / "a.css", (2_000, 2_000))
    elif change == "new":
        (source / "c.css").write_text("x")
    elif change == "gone":
        (source / "b.js").unlink()
    assert sheets(home) is (change != "none")
    assert not sheets(home)


def test_a_collecting_that_was_cut_off_is_done_again(tmp_path: Path, sheets: Callable[[Home], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_command: str, **_how: Any) -> None:
        (tmp_path / "static").mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("django.core.management.call_command", killed)
        with pytest.raises(KeyboardInterrupt):
            prepare.collect_static(Home(tmp_path))
    assert sheets(Home(tmp_path))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[dict[str, Any]]:
    """Write down how a reading command prepares the home; no database is started."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setenv("RENKEI_HOME", str(folder))
    for name in (*URLS, "RENKEI_EXAMPLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ready, "database", lambda _home: contextlib.nullcontext(Database(URLS)))
    monkeypatch.setattr(ready, "_closed", contextlib.nullcontext)

    def prepared(_home: Home, _db: Database, **how: Any) -> None:
        say.say("準備しています")
        asked.append(how)

    monkeypatch.setattr(ready, "prepare", prepared)
    return asked


def test_a_command_in_a_new_home_gets_the_example_and_is_told(reader: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    with ready.as_reader():
        say.say("進み具合")
    shown = capsys.readouterr()
    assert reader == [{"example": True, "with_pages": False}]
    assert (shown.out, shown.err.splitlines()) == ("", ["新しい場所なので、例示の県を入れます。", "準備しています", "進み具合"])
    assert say.to_error is False


@pytest.mark.parametrize("why", ["old home", "asked for none", "own server"])
def test_a_home_that_is_or_shall_be_real_gets_no_example(
    reader: list[dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], why: str
) -> None:
    if why == "old home":
        Home(folder).remember_mode(example=False)
    elif why == "asked for none":
        monkeypatch.setenv("RENKEI_EXAMPLE", "0")
    else:
        for name, url in URLS.items():
            monkeypatch.setenv(name, url)
    with ready.as_reader():
        pass
    assert reader == [{"example": False, "with_pages": False}]
    assert "例示" not in capsys.readouterr().err


def test_the_voice_comes_back_to_the_output_however_a_command_ends(reader: list[dict[str, Any]]) -> None:
    with pytest.raises(ZeroDivisionError), ready.as_reader():
        raise ZeroDivisionError
    assert say.to_error is False


def test_a_step_says_when_it_begins_and_ends_but_not_that_a_failed_one_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with say.step("並べる"):
        assert capsys.readouterr().out == "  並べる …\n"
    assert capsys.readouterr().out.startswith("  並べる：済み（")
    with pytest.raises(ZeroDivisionError), say.step("並べる"):
        raise ZeroDivisionError
    assert capsys.readouterr().out == "  並べる …\n"


@pytest.mark.parametrize("speak", [say.say, say.complain])
@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_a_closed_terminal_stops_no_server(monkeypatch: pytest.MonkeyPatch, speak: Callable[[str], None], error: type[Exception]) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise error

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", Closed())
    speak("誰もいません")


@pytest.mark.parametrize(
    ("lang", "lc_all", "encoding"),
    [("C", None, "utf-8"), ("POSIX", None, "utf-8"), (None, None, "utf-8"), ("ja_JP.eucJP", "C", "utf-8"), ("ja_JP.eucJP", None, "euc_jp")],
)
def test_a_terminal_without_a_language_speaks_and_reads_utf8(
    monkeypatch: pytest.MonkeyPatch, lang: str | None, lc_all: str | None, encoding: str
) -> None:
    for name, value in (("LANG", lang), ("LC_ALL", lc_all)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="ascii" if encoding == "utf-8" else "euc_jp"))
    say.speak_utf8()
    assert [getattr(sys, name).encoding for name in ("stdin", "stdout", "stderr")] == [encoding] * 3
    assert [getattr(sys, name).errors for name in ("stdin", "stdout", "stderr")] == ["surrogateescape", "replace", "replace"]


def test_a_letter_the_terminal_does_not_know_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.eucJP")
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="euc_jp"))
    say.speak_utf8()
    say.say("相談🦊")
    assert raw.getvalue().decode("euc_jp") == "相談?\n"
