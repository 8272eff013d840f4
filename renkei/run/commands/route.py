"""Propose a route for a consultation, to read or line by line for measuring."""

from __future__ import annotations

import argparse
import sys

HELP = "相談文から支援ルートを示す（--jsonl で一行ずつ）"
TEXT_HELP = "相談文（無ければ標準入力から読む）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One text, or lines of ``{"id", "text"}`` on standard input."""
    parser.add_argument("text", nargs="?", help=TEXT_HELP)
    parser.add_argument("--jsonl", action="store_true", help='標準入力の {"id","text"} を一行ずつ読み、結果を一行ずつ書く')


def run(chosen: argparse.Namespace) -> int:
    """Route on the home's catalogue; changes nothing in the database."""
    from renkei.run.fault import Fault
    from renkei.run.ready import as_reader

    with as_reader():
        from renkei.matching import commands

        if chosen.jsonl:
            commands.route_lines(sys.stdin, sys.stdout)
            return 0
        text = (chosen.text if chosen.text is not None else sys.stdin.read()).strip()
        if not text:
            raise Fault('相談文がありません。renkei route "めっきが剥がれて困っています" のように書いてください。', 2)
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise Fault("相談文を文字として読めません。UTF-8 の文字にしてください。", 2)
        sys.stdout.write(commands.route_text(text).rstrip() + "\n")
    return 0
