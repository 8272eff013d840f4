"""Measure speed on a filled home; only in a checkout, where ``bench/`` lies."""

from __future__ import annotations

import argparse

HELP = "速さを測る（ソースコードのある場所だけ）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(_chosen: argparse.Namespace) -> int:
    """Call ``bench.__main__``."""
    from importlib import import_module
    from importlib.util import find_spec

    from renkei.run.fault import Fault

    if find_spec("bench") is None or find_spec("bench.__main__") is None:
        raise Fault("bench フォルダがありません。ソースコードの置き場で動かしてください。")
    return int(import_module("bench.__main__").main() or 0)
