"""Run only the worker, on a node of its own."""

from __future__ import annotations

import argparse
import contextlib
import os

HELP = "送信係だけを動かす（DATABASE_URL_WORKER。別の機械で動かすとき）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything comes from the environment."""


def run(_chosen: argparse.Namespace) -> int:
    """Work until stopped, with no password but the worker's own. Raises Fault when that login may too much."""
    from renkei.run.database import URLS, Database, database, environment, faults_of_logins
    from renkei.run.fault import Fault
    from renkei.run.home import Home

    home = Home.open()
    own = os.environ.get(URLS["worker"])
    with contextlib.nullcontext(Database({URLS["worker"]: own})) if own else database(home) as db:
        if faults := faults_of_logins(db.urls):
            raise Fault("\n".join(faults))
        mine = environment(home, db.urls, example=home.is_example(), only="worker") | {"RENKEI_LOGIN": "worker"}
        os.environ.update(dict.fromkeys(URLS.values(), "") | mine)
        from renkei.run.worker import main

        main()
    return 0
