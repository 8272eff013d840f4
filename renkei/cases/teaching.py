"""Judgments made into lessons for the ranking: a need's words, and which entries people said fit it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction

from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.cases.judging import take_up_judgments
from renkei.cases.models import Need
from renkei.matching.learnactions import Outcome, keep_for_kind, keep_learned
from renkei.matching.learnmodels import LearnedModel, LearnedState
from renkei.matching.lessons import learn_from
from renkei.matching.models import EntryKind, Judgment, JudgmentOrigin
from renkei.plan.queries import content_now

FEWEST = 30  # judged needs from which weights can be learned (the study's learning curve)
_GRADES = {JudgmentOrigin.ACCEPTED: 3, JudgmentOrigin.MARKED: 3, JudgmentOrigin.CHOSEN: 2}
_log = logging.getLogger("renkei.cases")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A need's words with the grade (0 to 3) of each entry that people judged for it; one of them fits at least."""

    need: uuid.UUID
    text: str
    grades: dict[str, int]


Learn = Callable[[Sequence[Lesson]], Outcome]


def lessons(kind: str = "") -> list[Lesson]:
    """Return what there is to learn from, for a kind of entry or all; the last word on an entry counts.

    A no for a reason that says nothing of the fit (full hands, a bad time: the plan names them) is no word on the entry.
    """
    aside = (content_now().raw.get("cues") or {}).get("reasons_aside", [])
    found = Judgment.objects.filter(entry__isnull=False).exclude(origin=JudgmentOrigin.DECLINED, reason__in=aside).order_by("judged_at", "pk")
    if kind:
        found = found.filter(entry__kind=kind)
    grades: dict[uuid.UUID, dict[str, int]] = {}
    for need, entry, fits, origin in found.values_list("need", "entry_id", "fits", "origin"):
        grades.setdefault(need, {})[entry] = _GRADES[JudgmentOrigin(origin)] if fits else 0
    useful = {need: given for need, given in grades.items() if any(given.values())}
    texts = _texts(list(useful))
    return [Lesson(need, texts[need], given) for need, given in useful.items() if texts.get(need)]


def run_learning(learn: Learn | None = None) -> int:
    """Learn where somebody asked for it; returns how often. Safe to run twice: what is done is asked for no more."""
    done = 0
    with acting(SYSTEM):
        waiting = list(LearnedModel.objects.filter(state=LearnedState.ASKED))
    if waiting:
        take_up_judgments()  # what was answered since the last hour is learned from, too
    for asked in waiting:
        with acting(SYSTEM):
            outcome, why_not = _outcome(lessons(asked.kind), learn or _learner(asked.kind))
            own = {} if asked.kind else _by_kind(learn)
            with transaction.atomic():
                keep_learned(asked, outcome, by=SYSTEM, why_not=why_not)
                for kind, one in own.items():
                    keep_for_kind(asked, kind, one, by=SYSTEM)
        done += 1
    return done


def _by_kind(learn: Learn | None) -> dict[str, Outcome]:
    """Return what was learned for each kind of entry with enough judged needs of its own."""
    found = {}
    for kind in EntryKind.values:
        own = lessons(kind)
        outcome, _why_not = _outcome(own, learn or _learner(kind)) if len(own) >= FEWEST else (None, "")
        if outcome is not None:
            found[kind] = outcome
    return found


def _learner(kind: str) -> Learn:
    return lambda found: learn_from([(one.text, one.grades) for one in found], kind=kind)


def _outcome(found: Sequence[Lesson], learn: Learn) -> tuple[Outcome | None, str]:
    if len(found) < FEWEST:
        return None, f"台帳の項目への答えがある課題は、いま{len(found)}件です。{FEWEST}件から学べます。"
    try:
        return learn(found), ""
    except ValueError as error:
        _log.warning("nothing could be learned", exc_info=True)
        return None, f"学べませんでした（{error}）。"


def _texts(needs: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the words of each need: what it is called, and what the firm first said."""
    found = {}
    for need in Need.objects.filter(pk__in=needs).select_related("case").prefetch_related("case__consultations"):
        said = sorted(need.case.consultations.all(), key=lambda one: one.consulted_at)
        found[need.pk] = f"{need.title}\n{said[0].text if said else need.case.summary}".strip()
    return found
