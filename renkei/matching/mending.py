"""What a reader gets while the index cannot be read: names from the database, and a rebuild that nobody waits for.

A small catalogue is built at once (a second); a large one in a thread of its own, one a process, and whoever asks meanwhile is
answered from the index before or, where nothing can be read, by names.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from django.db import connections
from django.db.models import Q

from renkei.matching import everything
from renkei.matching.models import Entry
from renkei.matching.words import content_forms, words

AT_ONCE = 3_000  # so many entries are built within a second or two
PATIENCE = 2.0  # seconds a reader waits for another who builds a small one
_MOST_WORDS, _MOST_READ, _MOST_TEXT = 8, 500, 400
_log = logging.getLogger("renkei.matching")
_guard = threading.Lock()
_running: list[threading.Thread] = []


def is_small() -> bool:
    """Tell whether the index is built so quickly that a reader may wait for it."""
    return everything.count() <= AT_ONCE


def in_background(build: Callable[[], object]) -> None:
    """Run ``build`` in a thread of its own, unless one is at it in this process already."""
    with _guard:
        if any(thread.is_alive() for thread in _running):
            return
        _running[:] = [threading.Thread(target=_build, args=(build,), name="index-mending", daemon=True)]
        _running[0].start()


def wait(seconds: float) -> bool:
    """Wait for the thread of ``in_background``; tells whether none is at it any more."""
    for thread in _running:
        thread.join(seconds)
    return not any(thread.is_alive() for thread in _running)


def by_names(text: str, *, audience: str, kinds: Sequence[str], limit: int) -> list[tuple[str, str, float]]:
    """Return ``(id, kind, score)`` of entries whose name or reading holds words of a text, ``limit`` of each kind."""
    typed = text[:_MOST_TEXT]
    said = dict.fromkeys([unit.surface for unit in words(typed) if unit.is_content] + content_forms(typed))
    asked = sorted(said, key=lambda one: (-len(one), one))[:_MOST_WORDS]
    if not asked:
        return []
    held = Q()
    for one in asked:
        held |= Q(name__icontains=one) | Q(kana__icontains=one)
    found = Entry.objects.filter(held, withdrawn_on__isnull=True)
    found = found.filter(is_public=True) if audience == "public" else found
    found = found.filter(kind__in=kinds) if kinds else found
    rows = list(found.order_by("id").values_list("id", "kind", "name", "kana")[:_MOST_READ])
    whole = sum(map(len, asked))
    scored = [
        (key, kind, round(sum(len(one) for one in asked if one.lower() in f"{name}\n{kana}".lower()) / whole, 4))
        for key, kind, name, kana in rows
    ]
    scored.sort(key=lambda one: (-one[2], one[0]))
    by_kind: dict[str, list[tuple[str, str, float]]] = {}
    for hit in scored:
        by_kind.setdefault(hit[1], []).append(hit)
    return [one for listed in by_kind.values() for one in listed[:limit]]


def _build(build: Callable[[], object]) -> None:
    try:
        build()
    except Exception:  # noqa: BLE001  whoever asks next tries again
        _log.warning("the search index could not be built", exc_info=True)
    finally:
        connections.close_all()
