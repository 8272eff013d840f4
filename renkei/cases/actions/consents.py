"""Consents: given, confirmed, asked for, withdrawn. Only the firm decides; staff write down what they heard (P2)."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.intake import STATUS_LINK_LIFE
from renkei.cases.models import Case, Consent, ConsentHow, ConsentRequest, Verb, log_step
from renkei.cases.rules import require, runs_case
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import fit, lock_case, require_open, save_case
from renkei.plan.models import Body
from renkei.plan.queries import front_desk
from renkei.post.links import close_links, make_link
from renkei.post.models import LinkPurpose


@transaction.atomic
def give_consent(
    case: Case,
    *,
    body: Body,
    klass: str,
    by: Actor,
    how: str,
    given_by: str = "",
    purpose: str = "",
    until: dt.date | None = None,
) -> Consent:
    """Open one class of a case to one body. The firm gives it itself, or staff write down what they heard [C46].

    An oral consent names who spoke and who heard; the firm gets a link to confirm it. Doing it twice changes nothing.
    """
    _require_class(klass)
    _check_until(until)
    locked = lock_case(case) if by.is_staff or by.is_system else case
    if by.is_staff:
        require(runs_case(by, locked) or locked.received_by_id == by.body)
        _check_heard(how, given_by)
    earlier = Consent.objects.live().filter(case=locked, body=body, klass=klass).first()
    if earlier is not None:
        return earlier
    consent = Consent.objects.create(
        case=locked, body=body, klass=klass, how=how, given_by=fit(given_by, 100, "given_by") or by.name[:100],
        purpose=fit(purpose, 200, "purpose"), until=until, given_at=clock.now(),
        heard_by_id=by.person if how == ConsentHow.ORAL else None,
    )  # fmt: skip
    log_step(locked, Verb.CONSENT_GIVEN, by=by, subject=consent, after=klass, about_body=body.pk)
    record(by, "consent.give", consent, locked, klass=klass, body=body.pk, how=how)
    if how == ConsentHow.ORAL:
        _ask_to_confirm(consent, by=by)
    return consent


@transaction.atomic
def confirm_consent(consent: Consent, *, by: Actor) -> Consent:
    """Let the firm confirm through its link what staff heard."""
    require(by.kind is ActorKind.LINK and not by.body, _("確かめられるのは、会社の方だけです。"))
    if consent.withdrawn_at is not None:
        raise Refused(_("この同意は取り消されています。"), "consent_withdrawn")
    if consent.confirmed_at is not None:
        return consent
    consent.confirmed_at = clock.now()
    consent.save(update_fields=["confirmed_at"])
    log_step(consent.case, Verb.CONSENT_CONFIRMED, by=by, subject=consent, after=consent.klass,
             about_body=consent.body_id)
    record(by, "consent.confirm", consent, consent.case)
    return consent


@transaction.atomic
def withdraw_consent(consent: Consent, *, by: Actor, how: str) -> Consent:
    """Close one class to one body, effective at its next request. Without the summary nothing of the case stays open."""
    case = consent.case
    require(
        by.kind is ActorKind.LINK and not by.body or by.is_system or runs_case(by, case) or case.received_by_id == by.body
    )
    if consent.withdrawn_at is not None:
        return consent
    also = Consent.objects.live().filter(case=case, body_id=consent.body_id).exclude(pk=consent.pk)
    ended = [consent, *(also if consent.klass == DisclosureClass.SUMMARY else [])]
    for one in ended:
        one.withdrawn_at, one.withdrawn_how = clock.now(), how
        one.save(update_fields=["withdrawn_at", "withdrawn_how"])
        log_step(case, Verb.CONSENT_WITHDRAWN, by=by, subject=one, before=one.klass, about_body=one.body_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT case_consent_ended(%s, %s, %s, %s)", [case.pk, one.body_id, one.klass, clock.now()])
    record(by, "consent.withdraw", consent, case, classes=[one.klass for one in ended], how=how)
    mails.tell_holder(case, by=by, subject=_("同意が取り消されました"),
                      words=_("会社が、見せてよい範囲を狭めました。案件の画面で確かめてください。"))
    return consent


@transaction.atomic
def set_standing(case: Case, classes: list[str], *, by: Actor) -> Case:
    """Write what the firm lets any asked body see in general; what it withdrew from one body stays withdrawn."""
    for klass in classes:
        _require_class(klass)
    locked = lock_case(case) if not by.kind is ActorKind.LINK else case
    if by.is_staff:
        require(runs_case(by, locked) or locked.received_by_id == by.body)
    before, locked.standing_classes = locked.standing_classes, sorted(set(classes))
    save_case(locked)
    record(by, "consent.standing", locked, before=before, after=locked.standing_classes)
    return locked


@transaction.atomic
def request_consent(case: Case, *, body: Body, classes: list[str], by: Actor, purpose: str = "") -> ConsentRequest:
    """Ask the firm to open classes of its case to a body; it answers by a link of its own."""
    locked = lock_case(case)
    require(runs_case(by, locked) or locked.received_by_id == by.body)
    require_open(locked)
    for klass in classes:
        _require_class(klass)
    if not classes:
        raise Refused(_("何を見せてほしいかを、1つ以上選んでください。"), "no_class", field="classes")
    earlier = ConsentRequest.objects.filter(case=locked, body=body, answered_at__isnull=True).first()
    request = earlier or ConsentRequest(case=locked, body=body, asked_at=clock.now(), asked_by_body_id=by.body,
                                        asked_by_id=by.person)
    request.classes = sorted({*request.classes, *classes} if earlier else set(classes))
    request.purpose = fit(purpose, 200, "purpose")
    request.save()
    words = _("%(body)sに、ご相談の一部を見せてよいかをお聞きしています。") % {"body": body.name}
    _send_link(locked, request.pk, by=by, subject=_("見せてよいかの確認"), words=words)
    log_step(locked, Verb.STAFF_WROTE, by=by, subject=request, about_body=body.pk)
    record(by, "consent.request", request, locked, classes=request.classes)
    return request


@transaction.atomic
def answer_request(request: ConsentRequest, *, classes: list[str], by: Actor, until: dt.date | None = None) -> ConsentRequest:
    """Let the firm answer what it was asked: give some classes, or none."""
    require(by.kind is ActorKind.LINK and not by.body, _("答えられるのは、会社の方だけです。"))
    if request.answered_at is not None:
        raise Refused(_("もうお答えいただいています。変えるときは「状況」のページでお願いします。"), "answered")
    if set(classes) - set(request.classes):
        raise Refused(_("お聞きしていない範囲は選べません。"), "not_asked", field="classes")
    for klass in classes:
        give_consent(request.case, body=request.body, klass=klass, by=by, how=ConsentHow.LINK, purpose=request.purpose,
                     until=until)
    request.answered_at, request.given = clock.now(), sorted(classes)
    request.save(update_fields=["answered_at", "given"])
    record(by, "consent.answer", request, request.case, given=request.given)
    mails.tell_holder(request.case, by=by, subject=_("会社が答えました"),
                      words=_("見せてよい範囲について、会社の答えが届きました。案件の画面で確かめてください。"))
    return request


def _check_heard(how: str, given_by: str) -> None:
    if how != ConsentHow.ORAL:
        raise Refused(_("会社の代わりに同意することはできません。聞いた同意として書いてください。"), "not_the_firm", field="how")
    if not given_by.strip():
        raise Refused(_("どなたから聞いたかを書いてください。"), "given_by_empty", field="given_by")


def _check_until(until: dt.date | None) -> None:
    if until is not None and until < clock.today():
        raise Refused(_("過ぎた日までの同意は付けられません。今日からあとの日を入れてください。"), "until_past", field="until")


def _require_class(klass: str) -> None:
    if klass not in DisclosureClass.values:
        raise Refused(_("見せてよいものを一覧から選んでください。"), "unknown_class", field="classes")


def _ask_to_confirm(consent: Consent, *, by: Actor) -> None:
    words = _("お電話などでうかがった同意（%(body)s、%(klass)s）を、次のページで確かめてください。") % {
        "body": consent.body.name, "klass": DisclosureClass(consent.klass).label,
    }  # fmt: skip
    _send_link(consent.case, consent.pk, by=by, subject=_("うかがった同意の確認"), words=words)


def _send_link(case: Case, subject_id: object, *, by: Actor, subject: str, words: str) -> None:
    """Mail the firm a link of its own; nothing leaves when it gave no address."""
    close_links(subject_id, LinkPurpose.CONSENT)  # type: ignore[arg-type]  a row's own id
    token = make_link(by=by, purpose=LinkPurpose.CONSENT, expires_at=clock.now() + STATUS_LINK_LIFE / 12, case=case.pk,
                      subject=subject_id)  # type: ignore[arg-type]
    address = f"{settings.RENKEI_ADDRESS}/consent/{token}/"
    mails.tell_company(case, by=by, subject=subject, words=f"{words}\n{address}")


__all__ = ["answer_request", "confirm_consent", "front_desk", "give_consent", "request_consent", "set_standing", "withdraw_consent"]
