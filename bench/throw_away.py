"""The example region's plan and catalogue in a database of its own that is thrown away, for what measures and learns."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renkei.run.postgres import Server


@contextmanager
def throw_away() -> Iterator[Path]:
    """Migrate, publish the built-in plans, load the catalogue, build the index; give the folder in which all of it lies for now."""
    with tempfile.TemporaryDirectory(prefix="rk-bench-", dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        with Server(place, throw_away=True) as server:
            os.environ.update(server.environment())
            os.environ.update(RENKEI_HOME=name, RENKEI_LOGIN="owner", DJANGO_SETTINGS_MODULE="renkei.config.settings.test")
            import django

            django.setup()
            from django.db import connections

            try:
                _fill()
                yield place
            finally:
                connections.close_all()


def _fill() -> None:
    from django.core.management import call_command

    from renkei.base.actor import SYSTEM
    from renkei.base.context import acting
    from renkei.example.catalogue import load_catalogue
    from renkei.matching import index
    from renkei.plan.commands import publish_built_in

    call_command("migrate", verbosity=0)
    publish_built_in()
    with acting(SYSTEM):
        load_catalogue()
    index.rebuild()
