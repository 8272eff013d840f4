"""The one mail a day: what an address gets today, what waits for tomorrow, and how several things become one letter.

An address gets one mail of news a day. The first thing that must reach it at once takes everything else along that
waits for the same address; what comes later waits for the next morning. So a request leaves at once on most days, and
nobody is written to twice (docs/decisions/0015).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Lower
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.language import written
from renkei.post.models import Mail, MailState, Nudge, Wishes
from renkei.post.nudges import WEEKLY, group_of
from renkei.post.outbox import put_mail
from renkei.post.replies import reply_address

DIGEST = "digest"
OPENING = 8 * 60 + 30  # minute of the day when what waited leaves
EVENING = 16 * 60 + 30  # minute of the day when news leave that nothing urgent took along; the plan may set another
FLOOR = dt.timedelta(minutes=30)  # nothing newer is mailed: who is at the screen has seen it
WEEK = dt.timedelta(days=7)
MOST_LINES = 12
_RULE = "―" * 20


@dataclass(frozen=True, slots=True)
class Letter:
    """What leaves: subject and text."""

    subject: str
    text: str


def hold_address(address: str) -> None:
    """Let nobody else write to this address until the transaction ends: two workers must not both send its mail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('mail:' || lower(%s), 0))", [address])


def had_mail_today(address: str) -> bool:
    """Tell whether the address got its mail of the day (Tokyo)."""
    return _news_since(address, clock.at(clock.today(), 0))


def _news_since(address: str, moment: dt.datetime) -> bool:
    return _gone_since(moment).filter(to__iexact=address).exists()


def _gone_since(moment: dt.datetime) -> models.QuerySet[Mail]:
    return Mail.objects.filter(daily=True, sent_at__gte=moment, state__in=[MailState.SENT, MailState.BOUNCED])


def next_opening() -> dt.datetime:
    """Return the moment tomorrow when what waits may leave."""
    return clock.at(clock.today() + dt.timedelta(days=1), *divmod(OPENING, 60))


def waiting_with(mail: Mail) -> list[Mail]:
    """Return what else is due to the same address, locked; what another worker holds leaves with that one."""
    rows = Mail.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        state=MailState.WAITING, daily=True, to__iexact=mail.to, not_before__lte=clock.now()
    )
    return list(rows.exclude(pk=mail.pk).order_by("made_at", "pk"))


def nudges_for(address: str) -> list[Nudge]:
    """Return what the address may be told by mail now, oldest first, locked: open, not too new, not unwanted."""
    rows = _tellable().select_for_update(skip_locked=True, of=("self",)).filter(address__iexact=address)
    found = list(rows.order_by("made_at", "pk"))
    wishes = Wishes.objects.in_bulk([one.person for one in found if one.person])
    return [one for one in found if _is_wanted(one, wishes.get(one.person) if one.person else None)]


def _tellable() -> models.QuerySet[Nudge]:
    return Nudge.objects.open().filter(mail__isnull=True, made_at__lte=clock.now() - FLOOR).exclude(address="")


def _is_wanted(nudge: Nudge, wishes: Wishes | None) -> bool:
    return wishes is None or (wishes.by_mail and group_of(nudge.kind) not in wishes.without)


def put_digests(*, minute: int = EVENING, works_today: bool = True) -> int:
    """Start the day's mail of everybody who has news and whose hour has come; returns how many.

    ``minute`` is the plan's hour for those who chose none, ``works_today`` whether it is a business day: on other days
    only those get mail who asked for that weekday.
    """
    waiting = _by_address()
    wishes = Wishes.objects.in_bulk({one.person for _address, rows in waiting for one in rows if one.person})
    known = set(_gone_since(clock.at(clock.today(), 0)).annotate(lower=Lower("to")).values_list("lower", flat=True))
    count = 0
    for address, rows in waiting:
        wish = next((wishes[one.person] for one in rows if one.person in wishes), None)
        if address in known or not _is_hour(wish, minute, works_today=works_today):
            continue
        wanted = [one for one in rows if _is_wanted(one, wish)]
        if not wanted or ({one.kind for one in wanted} <= WEEKLY and _news_since(address, clock.now() - WEEK)):
            continue
        hold_address(address)
        if had_mail_today(address) or _is_started(address):
            continue
        put_mail(by=SYSTEM, to=address, subject=written("きょうの知らせ"), text=written("知らせがあります。"), purpose=DIGEST,
                 to_body=wanted[0].body, daily=True)  # fmt: skip
        count += 1
    return count


def _by_address() -> list[tuple[str, list[Nudge]]]:
    rows = sorted(_tellable(), key=lambda one: one.address.lower())
    return [(address, list(found)) for address, found in groupby(rows, key=lambda one: one.address.lower())]


def _is_started(address: str) -> bool:
    """Tell whether a digest waits, or was tried today: a dead address is not tried every minute."""
    tried = Mail.objects.filter(to__iexact=address, purpose=DIGEST).exclude(state=MailState.CANCELLED)
    return tried.filter(models.Q(state=MailState.WAITING) | models.Q(made_at__gte=clock.at(clock.today(), 0))).exists()


def _is_hour(wishes: Wishes | None, minute: int, *, works_today: bool) -> bool:
    now = clock.now().astimezone(clock.JST)
    days = wishes.days if wishes is not None else []
    if not (now.weekday() in days if days else works_today):
        return False
    chosen = wishes.minute if wishes is not None and wishes.minute is not None else minute
    return now.hour * 60 + now.minute >= chosen


def compose(mails: list[Mail], nudges: list[Nudge]) -> Letter:
    """Make one letter of mails that are due (the first gives the subject) and of news, grouped by case."""
    real = [one for one in mails if one.purpose != DIGEST]
    if len(real) == 1 and not nudges:
        return Letter(real[0].subject, real[0].text)
    parts = [_part(one) for one in real]
    if nudges:
        parts.append(_news(nudges))
    count = len(real) + len(nudges)
    subject = real[0].subject if real else written("きょうの知らせ（%(count)s件）") % {"count": count}
    if real and count > 1:
        subject = written("%(subject)s ほか%(count)s件") % {"subject": subject[:180], "count": count - 1}
    return Letter(subject[:200], f"\n\n{_RULE}\n\n".join(parts) + "\n")


def _part(mail: Mail) -> str:
    """Return one mail as a part of a letter, with its own answering address: the letter as a whole has none."""
    answer = reply_address(mail)
    words = written("この件へのお返事の宛先：%(address)s") % {"address": answer}
    return f"{mail.text.strip()}\n\n{words}" if answer else mail.text.strip()


def _news(nudges: list[Nudge]) -> str:
    shown, rest = nudges[:MOST_LINES], len(nudges) - MOST_LINES
    body, name = nudges[0].body, nudges[0].name
    lines = [written("%(name)s 様") % {"name": name}, ""] if name else []
    lines.append(written("知らせが%(count)s件あります。") % {"count": len(nudges)})
    for number in dict.fromkeys(one.number for one in shown):
        lines += ["", f"■ {number}"]
        lines += dict.fromkeys(f"・{one.title}\n　{one.words}" for one in shown if one.number == number)
    if rest > 0:
        lines += ["", written("ほかに%(count)s件あります。") % {"count": rest}]
    url = f"{settings.RENKEI_ADDRESS}{reverse('desk-nudges', kwargs={'body': body})}"
    return "\n".join([*lines, "", written("連携の画面の「知らせ」で、開いて答えられます。"), url])

