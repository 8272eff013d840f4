"""The wheel: built, installed into an empty environment, and used there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
pytestmark = [pytest.mark.long, pytest.mark.storm, pytest.mark.timeout(600)]


def _run(*words: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "RENKEI_", "DJANGO_", "PYTHON"))}
    return subprocess.run([str(word) for word in words], cwd=cwd, env=ours, capture_output=True, text=True, check=check, timeout=500)


def _can_fetch(python: Path, folder: Path) -> bool:
    """Tell whether pip reaches packages, from the network or its cache."""
    return _run(python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "setuptools>=75", cwd=folder, check=False).returncode == 0


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment; skips loudly when nothing can be fetched into it."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    if not _can_fetch(folder / "venv" / "bin" / "python", folder):
        pytest.skip("NO PACKAGE INDEX WITHIN REACH: the wheel was not tried")
    return folder


def test_wheel_installs_and_checks_the_plan(empty: Path) -> None:
    source = empty / "source"
    shutil.copytree(REPO, source, ignore=shutil.ignore_patterns(".git", ".venv*", "var", "__pycache__", "*.egg-info", "build", "dist", ".mypy_cache", ".ruff_cache"))
    python = empty / "venv" / "bin" / "python"
    _run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", empty, source, cwd=empty)
    (wheel,) = empty.glob("renkei-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.startswith(("tests/", "bench/"))] == []
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names if ".dist-info/" in name}
    shipped = {name for name in names if name.startswith("renkei/")}
    ours = {str(path.relative_to(REPO)) for path in (REPO / "renkei").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert ours - shipped == set()
    _run(python, "-m", "pip", "install", "--quiet", wheel, cwd=empty)
    for plan in ("chiba", "chiba-next"):
        done = _run(empty / "venv" / "bin" / "renkei", "plan", "check", plan, cwd=empty)
        assert "誤りはありません" in done.stdout
        assert done.stderr == ""
