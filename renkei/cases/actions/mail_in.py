"""A letter comes in by mail: kept as it came, once, and either it becomes part of its case or somebody is asked.

Runs as the worker. The mail server hears 250 only after the commit of all this (P4). Nobody is ever answered by mail:
an unknown sender learns nothing, and no loop can begin.
"""

from __future__ import annotations

import hashlib
import uuid

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Membership
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor, ActorKind, link_holder, staff
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.holding import write_note
from renkei.cases.actions.mail_out import tell_undelivered
from renkei.cases.actions.talk import MOST_CHARACTERS, add_file, hear_company, put_message
from renkei.cases.models import Case, HeldFor, Incoming, IncomingState, Verb, log_step
from renkei.cases.nudges import settle
from renkei.cases.rules import require, runs_case
from renkei.cases.steps import fit, lock_case, require_open
from renkei.documents.store import keep_letter, path_of
from renkei.post.letters import Arrived, read_letter
from renkei.post.models import Link, LinkPurpose, Mail, MailState
from renkei.post.replies import mail_answered

MOST_FILES = 20
WHOLE = "届いたメールの全文.txt"


@transaction.atomic
def take_letter(raw: bytes, *, by: Actor, envelope_from: str, to: list[str]) -> Incoming:
    """Take a letter in. The same letter (Message-ID) twice gives the first row and changes nothing."""
    letter = read_letter(raw, envelope_from=envelope_from)
    key = letter.message_id or f"<{hashlib.sha256(raw).hexdigest()}@none>"
    with connection.cursor() as cursor:  # two deliveries of one letter at once: the second waits and finds the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('letter:' || %s, 0))", [key])
    known = Incoming.objects.filter(message_id=key).first()
    if known is not None:
        return known
    mail = next((found for one in to if (found := mail_answered(one)) is not None), None)
    case = lock_case(Case(pk=mail.case)) if mail is not None and mail.case else None
    row = Incoming(
        case=case, message_id=key, sender=letter.sender, sender_name=letter.sender_name, subject=letter.subject,
        text=letter.text[:20_000], sha256=keep_letter(raw), size=len(raw), answers=mail.pk if mail else None,
        expected=mail.to if mail else "", received_at=clock.now(),
    )  # fmt: skip
    _decide(row, letter, mail)
    row.save(force_insert=True)
    record(by, f"mail_in.{row.state}", row, *([case] if case else []), sha256=row.sha256, why=row.held_for)
    return row


def _decide(row: Incoming, letter: Arrived, mail: Mail | None) -> None:
    """Say what becomes of it, and do it."""
    if letter.is_bounce:
        row.state = IncomingState.BOUNCE
        _mark_bounced(letter, mail)
    elif letter.is_auto:
        row.state = IncomingState.AUTO
    elif (why := _held_for(row, letter, mail)) is not None or mail is None:
        row.state, row.held_for = IncomingState.HELD, why or HeldFor.STRAY
        _tell_of_held(row)
    elif mail.to_body:
        _take_from_staff(row, letter, mail)
    else:
        _take_from_firm(row, letter, mail)


def _held_for(row: Incoming, letter: Arrived, mail: Mail | None) -> HeldFor | None:
    if mail is None or row.case is None:
        return HeldFor.STRAY
    if letter.sender.lower() != mail.to.lower():
        return HeldFor.SENDER
    if not row.case.is_open:
        return HeldFor.CLOSED
    return None if letter.text or letter.files else HeldFor.EMPTY


def _take_from_firm(row: Incoming, letter: Arrived, mail: Mail) -> None:
    """It becomes a message of the firm, as if typed on its page: the holder is told and answers by the clock."""
    assert row.case is not None  # noqa: S101  a letter of a firm answers a mail about a case
    link = Link.objects.filter(case=mail.case, purpose=LinkPurpose.STATUS, closed_at=None).order_by("-made_at").first()
    name = letter.sender_name or letter.sender
    by = link_holder(link.pk, name=name) if link else Actor(ActorKind.LINK, name=name)
    _put_into(row, letter, row.case, by=by)
    row.state = IncomingState.TAKEN


def _put_into(row: Incoming, letter: Arrived, case: Case, *, by: Actor) -> None:
    only = written("（ファイルだけのメールです）") if letter.files else written("（本文のないメールです）")
    put_message(case, _cut(letter.text or only), by=by)
    row.left_out = _add_files(case, letter, by=by)
    hear_company(lock_case(case), by=by, what=written("会社からのメールを読んで答える"))


def _add_files(case: Case, letter: Arrived, *, by: Actor) -> str:
    """Add what came along, and the whole words when fewer were taken; returns in words what could not be kept."""
    files = letter.files[:MOST_FILES]
    if letter.whole.strip() != letter.text.strip() or len(letter.text) > MOST_CHARACTERS:
        files = [*files, (WHOLE, letter.whole.encode())]
    left = [_add(case, name, data, by=by) for name, data in files]
    left += [f"{name}：{written('1通のメールから入れられるのは%(most)s件までです。') % {'most': MOST_FILES}}"
             for name, _data in letter.files[MOST_FILES:]]  # fmt: skip
    return "\n".join(filter(None, left))


def _cut(text: str) -> str:
    more = written("（続きは、付いているファイルにあります）")
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - len(more) - 1]}\n{more}"


def _add(case: Case, name: str, data: bytes, *, by: Actor) -> str:
    """Add one file; returns why not, in words, when it may not be kept."""
    try:
        with transaction.atomic():
            add_file(case, by=by, name=name, data=data)
    except Refused as refusal:
        return f"{name}：{refusal.message}"
    return ""


def _take_from_staff(row: Incoming, letter: Arrived, mail: Mail) -> None:
    """A colleague's answer becomes a note between bodies; from a shared mailbox the holder has to say whose it is."""
    assert row.case is not None  # noqa: S101  as above
    member = Membership.objects.current().filter(person__email__iexact=letter.sender, body_id=mail.to_body).first()
    if member is None:
        row.state, row.held_for = IncomingState.HELD, HeldFor.MAILBOX
        _tell_of_held(row)
        return
    by = staff(member.person_id, member.body_id, member.person.name)
    note = write_note(row.case, _cut(letter.text or written("（ファイルだけのメールです）")), by=by)
    log_step(row.case, Verb.CONTACT, by=by, subject=note, about_body=member.body_id)
    row.left_out = _add_files(row.case, letter, by=by)
    mails.tell_holder(row.case, by=by, subject=written("機関からメールの返事がありました"), words=written(
        "%(body)sの%(name)sさんから、メールで返事がありました。案件の画面の「やりとり」で読めます。")
        % {"body": member.body.name, "name": member.person.name})  # fmt: skip
    row.state = IncomingState.TAKEN


def _tell_of_held(row: Incoming) -> None:
    if row.case is not None:
        mails.tell_holder(row.case, by=SYSTEM, purpose="mail_in", about=row.pk, subject=written("届いたメールを確かめてください"),
                          words=written("この案件に届いたメールを、そのままでは入れられませんでした（%(why)s）。「届いたメール」の画面で、"
                                  "入れるか使わないかを決めてください。") % {"why": HeldFor(row.held_for).label})  # fmt: skip


def _mark_bounced(letter: Arrived, mail: Mail | None) -> None:
    """Our mail did not arrive: its row says so, and whoever holds the case is asked to telephone."""
    ids = {uuid.UUID(one) for one in letter.own_ids} | ({mail.pk} if mail is not None else set())
    rows = Mail.objects.select_for_update().filter(pk__in=ids, state__in=[MailState.SENT, MailState.JOINED])
    for one in list(rows.order_by("pk")):
        carried = list(one.carried.select_for_update().filter(state=MailState.JOINED)) if one.state == MailState.SENT else []
        for row in (one, *carried):
            row.state, row.error = MailState.BOUNCED, letter.why[:500]
            row.save(update_fields=["state", "error"])
            tell_undelivered(row)


@transaction.atomic
def accept_letter(letter: Incoming, *, by: Actor, case: Case | None = None) -> Incoming:
    """Put a held letter into its case, or into ``case`` when it belongs to none: as the firm's words, or as a note.

    Refused: ``not_held``, ``no_case``, ``case_closed``, ``not_allowed``.
    """
    row = _held(letter)
    target = row.case or case
    if target is None:
        raise Refused(_("どの案件のメールかを、受付番号で選んでください。"), "no_case", field="number")
    locked = lock_case(target)
    require(runs_case(by, locked))
    require_open(locked)
    came = _as_it_came(row)
    if row.held_for == HeldFor.MAILBOX:
        note = write_note(locked, _cut(f"{row.sender}：{came.text or written('（本文のないメールです）')}"), by=by)
        log_step(locked, Verb.CONTACT, by=by, subject=note)
        row.left_out = _add_files(locked, came, by=by)
    else:
        _put_into(row, came, locked, by=Actor(ActorKind.LINK, name=row.sender_name or row.sender))
    row.case, row.state = locked, IncomingState.TAKEN
    return _decided(row, by=by)


@transaction.atomic
def discard_letter(letter: Incoming, *, by: Actor, reason: str) -> Incoming:
    """Do not use a held letter, and say why. Refused: ``not_held``, ``reason_empty``, ``not_allowed``."""
    row = _held(letter)
    if row.case is not None:
        require(runs_case(by, lock_case(row.case)))
    row.reason = fit(reason, 200, "reason")
    if not row.reason:
        raise Refused(_("使わないわけを、ひとことで書いてください。"), "reason_empty", field="reason")
    row.state = IncomingState.DISCARDED
    return _decided(row, by=by)


def _as_it_came(row: Incoming) -> Arrived:
    """Return the letter from its kept bytes, files and all; what the row says of it when the bytes are gone."""
    path = path_of(row.sha256)
    if path.is_file():
        return read_letter(path.read_bytes())
    return Arrived(row.message_id, row.sender, row.sender_name, row.subject, row.text, row.text)


def _held(letter: Incoming) -> Incoming:
    row = Incoming.objects.select_for_update().get(pk=letter.pk)
    if row.state != IncomingState.HELD:
        raise Refused(_("このメールは、もう決まっています。画面を開き直してください。"), "not_held")
    return row


def _decided(row: Incoming, *, by: Actor) -> Incoming:
    row.decided_at, row.decided_by_id = clock.now(), by.person
    row.save()
    if row.case is not None:
        settle(row.case.pk, "mail_in", by=by, about=row.pk)
    record(by, f"mail_in.{row.state}", row, *([row.case] if row.case else []), reason=row.reason)
    return row
