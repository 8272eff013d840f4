"""The matching sheet: candidates, the firm's consent for each, meeting, study, contract or not [C46]."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.consents import request_consent
from renkei.cases.actions.disclosable import lock_need, lock_open
from renkei.cases.actions.offers import Pick, send_offers
from renkei.cases.models import (
    Asked,
    Case,
    Consent,
    ConsentRequest,
    InquiryAnswer,
    Match,
    Need,
    Outcome,
    Support,
    Verb,
    log_step,
)
from renkei.cases.states import DisclosureClass, NeedState
from renkei.cases.steps import fit
from renkei.plan.models import Body

SUMMARY = DisclosureClass.SUMMARY.value
MOST_SAID = 2000


@transaction.atomic
def add_candidate(need: Need, *, by: Actor, body: Body, why: str = "") -> Match:
    """Put a body on the sheet; once more changes why. Refused: ``need_over``, ``too_long``, ``not_allowed``, ``case_closed``."""
    case = lock_open(need.case, by=by)
    locked = lock_need(need)
    if locked.state != NeedState.OPEN:
        raise Refused(_("片づいた課題です。対応中に戻してから足してください。"), "need_over")
    match, made = Match.objects.get_or_create(need=locked, body=body, defaults={"case": case, "added_at": clock.now()})
    words = fit(why, 200, "why")
    if words and match.why != words:
        match.why = words
        match.save(update_fields=["why"])
    if made:
        log_step(case, Verb.INTEREST, by=by, subject=match, after="candidate", about_body=body.pk)
    record(by, "match.add", match, case, body=body.pk, why=words)
    return match


@transaction.atomic
def ask_firm(match: Match, *, by: Actor, classes: list[str], purpose: str = "") -> ConsentRequest:
    """Ask the firm whether this body may know it, in what the body said about itself. The summary is always among it.

    Refused: ``summary_not_seen`` (a body never reads a summary the firm has not), ``unknown_class``, ``has_consent``,
    ``not_allowed``, ``case_closed``.
    """
    case, locked = _lock(match, by=by)
    if not case.summary or case.summary_seen_at is None:
        raise Refused(_("会社が、いまの要約をまだ確かめていません。先に要約を確かめてもらってください。"), "summary_not_seen")
    wanted = [klass for klass in DisclosureClass.values if klass in {*classes, SUMMARY}]
    if set(classes) - set(DisclosureClass.values):
        raise Refused(_("見せるものを一覧から選んでください。"), "unknown_class", field="classes")
    if set(wanted) <= _open_classes(case, locked):
        raise Refused(_("会社は、もう同意しています。"), "has_consent")
    return request_consent(case, body=locked.body, classes=wanted, by=by, purpose=purpose or locked.need.public_title,
                           said=said_by(locked.asked))


@transaction.atomic
def offer_to(match: Match, *, by: Actor, service: str, ask: str, due_on: dt.date | None = None) -> Support:
    """Ask the body for its service, with exactly what the firm has consented to. Refusals are those of ``send_offers``."""
    case, locked = _lock(match, by=by)
    classes = _require_consent(case, locked)
    return send_offers(case, [Pick(locked.need, service, locked.body_id, ask, sorted(classes), due_on)], by=by)[0]


@transaction.atomic
def record_meeting(match: Match, *, by: Actor, met_on: dt.date, text: str = "") -> Match:
    """Write down when firm and body meet or met, and what came out. Before the firm's consent there is no meeting."""
    case, locked = _lock(match, by=by)
    _require_consent(case, locked)
    words = fit(text, 1000, "text")
    if words and met_on > clock.today():
        raise Refused(_("面談の結果は、面談の日が来てから書いてください。"), "not_yet", field="text")
    locked.met_on, locked.met_text = met_on, words
    locked.save(update_fields=["met_on", "met_text"])
    day = min(met_on, clock.today())
    log_step(case, Verb.INTEREST, by=by, subject=locked, after="met" if words else "meeting", about_body=locked.body_id,
             happened_on=day)
    record(by, "match.meet", locked, case, on=met_on, text=words)
    return locked


@transaction.atomic
def record_outcome(match: Match, *, by: Actor, outcome: str, text: str = "", happened_on: dt.date | None = None) -> Match:
    """Write down what became of it: under study, a contract, or none with the reason. The same twice changes nothing.

    Refused: ``unknown_outcome``, ``text_empty`` (none needs its reason), ``no_consent``, ``not_yet``, ``not_allowed``.
    """
    case, locked = _lock(match, by=by)
    if outcome not in Outcome.values:
        raise Refused(_("どうなったかを、1つ選んでください。"), "unknown_outcome", field="outcome")
    words, day = fit(text, 400, "text"), happened_on or clock.today()
    if outcome == Outcome.NONE and not words:
        raise Refused(_("契約に至らなかった理由を書いてください。次の相手を探す手がかりになります。"), "text_empty", field="text")
    if day > clock.today():
        raise Refused(_("まだ来ていない日です。今日までの日を入れてください。"), "not_yet", field="happened_on")
    if outcome != Outcome.NONE:
        _require_consent(case, locked)
    if (locked.outcome, locked.outcome_text, locked.outcome_on) == (outcome, words, day):
        return locked
    before, locked.outcome, locked.outcome_text, locked.outcome_on = locked.outcome, outcome, words, day
    locked.save(update_fields=["outcome", "outcome_text", "outcome_on"])
    log_step(case, Verb.INTEREST, by=by, subject=locked, before=before, after=outcome, about_body=locked.body_id, happened_on=day)
    record(by, "match.outcome", locked, case, outcome=outcome, text=words, on=day)
    return locked


def said_by(asked: Asked | None) -> str:
    """Return what a body said it can do, who, and on which conditions: the words the firm is shown."""
    if asked is None or asked.answer != InquiryAnswer.INTERESTED:
        return ""
    parts = [asked.offer]
    if asked.who:
        parts.append(written("担当：%(who)s") % {"who": asked.who})
    if asked.conditions:
        parts.append(written("条件：%(conditions)s") % {"conditions": asked.conditions})
    return "\n".join(parts)[:MOST_SAID]


def _lock(match: Match, *, by: Actor) -> tuple[Case, Match]:
    case = lock_open(match.case, by=by)
    return case, Match.objects.select_for_update(of=("self",)).get(pk=match.pk)


def _open_classes(case: Case, match: Match) -> set[str]:
    return set(Consent.objects.live().filter(case=case, body_id=match.body_id).values_list("klass", flat=True))


def _require_consent(case: Case, match: Match) -> set[str]:
    """Return the classes the firm has opened to the body; the body that took or holds the case knows it anyway."""
    classes = _open_classes(case, match)
    if SUMMARY not in classes and match.body_id not in {case.holder_id, case.received_by_id}:
        raise Refused(_("%(body)sに知らせる同意が、まだありません。先に会社に同意を聞いてください。") % {"body": match.body.short},
                      "no_consent")
    return classes | {SUMMARY}
