"""Learn weights from judgments, compare, switch on what is better on needs not seen, and go back. Each step on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.matching.learnmodels import LearnedModel, LearnedState
from renkei.matching.wordrules import edits_words


@dataclass(frozen=True, slots=True)
class Outcome:
    """What learning gave: weights as plain data, nDCG@10 on needs not seen before and after, the interval of the gain."""

    weights: Mapping[str, Any]
    examples: int
    before: float
    after: float
    gain_low: float
    gain_high: float


@transaction.atomic
def ask_learning(kind: str = "", *, by: Actor) -> LearnedModel:
    """Ask the worker to learn anew. Refused: ``not_allowed``, ``waiting``."""
    _require(by)
    LearnedModel.objects.select_for_update().filter(kind=kind, state=LearnedState.IN_USE).first()
    if LearnedModel.objects.filter(kind=kind, state=LearnedState.ASKED).exists():
        raise Refused(_("もう学習を待っています。終わるまで数分お待ちください。"), "waiting")
    made = LearnedModel.objects.create(kind=kind, asked_at=clock.now(), asked_by_id=by.person)
    record(by, "learning.asked", made, kind=kind)
    return made


@transaction.atomic
def keep_learned(model: LearnedModel, outcome: Outcome | None, *, by: Actor, why_not: str = "") -> LearnedModel:
    """Write what came of it; without an outcome ``why_not`` says why. Refused: ``not_allowed``, ``not_waiting``."""
    if not by.is_system:
        raise Refused(_("学習の結果は、送信係だけが書きます。"), "not_allowed")
    locked = _locked(model)
    if locked.state != LearnedState.ASKED:
        raise Refused(_("この学習は、もう終わっています。"), "not_waiting")
    locked.learned_at = clock.now()
    if outcome is None:
        locked.state, locked.why_not = LearnedState.FAILED, why_not[:200]
    else:
        locked.state = LearnedState.READY
        _fill(locked, outcome)
    locked.save()
    record(by, "learning.learned", locked, state=locked.state, before=locked.before, after=locked.after)
    return locked


@transaction.atomic
def keep_for_kind(asked: LearnedModel, kind: str, outcome: Outcome, *, by: Actor) -> LearnedModel:
    """Write weights learned for one kind of entry beside the common ones that were asked for. Refused: ``not_allowed``."""
    if not by.is_system:
        raise Refused(_("学習の結果は、送信係だけが書きます。"), "not_allowed")
    made = LearnedModel(kind=kind, state=LearnedState.READY, asked_at=asked.asked_at, asked_by_id=asked.asked_by_id, learned_at=clock.now())
    _fill(made, outcome)
    made.save(force_insert=True)
    record(by, "learning.learned", made, kind=kind, state=made.state, before=made.before, after=made.after)
    return made


def _fill(model: LearnedModel, outcome: Outcome) -> None:
    model.weights, model.examples = dict(outcome.weights), outcome.examples
    model.before, model.after, model.gain_low, model.gain_high = outcome.before, outcome.after, outcome.gain_low, outcome.gain_high


@transaction.atomic
def switch_on(model: LearnedModel, *, by: Actor) -> LearnedModel:
    """Rank by these weights from now on. Refused: ``not_allowed``, ``not_ready``, ``no_gain``."""
    _require(by)
    locked = _locked(model)
    if locked.state not in {LearnedState.READY, LearnedState.RETIRED}:
        raise Refused(_("この重みは、いま使い始められません。"), "not_ready")
    if locked.gain is None or locked.gain <= 0:
        raise Refused(_("見ていない課題で良くなっていないので、使えません。答えが増えてから、もう一度学ばせてください。"), "no_gain")
    now = clock.now()
    _end_current(locked.kind, now)
    locked.state, locked.used_from, locked.used_until = LearnedState.IN_USE, now, None
    locked.save(update_fields=["state", "used_from", "used_until"])
    record(by, "learning.switched_on", locked, gain=locked.gain)
    return locked


@transaction.atomic
def roll_back(kind: str = "", *, by: Actor, seen: UUID | None = None) -> LearnedModel | None:
    """Go back to the weights that were used before; returns them, None for the shipped ones.

    ``seen`` are the weights that stood on the page as in use: pressed twice, the button goes back once.
    Refused: ``not_allowed``, ``shipped``, ``changed_meanwhile``.
    """
    _require(by)
    current = _end_current(kind, clock.now())
    if current is None:
        raise Refused(_("いまは標準の重みを使っています。"), "shipped")
    if seen not in {None, current.pk}:
        raise Refused(_("使う重みは、もう変わっています。いまの重みを確かめて、もう一度押してください。"), "changed_meanwhile")
    before = LearnedModel.objects.select_for_update().filter(
        kind=kind, state=LearnedState.RETIRED, used_until=current.used_from).exclude(pk=current.pk).first()  # fmt: skip
    if before is not None:
        before.state, before.used_until = LearnedState.IN_USE, None
        before.save(update_fields=["state", "used_until"])
    record(by, "learning.rolled_back", current, to=str(before.pk) if before else "shipped")
    return before


def _end_current(kind: str, now: dt.datetime) -> LearnedModel | None:
    current = LearnedModel.objects.select_for_update().filter(kind=kind, state=LearnedState.IN_USE).first()
    if current is not None:
        current.state, current.used_until = LearnedState.RETIRED, now
        current.save(update_fields=["state", "used_until"])
    return current


def _locked(model: LearnedModel) -> LearnedModel:
    return LearnedModel.objects.select_for_update().get(pk=model.pk)


def _require(by: Actor) -> None:
    if not edits_words(by):
        raise Refused(_("学習を扱えるのは、窓口と、計画の代表の者の職員だけです。"), "not_allowed")
