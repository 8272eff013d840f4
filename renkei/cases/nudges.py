"""What settles a piece of news: whoever has acted, or whose question is answered, is not told any more [C76].

The one table of kinds. Settled at once by the step that answers (``settle``, called where steps are written), and looked
at again before a mail leaves (``sweep`` in ``renkei.cases.digest``).
"""

from __future__ import annotations

import uuid

from django.db import connection

from renkei.base import clock
from renkei.base.actor import Actor

# Kinds that ask about one row: only what happens to that row settles them, not any other act of the same body.
ABOUT_ONE = ("question", "silence", "reminder", "handover", "close_asked", "passed_on", "mail_in", "undelivered",
             "decide", "follow_up", "partner")

_ANSWERED = ("question", "silence", "reminder", "passed_on", "expired")
# What a step settles about its own subject, whoever takes it.
SETTLES_ABOUT: dict[str, tuple[str, ...]] = {
    "accepted": _ANSWERED,
    "declined": _ANSWERED,
    "recalled": (*_ANSWERED, "handover"),
    "handover_accepted": ("handover",),
    "handover_declined": ("handover",),
    "withdrawn": _ANSWERED,
    "done": _ANSWERED,
    "expired": ("question", "silence", "reminder", "passed_on"),
    "asked": ("silence", "reminder", "passed_on"),
    "asked answered": ("question",),
    "mail_in": ("mail_in",),
    "sent_again": ("undelivered",),
}
_MOVED = ("late", "idle")
# What a step settles in the whole case, whoever takes it.
SETTLES_CASE: dict[str, tuple[str, ...]] = {
    "next_step": (*_MOVED, "close_asked"),
    "staff_wrote": (*_MOVED, "company"),
    "offered": (*_MOVED, "declined"),
    "triaged": _MOVED,
    "asked answered": _MOVED,
    "contact": ("idle", "undelivered"),
    "reopened": ("follow_up",),
    "handover_accepted": _MOVED,
}


def settle(case: uuid.UUID, verb: str, *, by: Actor, about: uuid.UUID, after: str = "") -> None:
    """Settle what this step answers. A body that acts in the case is not told what it acted on."""
    named = f"{verb} {after}" if f"{verb} {after}" in SETTLES_ABOUT else verb
    own = by.body or ""
    about_kinds, case_kinds = SETTLES_ABOUT.get(named, ()), SETTLES_CASE.get(named, ())
    ends = verb == "closed" or (verb == "merged" and about == case)  # nothing is asked in a case that has ended
    if not (own or about_kinds or case_kinds or ends or verb == "company_wrote"):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT case_settle(%s, %s, %s, %s, %s, %s, %s, %s)",
            [case, about, list(about_kinds), list(case_kinds), own, list(ABOUT_ONE), ends, clock.now()],
        )
        if verb == "company_wrote":
            cursor.execute("SELECT case_unask_company(%s, NULL)", [case])


def settle_row(case: uuid.UUID, about: uuid.UUID, kind: str) -> None:
    """Settle what was told of one row that no step of the case speaks of (a letter's approval)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_settle(%s, %s, %s, %s, %s, %s, %s, %s)",
                       [case, about, [kind], [], "", list(ABOUT_ONE), False, clock.now()])


def unask_company(case: uuid.UUID, about: uuid.UUID) -> None:
    """Stop a mail that asks the firm what it has answered meanwhile (``about``: the request)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_unask_company(%s, %s)", [case, about])
