"""Tell the bodies of a meeting, of minutes that wait for their word, of a task that is theirs: on their list, and in the mail of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import screen_date, wareki
from renkei.base.language import written
from renkei.meetings.models import AgendaItem, Confirmation, Level, Meeting, MeetingKind, MeetingState, Minutes, Task
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days, content_now
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose, Nudge
from renkei.post.nudges import MEETING_KINDS, News, Reader, put_nudge
from renkei.post.outbox import put_mail

CALLED, MINUTES, TASK = MEETING_KINDS
CONFIRM, CONFIRM_REMINDER, INVITED = "minutes", "minutes_reminder", "meeting_invitation"
LINK_AFTER = dt.timedelta(days=30)  # how long after its day a link still opens what was asked, answered or not
_ANSWER = "minutes_answer"
_NEAR_DAYS = 180
_ANSWER_DAYS = 5  # business days, where the plan sets no clock of that name


def meeting_name(meeting: Meeting) -> str:
    """Return a meeting in words: its series by the plan, and its number."""
    series = next((one for one in content_now().series if one.code == meeting.series), None)
    return written("%(series)s 第%(number)s回") % {"series": series.name if series else meeting.series, "number": meeting.number}


def answer_day() -> dt.date:
    """Return the day until which the bodies confirm minutes that are sent out today."""
    rule = content_now().clocks.get(_ANSWER)
    return add_business_days(clock.today(), rule.business_days if rule and rule.business_days else _ANSWER_DAYS)


def day_words(day: dt.date) -> str:
    """Return a day in words that stay right whenever a mail is read."""
    return screen_date(day, day) if abs((day - clock.today()).days) < _NEAR_DAYS else wareki(day)


def tell_of_meeting(meeting: Meeting, subject: str, *, by: Actor) -> None:
    """Tell every other body that a meeting is called, moved, called off or on again; nothing of a day that is over.

    Of a circulation nothing is told before it is sent round.
    """
    if meeting.held_on < clock.today() or (meeting.kind == MeetingKind.CIRCULATION and meeting.round_at is None):
        return
    parts = [_when(meeting), meeting.place, meeting.state_reason or meeting.reason]
    _tell_all(_news(meeting, CALLED, subject, "　".join(part for part in parts if part)), by=by)


def tell_of_invitation(meeting: Meeting, items: Sequence[AgendaItem], *, by: Actor) -> int:
    """Invite every other body, on its list and by mail; returns how many. Items for some are told of nowhere: those read them on screen."""
    again = meeting.invited_at is not None
    title = written("会議の案内が、あらためて届きました") if again else written("会議の案内が届きました")
    news = _news(meeting, CALLED, title, "　".join(part for part in (_when(meeting), meeting.place) if part))
    told = [body for body in Body.objects.filter(closed_on__isnull=True) if put_nudge(news, Reader(body.pk), by=by) is not None]
    agenda = [written("%(title)s（%(body)s、%(minutes)s分）") % {"title": one.title, "body": one.put_up_by.short, "minutes": one.planned_minutes}
              for one in items if one.level == Level.ALL]  # fmt: skip
    lines = [written("日時　%(when)s") % {"when": _when(meeting)}, *([written("場所　%(place)s") % {"place": meeting.place}] if meeting.place else []),
             *([written("議長　%(chair)s") % {"chair": meeting.chair}] if meeting.chair else []),
             *(["", written("議題"), *[f"{number}　{words}" for number, words in enumerate(agenda, 1)]] if agenda else [])]  # fmt: skip
    values = {"meeting": meeting_name(meeting), "lines": "\n".join(lines), "day": day_words(meeting.held_on)}
    subject = (written("会議の案内（あらためて）：%(meeting)s、%(day)s") if again else written("会議の案内：%(meeting)s、%(day)s")) % values
    for body in told:
        text = written(
            "%(body)s 御中\n\n「%(meeting)s」の案内をお送りします。\n\n%(lines)s\n\n"
            "資料と、名指しした機関だけの議題は、連携の画面で読めます："
        ) % {**values, "body": body.name}
        address = reverse("desk-meeting", kwargs={"body": body.pk, "meeting": meeting.pk})
        put_mail(by=by, to=body.mail, subject=subject, text=f"{text}\n{settings.RENKEI_ADDRESS}{address}\n", purpose=INVITED, about=meeting.pk,
                 to_body=body.pk)  # fmt: skip
    return len(told)


def tell_of_minutes(minutes: Minutes, meeting: Meeting, *, by: Actor) -> None:
    """Ask every other body to confirm minutes: on its list, and by a mail with its own link."""
    due = minutes.due_on or answer_day()
    words = written("%(day)sまでに、このままでよいか、直してほしいところがあるかを答えてください。") % {"day": day_words(due)}
    news = _news(meeting, MINUTES, written("議事録の確認をお願いします"), words, minutes.pk)
    for body in Body.objects.filter(closed_on__isnull=True):
        if put_nudge(news, Reader(body.pk), by=by) is not None:  # without an address: the mail is this one
            _ask_by_mail(minutes, body, due, words, by=by)


def _ask_by_mail(minutes: Minutes, body: Body, due: dt.date, words: str, *, by: Actor) -> None:
    if not body.mail:
        return
    name = meeting_name(minutes.meeting)
    token = make_link(by=by, purpose=LinkPurpose.MINUTES, expires_at=clock.at(due, 23, 59) + LINK_AFTER, subject=minutes.meeting_id, body=body.pk,
                      recipient_email=body.mail)  # fmt: skip
    text = written(
        "%(body)s 御中\n\n「%(meeting)s」の議事録（第%(number)s版）ができました。%(words)s\n\n"
        "連携の画面では「会議」から答えられます。名指しした機関だけの議題は、画面で読めます。\n"
        "入らずに答えるページ（ほかの人に渡さないでください）："
    ) % {"body": body.name, "meeting": name, "number": minutes.number, "words": words}
    subject = written("議事録の確認のお願い（%(meeting)s、%(day)sまで）") % {"meeting": name, "day": day_words(due)}
    put_mail(by=by, to=body.mail, subject=subject, text=f"{text}\n{settings.RENKEI_ADDRESS}/minutes/{token}/\n", purpose=CONFIRM, about=minutes.pk,
             to_body=body.pk, daily=True)  # fmt: skip


def tell_of_task(task: Task, meeting: Meeting, *, by: Actor) -> None:
    """Tell a body of a task; what it is stands in no mail where the item is for some."""
    what = task.what if task.item.level == Level.ALL else written("内容は画面で読めます。")
    words = written("%(day)sまで　%(what)s") % {"day": day_words(task.due_on), "what": what}
    news = _news(meeting, TASK, written("会議の宿題があります"), words, task.pk)
    put_nudge(news, Reader(task.body.pk, None, task.body.mail, ""), by=by)


def settle_own(kind: str, about: UUID, *, by: Actor) -> None:
    """Settle what the actor's own body was told and has answered; the worker settles what is told to others."""
    Nudge.objects.visible_to(by).open().filter(kind=kind, about=about).update(settled_at=clock.now())


def settle_over() -> int:
    """Settle everything told of meetings that is over: a day gone, a newer word, a body that has answered, a task done. For the worker."""
    waiting = list(Nudge.objects.open().filter(kind__in=MEETING_KINDS).select_for_update(skip_locked=True).order_by("-made_at", "-pk"))
    meetings = Meeting.objects.in_bulk({one.case for one in waiting})
    newest = {one.meeting_id: one.pk for one in Minutes.objects.filter(meeting__in=meetings).order_by("number")}
    answered = set(Confirmation.objects.filter(minutes__in=newest.values()).values_list("minutes_id", "body_id"))
    open_tasks = set(Task.objects.filter(pk__in={one.about for one in waiting}, done_on__isnull=True).values_list("pk", flat=True))
    known: set[tuple[UUID, str]] = set()
    gone = []
    for one in waiting:
        meeting = meetings.get(one.case)
        if one.kind == CALLED:
            over = meeting is None or meeting.held_on < clock.today() or (one.case, one.body) in known
            known.add((one.case, one.body))
        elif one.kind == MINUTES:
            checking = meeting is not None and meeting.state == MeetingState.CHECKING and newest.get(meeting.pk) == one.about
            over = not checking or (one.about, one.body) in answered
        else:
            over = one.about not in open_tasks
        if over:
            one.settled_at = clock.now()
            gone.append(one)
    Nudge.objects.bulk_update(gone, ["settled_at"])
    return len(gone)


def _when(meeting: Meeting) -> str:
    hours = "～".join(f"{one:%H:%M}" for one in (meeting.starts, meeting.ends) if one)
    return f"{day_words(meeting.held_on)} {hours}".strip()


def _news(meeting: Meeting, kind: str, subject: str, words: str, about: UUID | None = None) -> News:
    return News(kind, subject, words, meeting.pk, meeting_name(meeting)[:30], about)


def _tell_all(news: News, *, by: Actor) -> None:
    for body in Body.objects.filter(closed_on__isnull=True):
        put_nudge(news, Reader(body.pk, None, body.mail, ""), by=by)
