"""Tell PostgreSQL who acts, for the running transaction only.

Every row-level policy reads these settings through ``ctx_kind()``, ``ctx_person()``, ``ctx_body()`` and ``ctx_link()``
(``base/migrations/0001``). ``set_config(.., true)`` is used, not ``SET LOCAL``, and always at the outermost level of
a transaction: a setting made inside a savepoint vanishes when that savepoint is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from renkei.base.actor import Actor

_SET = (
    "SELECT set_config('renkei.kind', %s, true), set_config('renkei.person', %s, true),"
    " set_config('renkei.body', %s, true), set_config('renkei.link', %s, true)"
)


def set_actor(actor: Actor) -> None:
    """Write the actor into the settings of the open transaction. Raises RuntimeError outside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("the actor can only be set inside a transaction")
    values = [actor.kind.value, str(actor.person or ""), actor.body or "", str(actor.link or "")]
    with connection.cursor() as cursor:
        cursor.execute(_SET, values)


def clear_actor() -> None:
    """Forget the actor: policies then show nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_SET, ["", "", "", ""])


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Run a block in its own transaction as ``actor`` (jobs, commands and tests; requests use the middleware)."""
    with transaction.atomic():
        set_actor(actor)
        yield  # an error rolls the settings back together with the rest, and must not be hidden by a failing reset
        if not connection.needs_rollback:
            clear_actor()
