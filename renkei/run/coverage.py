"""Which rows of the seed's checklist are proven, read from the tests' ``covers`` markers without running them."""

from __future__ import annotations

import ast
import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def markers(tests: Path) -> dict[str, list[str]]:
    """Return the tests (``path::name``) that carry ``@pytest.mark.covers(row)``, by row."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(tests.rglob("test_*.py")):
        for name, rows in _marked(ast.parse(file.read_text(encoding="utf-8"))):
            for row in rows:
                found[row].append(f"{file.relative_to(tests.parent).as_posix()}::{name}")
    return dict(found)


def _marked(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Yield each marked test function; a marker on the class or the module counts for all tests inside."""
    module = [row for node in tree.body if isinstance(node, ast.Assign) and _is_pytestmark(node) for row in _rows(node.value)]
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        outer = [row for one in node.decorator_list for row in _rows(one)] if isinstance(node, ast.ClassDef) else []
        for one in inside:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test"):
                own = [row for decorator in one.decorator_list for row in _rows(decorator)]
                yield one.name, sorted({*module, *outer, *own})


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _rows(node: ast.expr) -> list[str]:
    return [
        str(argument.value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "covers"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]


def write_coverage(tests: Path, target: Path) -> tuple[int, int]:
    """Write the page; returns how many rows are proven, and how many there are."""
    found = markers(tests)
    with (target.parent / "checklist.tsv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE))
    proven = [row for row in rows if row["id"] in found]
    lines = [
        "# What of the seed works",
        "",
        "Made by `renkei seed-coverage` from the tests' `covers` markers. A row without a test is not done yet.",
        f"{len(proven)} of {len(rows)} rows are proven.",
        "",
        "| row | in the seed | what it asks | tests |",
        "|---|---|---|---|",
    ]
    for row in rows:
        tests_of_row = "<br>".join(f"`{one}`" for one in sorted(set(found.get(row["id"], [])))) or "-"
        cells = [row["id"], row["japanese_phrase"], row["requirement"], tests_of_row]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(proven), len(rows)
