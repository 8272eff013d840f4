"""Serve web and worker on the chosen database."""

from __future__ import annotations

import argparse

HELP = "画面・送信係・データベースをまとめて動かす（PORT、RENKEI_HOME、RENKEI_EXAMPLE）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything comes from the environment."""


def run(_chosen: argparse.Namespace) -> int:
    """Serve until stopped."""
    from renkei.run.serve import serve

    return serve()
