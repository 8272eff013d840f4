"""Give a command a ready installation for as long as it runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from renkei.run.database import database, start_django, urls_given
from renkei.run.home import Home
from renkei.run.prepare import prepare
from renkei.run.say import complain


@contextlib.contextmanager
def as_owner(*, needs_database: bool = True) -> Iterator[None]:
    """Start Django as the owner, on the home's database brought up to date, or on none at all."""
    if not needs_database:
        os.environ.setdefault("RENKEI_SECRET_KEY", "no-database-no-session")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings.base")
        import django

        django.setup()
        yield
        return
    home = Home.open()
    example = home.is_example()
    with database(home) as db:
        start_django(home, db.urls, login="owner", example=example)
        from renkei.run.prepare import migrate

        migrate()
        home.remember_mode(example=example)
        with _closed():
            yield


@contextlib.contextmanager
def as_reader() -> Iterator[None]:
    """Prepare the home and let a command read from it. A new home of our own server becomes the example region."""
    home = Home.open()
    example = home.is_example()
    if home.is_new() and urls_given() is None and os.environ.get("RENKEI_EXAMPLE", "") == "":
        complain("新しい場所なので、例示の県を入れます。")
        example = True
    with database(home) as db, _quiet():
        prepare(home, db, example=example, with_pages=False)
        with _closed():
            yield


@contextlib.contextmanager
def _closed() -> Iterator[None]:
    from django.db import connections

    try:
        yield
    finally:
        connections.close_all()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Speak on standard error only: standard output belongs to the command's answer."""
    import renkei.run.say as voice

    voice.to_error = True
    try:
        yield
    finally:
        voice.to_error = False
