"""Open case parts to one person by name, and shut them: the firm's consent to the body, or its yes to this person [C12, C18, C85]."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.reading import read_case
from renkei.cases.models import Case, Consent, Opening, OpeningKind, PartnerFile, PartnerNote, Verb, log_step
from renkei.cases.nudges import settle_row
from renkei.cases.rules import require, runs_case, signed, speaks_for_company
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import fit, fit_name, lock_case, require_open
from renkei.documents.store import keep
from renkei.plan.models import Body
from renkei.post.links import close_links, make_link
from renkei.post.models import LinkPurpose
from renkei.post.outbox import put_mail

LINK_LIFE = dt.timedelta(days=365)
MOST_FILES = 20


@transaction.atomic
def open_to(
    case: Case,
    *,
    by: Actor,
    kind: str,
    name: str,
    organisation: str,
    email: str,
    classes: list[str],
    purpose: str = "",
    until: dt.date | None = None,
) -> Opening:
    """Open classes of a case to one person, through the acting body.

    ``inside``: never more than the firm lets the body read; holds at once. ``outside``: the firm is asked for its yes to
    this very person, and nothing opens before. Refused: ``not_allowed``, ``case_closed``, ``unknown_kind``,
    ``unknown_class``, ``summary_needed``, ``more_than_body``, ``name_missing``, ``email_wrong``, ``until_past``, ``open_already``.
    """
    body, person = signed(by)
    locked = lock_case(case)
    require(Case.objects.visible_to(by).filter(pk=locked.pk).exists())
    require_open(locked)
    who, where, address = _who(name, organisation, email)
    wanted = _wanted(locked, kind, classes, by=by)
    if until is not None and until < clock.today():
        raise Refused(_("終わりの日が過ぎています。今日より後の日を入れてください。"), "until_past", field="until")
    _require_none_yet(locked, body, address, by=by)
    inside = kind == OpeningKind.INSIDE
    opening = Opening.objects.create(
        case=locked, body_id=body, kind=kind, name=who, organisation=where, email=address, classes=wanted,
        purpose=fit(purpose, 200, "purpose"), until=until, asked_at=clock.now(), asked_by_id=person,
        given_at=clock.now() if inside else None,
    )  # fmt: skip
    record(by, "opening.ask", opening, locked, classes=wanted, kind=kind)
    if inside:
        _let_in(locked, opening, by=by)
    else:
        mails.tell_company(locked, by=by, subject=written("見せてよいか、お返事をください"), words=written(
            "%(body)sから、機関の外の方に、ご相談の一部を見せてよいかのおたずねがあります。") % {"body": opening.body.name})
    return opening


@transaction.atomic
def answer_opening(opening: Opening, *, given: bool, by: Actor) -> Opening:
    """The firm says yes or no to this person. Refused: ``not_company``, ``answered``; a yes also ``case_closed``, ``run_out``."""
    case = lock_case(opening.case)
    _require_company(case, by)
    locked = _lock(opening)
    if not locked.is_asked:
        raise Refused(_("このお返事は、もういただいています。"), "answered")
    if given:
        require_open(case)
        if locked.has_run_out:
            raise Refused(_("お願いの日が過ぎました。見せてよいときは、%(body)sにお知らせください。") % {"body": opening.body.name}, "run_out")
        locked.given_at = clock.now()
    else:
        locked.declined_at = clock.now()
    locked.save()
    record(by, "opening.answer", locked, case, given=given)
    if given:
        _let_in(case, locked, by=by)
    mails.tell_other(locked.body, case, by=by, subject=written("機関の外の方に見せてよいかのお返事がありました"), words=written(
        "会社からお返事がありました。案件の「研究者に渡す」で確かめてください。"), person=locked.asked_by)
    return locked


@transaction.atomic
def shut(opening: Opening, *, by: Actor) -> Opening:
    """Shut it: effective at the person's next request. The firm may, the body it was opened through, and who runs the case."""
    case = lock_case(opening.case)
    require(speaks_for_company(by, case) or runs_case(by, case) or (by.is_staff and by.body == opening.body_id))
    locked = _lock(opening)
    if locked.ended_at is not None or locked.declined_at is not None:
        return locked
    locked.ended_at = clock.now()
    locked.save()
    close_links(locked.pk, LinkPurpose.PARTNER)
    settle_row(case.pk, locked.pk, mails.PARTNER)
    log_step(case, Verb.SHUT_OUT, by=by, subject=locked, before=",".join(locked.classes), about_body=locked.body_id,
             reason=locked.kind)
    record(by, "opening.shut", locked, case)
    return locked


@transaction.atomic
def accept_terms(opening: Opening, *, by: Actor) -> Opening:
    """The partner accepts the terms before anything is shown. Twice does nothing. Refused: ``not_allowed``."""
    locked = _own(opening, by)
    if locked.accepted_at is None:
        locked.accepted_at = clock.now()
        locked.save()
        record(by, "opening.accept", locked)
    return locked


def read_opening(opening: Opening, *, by: Actor, classes: list[str] | None = None) -> None:
    """Write down that the partner reads, before anything is rendered. Raises Refused while the terms are not accepted."""
    if opening.accepted_at is None:
        raise Refused(_("先に、約束を読んで同意してください。"), "terms")
    case = opening.case if classes is None else Case(pk=opening.case_id)
    read_case(case, opening, by=by, classes=classes)


@transaction.atomic
def write_note(opening: Opening, *, text: str, by: Actor) -> PartnerNote:
    """The partner writes to the body, or the body to the partner, while it is open.

    Refused: ``text_empty``, ``too_long``, ``not_allowed``, ``terms``, ``shut``.
    """
    words = fit(text, 4000, "text")
    if not words:
        raise Refused(_("伝えたいことを書いてください。"), "text_empty", field="text")
    partner = by.kind is ActorKind.PARTNER
    locked = _may_write(opening, by=by)
    note = PartnerNote.objects.create(opening=locked, text=words, from_partner=partner, author_name=by.name[:100],
                                      written_at=clock.now())
    record(by, "opening.note", note, locked, text=words)
    _tell_other_side(locked, by=by)
    return note


def _require_none_yet(case: Case, body: str, email: str, *, by: Actor) -> None:
    """Refuse a second opening to one address; one whose last day is over is ended and stands in nobody's way."""
    rows = Opening.objects.visible_to(by).filter(case=case, body_id=body, email=email, ended_at__isnull=True, declined_at__isnull=True)
    for earlier in rows.select_for_update(of=("self",)):
        if not earlier.has_run_out:
            raise Refused(_("この方には、もう開いているか、会社に聞いています。"), "open_already", field="email")
        shut(earlier, by=by)


@transaction.atomic
def send_partner_file(opening: Opening, *, name: str, data: bytes, by: Actor) -> PartnerFile:
    """The partner sends the body a file, or the body the partner. The same file twice gives the first row.

    Refused: ``file_empty``, ``file_too_large``, ``file_kind``, ``file_content``, ``too_many_files``, ``not_allowed``,
    ``terms``, ``shut``.
    """
    locked = _may_write(opening, by=by)
    if locked.files.count() >= MOST_FILES:
        raise Refused(_("1人とやりとりできるファイルは%(most)s件までです。") % {"most": MOST_FILES}, "too_many_files", field="file")
    kept, partner = keep(name, data), by.kind is ActorKind.PARTNER
    again = locked.files.filter(sha256=kept.sha256, name=kept.name, from_partner=partner).first()
    if again is not None:
        return again
    made = PartnerFile.objects.create(
        opening=locked, name=kept.name, media_type=kept.media_type, size=kept.size, sha256=kept.sha256,
        from_partner=partner, author_name=by.name[:100], added_at=clock.now(),
    )  # fmt: skip
    record(by, "opening.file", made, locked, Case(pk=locked.case_id), sha256=kept.sha256, size=kept.size)
    _tell_other_side(locked, by=by)
    return made


def _may_write(opening: Opening, *, by: Actor) -> Opening:
    """Return the opening for who may write in it: the partner after the terms, the body while it is open."""
    if by.kind is not ActorKind.PARTNER:
        require(by.is_staff and by.body == opening.body_id)
        if not Opening.objects.live().filter(pk=opening.pk).exists():
            raise Refused(_("もう閉じたか、まだ開いていません。この方には、ここからは届きません。"), "shut")
        return opening
    locked = _own(opening, by)
    if locked.accepted_at is None:
        raise Refused(_("先に、約束を読んで同意してください。"), "terms")
    if not Case.objects.visible_to(by).filter(pk=locked.case_id).exists():  # the firm took back what it let the body show
        raise Refused(_("このページは、もう使えません。お願いした機関にお尋ねください。"), "not_allowed")
    return locked


def _tell_other_side(opening: Opening, *, by: Actor) -> None:
    """Tell who opened it, on their list; or the partner, who has none, by mail. What a body has answered is settled."""
    if by.kind is ActorKind.PARTNER:
        mails.partner_wrote(opening, by=by)
        return
    settle_row(opening.case_id, opening.pk, mails.PARTNER)
    put_mail(by=by, to=opening.email, subject=written("連絡がありました"), purpose="partner", about=opening.pk, case=opening.case_id,
             daily=True, text=written("開いたご相談について、連絡がありました。画面で読んでください。"))


def _wanted(case: Case, kind: str, classes: list[str], *, by: Actor) -> list[str]:
    if kind not in OpeningKind.values:
        raise Refused(_("機関の中の方か、外の方かを選んでください。"), "unknown_kind", field="kind")
    wanted = [klass for klass in DisclosureClass.values if klass in classes]
    if not wanted or len(wanted) != len(set(classes)):
        raise Refused(_("見せるものを一覧から選んでください。"), "unknown_class", field="classes")
    if DisclosureClass.SUMMARY not in wanted:
        raise Refused(_("要約にも印を付けてください。"), "summary_needed", field="classes")
    may = set(Consent.objects.live().filter(case=case, body_id=by.body).values_list("klass", flat=True))
    if case.received_by_id != by.body and set(wanted) - may:
        raise Refused(_("会社がこの機関に見せてよいと言ったものだけを開けます。"), "more_than_body", field="classes")
    return wanted


def _who(name: str, organisation: str, email: str) -> tuple[str, str, str]:
    who, where, address = fit_name(name, "name"), fit(organisation, 200, "organisation"), email.strip().lower()
    if not who or not where:
        field = "organisation" if who else "name"
        raise Refused(_("お名前と所属を入れてください。会社に、その名前でお知らせします。"), "name_missing", field=field)
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refused(_("メールアドレスの形が違います。"), "email_wrong", field="email") from error
    return who, where, address


def _let_in(case: Case, opening: Opening, *, by: Actor) -> None:
    expires = clock.now() + LINK_LIFE
    token = make_link(by=by, purpose=LinkPurpose.PARTNER, expires_at=expires, subject=opening.pk, case=case.pk,
                      recipient_name=opening.name, recipient_email=opening.email)
    body: Body = opening.body
    text = (
        f"{opening.organisation}\n{opening.name} 様\n\n{body.name}から、ある会社のご相談の一部を読んでいただきたいというお願いです。\n"
        f"次のページで、約束を読んでからご覧ください。\n{settings.RENKEI_ADDRESS}/partner/{token}/\n\n"
        f"お問い合わせは、{body.name}（電話 {body.phone}）へ。このアドレスは、ほかの人に見せないでください。\n"
    )
    put_mail(by=by, to=opening.email, subject=written("ご相談の一部を読んでいただくお願い"), text=text, purpose="partner",
             about=opening.pk, case=case.pk)
    log_step(case, Verb.OPENED_OUT, by=by, subject=opening, after=",".join(opening.classes), about_body=opening.body_id,
             reason=opening.kind)


def _require_company(case: Case, by: Actor) -> None:
    if not speaks_for_company(by, case):
        raise Refused(_("これは、会社の方だけができます。"), "not_company")


def _lock(opening: Opening) -> Opening:
    return Opening.objects.select_for_update(of=("self",)).get(pk=opening.pk)


def _own(opening: Opening, by: Actor) -> Opening:
    seen = Opening.objects.visible_to(by).live() if by.kind is ActorKind.PARTNER else Opening.objects.none()
    locked = seen.select_for_update(of=("self",)).filter(pk=opening.pk).first()
    if locked is None:
        raise Refused(_("このページは、もう使えません。お願いした機関にお尋ねください。"), "not_allowed")
    return locked
