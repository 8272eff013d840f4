"""Ask bodies about a need without a name, and stop asking [C46]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.disclosable import lock_need, lock_open, stop_asking
from renkei.cases.actions.holding import bring_forward
from renkei.cases.models import Asked, Case, Circulation, Inquiry, Match, Need, Verb, log_step
from renkei.cases.queries.anonymity import firm_words, place_choices, size_choices, trade_choices, wider
from renkei.cases.states import NeedState
from renkei.cases.steps import NextStep, due, save_case
from renkei.plan.models import Body
from renkei.plan.queries import content_now, is_front_desk


@transaction.atomic
def circulate(
    need: Need,
    *,
    by: Actor,
    place: str,
    trade: str = "",
    size: str = "",
    bodies: Iterable[str] | None = None,
    due_on: dt.date | None = None,
    sure: bool = False,
    asks_around: bool = False,
) -> Circulation:
    """Ask ``bodies`` (all when None) about the words the firm has confirmed, frozen as they stand.

    ``asks_around`` asks too who knows somebody, in the region or outside [C94].

    Who took, holds or sorts the case is not asked: it knows the firm. The mails leave with the worker, in nobody's name.
    Refused: ``need_over``, ``not_confirmed``, ``circulating``, ``unknown_words``, ``no_bodies``, ``due_past``,
    ``too_few`` (the words fit fewer firms than the plan wants; with a wider word), ``not_allowed``, ``case_closed``.
    """
    case = lock_open(need.case, by=by)
    locked = lock_need(need)
    _check(locked, case, place, trade, size)
    called = firm_words(case, place=place, trade=trade, size=size, actor=by)
    if called.fits < content_now().fewest_firms and not sure:
        _refuse_few(case, place, trade, size, called.fits, by=by)
    day = due_on or due("offer_answer")
    if day <= clock.today():
        raise Refused(_("返事の期限は、明日より後の日にしてください。"), "due_past", field="due_on")
    chosen = _bodies(case, bodies)
    inquiry = Inquiry.objects.create(title=locked.public_title, summary=locked.public_summary, firm_words=called.words,
                                     stage_id=locked.stage_id, sent_on=clock.today(), due_on=day, asks_around=asks_around)  # fmt: skip
    sent = Circulation.objects.create(inquiry=inquiry, case=case, need=locked, firms_known=called.fits, sent_at=clock.now(),
                                      sent_by_body_id=by.body or case.holder_id, sent_by_id=by.person)  # fmt: skip
    for body in chosen:
        _ask(locked, inquiry, body)
    log_step(case, Verb.CIRCULATED, by=by, subject=sent, after=str(len(chosen)))
    record(by, "need.circulate", sent, case, locked, words=called.words, bodies=[body.pk for body in chosen], due=day, asks_around=asks_around)
    bring_forward(case, NextStep(what=written("名を伏せた尋ねへの返事を見る"), on=day, kind="wait"))
    save_case(case)
    return sent


@transaction.atomic
def end_circulation(circulation: Circulation, *, by: Actor) -> Circulation:
    """Stop asking: at the next request no body reads the words any longer. Twice changes nothing."""
    case = lock_open(circulation.case, by=by)
    locked = Circulation.objects.select_for_update(of=("self",)).get(pk=circulation.pk)
    if locked.ended_at is not None:
        return locked
    stop_asking(case, [locked], by=by)
    return locked


def _check(need: Need, case: Case, place: str, trade: str, size: str) -> None:
    if need.state != NeedState.OPEN:
        raise Refused(_("片づいた課題です。尋ねるときは、対応中に戻してください。"), "need_over")
    if need.public_confirmed_at is None:
        raise Refused(_("名を伏せた文を、会社がまだ確かめていません。会社に読んでもらってから尋ねてください。"), "not_confirmed")
    if need.circulations.filter(ended_at__isnull=True).exists():
        raise Refused(_("この課題は、いま尋ねているところです。"), "circulating")
    given = (("place", place, place_choices()), ("trade", trade, trade_choices(case)), ("size", size, size_choices()))
    for field, code, known in given:
        if code not in dict(known):
            raise Refused(_("言い方を一覧から選んでください。"), "unknown_words", field=field)


def _refuse_few(case: Case, place: str, trade: str, size: str, fits: int, *, by: Actor) -> None:
    better = wider(case, place=place, trade=trade, size=size, actor=by)
    offer = _("「%(words)s」なら%(fits)s社あります。") % {"words": better.words, "fits": better.fits} if better else ""
    raise Refused(
        _("この言い方に当てはまる会社は%(fits)s社だけで、名を伏せても分かるおそれがあります。%(offer)s言い方を広げるか、このままでよければ印を付けて、もう一度押してください。")
        % {"fits": fits, "offer": offer},
        "too_few",
        field="sure",
    )


def _bodies(case: Case, wanted: Iterable[str] | None) -> list[Body]:
    open_ones = Body.objects.filter(closed_on__isnull=True).exclude(pk__in=[case.holder_id, case.received_by_id])
    codes = None if wanted is None else set(wanted)
    chosen = [body for body in open_ones if not is_front_desk(body.pk) and (codes is None or body.pk in codes)]
    if not chosen:
        raise Refused(_("尋ねる機関を1つ以上選んでください。担当の機関と窓口には尋ねません。"), "no_bodies", field="bodies")
    return chosen


def _ask(need: Need, inquiry: Inquiry, body: Body) -> None:
    """Ask one body; a match of an earlier round keeps what was typed and points at the new question."""
    asked = Asked.objects.create(inquiry=inquiry, body=body)
    match, made = Match.objects.get_or_create(
        need=need, body=body, defaults={"case_id": need.case_id, "asked": asked, "added_at": clock.now()}
    )
    if not made:
        match.asked = asked
        match.save(update_fields=["asked"])
