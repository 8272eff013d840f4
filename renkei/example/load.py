"""Fill an empty home with the example region, by the same actions people use, with the clock moved.

Every story is a generator that acts and then yields the moment at which it goes on. One queue resumes the stories in the
order of time, so numbers, deadlines and reminders come out as in a real office. Dates hang on the day of loading.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from django.db import connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError

from renkei.base import clock
from renkei.base.memo import remembering
from renkei.cases.jobs import run_clocks
from renkei.cases.judging import take_up_judgments
from renkei.cases.models import Case
from renkei.example.afterwards import ask_and_answer
from renkei.example.cast import Cast, gather
from renkei.example.catalogue import load_catalogue
from renkei.example.coordinators import coordinate
from renkei.example.files import rows
from renkei.example.meetings import meet
from renkei.example.plots import PLOTS
from renkei.example.projects import approve
from renkei.example.scene import Scene, Story
from renkei.example.yearend import end_year
from renkei.plan.queries import add_business_days
from renkei.post.daily import DIGEST, compose
from renkei.post.models import Mail, MailState, Nudge, ScreenMail

Say = Callable[[str], None]
_CLOCK_DAYS = 12  # on how many of the last business mornings reminders and expiries are worked off
_ASKING_DAYS = 200  # since when firms are asked what became of their cases, every fortnight
_MAILBOX_DAYS = 7
_COORDINATING_DAYS = 90  # since when coordinators log, bridge and report
_MEETING_DAYS = 150  # since when meetings are called and held
_PROJECT_DAYS = 400  # since when approved projects are recorded


def load_example(say: Say = print) -> int:
    """Load people, firms, catalogue and cases in one transaction; returns how many cases. Twice does nothing."""
    if Case.objects.exists():
        return 0
    try:
        return _load(say, savepoints=False)
    except TransactionManagementError:  # a clock was refused something, as happens on some days: go on from there, as always
        return _load(say, savepoints=True)


def _load(say: Say, *, savepoints: bool) -> int:
    with transaction.atomic(), _savepoints(kept=savepoints), remembering():  # the plan does not change while it is played
        say("例示の機関の人と会社を作っています")
        cast = gather()
        say("例示の機器・制度・研究を入れています")
        load_catalogue()
        say("例示の案件を作っています")
        _play(cast)
        _deliver()
        take_up_judgments()
        return Case.objects.count()


@contextmanager
def _savepoints(*, kept: bool) -> Iterator[None]:
    """Let actions make their savepoints, or not: five thousand statements that only a refusal needs."""
    features = connection.features
    before = features.uses_savepoints
    features.uses_savepoints = before and kept
    try:
        yield
    finally:
        features.uses_savepoints = before


def _play(cast: Cast) -> None:
    """Resume every story in the order of time until all are told or lie in the future."""
    now = clock.now()
    order = count()
    queue: list[tuple[dt.datetime, int, Iterator[dt.datetime]]] = []
    for turn, row in enumerate(rows("stories.jsonl")):
        story = Story(row)
        scene = Scene(story=story, cast=cast, turn=turn, start=_start(story.days_ago, turn, now))
        heapq.heappush(queue, (scene.start, next(order), PLOTS[story.plot](scene)))
    fortnights = [clock.at(add_business_days(clock.today() - dt.timedelta(days=days + 1), 1), 8, 10) for days in range(_ASKING_DAYS, 0, -14)]
    heapq.heappush(queue, (fortnights[0] - dt.timedelta(minutes=1), next(order), ask_and_answer(cast, fortnights)))
    heapq.heappush(queue, (now - dt.timedelta(days=_MEETING_DAYS), next(order), meet(cast, clock.today())))
    heapq.heappush(queue, (now - dt.timedelta(days=_COORDINATING_DAYS), next(order), coordinate(cast, clock.today())))
    heapq.heappush(queue, (now - dt.timedelta(days=_PROJECT_DAYS), next(order), approve(cast, clock.today())))
    heapq.heappush(queue, (now - dt.timedelta(days=_PROJECT_DAYS), next(order), end_year(cast, clock.today())))
    mornings = [clock.at(add_business_days(clock.today(), -days), 7, 30) for days in range(_CLOCK_DAYS, 0, -1)]
    for morning in mornings:
        heapq.heappush(queue, (morning, next(order), _morning()))
    while queue and queue[0][0] < now:
        moment, _, story_going_on = heapq.heappop(queue)
        with clock.moved_to(moment):
            going_on = next(story_going_on, None)
        if going_on is not None:
            heapq.heappush(queue, (max(going_on, moment), next(order), story_going_on))


def _start(days_ago: int, turn: int, now: dt.datetime) -> dt.datetime:
    """Return when a story begins: a working hour that many days ago, or this morning before now."""
    if days_ago == 0:
        return now - dt.timedelta(minutes=20 + 17 * (turn % 9))
    day = add_business_days(clock.today() - dt.timedelta(days=days_ago + 1), 1)
    if day >= clock.today():
        day = add_business_days(clock.today(), -1)
    return clock.at(day, 9 + turn % 7, (turn * 13) % 60)


def _morning() -> Iterator[dt.datetime]:
    """Work off the clocks of one morning."""
    run_clocks()
    return
    yield


def _deliver() -> None:
    """Mark what would have left long ago as sent; the last days' mails lie in the on-screen mailbox."""
    now = clock.now()
    left = Mail.objects.filter(state=MailState.WAITING, not_before__lt=now)
    recent = left.filter(not_before__gte=now - dt.timedelta(days=_MAILBOX_DAYS)).order_by("not_before")
    ScreenMail.objects.bulk_create(
        [ScreenMail(to=mail.to, subject=mail.subject, text=mail.text, sent_at=mail.not_before) for mail in recent]
    )
    left.update(state=MailState.SENT, sent_at=F("not_before"), attempts=1, daily=False)  # nobody has had today's mail yet
    _deliver_news(now)


def _deliver_news(now: dt.datetime) -> None:
    """Let the story's news have been mailed yesterday: on screen they stand, today's mails are those of today's acts."""
    told = Nudge.objects.open().filter(mail=None)
    for address in sorted(set(told.values_list("address", flat=True))):
        rows = list(told.filter(address=address).order_by("made_at", "pk"))
        letter = compose([], rows)
        mail = Mail.objects.create(
            to=address or "nobody@renkei.example", subject=letter.subject, text=letter.text, purpose=DIGEST, to_body=rows[0].body,
            made_at=now, not_before=now, state=MailState.SENT, sent_at=now - dt.timedelta(days=1), attempts=1,
        )  # fmt: skip
        told.filter(pk__in=[one.pk for one in rows]).update(mail=mail)
