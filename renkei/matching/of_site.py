"""What a site has put in use of its own: the edition of its words, and learned weights. Asked at every question: at once, in SQL that is written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from renkei.base.memo import once

_SQL = """
    SELECT (SELECT mark FROM matching_synonymedition),
           (SELECT json_object_agg(kind, id) FROM matching_learnedmodel WHERE state = 'in_use')
"""


class OfSite(NamedTuple):
    """The mark of the site's edition of words that mean the same (None: the shipped list), and the learned weights by kind."""

    edition: UUID | None
    models: Mapping[str, UUID]


def of_site() -> OfSite:
    """Return what is in use now; one answer for all of a reading request."""
    return once("in use of the site", _asked)


def _asked() -> OfSite:
    with connection.cursor() as cursor:
        cursor.execute(_SQL)
        [(edition, models)] = cursor.fetchall()
    return OfSite(edition, {kind: UUID(key) for kind, key in (models or {}).items()})
