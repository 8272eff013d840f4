"""The support route goes to the firm (支援ルート), which agrees or asks; what it was sent stays as it was for ever."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.routes import lock_route
from renkei.cases.models import (
    Case,
    Route,
    RouteAnswer,
    RouteSending,
    RouteSentStep,
    RouteStep,
    RouteVersion,
    Verb,
    log_step,
)
from renkei.cases.queries.route_told import told
from renkei.cases.rules import speaks_for_company
from renkei.cases.steps import fit, fit_name, lock_case, require_open


@transaction.atomic
def send_route(route: Route, *, by: Actor, version: int, text: str = "") -> RouteSending:
    """Show the version that stands to the firm, on its status page, and write to it. It opens nothing to any body (P2).

    Refused: ``sent_already``, ``body_closed`` (a step's body is no more), ``changed_meanwhile``, ``not_allowed``,
    ``case_closed``, ``too_long``.
    """
    locked = lock_route(route, by=by, version=version)
    current = RouteVersion.objects.get(route=locked, number=locked.version)
    if current.sendings.exists():
        raise Refused(_("この版は、もう会社に送りました。直してから送ってください。"), "sent_already")
    gone = RouteStep.objects.filter(version=current, body__closed_on__isnull=False).select_related("body").first()
    if gone is not None:
        raise Refused(_("%(body)sはもうありません。ほかの機関を選んでください。") % {"body": gone.body.short}, "body_closed")
    sending = RouteSending.objects.create(
        route=locked, version=current, number=current.number, text=fit(text, 1000, "text"), sent_at=clock.now(),
        sent_body_id=by.body or locked.case.holder_id, sent_by_id=by.person,
    )  # fmt: skip
    steps = told(list(RouteStep.objects.filter(version=current).select_related("need", "service", "body")))
    for one in steps:
        one.sending = sending
    RouteSentStep.objects.bulk_create(steps)
    mails.tell_company(locked.case, by=by, subject=written("支援ルートをお送りしました"), words=written(
        "これからの進め方（支援ルート）を「状況」のページに載せました。進めてよいか、おたずねがあるかを、そこでお知らせください。"))
    log_step(locked.case, Verb.ROUTE, by=by, subject=locked, before=str(current.number), after="sent")
    record(by, "route.send", locked, sending, locked.case, number=current.number, text=sending.text)
    return sending


@transaction.atomic
def answer_route(sending: RouteSending, *, by: Actor, agrees: bool, text: str = "", answered_by: str = "") -> RouteAnswer:
    """The firm agrees to what it was sent, or says what should be otherwise; it may answer again.

    The same answer twice is one. Refused: ``not_company``, ``case_closed``, ``newer_sent`` (it was sent a newer version),
    ``text_empty`` (who does not agree says why), ``too_long``.
    """
    case = _lock_for_company(sending.route.case, by=by)
    words = fit(text, 1000, "text")
    newest = RouteSending.objects.filter(route=sending.route_id).first()
    if newest is None or newest.pk != sending.pk:
        raise Refused(_("新しい支援ルートが届いています。新しいほうを見て、お答えください。"), "newer_sent")
    if not agrees and not words:
        raise Refused(_("たずねたいこと、変えてほしいことを書いてください。"), "text_empty", field="text")
    last = RouteAnswer.objects.filter(sending=sending).first()
    if last is not None and (last.agrees, last.text) == (agrees, words):
        return last
    made = RouteAnswer.objects.create(sending=sending, agrees=agrees, text=words, answered_at=clock.now(),
                                      answered_by=fit_name(answered_by or by.name, "answered_by"))
    log_step(case, Verb.ROUTE, by=by, subject=sending.route, after="agreed" if agrees else "asked")
    record(by, "route.answer", sending.route, made, case, agrees=agrees, text=words)
    subject = written("会社が、支援ルートで進めてよいと答えました") if agrees else written("会社が、支援ルートについてたずねました")
    mails.tell_holder(case, by=by, subject=subject, purpose="company", about=made.pk,
                      words=written("案件の「支援ルート」で確かめてください。"))
    return made


def _lock_for_company(case: Case, *, by: Actor) -> Case:
    locked = lock_case(case)
    if not speaks_for_company(by, locked):
        raise Refused(_("これは、会社の方だけができます。"), "not_company")
    require_open(locked)
    return locked
