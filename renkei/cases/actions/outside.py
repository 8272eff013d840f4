"""Ask outside the region, with the firm's yes to the person asked, and follow it to the end [C36, C95]."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.disclosable import lock_open
from renkei.cases.actions.escalation import end_rung, wait_for
from renkei.cases.actions.letters import drawn_number
from renkei.cases.actions.openings import open_to
from renkei.cases.models import (
    Case,
    Escalation,
    Need,
    OpeningKind,
    OutsideAnswer,
    OutsideRequest,
    RungEnd,
    RungNumber,
    Verb,
    log_step,
)
from renkei.cases.queries.ladder import reachable, rung_of
from renkei.cases.steps import NextStep, due, fit
from renkei.plan.models import Body
from renkei.plan.queries import content_now

REQUEST = "request"  # the kind of letter whose numbers a request outside shares


@transaction.atomic
def ask_outside(
    need: Need, *, by: Actor, network: str, member: str, name: str, email: str, ask: str, due_on: dt.date, classes: list[str],
) -> OutsideRequest:  # fmt: skip
    """Ask a member of a network of today. Whom it is shown to, the firm decides first: nothing leaves before its yes.

    The paper's number is drawn here, as reading a paper changes nothing.

    The body that leads outside asks, once it holds the case. Refused: ``not_outside`` (the need is not on that rung),
    ``not_lead``, ``unknown_member`` (or its network is dissolved), ``ask_empty``, ``due_past``, ``asked_already``, and what
    opening to a person refuses.
    """
    case = lock_open(need.case, by=by)
    rung = Escalation.objects.open().filter(need=need, rung=RungNumber.OUTSIDE).first()
    if rung is None:
        raise Refused(_("この課題は、まだ会議を経ていません。先に会議に諮ってください。"), "not_outside")
    _require_lead(case, by)
    found = next(((net, one) for net, one in reachable(str(by.body)) if (net.code, one.code) == (network, member)), None)
    if found is None:
        raise Refused(_("いまのつながりにない相手です。一覧から選び直してください。"), "unknown_member", field="member")
    words = fit(ask, 1000, "ask")
    if not words:
        raise Refused(_("お願いしたいことを書いてください。"), "ask_empty", field="ask")
    if due_on <= clock.today():
        raise Refused(_("返事の期限は、明日より後の日にしてください。"), "due_past", field="due_on")
    net, one = found
    asker = Body.objects.get(pk=by.body or case.holder_id)
    opening = open_to(case, by=by, kind=OpeningKind.OUTSIDE, name=name, organisation=one.name, email=email, classes=classes, purpose=words[:200])
    try:
        with transaction.atomic():
            made = OutsideRequest.objects.create(
                case=case, escalation=rung, opening=opening, network=net.code, network_name=net.name, member=one.code, member_name=one.name,
                member_place=one.place, ask=words, number=drawn_number(REQUEST, asker), asked_on=clock.today(), asked_body=asker, due_on=due_on,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(_("%(member)sには、もう頼んでいます。") % {"member": one.name}, "asked_already", field="member") from error
    record(by, "outside.ask", made, case, need, member=one.code, network=net.code, due_on=due_on, number=made.number)
    log_step(case, Verb.ASKED_OUTSIDE, by=by, subject=made, after="asked")
    wait_for(rung, _goes_on(rung), by=by)
    return made


@transaction.atomic
def answer_outside(request: OutsideRequest, *, by: Actor, accepts: bool, words: str) -> OutsideRequest:
    """Write down what they said. Refused: ``words_empty``, ``not_opened`` (a yes before the firm's), ``answered``, ``not_lead``."""
    case = lock_open(request.case, by=by)
    _require_lead(case, by)
    locked = OutsideRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if not locked.is_waiting:
        raise Refused(_("この返事は、もう書かれています。"), "answered")
    told = fit(words, 1000, "words")
    if not told:
        raise Refused(_("どんな返事だったかを書いてください。"), "words_empty", field="words")
    if accepts and not locked.opening.is_open:
        raise Refused(_("会社が、この相手に見せてよいとまだ言っていないか、見せるのをやめました。会社に確かめてください。"), "not_opened", field="accepts")
    locked.answer = OutsideAnswer.ACCEPTED if accepts else OutsideAnswer.DECLINED
    locked.answer_words, locked.answered_on = told, clock.today()
    locked.save()
    record(by, "outside.answer", locked, case, accepts=accepts)
    log_step(case, Verb.ASKED_OUTSIDE, by=by, subject=locked, after=locked.answer)
    wait_for(locked.escalation, _goes_on(locked.escalation), by=by)
    return locked


@transaction.atomic
def end_outside(request: OutsideRequest, *, by: Actor, result: str, helped: bool) -> OutsideRequest:
    """Write down what came of it; with help the need leaves the rung, else another is looked for. Refused: ``result_empty``, ``not_accepted``, ``ended``, ``not_lead``."""
    case = lock_open(request.case, by=by)
    _require_lead(case, by)
    locked = OutsideRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if locked.ended_on is not None:
        raise Refused(_("この結果は、もう書かれています。"), "ended")
    if locked.answer != OutsideAnswer.ACCEPTED:
        raise Refused(_("引き受けてもらってから、結果を書いてください。"), "not_accepted")
    words = fit(result, 1000, "result")
    if not words:
        raise Refused(_("結果を書いてください。"), "result_empty", field="result")
    locked.result, locked.ended_on = words, clock.today()
    locked.save()
    record(by, "outside.end", locked, case, helped=helped)
    log_step(case, Verb.ASKED_OUTSIDE, by=by, subject=locked, after="ended")
    if helped:
        step = NextStep(what=written("会社に結果を伝える"), on=due("first_answer"), kind="answer")
        end_rung(locked.escalation, by=by, end=RungEnd.HELPED, words=words, step=step)
    else:
        wait_for(locked.escalation, _goes_on(locked.escalation), by=by)
    return locked


@transaction.atomic
def give_up_outside(need: Need, *, by: Actor, words: str) -> Escalation:
    """End the search outside without help. Refused: ``not_outside``, ``still_asking``, ``words_empty``, ``not_lead``."""
    case = lock_open(need.case, by=by)
    _require_lead(case, by)
    rung = Escalation.objects.open().filter(need=need, rung=RungNumber.OUTSIDE).first()
    if rung is None:
        raise Refused(_("この課題は、まだ会議を経ていません。先に会議に諮ってください。"), "not_outside")
    if OutsideRequest.objects.filter(escalation=rung, ended_on__isnull=True).exclude(answer=OutsideAnswer.DECLINED).exists():
        raise Refused(_("まだ返事か結果を待っている相手があります。先にそれを書いてください。"), "still_asking")
    return end_rung(rung, by=by, end=RungEnd.DROPPED, words=words)


def _goes_on(rung: Escalation) -> NextStep:
    """Return what happens next on the rung: the answer that is due first, else the help under way, else another is looked for."""
    asked = list(OutsideRequest.objects.filter(escalation=rung, ended_on__isnull=True).exclude(answer=OutsideAnswer.DECLINED).order_by("due_on", "id"))
    if waiting := [one for one in asked if one.is_waiting]:
        return NextStep(what=written("%(member)sの返事を待つ") % {"member": waiting[0].member_name[:60]}, on=waiting[0].due_on, kind="wait")
    if asked:
        return NextStep(what=written("%(member)sの支援の様子を聞く") % {"member": asked[0].member_name[:60]}, on=due("idle"), kind="wait")
    return NextStep(what=written("地域の外で、ほかに頼む先を決める"), on=due("first_answer"), kind="choose")


def _require_lead(case: Case, by: Actor) -> None:
    outside = rung_of(content_now(), RungNumber.OUTSIDE)
    if by.is_system or (outside is not None and by.body == outside.lead == case.holder_id):
        return
    raise Refused(_("地域の外に頼めるのは、計画で決めた機関が主担当になってからです。先に引き継いでください。"), "not_lead")
