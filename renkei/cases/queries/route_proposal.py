"""From the matcher's proposal to the first draft of a route: one body a service and need, what comes first added."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from renkei.base.actor import Actor
from renkei.cases.models import Case, Consultation, Need, Support
from renkei.cases.queries.facts import facts_of
from renkei.cases.queries.route_choices import DATED
from renkei.cases.queries.route_plan import GONE, IN_VAIN, Draft, Ground, courses_for, needs_course
from renkei.matching.advice import QUALIFICATION
from renkei.matching.courses import next_course
from renkei.matching.models import Entry, EntryKind
from renkei.matching.proposal import Candidate, EntryHit, Proposal, ProposedNeed
from renkei.matching.propose import propose
from renkei.plan.queries import providers

MOST_A_NEED, MOST = 3, 10
NEAR = 0.4  # a service further from the need's best than this is no part of the way: it stands in the proposal


def proposal_for(case: Case, actor: Actor) -> Proposal:
    """Return what the matcher says of the case's words now, without those that declined or stayed silent."""
    said = list(Consultation.objects.visible_to(actor).filter(case=case))
    text = "\n\n".join(one.text for one in said) or case.summary or case.title
    vain = Support.objects.visible_to(actor).filter(case=case, state__in=IN_VAIN)
    return propose(text, facts=facts_of(case, said), declined=frozenset(vain.values_list("service_id", "body_id")))


def same_need(proposed: ProposedNeed, needs: Sequence[Need]) -> Need | None:
    """Return the written need a proposed one became: by its words in the text, else by title and stage."""
    spans = [list(span) for span in proposed.spans]
    by_words = next((one for one in needs if spans and one.spans == spans), None)
    return by_words or next((one for one in needs if one.title == proposed.title[:100] and one.stage_id == proposed.stage), None)


def asked_drafts(case: Case, actor: Actor) -> list[Draft]:
    """Return a draft for every support that was chosen, asked, runs or is done."""
    rows = Support.objects.visible_to(actor).filter(case=case).exclude(state__in=GONE | IN_VAIN).order_by("made_at")
    return [Draft(uuid.uuid4(), one.need_id, one.service_id, one.body_id, one.entries[0] if one.entries else "") for one in rows]


def candidate_drafts(need: uuid.UUID, candidates: Sequence[Candidate], taken: set[tuple[uuid.UUID, str]]) -> list[Draft]:
    """Return the best body of each of the best services, where nobody was chosen for that service yet."""
    found: list[Draft] = []
    best = max((one.score for one in candidates), default=0.0)
    for one in candidates:
        if one.score < NEAR * best or (need, one.service) in taken or len(found) == MOST_A_NEED:
            continue
        taken.add((need, one.service))
        found.append(Draft(uuid.uuid4(), need, one.service, one.body, entry_for(one), chosen=chosen_words(one)))
    return found


def entry_for(candidate: Candidate) -> str:
    """Return the entry that gives a candidate its dates: a programme or event, else a machine or test, else the first."""
    def rank(hit: EntryHit) -> int:
        return DATED.index(EntryKind(hit.kind)) if hit.kind in DATED else len(DATED)

    hits = sorted(candidate.entries, key=rank)
    return hits[0].id if hits and hits[0].kind in DATED else ""


def chosen_words(candidate: Candidate) -> tuple[str, ...]:
    """Return why this body: the rules it met, what decided between equals among them [C67]."""
    return tuple(one.text for one in candidate.evidence if one.kind == "met")[:4]


def with_courses(drafts: list[Draft], on: Ground) -> list[Draft]:
    """Put a course before each machine that needs one, where the plan has such a rule and a course qualifies for it [C57]."""
    rules = [rule for rule in on.precedence if rule.get("when") == QUALIFICATION]
    found: list[Draft] = []
    for draft in drafts:
        for rule in rules:
            service = str(rule["before"])
            on = on.with_entries(one.entry for one in found)
            if rule["after"] == draft.service and needs_course(draft, on) and not courses_for(draft, service, [*drafts, *found], on):
                found += _course(draft, on.entries[draft.entry], service, str(rule["text"]))
        found.append(draft)
    return found


def _course(draft: Draft, machine: Entry, service: str, text: str) -> list[Draft]:
    found = next_course(machine, service, [one.pk for one in providers(service)])
    if found is None or found.body_id is None:
        return []
    return [replace(draft, key=uuid.uuid4(), service=service, body=found.body_id, entry=found.pk, chosen=(text,))]
