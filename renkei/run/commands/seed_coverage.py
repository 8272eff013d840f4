"""Write docs/seed-coverage.md: which rows of the seed's checklist are proven by which tests."""

from __future__ import annotations

import argparse

HELP = "種の一覧（C01-C98）をどの検査が確かめているかを docs/seed-coverage.md に書く"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where tests and list lie."""
    parser.add_argument("--tests", default="tests", help="検査のフォルダ")
    parser.add_argument("--to", default="docs/seed-coverage.md", help="書き出す先")


def run(chosen: argparse.Namespace) -> int:
    """Read the markers from the tests' source; nothing is run."""
    from pathlib import Path

    from renkei.run.coverage import write_coverage
    from renkei.run.fault import Fault
    from renkei.run.say import say

    tests, target = Path(chosen.tests), Path(chosen.to)
    if not tests.is_dir() or not target.parent.is_dir():
        raise Fault(f"{tests} か {target.parent} がありません。ソースコードの置き場で動かしてください。")
    proven, total = write_coverage(tests, target)
    say(f"{target}：{total}行のうち{proven}行を検査が確かめています。")
    return 0
