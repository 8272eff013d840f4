"""The page that says which rows of the seed are proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from renkei.run.cli import main
from renkei.run.coverage import markers, write_coverage
from tests.run.conftest import REPO

SOURCE = """
import pytest
pytestmark = pytest.mark.covers("C01")

@pytest.mark.covers("C02", "C03")
def test_one(): ...

@pytest.mark.covers("C04")
class TestGroup:
    def test_inside(self): ...
    def helper(self): ...

def not_a_test(): ...
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests" / "deep" / "test_some.py").write_text(SOURCE)
    (tmp_path / "docs" / "checklist.tsv").write_text(
        "id\tsection\tjapanese_phrase\trequirement\nC01\tI\t計画\tPlan | versioned\nC09\tI\t別\tOther\n"
    )
    return tmp_path


def test_markers_of_function_class_and_module(checkout: Path) -> None:
    inside, one = "tests/deep/test_some.py::test_inside", "tests/deep/test_some.py::test_one"
    assert markers(checkout / "tests") == {"C01": [one, inside], "C02": [one], "C03": [one], "C04": [inside]}


def test_page_lists_every_row_and_counts_the_proven(checkout: Path) -> None:
    assert write_coverage(checkout / "tests", checkout / "docs" / "page.md") == (1, 2)
    lines = (checkout / "docs" / "page.md").read_text().splitlines()
    assert lines[3] == "1 of 2 rows are proven."
    assert lines[-1] == "| C09 | 別 | Other | - |"
    assert lines[-2].startswith("| C01 | 計画 | Plan \\| versioned | `tests/deep/test_some.py::test_inside`<br>")


def test_command_says_how_many(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(checkout / "docs" / "page.md")
    assert main(["seed-coverage", "--tests", str(checkout / "tests"), "--to", target]) == 0
    assert capsys.readouterr().out == f"{target}：2行のうち1行を検査が確かめています。\n"


def test_command_outside_a_checkout_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["seed-coverage", "--tests", str(tmp_path / "none")]) == 1
    assert "ソースコードの置き場で" in capsys.readouterr().err


def test_every_marker_names_a_row_of_the_checklist() -> None:
    known = {line.split("\t")[0] for line in (REPO / "docs" / "checklist.tsv").read_text().splitlines()[1:]}
    assert len(known) == 98
    assert set(markers(REPO / "tests")) - known - {"C09", "C04"} == set()
