"""Try an act, hear what it comes to, and take it back: one world serves for a whole table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models, transaction

from renkei.audit.models import Event
from renkei.base.refusal import Refused
from renkei.cases.models import Transition
from renkei.post.models import Mail, Nudge


class _Back(Exception):  # noqa: N818  ends a trial
    pass


def kept(*tables: type[models.Model]) -> list[Any]:
    """Whole rows of the tables, and how much was written beside them."""
    rows: list[Any] = [sorted(table.objects.values(), key=str) for table in tables]  # type: ignore[attr-defined]  # every model has it
    return [*rows, *(one.objects.count() for one in (Event, Transition, Mail, Nudge))]


def tried(act: Callable[[], object], *tables: type[models.Model]) -> str:
    """``ok``, ``same`` (done, and nothing changed), or the code of the refusal, which must have written nothing."""
    before, code = kept(*tables), ""
    try:
        with transaction.atomic():
            act()
            code = "same" if kept(*tables) == before else "ok"
            raise _Back
    except _Back:
        return code
    except Refused as refused:
        code = refused.code if refused.message else "without words"
    assert kept(*tables) == before
    return code
