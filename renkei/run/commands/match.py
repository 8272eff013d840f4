"""List the best entries of all kinds for a need, line by line."""

from __future__ import annotations

import argparse
import sys

HELP = "相談文に合う機器・シーズ・制度などを挙げる（--jsonl）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Lines of ``{"id", "text"}`` on standard input, or one text."""
    parser.add_argument("text", nargs="?", help="相談文（無ければ標準入力から読む）")
    parser.add_argument("--jsonl", action="store_true", help='標準入力の {"id","text"} を一行ずつ読む')


def run(chosen: argparse.Namespace) -> int:
    """Match on the home's catalogue; changes nothing in the database."""
    import io
    import json

    from renkei.run.ready import as_reader

    with as_reader():
        from renkei.matching import commands

        if chosen.jsonl:
            commands.match_lines(sys.stdin, sys.stdout)
            return 0
        text = chosen.text if chosen.text is not None else sys.stdin.read()
        commands.match_lines(io.StringIO(json.dumps({"id": "1", "text": text}) + "\n"), sys.stdout)
    return 0
