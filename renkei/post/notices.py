"""Notices between bodies: sent, read, answered [C76]. Reading is an act of its own: a GET never writes."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.post.models import Notice, NoticeReceipt
from renkei.post.outbox import put_mail

MOST_TITLE = 100
MOST_TEXT = 4000
MOST_ANSWER = 2000


@dataclass(frozen=True, slots=True)
class Words:
    """What a notice says. With ``asks_answer`` the bodies are asked to answer, by ``due_on`` if given."""

    title: str
    text: str = ""
    asks_answer: bool = False
    due_on: dt.date | None = None


@transaction.atomic
def send_notice(words: Words, *, by: Actor, to: dict[str, str], sender: str) -> Notice:
    """Send a notice to bodies: ``to`` gives each body's code its mail address ("" for none), ``sender`` the own name.

    The mail tells only that there is a notice, from whom and by when: what it says is read on screen.
    """
    person = _require_staff(by)
    _check(words, by, to)
    notice = Notice.objects.create(
        from_body=str(by.body),
        by_person=person,
        title=clean_text(words.title),
        text=clean_text(words.text),
        asks_answer=words.asks_answer,
        due_on=words.due_on if words.asks_answer else None,
        sent_at=clock.now(),
    )
    for body, address in to.items():
        NoticeReceipt.objects.create(notice=notice, body=body)
        _put_mail(notice, by=by, body=body, address=address, sender=sender)
    record(by, "notice.send", notice, to=sorted(to), title=notice.title)
    return notice


@transaction.atomic
def read_notice(notice: Notice, *, by: Actor) -> NoticeReceipt:
    """Write down that the actor's body has read it. The first reader stands; doing it twice changes nothing."""
    receipt = _own_receipt(notice, by)
    if receipt.read_at is None:
        receipt.read_at, receipt.read_by = clock.now(), by.person
        receipt.save(update_fields=["read_at", "read_by"])
        record(by, "notice.read", notice, receipt)
    return receipt


@transaction.atomic
def answer_notice(notice: Notice, *, by: Actor, text: str) -> NoticeReceipt:
    """Answer for the actor's body; the answer also counts as read. Refuses a second answer and an empty one."""
    receipt = _own_receipt(notice, by)
    if not notice.asks_answer:
        raise Refused(_("このお知らせは答えを求めていません。"), "no_answer_asked")
    if receipt.answered_at is not None:
        raise Refused(_("この機関からは、もう答えています。"), "answered")
    answer = clean_text(text)
    if not answer:
        raise Refused(_("答えを書いてください。"), "answer_empty", field="text")
    _fits(answer, MOST_ANSWER, "text")
    moment = clock.now()
    receipt.answer, receipt.answered_at, receipt.answered_by = answer, moment, by.person
    if receipt.read_at is None:
        receipt.read_at, receipt.read_by = moment, by.person
    receipt.save()
    record(by, "notice.answer", notice, receipt, answer=answer)
    return receipt


def _require_staff(by: Actor) -> uuid.UUID:
    if not by.is_staff or by.person is None:
        raise Refused(_("機関の職員として入ってから送ってください。"), "not_staff")
    return by.person


def _check(words: Words, by: Actor, to: dict[str, str]) -> None:
    if not clean_text(words.title):
        raise Refused(_("件名を書いてください。"), "title_empty", field="title")
    _fits(words.title, MOST_TITLE, "title")
    _fits(words.text, MOST_TEXT, "text")
    if not to:
        raise Refused(_("送り先の機関を選んでください。"), "nobody", field="to")
    if by.body in to:
        raise Refused(_("自分の機関には送れません。送り先から外してください。"), "own_body", field="to")
    if words.asks_answer and words.due_on is not None and words.due_on < clock.today():
        raise Refused(_("答えの期限は、今日から後の日を入れてください。"), "past", field="due_on")


def _fits(text: str, most: int, field: str) -> None:
    length = len(clean_text(text))
    if length > most:
        raise Refused(_("%(most)s字までです（いま%(now)s字）。短くしてください。") % {"most": f"{most:,}", "now": f"{length:,}"},
                      "too_long", field=field)


def _own_receipt(notice: Notice, by: Actor) -> NoticeReceipt:
    _require_staff(by)
    receipt = NoticeReceipt.objects.select_for_update().filter(notice=notice, body=by.body).first()
    if receipt is None:
        raise Refused(_("このお知らせは、あなたの機関あてではありません。"), "not_received")
    return receipt


def _put_mail(notice: Notice, *, by: Actor, body: str, address: str, sender: str) -> None:
    path = reverse("desk-notice", kwargs={"body": body, "notice": notice.pk})
    wants = written("答えを求めています。") if notice.asks_answer else written("お読みください。")
    until = written("期限：%(day)s\n") % {"day": f"{notice.due_on.month}月{notice.due_on.day}日"} if notice.due_on else ""
    put_mail(
        by=by,
        to=address,
        to_body=body,
        subject=written("%(sender)sからのお知らせ") % {"sender": sender},
        text=written("%(sender)sからお知らせが届いています。%(wants)s\n%(until)s\n「お知らせ」の画面で読めます。\n%(url)s\n")
        % {"sender": sender, "wants": wants, "until": until, "url": f"{settings.RENKEI_ADDRESS}{path}"},
        purpose="notice",
        about=notice.pk,
        daily=True,
    )
