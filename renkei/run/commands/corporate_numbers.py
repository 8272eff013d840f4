"""Load the public register of corporate numbers, so that a number fills a firm's form."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "法人番号の全件データ（CSV）を取り込む"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file as it is published, unpacked."""
    parser.add_argument("file", type=Path, help="公表サイトの全件データまたは差分データ（CSV、展開したもの）")


def run(chosen: argparse.Namespace) -> int:
    """Load as the owner; newer rows replace older ones."""
    from renkei.run.ready import as_owner

    with as_owner():
        from renkei.base.actor import SYSTEM
        from renkei.companies.actions.numbers import load_numbers

        written, wrong = load_numbers(chosen.file, by=SYSTEM)
        sys.stdout.write(f"{written:,}件を取り込みました。" + (f"読めない行が{wrong:,}行ありました。\n" if wrong else "\n"))
    return 0
