"""The firm decides who sees what: it gives, narrows and withdraws; staff only write down what it said (P2)."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.holding import bring_forward, move_holder, rest_at_desk
from renkei.cases.models import Case, Consent, ConsentHow, ConsentRequest, Verb, log_step
from renkei.cases.nudges import unask_company
from renkei.cases.rules import require, runs_case, speaks_for_company
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import NextStep, due, fit, fit_name, lock_case, require_open, save_case
from renkei.plan.models import Body
from renkei.plan.queries import content_now, front_desk, is_front_desk
from renkei.post.links import close_links, make_link
from renkei.post.models import LinkPurpose

LINK_LIFE = dt.timedelta(days=30)
SUMMARY = DisclosureClass.SUMMARY.value


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
    """Let one body read one class of one case. Twice gives the first one, with the ``until`` and purpose said last.

    ``link``: the firm itself; ``form``: its general consent, which opens no more than it said; ``oral``: staff heard
    it from ``given_by``; it holds at once, is shown as unconfirmed, and a link to confirm it goes to the firm.
    Refused: ``unknown_class``, ``given_by_missing``, ``until_past``, ``more_than_said``, ``one_by_one``,
    ``not_company``, ``not_allowed``, ``case_closed``.
    """
    locked = lock_case(case)
    require_open(locked)
    _check_giving(locked, body, klass, by=by, how=how, given_by=given_by, until=until)
    consent = _live(locked, body, klass, by=by)
    if consent is not None:
        return _again(locked, consent, by=by, how=how, given_by=given_by, until=until, purpose=purpose)
    consent = Consent.objects.create(
        case=locked, body=body, klass=klass, purpose=fit(purpose, 200, "purpose"), how=how, until=until,
        given_by=fit_name(given_by, "given_by") or (by.name[:100] if how == ConsentHow.LINK else ""),
        given_at=clock.now(), heard_by_id=by.person if how == ConsentHow.ORAL else None,
    )  # fmt: skip
    log_step(locked, Verb.CONSENT_GIVEN, by=by, subject=consent, after=klass, about_body=body.pk)
    record(by, "consent.give", consent, locked, klass=klass, body=body.pk, how=how, until=until)
    if how == ConsentHow.ORAL:
        _ask_to_confirm(locked, consent, by=by)
    return consent


@transaction.atomic
def withdraw_consent(consent: Consent, *, by: Actor, how: str) -> Consent:
    """Take it back. At the next request the body reads that class no more, and its offer links are closed.

    The holder is told. A holder that may no longer read the summary gives the case back to the front desk (P1).
    """
    case = lock_case(consent.case)
    _check_speaker(case, by=by, how=how)
    locked = Consent.objects.select_for_update().get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        return locked
    locked.withdrawn_at, locked.withdrawn_how = clock.now(), how
    locked.save()
    body = locked.body
    log_step(case, Verb.CONSENT_WITHDRAWN, by=by, subject=locked, before=locked.klass, about_body=body.pk)
    record(by, "consent.withdraw", locked, case, klass=locked.klass, body=body.pk, how=how)
    _end_sight(case, locked)
    if case.is_open:
        _after_withdrawal(case, locked, by=by)
    elif _is_lost(case, locked):
        rest_at_desk(case, by=by)
    return locked


@transaction.atomic
def confirm_consent(consent: Consent, *, by: Actor) -> Consent:
    """The firm confirms what staff wrote down as said. Refused: ``not_company``, ``withdrawn``."""
    case = lock_case(consent.case)
    _require_company(case, by)
    locked = Consent.objects.select_for_update().get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        raise Refused(_("この同意は取り消されています。見せるときは、もう一度同意してください。"), "withdrawn")
    if locked.confirmed_at is not None:
        return locked
    locked.confirmed_at = clock.now()
    locked.save()
    log_step(case, Verb.CONSENT_CONFIRMED, by=by, subject=locked, after=locked.klass, about_body=locked.body_id)
    record(by, "consent.confirm", locked, case)
    close_links(locked.pk, LinkPurpose.CONSENT)
    return locked


@transaction.atomic
def set_standing(case: Case, classes: list[str], *, by: Actor) -> Case:
    """Set what the firm lets the desk show to bodies it asks, as a rule. Narrowing ends nothing given by name."""
    locked = lock_case(case)
    require(speaks_for_company(by, locked) or _inside(by, locked))
    wanted = set(classes)
    if wanted - set(DisclosureClass.values):
        raise Refused(_("見せるものを一覧から選んでください。"), "unknown_class", field="classes")
    after = sorted(wanted)
    if locked.standing_classes == after:
        return locked
    before, locked.standing_classes = locked.standing_classes, after
    save_case(locked)
    verb = Verb.CONSENT_GIVEN if wanted - set(before) else Verb.CONSENT_WITHDRAWN
    log_step(locked, verb, by=by, before=",".join(before), after=",".join(after), reason="standing")
    record(by, "consent.standing", locked, before=before, after=after)
    return locked


@transaction.atomic
def request_consent(
    case: Case, *, body: Body, classes: list[str], by: Actor, purpose: str = "", said: str = ""
) -> ConsentRequest:
    """Ask the firm, by mail and on its status page, to open classes to a body. Asking again widens the open request.

    ``said``: what the body says it can do, for the firm to read beside the question.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    wanted = [klass for klass in DisclosureClass.values if klass in classes]
    if not wanted or len(wanted) != len(set(classes)):
        raise Refused(_("見せるものを一覧から選んでください。"), "unknown_class", field="classes")
    found = ConsentRequest.objects.select_for_update().filter(case=locked, body=body, answered_at__isnull=True).first()
    if found is not None and set(wanted) <= set(found.classes):
        return found
    asked = found or ConsentRequest(case=locked, body=body, asked_by_body_id=by.body or locked.holder_id,
                                    asked_by_id=by.person)
    asked.classes = [klass for klass in DisclosureClass.values if klass in {*wanted, *(asked.classes or [])}]
    asked.purpose, asked.asked_at = fit(purpose, 200, "purpose"), clock.now()
    asked.said = fit(said, 2000, "said") or asked.said
    asked.save()
    record(by, "consent.request", asked, locked, classes=asked.classes, body=body.pk)
    close_links(asked.pk, LinkPurpose.CONSENT)
    sent = _send_link(locked, asked.pk, by=by, subject=written("見せてよいか、お返事をください"), words=written(
        "%(body)sに、ご相談の内容の一部を見せてよいか、お聞きしたいことがあります。次のページでお返事ください。")
        % {"body": body.name})
    what = written("%(body)sに見せてよいか、会社の返事を待つ") if sent else written("%(body)sに見せてよいか、会社に電話で聞く")
    bring_forward(locked, NextStep(what=what % {"body": body.short}, on=due("company_answer"), kind="wait"))
    save_case(locked)
    return asked


@transaction.atomic
def answer_request(asked: ConsentRequest, *, classes: list[str], by: Actor) -> ConsentRequest:
    """The firm answers: all of it, a part (narrowing), or nothing. Never more than was asked."""
    case = lock_case(asked.case)
    _require_company(case, by)
    require_open(case)
    locked = ConsentRequest.objects.select_for_update().get(pk=asked.pk)
    if locked.answered_at is not None:
        raise Refused(_("このお返事は、もういただいています。変えるときは、状況のページから変えられます。"), "answered")
    if set(classes) - set(locked.classes):
        raise Refused(_("たずねられた範囲から選んでください。"), "more_than_asked", field="classes")
    given = [klass for klass in locked.classes if klass in classes]
    for klass in given:
        give_consent(case, body=locked.body, klass=klass, by=by, how=ConsentHow.LINK, purpose=locked.purpose)
    locked.answered_at, locked.given = clock.now(), given
    locked.save()
    unask_company(case.pk, locked.pk)
    record(by, "consent.answer", locked, case, given=given)
    fresh = lock_case(case)
    answer = written("同意の返事を見て、次を決める（%(body)s：%(given)s）") % {"body": locked.body.short, "given": labels(given)}
    bring_forward(fresh, NextStep(what=answer, on=due("first_answer"), kind="choose"))
    save_case(fresh)
    mails.tell_holder(fresh, by=by, subject=written("同意のお返事がありました"), words=written(
        "会社から、%(body)sに見せてよいかのお返事がありました。案件の画面で確かめてください。") % {"body": locked.body.name})
    close_links(locked.pk, LinkPurpose.CONSENT)
    return locked


def labels(classes: list[str]) -> str:
    """Return the classes in words, or なし."""
    return "・".join(written(DisclosureClass(klass).label) for klass in classes) or written("なし")


def _inside(by: Actor, case: Case) -> bool:
    return runs_case(by, case) or (by.is_staff and case.received_by_id == by.body)


def _check_giving(
    case: Case, body: Body, klass: str, *, by: Actor, how: str, given_by: str, until: dt.date | None
) -> None:
    if klass not in DisclosureClass.values:
        raise Refused(_("見せるものを一覧から選んでください。"), "unknown_class", field="classes")
    if until is not None and until < clock.today():
        raise Refused(_("終わりの日が過ぎています。今日より後の日を入れてください。"), "until_past", field="until")
    _check_speaker(case, by=by, how=how)
    if how == ConsentHow.ORAL and not fit_name(given_by, "given_by"):
        raise Refused(_("だれが同意したか、お名前を入れてください。"), "given_by_missing", field="given_by")
    if how != ConsentHow.FORM:
        return
    if klass in content_now().classes_closed_to(body.kind):
        raise Refused(_("%(body)sに「%(klass)s」を見せるときは、会社に1つずつ聞いてください。")
                      % {"body": body.short, "klass": DisclosureClass(klass).label}, "one_by_one", field="classes")
    known = Consent.objects.filter(case=case, body=body, klass=klass)
    ended = known.exists() and not known.live().exists()  # withdrawn or run out: asked for by name only
    if klass not in case.standing_classes or ended:
        raise Refused(_("会社は「%(klass)s」を見せてよいと言っていません。会社に聞いてください。")
                      % {"klass": DisclosureClass(klass).label}, "more_than_said", field="classes")


def _check_speaker(case: Case, *, by: Actor, how: str) -> None:
    """The firm speaks for itself through its link; staff write down what they heard and cannot click for it."""
    if how not in ConsentHow.values:
        raise Refused(_("どう聞いたかを選んでください。"), "unknown_how", field="how")
    if how == ConsentHow.LINK:
        _require_company(case, by)
    elif how == ConsentHow.ORAL:
        require(by.person is not None and _inside(by, case))
    else:
        require(_inside(by, case) or speaks_for_company(by, case))


def _require_company(case: Case, by: Actor) -> None:
    if not speaks_for_company(by, case):
        raise Refused(_("これは、会社の方だけが、届いたリンクか会社のアカウントからできます。"), "not_company")


def _live(case: Case, body: Body, klass: str, *, by: Actor) -> Consent | None:
    """Return the consent that holds. One that ran out is closed first: only one row may be open."""
    found = Consent.objects.select_for_update(of=("self",)).filter(
        case=case, body=body, klass=klass, withdrawn_at__isnull=True
    ).first()
    if found is None or found.is_live:
        return found
    found.withdrawn_at, found.withdrawn_how = clock.now(), found.how
    found.save()
    log_step(case, Verb.CONSENT_WITHDRAWN, by=by, subject=found, before=klass, about_body=body.pk, reason="ran_out")
    return None


def _again(
    case: Case, consent: Consent, *, by: Actor, how: str, given_by: str, until: dt.date | None, purpose: str
) -> Consent:
    """Give once more what holds. The general consent adds nothing; what staff heard and is wider has to be confirmed."""
    if how == ConsentHow.FORM:
        return consent
    if how == ConsentHow.LINK and consent.how == ConsentHow.ORAL and consent.confirmed_at is None:
        consent = confirm_consent(consent, by=by)
    wider = consent.until is not None and (until is None or until > consent.until)
    heard = how == ConsentHow.ORAL and wider
    if heard:
        consent.how, consent.given_by, consent.heard_by_id = how, fit_name(given_by, "given_by"), by.person
        consent.confirmed_at = None
    changed = _change(case, consent, by=by, until=until, purpose=purpose)
    if heard:
        _ask_to_confirm(case, changed, by=by)
    return changed


def _change(case: Case, consent: Consent, *, by: Actor, until: dt.date | None, purpose: str) -> Consent:
    if consent.until == until and (not purpose or consent.purpose == purpose):
        return consent
    before, consent.until = consent.until, until
    consent.purpose = fit(purpose, 200, "purpose") or consent.purpose
    consent.save()
    log_step(case, Verb.CONSENT_GIVEN, by=by, subject=consent, before=str(before or ""), after=consent.klass,
             about_body=consent.body_id)
    record(by, "consent.change", consent, case, until=until, purpose=purpose)
    return consent


def _ask_to_confirm(case: Case, consent: Consent, *, by: Actor) -> None:
    _send_link(case, consent.pk, by=by, subject=written("同意の確認をお願いします"), words=written(
        "%(name)s様から、%(body)sに見せてよいと口頭でうかがいました。違うときは、次のページで取り消せます。")
        % {"name": consent.given_by, "body": consent.body.name})


def _send_link(case: Case, about: uuid.UUID, *, by: Actor, subject: str, words: str) -> bool:
    """Send the firm a private link about a request or a consent; False (and no link) when it gave no address."""
    token = make_link(by=by, purpose=LinkPurpose.CONSENT, expires_at=clock.now() + LINK_LIFE, case=case.pk,
                      subject=about)
    sent = mails.tell_company(case, by=by, subject=subject, about=about,
                              words=f"{words}\n{settings.RENKEI_ADDRESS}/consent/{token}/")
    if not sent:
        close_links(about, LinkPurpose.CONSENT)
    return sent


def _end_sight(case: Case, consent: Consent) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_consent_ended(%s, %s, %s, %s)",
                       [case.pk, consent.body_id, consent.klass, clock.now()])


def _after_withdrawal(case: Case, consent: Consent, *, by: Actor) -> None:
    """Tell the holder; its next step keeps a date. Without the summary it cannot hold the case any longer."""
    words = written("会社が、%(body)sに「%(klass)s」を見せる同意を取り消しました。案件の画面で確かめてください。") % {
        "body": consent.body.name, "klass": written(DisclosureClass(consent.klass).label)}
    mails.tell_holder(case, by=by, subject=written("同意の取消しがありました"), words=words)
    if _is_lost(case, consent):
        moved = move_holder(case, to=front_desk(), by=by, verb=Verb.HOLDER_BACK)
        mails.tell_holder(moved, by=by, subject=written("同意の取消しがありました"), words=words)
        return
    bring_forward(case, NextStep(what=written("同意の取消しを受けて、進め方を決める"), on=due("first_answer"), kind="choose"))
    save_case(case)


def _is_lost(case: Case, consent: Consent) -> bool:
    """Tell whether the holder may not read the case any longer: it did not take the words and is not the desk."""
    lost = consent.klass == SUMMARY and case.holder_id == consent.body_id
    return lost and case.received_by_id != consent.body_id and not is_front_desk(consent.body_id)
