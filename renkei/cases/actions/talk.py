"""What is said from day to day: the contact log, messages to and from the firm, files."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.holding import bring_forward
from renkei.cases.actions.waiting import question_step
from renkei.cases.models import Attachment, Case, Contact, Message, Support, Verb, log_step
from renkei.cases.rules import answers_for, require, runs_case, signed, speaks_for_company, takes_part
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case
from renkei.documents.store import keep
from renkei.plan.queries import content_now

MOST_CHARACTERS = 4000
MOST_FILES = 100
ABSENT = "absent"


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
    """Write down one contact, even days later; it is never changed. ``next_step`` is set in the same act.

    An attempt that reached nobody (``absent``) needs no words. Refused: ``text_empty``, ``too_long``, ``unknown_channel``,
    ``unknown_outcome``, ``unknown_class``, ``future``, ``before_case``, ``corrects_other``, ``not_allowed``,
    ``case_closed``.
    """
    body, person = signed(by)
    locked = lock_case(case)
    _check_contact(locked, by=by, support=support, corrects=corrects)
    require_open(locked)
    moment = happened_at or clock.now()
    _check_words(channel, outcome, klass)
    _check_moment(locked, moment)
    contact = Contact.objects.create(
        case=locked, support=support, channel=channel, outcome=outcome, klass=klass, minutes=minutes,
        text=_contact_text(text, outcome), author_body_id=body, author_id=person, happened_at=moment,
        recorded_at=max(clock.now(), moment), corrects=corrects,
    )  # fmt: skip
    log_step(locked, Verb.CONTACT, by=by, subject=contact, after=outcome, about_body=support.body_id if support else "",
             happened_on=moment.astimezone(clock.JST).date())
    record(by, "contact.log", contact, locked, text=contact.text, corrects=corrects and corrects.pk)
    if next_step is not None:
        require(runs_case(by, locked), _("次の一手を決められるのは、主担当の機関か窓口だけです。"))
        put_next_step(locked, next_step)
        save_case(locked)
        log_step(locked, Verb.NEXT_STEP, by=by, after=next_step.kind, about_body=locked.next_body_id)
    return contact


@transaction.atomic
def write_to_company(
    case: Case, *, by: Actor, text: str, kind: str = "message", klass: str = DisclosureClass.TECHNICAL
) -> Message:
    """Write to the firm: the words stand on its status page, the mail says only that there are some.

    A question waits for its answer by the clock. Refused: ``text_empty``, ``too_long``, ``unknown_kind``,
    ``unknown_class``, ``not_allowed``, ``case_closed``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    if kind not in {"message", "question", "notice"}:
        raise Refused(_("連絡の種類を選んでください。"), "unknown_kind", field="kind")
    _check_class(klass)
    message = put_message(locked, text, by=by, kind=kind, klass=klass)
    sent = mails.tell_company(locked, by=by, subject=written("お知らせがあります"), about=message.pk, words=written(
        "%(body)sからお知らせがあります。内容は、状況のページでお読みください。") % {"body": locked.holder.name})
    if kind == "question":
        what = written("会社の返事を待つ") if sent else written("会社に電話で聞く（メールの宛先がない）")
        bring_forward(locked, NextStep(what=what, on=due("company_answer"), kind="wait"))
    elif locked.next_kind == "answer":
        answered = NextStep(what=written("会社に答えたので、進め方を決める"), on=due("idle"), kind="choose")
        put_next_step(locked, question_step(locked) or answered)
    save_case(locked)
    return message


@transaction.atomic
def company_writes(case: Case, *, by: Actor, text: str, kind: str = "message") -> Message:
    """The firm writes through its link. The holder is told and has to read and answer by the clock.

    Refused: ``text_empty``, ``too_long``, ``not_company``, ``case_closed``.
    """
    locked = lock_case(case)
    if not speaks_for_company(by, locked):
        raise Refused(_("これは、会社の方だけが、届いたリンクか会社のアカウントからできます。"), "not_company")
    require_open(locked)
    message = put_message(locked, text, by=by, kind=kind)
    hear_company(locked, by=by, what=written("会社からの連絡を読んで答える"))
    return message


@transaction.atomic
def add_file(
    case: Case, *, by: Actor, name: str, data: bytes, klass: str = DisclosureClass.TECHNICAL
) -> Attachment:
    """Add a file: its bytes lie synced on disk before the row is written. The same file twice gives the first row.

    Refused: ``file_empty``, ``file_too_large``, ``file_kind``, ``file_content``, ``too_many_files``, ``unknown_class``,
    ``not_allowed``, ``case_closed``.
    """
    locked = lock_case(case)
    from_company = speaks_for_company(by, locked)
    require(from_company or takes_part(by, locked))
    require_open(locked)
    _check_class(klass)
    if locked.attachments.count() >= MOST_FILES:
        raise Refused(_("1つの案件に付けられるのは%(most)s件までです。") % {"most": MOST_FILES}, "too_many_files", field="file")
    kept = keep(name, data)
    again = locked.attachments.filter(sha256=kept.sha256, name=kept.name, klass=klass).first()
    if again is not None:
        return again
    attachment = Attachment.objects.create(
        case=locked, klass=klass, name=kept.name, media_type=kept.media_type, size=kept.size, sha256=kept.sha256,
        from_company=from_company, author_body_id=None if from_company else by.body, author_id=by.person,
        added_at=clock.now(),
    )  # fmt: skip
    log_step(locked, Verb.FILE_ADDED, by=by, subject=attachment, after=klass)
    record(by, "file.add", attachment, locked, sha256=kept.sha256, size=kept.size)
    if from_company:
        hear_company(locked, by=by, what=written("会社からの書類を読む"))
    return attachment


def put_message(
    case: Case, text: str, *, by: Actor, kind: str = "message", klass: str = DisclosureClass.TECHNICAL
) -> Message:
    """Write one message of a locked case, from the firm (a link) or from a body."""
    words = fit(text, MOST_CHARACTERS, "text")
    if not words:
        raise Refused(_("伝えたいことを書いてください。"), "text_empty", field="text")
    from_company = speaks_for_company(by, case)
    message = Message.objects.create(
        case=case, klass=klass, text=words, from_company=from_company, author_name=by.name[:100], kind=kind,
        author_body_id=None if from_company else by.body or case.holder_id, author_id=by.person, sent_at=clock.now(),
    )  # fmt: skip
    log_step(case, Verb.COMPANY_WROTE if from_company else Verb.STAFF_WROTE, by=by, subject=message, after=kind)
    record(by, "message.write", message, case, text=words, kind=kind)
    return message


def hear_company(case: Case, *, by: Actor, what: str) -> None:
    """The firm has moved: the holder answers by the clock, unless an earlier step stands, and is told by mail."""
    case.from_company_at = clock.now()
    if case.is_open:
        bring_forward(case, NextStep(what=what, on=due("first_answer"), kind="answer"))
    save_case(case)
    mails.tell_holder(case, by=by, subject=written("会社から連絡がありました"), purpose="company",
                      words=written("会社から連絡がありました。案件の画面で読んで、答えてください。"))


def _check_contact(case: Case, *, by: Actor, support: Support | None, corrects: Contact | None) -> None:
    require(takes_part(by, case))
    if support is not None:
        require(support.case_id == case.pk and (runs_case(by, case) or answers_for(by, support)))
    if corrects is not None and (corrects.case_id != case.pk or corrects.author_body_id != by.body):
        raise Refused(_("直せるのは、自分の機関がこの案件に書いた記録だけです。"), "corrects_other")


def _check_words(channel: str, outcome: str, klass: str) -> None:
    content = content_now()
    if channel not in {term.code for term in content.vocabulary("channels")}:
        raise Refused(_("方法を選んでください。"), "unknown_channel", field="channel")
    if outcome and outcome not in {term.code for term in content.vocabulary("contact_outcomes")}:
        raise Refused(_("話せたかどうかを選んでください。"), "unknown_outcome", field="outcome")
    _check_class(klass)


def _check_class(klass: str) -> None:
    if klass not in DisclosureClass.values:
        raise Refused(_("要約・技術・資金のどれかを選んでください。"), "unknown_class", field="klass")


def _check_moment(case: Case, moment: dt.datetime) -> None:
    if moment > clock.now() + dt.timedelta(minutes=1):
        raise Refused(_("これからのことは書けません。今より前の日時を入れてください。"), "future", field="happened_at")
    first = case.arrived_at.astimezone(clock.JST).date() - dt.timedelta(days=366)
    if moment.astimezone(clock.JST).date() < first:
        raise Refused(_("相談の1年以上前の日です。日付を確かめてください。"), "before_case", field="happened_at")


def _contact_text(text: str, outcome: str) -> str:
    words = fit(text, MOST_CHARACTERS, "text")
    if words:
        return words
    if outcome == ABSENT:
        return written("不在でした。")
    raise Refused(_("話したことを、ひとことで書いてください。"), "text_empty", field="text")
