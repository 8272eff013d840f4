"""Write an audit event in the caller's transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, models

from renkei.base import clock
from renkei.base.actor import Actor


def record(by: Actor, verb: str, *touched: models.Model, **facts: Any) -> None:
    """Append one event: the actor, the verb, the ids of ``touched`` (first one names the stream), a digest of ``facts``.

    The facts themselves are not stored: the digest proves later what was decided without keeping content here.
    """
    _append(by, verb, _ids(touched), facts)


def _ids(touched: Iterable[models.Model]) -> list[str]:
    return [f"{one._meta.label_lower}:{one.pk}" for one in touched]  # noqa: SLF001  Django's own name for it


def _append(by: Actor, verb: str, ids: list[str], facts: dict[str, Any]) -> None:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_append(%s, %s, %s, %s, %s, %s, %s::jsonb, %s)",
            [clock.now(), by.kind.value, by.person, by.body or "", by.link, verb, json.dumps(ids), digest],
        )


def record_read(by: Actor, *touched: models.Model, classes: Iterable[str] | None = None) -> None:
    """Append a read of secret content; called before that content is rendered (the one write a GET may make).

    ``classes`` are the codes of what is shown now; they stand beside the ids, so that nobody has to work them out later
    from what was allowed then. None where the caller shows content of no class; an empty list says that nothing was there.
    """
    shown = [] if classes is None else [f"class:{one}" for one in sorted(set(classes)) or ["none"]]
    _append(by, "read", [*_ids(touched), *shown], {})
