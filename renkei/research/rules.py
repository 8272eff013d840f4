"""Who writes what, and the words of the log."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.plan.content import Term
from renkei.plan.queries import content_now
from renkei.research.models import Activity, ActivityReport


def kinds() -> list[Term]:
    """Return the kinds of activity: the plan's words, else ours."""
    return content_now().vocabulary("activities") or [
        Term("visit", _("会社を訪ねた")), Term("talk", _("相談・打合せ")), Term("bridge", _("橋渡し")), Term("other", _("その他")),
    ]  # fmt: skip


def kind_name(code: str) -> str:
    """Return the word of a kind; the code itself when nobody knows it any more."""
    return next((one.name for one in kinds() if one.code == code), code)


def is_author(actor: Actor, row: Activity | ActivityReport) -> bool:
    """Tell whether the actor wrote a line or a report, for the body it acts for now."""
    return actor.is_staff and (row.person_id, row.body_id) == (actor.person, actor.body)


def require_author(actor: Actor, row: Activity | ActivityReport) -> None:
    """Raise Refused unless the actor wrote it."""
    if not is_author(actor, row):
        raise Refused(_("直せるのは、書いた本人だけです。"), "not_allowed")


def first_of(day: dt.date) -> dt.date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def next_month(first: dt.date) -> dt.date:
    """Return the first day of the month after."""
    return (first + dt.timedelta(days=32)).replace(day=1)
