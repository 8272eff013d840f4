"""A circulation (持ち回り): sent round in writing, answered on screen or by a signed link, reminded of once, counted [C91]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.states import check_step
from renkei.cases.steps import fit, fit_name
from renkei.meetings.actions.calling import hold_meeting, lock_meeting
from renkei.meetings.models import (
    MEETING_STEPS,
    SAYS_WHY,
    AgendaItem,
    Meeting,
    MeetingKind,
    MeetingState,
    Stance,
    Vote,
)
from renkei.meetings.rules import reads_item
from renkei.meetings.telling import LINK_AFTER, day_words, meeting_name
from renkei.plan.models import Body
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose, Mail, MailState
from renkei.post.outbox import put_mail

ROUND, REMINDER = "round", "round_reminder"


@dataclass(frozen=True, slots=True)
class Said:
    """What a body says to one item."""

    stance: str
    words: str = ""


@transaction.atomic
def send_round(meeting: Meeting, *, by: Actor, version: int) -> Meeting:
    """Send a circulation round: every body that reads an item gets a mail with its own link. ``held_on`` is until when to answer.

    Refused: ``no_round`` (a meeting in a room), ``no_items``, ``due_past``, ``wrong_state``, ``changed_meanwhile``, ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by, version=version)
    if locked.kind != MeetingKind.CIRCULATION:
        raise Refused(_("集まって開く会議です。持ち回りで諮るときは、持ち回りの会議を作ってください。"), "no_round")
    check_step(MEETING_STEPS, MeetingState(locked.state), MeetingState.HELD)
    if locked.state != MeetingState.PLANNED:
        raise Refused(_("もう回しています。"), "wrong_state")
    if locked.held_on < clock.today():
        raise Refused(_("回答の期限が過ぎています。先に期限を直してください。"), "due_past", field="held_on")
    asked = _whom_to_ask(locked)
    if not asked:
        raise Refused(_("議題がありません。先に議題を足してください。"), "no_items")
    locked.state = MeetingState.HELD
    locked.round_at = locked.held_at = locked.changed_at = clock.now()
    locked.version += 1
    locked.save()
    for body, count, with_link in asked:
        _ask(locked, body, count, by=by, with_link=with_link)
    record(by, "meeting.send_round", locked, count=len(asked))
    return locked


@transaction.atomic
def cast_votes(meeting: Meeting, said: Mapping[UUID, Said], *, by: Actor, name: str = "") -> list[Vote]:
    """Say for one's body what it thinks of items that go round; by a link ``name`` is who answers. The newest word counts.

    Refused: ``not_round`` (not, or no longer), ``nothing_said``, ``unknown_item``, ``unknown_stance``, ``words_empty``, ``decided``,
    ``name_empty``, ``too_long``, ``not_allowed``. Nothing is half said.
    """
    if not by.body or by.kind not in {ActorKind.STAFF, ActorKind.LINK}:
        raise Refused(_("機関の職員として入ってから送ってください。"), "not_allowed")
    seen = Meeting.objects.visible_to(by).filter(pk=meeting.pk).exists()
    found = hold_meeting(meeting.pk) if seen else None  # nobody decides or freezes while a vote is on its way
    if found is None or not found.is_going_round:
        raise Refused(_("この持ち回りは、もう締め切りました。変わったことは、開いた機関に伝えてください。"), "not_round")
    who = fit_name(name or by.name, "answered_by")
    if not who:
        raise Refused(_("お名前を入れてください。"), "name_empty", field="answered_by")
    if not said:
        raise Refused(_("議題ごとに、賛成・反対などを選んでください。"), "nothing_said")
    items = AgendaItem.objects.visible_to(by).filter(meeting=found).in_bulk()
    made = []
    for key, one in said.items():
        item = items.get(key)
        if item is None:
            raise Refused(_("この議題は読めません。"), "unknown_item")
        made.append(_vote(item, one, who, by=by))
    record(by, "meeting.vote", found, *made, count=len(made))
    return made


def remind_of_round(meeting_id: UUID, *, by: Actor) -> int:
    """Remind the bodies that have not answered every item they read, once a circulation; returns how many. For the worker."""
    with transaction.atomic():
        locked = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting_id)
        if not locked.is_going_round or locked.reminded_at is not None:
            return 0
        locked.reminded_at = clock.now()
        locked.save(update_fields=["reminded_at"])
        count = 0
        for body in silent_bodies(locked):
            text = written(
                "%(body)s 御中\n\n持ち回り「%(meeting)s」の回答を、%(day)sまでにお願いしています。\n"
                "先にお送りしたメールのページか、連携の画面の「会議」からお答えください。\n"
            ) % {"body": body.name, "meeting": meeting_name(locked), "day": day_words(locked.held_on)}
            put_mail(by=by, to=body.mail, subject=written("持ち回りの回答をお待ちしています"), text=text, purpose=REMINDER, about=locked.pk,
                     to_body=body.pk, daily=True)  # fmt: skip
            count += 1
        record(by, "meeting.remind_round", locked, count=count)
        return count


def stop_answered(meeting: Meeting) -> int:
    """Let no mail leave that asks a body for what it has answered, or anybody after the end. For the worker."""
    waiting = Mail.objects.filter(about=meeting.pk, purpose__in=[ROUND, REMINDER], state=MailState.WAITING)
    if meeting.is_going_round:
        waiting = waiting.exclude(to_body__in=[one.pk for one in silent_bodies(meeting)])
    return waiting.update(state=MailState.CANCELLED)


def silent_bodies(meeting: Meeting) -> list[Body]:
    """Return the bodies that have not said a word to every undecided item they read. For the worker, and who reads all."""
    items = list(AgendaItem.objects.filter(meeting=meeting, outcome=""))
    said = set(Vote.objects.filter(item__in=items).values_list("item_id", "body_id"))
    return [body for body in Body.objects.filter(closed_on__isnull=True)
            if any(reads_item(body.pk, one) and (one.pk, body.pk) not in said for one in items)]  # fmt: skip


def _whom_to_ask(meeting: Meeting) -> list[tuple[Body, int, bool]]:
    """Return each body that reads an item, how many, and whether a link shows any: who sends need not read them all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT body, items, by_link FROM meeting_asked(%s)", [meeting.pk])
        found = {code: (count, by_link) for code, count, by_link in cursor.fetchall()}
    return [(one, *found[one.pk]) for one in Body.objects.filter(pk__in=found)]


def _vote(item: AgendaItem, said: Said, name: str, *, by: Actor) -> Vote:
    """Write one word; the field a refusal names is that of the ballot (``s-`` or ``w-`` with the item's id)."""
    if item.outcome:
        raise Refused(_("もう決まった議題です：%(title)s") % {"title": item.title}, "decided", field=f"s-{item.pk}")
    if said.stance not in Stance.values:
        raise Refused(_("賛成・反対などを1つ選んでください。"), "unknown_stance", field=f"s-{item.pk}")
    words = fit(said.words, 400, f"w-{item.pk}")
    if said.stance in SAYS_WHY and not words:
        raise Refused(_("条件・反対・回答は、ひとことを書いてください：%(title)s") % {"title": item.title}, "words_empty", field=f"w-{item.pk}")
    return Vote.objects.create(item=item, body_id=str(by.body), stance=said.stance, words=words, said_at=clock.now(), said_by_id=by.person, said_name=name)


def _ask(meeting: Meeting, body: Body, count: int, *, by: Actor, with_link: bool) -> None:
    day, name = day_words(meeting.held_on), meeting_name(meeting)
    page = ""
    if with_link:
        ends = clock.at(meeting.held_on, 23, 59) + LINK_AFTER
        token = make_link(by=by, purpose=LinkPurpose.ROUND, expires_at=ends, subject=meeting.pk, body=body.pk, recipient_email=body.mail)
        page = written("入らずに答えるページ（ほかの人に渡さないでください）：") + f"\n{settings.RENKEI_ADDRESS}/round/{token}/\n"
    text = written(
        "%(body)s 御中\n\n「%(meeting)s」を持ち回りで諮ります。議題は%(count)s件、回答の期限は%(day)sです。\n"
        "賛成、条件を付けて賛成、反対、棄権のどれか、または回答だけを、ひとことと一緒にお答えください。\n\n"
        "連携の画面では「会議」から答えられます。名指しした機関だけの議題は、画面で読めます。\n"
    ) % {"body": body.name, "meeting": name, "count": count, "day": day}
    put_mail(by=by, to=body.mail, subject=written("持ち回りのお願い（%(meeting)s、回答は%(day)sまで）") % {"meeting": name, "day": day}, text=f"{text}{page}",
             purpose=ROUND, about=meeting.pk, to_body=body.pk, daily=True)  # fmt: skip
