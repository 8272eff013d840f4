"""What the case page shows, gathered in few queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.cases.models import (
    Attachment,
    Case,
    Consent,
    ConsentRequest,
    Consultation,
    Contact,
    FollowUp,
    GapSource,
    Handover,
    Incident,
    Nda,
    Need,
    OutsideRequest,
    RungNumber,
    Suggestion,
    Support,
)
from renkei.cases.queries.delivery import deliveries
from renkei.cases.queries.ladder import climbs
from renkei.cases.queries.timeline import Item, timeline
from renkei.cases.rules import runs_case
from renkei.cases.states import DisclosureClass, HandoverState
from renkei.desk.cases.acts import afterwards, closing, consents, holding, needs, outside, secrecy, talk
from renkei.desk.cases.acts.act import ActForm
from renkei.desk.colleagues import away_names
from renkei.desk.coordinators.forms import CaseLineForm
from renkei.desk.meetings.forms import PutUpForm
from renkei.matching.models import Entry
from renkei.matching.standing import alive
from renkei.plan.models import Body, Stage
from renkei.plan.queries import content_now, is_front_desk, stages

FEW = 12
SUPPORT_ACTS: list[type[needs.SupportAct]] = [needs.StartForm, needs.FinishForm, needs.RecallForm, needs.WithdrawForm]
CASE_ACTS: list[type[ActForm]] = [
    talk.MessageForm, holding.HandoverForm, holding.ReferForm, closing.CloseForm, closing.MergeForm, closing.SplitForm,
    closing.ProjectForm, closing.FeedbackForm, CaseLineForm,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SupportRow:
    """A support with what may be done with it."""

    support: Support
    acts: list[type[ActForm]]


@dataclass(slots=True)
class NeedRow:
    """A need with its supports."""

    need: Need
    supports: list[SupportRow] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """A stage with its needs."""

    stage: Stage
    needs: list[NeedRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one body may see of one class: a word and its class of style, and the consent behind it."""

    style: str
    word: str
    consent: Consent | None = None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One body in the consent table."""

    body: Body
    cells: list[Cell]
    closed_on: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """The items of one day."""

    day: dt.date
    items: list[Item]


def lanes(case: Case, actor: Actor) -> list[Lane]:
    """Return every stage with its needs and supports, in the plan's order."""
    found = Need.objects.visible_to(actor).filter(case=case)
    rows = {one.pk: NeedRow(one) for one in found}
    supports = Support.objects.visible_to(actor).filter(case=case).select_related("body", "service", "person")
    for support in supports:
        support.case = case
        if support.need_id in rows:
            rows[support.need_id].supports.append(SupportRow(support, _acts(support, case, actor)))
    result = {stage.pk: Lane(stage) for stage in stages()}
    for row in rows.values():
        result[row.need.stage_id].needs.append(row)
    return [lane for lane in result.values() if lane.needs or lane.stage.pk != "x"]


def _acts(support: Support, case: Case, actor: Actor) -> list[type[ActForm]]:
    return [one for one in SUPPORT_ACTS if case.is_open and one.allowed(actor, case, support)]


def consent_rows(case: Case, actor: Actor, bodies: dict[str, Body]) -> list[ConsentRow]:
    """Return who may see what, in the plan's order: every body that has or had consent, or was asked without it."""
    newest: dict[tuple[str, str], Consent] = {}
    for one in Consent.objects.visible_to(actor).filter(case=case).order_by("given_at"):
        newest[(one.body_id, one.klass)] = one
    asked = set(Support.objects.visible_to(actor).filter(case=case).values_list("body_id", flat=True))
    wanted = {body for body, _klass in newest} | asked
    return [_consent_row(body, newest) for code, body in bodies.items() if code in wanted]


def _consent_row(body: Body, newest: dict[tuple[str, str], Consent]) -> ConsentRow:
    own = [newest.get((body.pk, klass)) for klass in DisclosureClass.values]
    if not any(own):
        return ConsentRow(body, [Cell("w", _("同意なし")), Cell("x", _("なし")), Cell("x", _("なし"))], None)
    withdrawn = [one.withdrawn_at for one in own if one and one.withdrawn_at]
    return ConsentRow(body, [_cell(one) for one in own], max(withdrawn, default=None))


def _cell(consent: Consent | None) -> Cell:
    if consent is None:
        return Cell("x", _("なし"))
    if consent.is_live:
        return Cell("y", _("見せる"), consent)
    return Cell("w", _("取消し") if consent.withdrawn_at else _("期限切れ"), consent)


def days(items: list[Item]) -> list[Day]:
    """Return the items by the day they happened, newest first."""
    ordered = sorted(items, key=lambda item: (item.happened_on, item.at), reverse=True)
    return [Day(day, list(group)) for day, group in groupby(ordered, key=lambda item: item.happened_on)]


def case_page(case: Case, actor: Actor, *, everything: bool, by_body: str) -> dict[str, Any]:
    """Return what the case page shows to the actor."""
    bodies = {one.pk: one for one in Body.objects.all()}
    items = timeline(case, actor=actor)
    speakers = sorted({item.body for item in items if item.body})
    chosen = [item for item in items if not by_body or item.body == by_body]
    chosen.sort(key=lambda item: (item.happened_on, item.at), reverse=True)
    shown = chosen if everything else chosen[:FEW]
    attempts = Contact.objects.visible_to(actor, [case])
    shown_lanes = lanes(case, actor)
    return {
        "case": case,
        "runs": runs_case(actor, case),
        "inside": actor.body in {case.received_by_id, case.holder_id} or is_front_desk(actor.body),
        "ndas": list(Nda.objects.visible_to(actor).filter(case=case).select_related("body")),
        "lanes": shown_lanes,
        "consents": consent_rows(case, actor, bodies),
        "classes": DisclosureClass.choices,
        "files": cast("list[Attachment]", list(Attachment.objects.visible_to(actor, [case]))),
        "words": list(_words(case, actor)),
        "mails": deliveries(case.pk),
        "attempts": attempts.filter(outcome="absent").count(),
        "days": days(shown),
        "count": len(items),
        "older": len(chosen) - len(shown),
        "speakers": speakers,
        "names": {code: one.short for code, one in bodies.items()},
        "by_body": by_body if by_body in speakers else "",
        "handover": _open_handover(case, actor),
        "acts": [one for one in CASE_ACTS if one.allowed(actor, case, None)],
        "can": _can(case, actor),
        "quick": talk.ContactForm(case=case, actor=actor) if case.is_open else None,
        "merged": list(case.merged.all()),
        "incidents": list(Incident.objects.visible_to(actor).filter(case=case).select_related("body", "opened_by")),
        "wishes": _wishes(case, actor, bodies),
        "projects": list(case.projects.all()),
        "follow_ups": _follow_ups(case, actor),
        "suggestions": _suggestions(case, actor),
        "climbs": _climbs(case, actor, shown_lanes, bodies),
        "was_split": closing.was_split(case),
        "holder_away": away_names(case.holder_id).get(case.holder_person_id, "") if case.holder_person_id else "",
        "next_away": away_names(case.next_body_id).get(case.next_person_id, "") if case.next_person_id else "",
        "phone": case.next_phone or (case.company.phone if case.company else ""),
        "close_word": word_of("close_reasons", case.close_reason),
        "result_word": word_of("results", case.result),
    }


def word_of(vocabulary: str, code: str) -> str:
    """Return the plan's word for a code; nothing for a code that is none of the plan's (an import, an undo)."""
    return next((term.name for term in content_now().vocabulary(vocabulary) if term.code == code), "")


def _suggestions(case: Case, actor: Actor) -> list[Suggestion]:
    found = Suggestion.objects.visible_to(actor).open().filter(case=case, entry__in=alive(Entry.objects.all()).values("pk")).select_related("entry", "need")
    return list(found) if case.is_open else []


def _climbs(case: Case, actor: Actor, shown: list[Lane], bodies: dict[str, Body]) -> list[dict[str, Any]]:
    """Return the needs on the ladder with their requests outside the region, and what may be done with each."""
    needs_ = [(row.need, [each.support for each in row.supports]) for lane in shown for row in lane.needs]
    on_ladder = climbs(case, actor, needs_, bodies)
    if not on_ladder:
        return []
    requests = list(OutsideRequest.objects.visible_to(actor).filter(case=case).select_related("opening", "escalation"))
    outside_now = any(one.now is not None and one.now.escalation.rung == RungNumber.OUTSIDE for one in on_ladder)
    with_gap = set(GapSource.objects.visible_to(actor).filter(case=case).values_list("need_id", flat=True)) if outside_now else set()
    found = []
    for one in on_ladder:
        own = [each for each in requests if each.escalation.need_id == one.need.pk]
        deeds: list[type[ActForm]] = [PutUpForm, outside.OutsideAskForm, outside.GiveUpForm]
        rows = [{"one": each, "acts": [act for act in (outside.OutsideAnswerForm, outside.OutsideEndForm) if act.allowed(actor, case, each)],
                 "on_paper": each.opening.is_open and outside.leads_outside(actor, case)} for each in own]
        asks_gap = one.now is not None and one.now.escalation.rung == RungNumber.OUTSIDE and one.need.pk not in with_gap
        found.append({"climb": one, "asks_gap": asks_gap, "acts": [act for act in deeds if act.allowed(actor, case, one.need)], "requests": rows})
    return found


def _follow_ups(case: Case, actor: Actor) -> list[dict[str, Any]]:
    """Return what the firm was or will be asked after the end, with what may be done; once it was reopened, answers only."""
    rows = list(FollowUp.objects.visible_to(actor).filter(case=case).select_related("recorded_by"))
    for one in rows:
        one.case = case
    shown = [one for one in rows if one.ended_because != "reopened" and (not case.is_open or one.answered_at is not None)]
    stop = next((one for one in shown if afterwards.StopFollowUpForm.allowed(actor, case, one)), None)  # it ends all that is left
    return [{"one": one, "acts": [act for act in (afterwards.FollowUpForm, afterwards.StopFollowUpForm)
                                  if act.allowed(actor, case, one) and (act is afterwards.FollowUpForm or one is stop)]}
            for one in shown]  # fmt: skip


def _wishes(case: Case, actor: Actor, bodies: dict[str, Body]) -> list[tuple[Body, list[str], dt.datetime]]:
    """Return what the firm has been asked to open and has not answered yet."""
    waiting = ConsentRequest.objects.visible_to(actor).filter(case=case, answered_at__isnull=True)
    return [
        (bodies[one.body_id], [str(DisclosureClass(klass).label) for klass in one.classes], one.asked_at) for one in waiting
    ]


def _words(case: Case, actor: Actor) -> QuerySet[Consultation]:
    return Consultation.objects.visible_to(actor, [case]).select_related("received_by", "taken_by", "person")


def _open_handover(case: Case, actor: Actor) -> Handover | None:
    waiting = Handover.objects.visible_to(actor).filter(case=case, state=HandoverState.OFFERED)
    return waiting.select_related("from_body", "to_body", "to_person").first()


def _can(case: Case, actor: Actor) -> dict[str, bool]:
    """Return which single deeds the page offers, by name."""
    deeds: dict[str, type[ActForm]] = {
        "next": holding.NextStepForm, "take": holding.TakeForm, "need": needs.NeedForm, "consent": consents.ConsentForm,
        "file": talk.FileForm, "summary": talk.SummaryForm, "reopen": closing.ReopenForm, "unmerge": closing.UnmergeForm,
        "confirm": closing.ConfirmCloseForm, "unsplit": closing.UnsplitForm, "file_secrecy": secrecy.NdaForm,
    }  # fmt: skip
    return {name: one.allowed(actor, case, None) for name, one in deeds.items()}

