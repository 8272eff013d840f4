"""Bring the tables up to date and renew the rights of web and worker."""

from __future__ import annotations

import argparse

HELP = "データベースの表と権限を整える"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(_chosen: argparse.Namespace) -> int:
    """Migrate as the owner."""
    from renkei.run.database import database, start_django
    from renkei.run.home import Home
    from renkei.run.prepare import migrate
    from renkei.run.say import say

    home = Home.open()
    with database(home) as db:
        start_django(home, db.urls, login="owner", example=home.is_example())
        migrate()
    say("表と権限は最新です。")
    return 0
