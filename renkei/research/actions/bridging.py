"""Bringing a need and a researcher together: every attempt is kept, with what came of it or why nothing did [C13]."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.disclosable import lock_need
from renkei.cases.models import Case, Need
from renkei.cases.rules import require, signed, takes_part
from renkei.cases.states import NeedState
from renkei.cases.steps import fit, lock_case
from renkei.matching.models import Entry
from renkei.plan.models import Body
from renkei.research.models import BRIDGE_ENDS, BRIDGE_STEPS, Bridge, BridgeState, BridgeStep


@dataclass(frozen=True, slots=True)
class Other:
    """Who was asked: a researcher by name and organisation, perhaps of a body of the plan; or a seed of the catalogue."""

    who: str
    organisation: str = ""
    body: Body | None = None
    entry: Entry | None = None


@transaction.atomic
def start_bridge(need: Need, other: Other, *, by: Actor, on: dt.date | None = None, words: str = "") -> Bridge:
    """Write down that somebody was asked about a need.

    Refused: ``not_allowed``, ``case_closed``, ``need_over``, ``who_empty``, ``too_long``, ``future``, ``bridge_open`` (the same
    person is being asked already).
    """
    author = signed(by)
    seen = Case.objects.visible_to(by).filter(pk=need.case_id).first()
    sees = seen is not None and takes_part(by, seen) and Need.objects.visible_to(by).filter(pk=need.pk).exists()
    require(sees, _("橋渡しを書けるのは、この案件に関わる機関だけです。"))
    case, need = lock_case(Case(pk=need.case_id)), lock_need(need)  # neither ends while the attempt is written
    if not case.is_open:
        raise Refused(_("終わった案件です。再開してから書いてください。"), "case_closed")
    if need.state != NeedState.OPEN:
        raise Refused(_("片づいた課題です。対応中に戻してから書いてください。"), "need_over")
    who, organisation = fit(_line(other.who), 200, "who"), fit(_line(other.organisation), 200, "organisation")
    if not who and other.entry is not None:
        who, organisation = other.entry.name[:200], organisation or other.entry.owner_name
    if not who:
        raise Refused(_("だれに打診したかを入れてください。"), "who_empty", field="who")
    day = _day(on)
    given = {"who": who, "organisation": organisation, "to_body": other.body, "entry": other.entry.pk if other.entry else ""}
    try:
        with transaction.atomic():
            made = Bridge.objects.create(case=case, need=need, tried_on=day, moved_on=day, body_id=author[0], person_id=author[1], **given)
    except IntegrityError as error:
        raise Refused(_("この相手には、もう打診しています。その続きに書いてください。"), "bridge_open", field="who") from error
    _step(made, author, day, fit(words, 400, "words"))
    record(by, "bridge.start", made, need, case, **given | {"to_body": other.body.pk if other.body else "", "on": day})
    return made


@transaction.atomic
def move_bridge(bridge: Bridge, *, by: Actor, state: str, words: str, on: dt.date | None = None) -> Bridge:
    """Write down how an attempt went on. An end says what came, or why nothing did, and stays.

    Refused: ``not_allowed``, ``bridge_over``, ``no_step``, ``words_empty``, ``too_long``, ``future``, ``before_last``.
    """
    author = signed(by)
    sees = Bridge.objects.visible_to(by).filter(pk=bridge.pk).exists() and takes_part(by, bridge.case)
    require(sees, _("橋渡しを書けるのは、この案件に関わる機関だけです。"))
    locked = Bridge.objects.select_for_update(of=("self",)).get(pk=bridge.pk)
    if not locked.is_open:
        raise Refused(_("この打診は、もう終わっています。もう一度試すときは、新しく書いてください。"), "bridge_over")
    if state not in BRIDGE_STEPS[BridgeState(locked.state)]:
        raise Refused(_("その段階には進めません。選び直してください。"), "no_step", field="state")
    told = fit(words, 400, "words")
    if state in BRIDGE_ENDS and not told:
        raise Refused(_("何につながったか、またはつながらなかった理由を書いてください。"), "words_empty", field="words")
    day = _day(on)
    if day < locked.moved_on:
        raise Refused(_("前の記録より前の日です。日を確かめてください。"), "before_last", field="on")
    locked.state, locked.moved_on, locked.result = state, day, told if state in BRIDGE_ENDS else locked.result
    locked.save(update_fields=["state", "moved_on", "result"])
    _step(locked, author, day, told)
    record(by, "bridge.move", locked, state=state, words=told, on=day)
    return locked


def _step(bridge: Bridge, author: tuple[str, uuid.UUID], day: dt.date, words: str) -> None:
    BridgeStep.objects.create(bridge=bridge, state=bridge.state, on=day, words=words, body_id=author[0], person_id=author[1], written_at=clock.now())


def _day(on: dt.date | None) -> dt.date:
    day = on or clock.today()
    if day > clock.today():
        raise Refused(_("まだ来ていない日です。今日までの日を入れてください。"), "future", field="on")
    return day


def _line(text: str) -> str:
    return " ".join(text.split())
