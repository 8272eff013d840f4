"""What the desk sees when it sorts a consultation: words, questions, clues, proposal, who may see what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.text import clean_text
from renkei.cases.models import Case, Consent, Consultation, Need, Passage, Support
from renkei.cases.queries.colleagues import manned
from renkei.cases.queries.facts import facts_of
from renkei.cases.queries.similar import Similar, similar_cases
from renkei.cases.states import DisclosureClass, NeedState, SupportState
from renkei.cases.steps import due
from renkei.companies.queries import Duplicate, possible_duplicates
from renkei.desk.colleagues import manned_words
from renkei.desk.triage.rows import CLASSES, NONE, Block, Cell, Row, RowForm, Sight
from renkei.desk.triage.words import marked_words
from renkei.matching.models import EntryKind
from renkei.matching.proposal import Candidate, EntryHit, Mark, NearMiss, Proposal, ProposedNeed
from renkei.matching.propose import propose
from renkei.plan.models import Body, Provision, Service, Stage
from renkei.plan.queries import content_now, offered_on, stages

IN_VAIN = {SupportState.DECLINED, SupportState.EXPIRED}
FEW, LOOKED_AT = 5, 12
MOST_ANSWERS = 10
LEADS = {"out_of_scope": "contact", "clarify": "questions"}


@dataclass(slots=True)
class TriagePage:
    """Everything on the page. ``data`` is what was posted, when the page shows it again."""

    case: Case
    actor: Actor
    said: list[Consultation]
    proposal: Proposal
    blocks: list[Block]
    supports: list[Support]
    stages: dict[str, Stage]
    bodies: dict[str, Body]
    provisions: list[Provision]
    data: QueryDict | None = None
    errors: list[str] = field(default_factory=list)
    wrong_field: str = ""
    clues: Clues | None = None
    sight: Sight | None = None
    asked: dict[Any, str] = field(default_factory=dict)
    due_on: dt.date | None = None

    @property
    def text(self) -> str:
        """Return the words the proposal was made from."""
        return text_of(self.case, self.said)

    @property
    def words(self) -> SafeString:
        """Return the firm's words with the marks of the needs; where a contact leads, with those that speak for it."""
        if not self.shows_needs:
            spoken = sorted({span for one in self.proposal.outside for span in one.spans})
            return marked_words(self.text, [Mark(start, end, 0) for start, end in spoken], {})
        return marked_words(self.text, self.proposal.analysis.marks, {one.number: one.stage.pk for one in self.blocks})

    @property
    def leads(self) -> str:
        """Return what comes before the candidates, which then are folded: ``contact``, ``questions``, or nothing."""
        return LEADS.get(self.proposal.kind, "")

    @property
    def shows_needs(self) -> bool:
        """Tell whether the words are read by needs: not while the matter is somebody else's and the candidates stay folded."""
        return self.leads != "contact" or self.is_open

    @property
    def is_open(self) -> bool:
        """Tell whether folded candidates stand open: somebody has worked on them, or the page is shown again."""
        is_touched = bool(self.supports) or any(block.need for block in self.blocks)
        return is_touched or self.data is not None or bool(self.sight and self.sight.live)

    @property
    def rows(self) -> list[Row]:
        """Return every line in the order of the page."""
        return [row for block in self.blocks for row in block.rows]

    @property
    def ticked(self) -> list[Row]:
        """Return the lines that are ticked."""
        return [row for row in self.rows if row.ticked and row.can_be_asked]

    @property
    def leaving(self) -> list[Support]:
        """Return offers that can still be taken back without a trace."""
        return [one for one in self.supports if one.state == SupportState.OFFERED and not one.has_left]

    @property
    def question_numbers(self) -> dict[str, int]:
        """Return the number under which each question stands, for the evidence that waits for it."""
        return {one.key: number for number, one in enumerate(self.proposal.questions, 1)}

    @property
    def answers(self) -> dict[str, str]:
        """Return what was typed or is known for each question."""
        typed: Mapping[str, Any] = self.data or {}
        known = {key: str(value) for one in self.said for key, value in one.facts.items()}
        return {one.key: typed.get(f"fact-{one.key}", known.get(one.key, "")) for one in self.proposal.questions}

    @property
    def loose_misses(self) -> list[NearMiss]:
        """Return near misses that stand under no need."""
        told = {(one.name, one.service, one.body) for block in self.blocks for one in block.near_misses}
        return [one for one in self.proposal.near_misses if (one.name, one.service, one.body) not in told]

    @property
    def fitting(self) -> list[Answer]:
        """Return the entries of all kinds that answer the words best, each with its kind and whose it is; who is away today last."""
        found = sorted([hit for hit in self.proposal.answers if hit.reasons][:MOST_ANSWERS], key=lambda hit: hit.comes_last)
        return [Answer(hit, str(EntryKind(hit.kind).label), self.bodies[hit.body].short if hit.body in self.bodies else "") for hit in found]

    @property
    def first_rows(self) -> list[Row]:
        """Return one line a body: consent is per body and class, not per line."""
        first: dict[str, Row] = {}
        for row in self.rows:
            if row.can_be_asked:
                first.setdefault(row.body.pk, row)
        return list(first.values())

    @property
    def has_missing(self) -> bool:
        """Tell whether some body lacks a consent."""
        return any(row.missing for row in self.first_rows)

    @property
    def speaker(self) -> str:
        """Return who probably spoke for the firm."""
        typed = self.data.get("oral_by") if self.data is not None else None
        one = self.said[0] if self.said else None
        return typed or ((one.person.name if one.person else one.person_given) if one else "")

    @property
    def firm_line(self) -> str:
        """Return place, size and trade of the firm, as far as they are known."""
        firm = self.case.company
        if firm is None:
            return _("登録前の会社")
        size = _("%(n)s名") % {"n": firm.employees} if firm.employees is not None else ""
        return "、".join(part for part in (firm.municipality.name if firm.municipality else "", size, firm.jsic_name) if part)

    @property
    def summary_title(self) -> str:
        """Return the title as typed or as it stands."""
        return self.data.get("summary_title", self.case.title) if self.data is not None else self.case.title

    @property
    def summary_text(self) -> str:
        """Return the summary as typed or as it stands."""
        return self.data.get("summary", self.case.summary) if self.data is not None else self.case.summary

    @property
    def count(self) -> int:
        """Return how many candidates there are."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Answer:
    """An entry that answers the words, whatever its kind."""

    hit: EntryHit
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known beside the words."""

    same_firm: list[Case]
    suspects: list[Case]
    firms: list[Duplicate]
    examples: list[Any]
    like_firm: list[Similar]
    like: list[Similar]


def build(case: Case, actor: Actor, data: QueryDict | None = None) -> TriagePage:
    """Gather the page in a fixed number of queries."""
    said = list(Consultation.objects.visible_to(actor, [case]).select_related("person"))
    supports = list(
        Support.objects.visible_to(actor).filter(case=case).select_related("body", "service", "need").order_by("made_at")
    )
    declined = frozenset((one.service_id, one.body_id) for one in supports if one.state in IN_VAIN)
    needs = list(Need.objects.visible_to(actor).filter(case=case))
    proposal = propose(text_of(case, said), facts=facts_of(case, said, needs), declined=declined)
    page = TriagePage(
        case=case, actor=actor, said=said, proposal=proposal, supports=supports, data=data,
        stages={one.pk: one for one in stages()}, bodies={one.pk: one for one in Body.objects.all()},
        provisions=offered_on(), blocks=[],
    )  # fmt: skip
    page.blocks = _blocks(page, [one for one in needs if one.state == NeedState.OPEN])
    _fill(page)
    page.clues = _clues(page)
    return page


def text_of(case: Case, said: list[Consultation]) -> str:
    """Return the firm's words where one may read them, else the summary."""
    return "\n\n".join(one.text for one in said) or case.summary or case.title


def _blocks(page: TriagePage, needs: list[Need]) -> list[Block]:
    """Return a block a need: the proposed ones, joined with what is written down, then what people added."""
    left = list(needs)
    blocks = []
    for proposed in page.proposal.needs:
        need = _same(proposed, left)
        if need is not None:
            left.remove(need)
        blocks.append(_block(page, f"p{proposed.number}", proposed.number, need, proposed))
    start = max((one.number for one in blocks), default=0)
    blocks += [_block(page, f"n{need.pk.hex}", start + place, need, None) for place, need in enumerate(left, 1)]
    return blocks


def _same(proposed: ProposedNeed, needs: list[Need]) -> Need | None:
    """Return the written need a proposed one became: by its words in the text, else by title and stage."""
    spans = [list(span) for span in proposed.spans]
    for need in needs:
        if spans and need.spans == spans:
            return need
    return next((one for one in needs if one.title == proposed.title[:100] and one.stage_id == proposed.stage), None)


def _block(page: TriagePage, key: str, number: int, need: Need | None, proposed: ProposedNeed | None) -> Block:
    title = need.title if need else proposed.title if proposed else ""
    code = need.stage_id if need else proposed.stage if proposed else "x"
    before = (title, code)
    if page.data is not None:
        title = page.data.get(f"title-{key}", title)[:200]
        code = page.data.get(f"stage-{key}", code)
    stage = page.stages.get(code) or page.stages.get(before[1]) or next(iter(page.stages.values()))
    return Block(key, number, title, stage, need, list(proposed.spans) if proposed else [],
                 near_misses=list(proposed.near_misses) if proposed else [],
                 is_changed=(clean_text(title), stage.pk) != (clean_text(before[0]), before[1]))


def _fill(page: TriagePage) -> None:
    page.sight, page.asked, page.due_on = _sight(page), _asked(page), due("offer_answer")
    by_need = {one.number: one for one in page.proposal.needs}
    services = {one.service_id: one.service for one in page.provisions}
    there = manned()
    number = 0
    for block in page.blocks:
        proposed = by_need.get(block.number) if block.key.startswith("p") else None
        mine = [one for one in page.supports if block.need and one.need_id == block.need.pk]
        for rank, (service, body, candidate, support) in enumerate(_lines(page, services, proposed, mine), 1):
            number += 1
            row = _row(page, block, service, body, support)
            row.number, row.rank, row.candidate = number, rank, candidate
            row.manned = manned_words(there.get(body.pk), service.pk)
            row.entries = support.entries if support else [hit.id for hit in candidate.entries] if candidate else []
            block.rows.append(row)


Line = tuple[Service, Body, "Candidate | None", "Support | None"]


def _lines(
    page: TriagePage, services: dict[str, Service], proposed: ProposedNeed | None, supports: list[Support]
) -> list[Line]:
    """Return the candidates with what was made of them, then what people chose beside the proposal."""
    newest = {(one.service_id, one.body_id): one for one in supports}
    lines: list[Line] = []
    for candidate in proposed.candidates if proposed else []:
        service, body = services.get(candidate.service), page.bodies.get(candidate.body)
        if service and body:
            lines.append((service, body, candidate, newest.pop((candidate.service, candidate.body), None)))
    return lines + [(one.service, page.bodies[one.body_id], None, one) for one in newest.values()
                    if one.state not in {SupportState.WITHDRAWN, SupportState.RECALLED}]


def _row(page: TriagePage, block: Block, service: Service, body: Body, support: Support | None) -> Row:
    key = f"{block.key}-{service.pk}-{body.pk}"
    if support and support.state in {SupportState.WITHDRAWN, SupportState.RECALLED}:
        support = None
    is_open = {klass: page.sight.of(body, klass) if page.sight else NONE for klass in CLASSES}
    usual = [klass for klass in CLASSES if is_open[klass] != NONE and klass != DisclosureClass.FINANCIAL]
    initial = {
        "ask": page.asked.get(support.pk, "") if support else _("%(title)s（%(service)s）") % {
            "title": block.title, "service": service.short},
        "classes": support.classes if support else usual,
        "due_on": (support.due_on if support else None) or page.due_on,
    }  # fmt: skip
    form = RowForm(page.data, prefix=key, initial=initial)
    chosen = set(form["classes"].value() or [])
    cells = [Cell(klass, str(DisclosureClass(klass).label), is_open[klass], klass in chosen) for klass in CLASSES]
    ticked = key in page.data.getlist("pick") if page.data is not None else bool(support and support.state == "proposed")
    takes = page.data.get("takes") == key if page.data is not None else bool(support and support.takes_over)
    return Row(key, 0, block, service, body, form, cells, support=support, ticked=ticked, takes_over=takes)


def _sight(page: TriagePage) -> Sight:
    live: dict[str, set[str]] = {}
    once: dict[str, set[str]] = {}
    for consent in Consent.objects.visible_to(page.actor).filter(case=page.case):
        (live if consent.is_live else once).setdefault(consent.body_id, set()).add(consent.klass)
    content = content_now()
    closed = {kind: content.classes_closed_to(kind) for kind in {body.kind for body in page.bodies.values()}}
    return Sight(live, once, set(page.case.standing_classes), closed)


def _asked(page: TriagePage) -> dict[Any, str]:
    passages = Passage.objects.visible_to(page.actor, [page.case]).filter(support__isnull=False, klass="summary")
    return {one.support_id: one.text for one in passages.order_by("-written_at")}


def _clues(page: TriagePage) -> Clues:
    case, actor = page.case, page.actor
    seen = Case.objects.visible_to(actor).exclude(pk=case.pk).select_related("holder", "company")
    same = list(seen.filter(company=case.company_id).order_by("-arrived_at")[:FEW]) if case.company_id else []
    said = page.said[0] if page.said else None
    reach = Q(pk__in=[])
    if said and said.phone:
        reach |= Q(consultations__phone=said.phone)
    if said and said.email:
        reach |= Q(consultations__email=said.email)
    suspects = {one.pk: one for one in [*[one for one in same if one.is_open], *seen.filter(reach, merged_into=None).open()]}
    firms = [] if case.company_id or not case.company_given else possible_duplicates(
        name=case.company_given, phone=said.phone if said else "", email=said.email if said else "", actor=actor
    )  # fmt: skip
    examples = list({hit.id: hit for one in page.proposal.supports for hit in one.entries if hit.kind == "example"}.values())[:FEW]
    like = similar_cases(page.text, actor=actor, besides=case.pk, limit=LOOKED_AT)
    own = [one for one in like if case.company_id and one.case.company_id == case.company_id]
    return Clues(same, list(suspects.values())[:FEW], firms[:FEW], examples, own[:FEW], [one for one in like if one not in own][:FEW])
