"""Contacts, messages and files of a case."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Attachment, Case, Contact, Message, Support, Verb, log_step
from renkei.cases.rules import require, runs_case, works_on
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case
from renkei.documents.store import keep
from renkei.plan.queries import content_now

MOST_MINUTES = 24 * 60


@transaction.atomic
def log_contact(
    case: Case,
    *,
    by: Actor,
    channel: str,
    text: str,
    happened_at: dt.datetime | None = None,
    klass: str = DisclosureClass.TECHNICAL,
    outcome: str = "",
    minutes: int | None = None,
    support: Support | None = None,
    corrects: Contact | None = None,
    next_step: NextStep | None = None,
) -> Contact:
    """Write down a call, a visit, a mail: also days later. A correction is a new row that names the old one."""
    _may_write(case, by=by, support=support)
    moment = happened_at or clock.now()
    clean = _checked_contact(channel=channel, text=text, klass=klass, outcome=outcome, minutes=minutes, moment=moment)
    contact = Contact.objects.create(
        case=case, support=support, channel=channel, outcome=outcome, klass=klass, text=clean, author_body_id=by.body,
        author_id=by.person, minutes=minutes, happened_at=moment, recorded_at=clock.now(), corrects=corrects,
    )  # fmt: skip
    if next_step is not None:
        locked = lock_case(case)
        require(runs_case(by, locked))
        require_open(locked)
        put_next_step(locked, next_step)
        save_case(locked)
    verb = Verb.CORRECTED if corrects else Verb.CONTACT
    log_step(case, verb, by=by, subject=contact, after=outcome, about_body=support.body_id if support else "",
             happened_on=moment.astimezone(clock.JST).date())
    record(by, "contact.log", contact, case, channel=channel, outcome=outcome, next_step=next_step)
    return contact


@transaction.atomic
def write_to_company(
    case: Case, *, by: Actor, text: str, kind: str = "message", klass: str = DisclosureClass.TECHNICAL
) -> Message:
    """Write to the firm on its status page; the mail only says that something is there."""
    _may_write(case, by=by, support=None)
    message = _write(case, text, by=by, kind=kind, klass=klass, from_company=False)
    mails.tell_company(case, by=by, subject=_("担当からの連絡があります"),
                       words=_("担当から連絡があります。「状況」のページでご覧ください。"))
    log_step(case, Verb.STAFF_WROTE, by=by, subject=message)
    record(by, "message.write", message, case, kind=kind)
    return message


@transaction.atomic
def company_writes(case: Case, *, by: Actor, text: str) -> Message:
    """Let the firm write through its link; the holder is told and reads it by the clock of the first answer."""
    require(by.kind is ActorKind.LINK and not by.body, _("会社の方だけが書けます。"))
    message = _write(case, text, by=by, kind="message", klass=DisclosureClass.TECHNICAL, from_company=True)
    answer_firm(case, by=by, what=_("会社からの連絡を読み、答える"))
    log_step(case, Verb.COMPANY_WROTE, by=by, subject=message)
    record(by, "message.receive", message, case)
    return message


@transaction.atomic
def add_file(
    case: Case, *, by: Actor, name: str, data: bytes, klass: str = DisclosureClass.TECHNICAL
) -> Attachment:
    """Add a file. Its bytes lie on disk, synced, before this row is written."""
    from_company = by.kind is ActorKind.LINK and not by.body
    if not from_company:
        _may_write(case, by=by, support=None)
    _require_class(klass)
    kept = keep(name, data)
    added = Attachment.objects.create(
        case=case, klass=klass, name=kept.name, media_type=kept.media_type, size=kept.size, sha256=kept.sha256,
        from_company=from_company, author_body_id=by.body, author_id=by.person, added_at=clock.now(),
    )  # fmt: skip
    log_step(case, Verb.FILE_ADDED, by=by, subject=added)
    record(by, "file.add", added, case, sha256=kept.sha256, size=kept.size)
    return added


def answer_firm(case: Case, *, by: Actor, what: str) -> None:
    """Make the holder read and answer by the clock, unless its next step comes earlier anyway."""
    locked = lock_case(case)
    locked.from_company_at = clock.now()
    day = due("first_answer")
    if locked.is_open and (locked.next_kind == "wait" or locked.next_on is None or locked.next_on > day):
        put_next_step(locked, NextStep(what=what, on=day, kind="answer"))
    save_case(locked)
    mails.tell_holder(locked, by=by, subject=_("会社から連絡がありました"),
                      words=_("会社から連絡が届いています。案件の画面で読んでください。"))


def _may_write(case: Case, *, by: Actor, support: Support | None) -> None:
    """Refuse who neither runs the case, nor took it, nor works on one of its supports."""
    if by.is_system or runs_case(by, case) or by.is_staff and case.received_by_id == by.body:
        return
    asked = [support] if support is not None else list(Support.objects.visible_to(by).filter(case=case, body_id=by.body))
    require(by.is_staff and any(works_on(by, one) for one in asked))


def _write(case: Case, text: str, *, by: Actor, kind: str, klass: str, from_company: bool) -> Message:
    clean = fit(text, 4000, "text")
    if not clean:
        raise Refused(_("伝えたいことを書いてください。"), "text_empty", field="text")
    _require_class(klass)
    return Message.objects.create(
        case=case, klass=klass, text=clean, from_company=from_company, author_name=by.name[:100],
        author_body_id=None if from_company else by.body or case.holder_id,
        author_id=None if from_company else by.person, kind=kind, sent_at=clock.now(),
    )  # fmt: skip


def _checked_contact(
    *, channel: str, text: str, klass: str, outcome: str, minutes: int | None, moment: dt.datetime
) -> str:
    content = content_now()
    clean = fit(text, 4000, "text")
    if not clean:
        raise Refused(_("やりとりを、ひとことでよいので書いてください。"), "text_empty", field="text")
    if channel not in {term.code for term in content.vocabulary("channels")}:
        raise Refused(_("手段を一覧から選んでください。"), "unknown_channel", field="channel")
    if outcome and outcome not in {term.code for term in content.vocabulary("contact_outcomes")}:
        raise Refused(_("話せたかどうかを一覧から選んでください。"), "unknown_outcome", field="outcome")
    if moment > clock.now():
        raise Refused(_("まだ来ていない日時です。やりとりした日時を入れてください。"), "future", field="happened_at")
    if minutes is not None and not 0 < minutes <= MOST_MINUTES:
        raise Refused(_("かかった分は、1から1440までの数で入れてください。"), "minutes", field="minutes")
    _require_class(klass)
    return clean


def _require_class(klass: str) -> None:
    if klass not in DisclosureClass.values:
        raise Refused(_("区分を一覧から選んでください。"), "unknown_class", field="klass")
