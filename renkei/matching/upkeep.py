"""What the owners of entries should look at again, and telling them: one word a month and body, whatever the number."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import written
from renkei.matching.keeping import kept_filter
from renkei.matching.models import Entry, EntryQuerySet
from renkei.matching.standing import looked_at, to_check
from renkei.plan.models import Body
from renkei.post.models import Nudge
from renkei.post.nudges import News, Reader, put_nudge

CHECK = "check"
EVERY = dt.timedelta(days=30)
_ABOUT = uuid.UUID("6f2f6c0e-6f5c-4f0e-9a55-0d1f0c1e7b11")  # names, with a body, what the word is about: no case


def own_checks(body: str) -> EntryQuerySet:
    """Return what a body keeps and should look at now."""
    owner = Actor(kind=ActorKind.STAFF, body=body)
    return to_check(looked_at(Entry.objects.all()).filter(kept_filter(owner)))


def about(body: str) -> uuid.UUID:
    """Return what the word to a body is about, the same every time."""
    return uuid.uuid5(_ABOUT, body)


@transaction.atomic
def tell_owner(body: Body, *, by: Actor) -> bool:
    """Tell a body's queue that entries wait to be looked at; nothing while an earlier word is open or a month has not passed."""
    locked = Body.objects.select_for_update().get(pk=body.pk)
    known = Nudge.objects.filter(kind=CHECK, body=locked.pk)
    if known.open().exists() or known.filter(made_at__gt=clock.now() - EVERY).exists():
        return False
    count = own_checks(locked.pk).count()
    if not count:
        return False
    words = written("台帳の%(count)s件を、しばらく確かめていません。「台帳」の「確かめるもの」で見てください。期限を過ぎると提案に出なくなります。") % {"count": count}
    news = News(CHECK, written("台帳に確かめるものがあります"), words, about(locked.pk), written("台帳"))
    if put_nudge(news, Reader(locked.pk, None, locked.mail, ""), by=by) is None:
        return False
    record(by, "catalogue.tell_owner", locked, count=count)
    return True
