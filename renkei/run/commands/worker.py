"""Run only the worker, on a node of its own."""

from __future__ import annotations

import argparse
import os

HELP = "送信係だけを動かす（DATABASE_URL_WORKER。別の機械で動かすとき）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything comes from the environment."""


def run(_chosen: argparse.Namespace) -> int:
    """Work until stopped."""
    from renkei.run.database import database, environment
    from renkei.run.home import Home

    home = Home.open()
    with database(home) as db:
        os.environ.update(environment(home, db.urls, example=home.is_example()) | {"RENKEI_LOGIN": "worker"})
        from renkei.run.worker import main

        main()
    return 0
