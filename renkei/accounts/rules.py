"""Who may invite, change and end the members of a body, and what must never be left without anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils.translation import gettext as _

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.plan.queries import is_front_desk


def administers(actor: Actor, body: str) -> bool:
    """Tell whether the actor is an administrator of the body today, acting for it (or the system)."""
    if actor.is_system:
        return True
    if not actor.is_staff or actor.person is None or actor.body != body:
        return False
    return Membership.objects.holding().filter(person_id=actor.person, body_id=body, is_admin=True).exists()


def require_administrator(actor: Actor, body: str) -> None:
    """Raise Refused unless the actor administers the body."""
    if not administers(actor, body):
        raise Refused(_("機関の人を変えられるのは、その機関の管理者だけです。"), "not_admin")


def require_someone_left(body: str, after: Iterable[Membership]) -> None:
    """Refuse what would leave a body without an administrator, or the front desk without a member, on any day from today.

    ``after`` are the body's memberships as they would stand. The database says the same at commit, without words
    (``accounts/migrations/0003``).
    """
    rows = list(after)
    today = clock.today()
    for day in sorted({today} | {one.until + dt.timedelta(days=1) for one in rows if one.until and one.until >= today}):
        there = [one for one in rows if one.since <= day and (one.until is None or one.until >= day)]
        if not there and is_front_desk(body):
            raise Refused(_("窓口にだれもいなくなります。先に、代わりの人を招いてください。"), "last_member")
        if there and not any(one.is_admin for one in there):
            raise Refused(_("この機関に管理者がいなくなります。先に、ほかの人を管理者にしてください。"), "last_admin")
