"""What a body may see of a request, gathered so that a withdrawn consent empties it at the next look."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import cast

from django.db.models import F, Prefetch, Q, QuerySet

from renkei.accounts.queries import answering_for, team_of
from renkei.base.actor import Actor
from renkei.base.language import shown_list
from renkei.cases.models import Attachment, Case, Consent, Handover, Need, PartnerFile, PartnerNote, Passage, Support
from renkei.cases.queries.handed import Handed, handed_by_case, handed_cases
from renkei.cases.states import AT_WORK, DisclosureClass, HandoverState, SupportState
from renkei.companies.models import Company

MOST, RECENT, ALL = 20, 10, 400


@dataclass(slots=True)
class Request:
    """A support as its body sees it. ``case`` is None once the firm has taken its consent back."""

    support: Support
    case: Case | None
    need: Need | None
    asked: str = ""
    replies: list[str] = field(default_factory=list)
    passages: dict[str, list[str]] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Return what is asked, in one sentence."""
        return self.asked or (self.need.title if self.need else "")

    @property
    def may_show(self) -> list[str]:
        """Return the classes the body may hand to its own researchers: what the firm lets it read, or all it took in itself."""
        if self.case is not None and self.case.received_by_id == self.support.body_id:
            return [str(klass) for klass in DisclosureClass.values]
        return self.classes

    @property
    def may_be_handed(self) -> bool:
        """Tell whether it is still to be answered or at work, in a case of which the body may show anything."""
        is_live = self.support.state in {SupportState.OFFERED, SupportState.EXPIRED, *AT_WORK}
        return is_live and self.case is not None and self.case.is_open and DisclosureClass.SUMMARY in self.may_show

    @property
    def is_late(self) -> bool:
        """Tell whether the answer is overdue."""
        return self.support.is_late


@dataclass(frozen=True, slots=True)
class Inbox:
    """A body's requests by what is to be done."""

    waiting: list[Request]
    asking: list[Request]
    working: list[Request]
    has_more: bool
    left_over: int
    answered: list[Request]
    handovers: list[tuple[Handover, Case | None]]


MINE, QUEUE, OF_TEAM = "mine", "queue", "team"
HANDED, AWAITED = "handed", "awaited"


def inbox_of(actor: Actor, *, everything: bool = False, who: str = "") -> Inbox:
    """Return the requests of the actor's body: to answer (most urgent first), waiting for words, at work, answered.

    ``left_over`` says how many more wait for an answer than are listed; ``everything`` lists them too. ``who`` narrows to
    what is the person's own (with that of those they stand in for), what nobody has taken, of the body or of one's team, or
    what was handed to a researcher or partner (and of that, where their word is awaited).
    """
    own = _narrowed(Support.objects.asked_of(actor), who, actor)
    offered_ones = own.filter(state=SupportState.OFFERED)
    working_ones = own.filter(state__in=AT_WORK).order_by("-answered_at")
    over = own.exclude(state__in=[SupportState.OFFERED, *AT_WORK]).order_by(F("answered_at").desc(nulls_last=True), "-made_at")
    picked = [
        list(some.values_list("pk", flat=True))
        for some in (offered_ones.order_by("due_on", "offered_at")[: ALL if everything else MOST], working_ones[: RECENT + 1], over[:RECENT])
    ]
    found = _with_names(Support.objects.asked_of(actor)).in_bulk([one for some in picked for one in some])  # all joined once, not once a list
    open_ones, working, ended = ([found[one] for one in some if one in found] for some in picked)  # a recall may come in between
    left_over = offered_ones.count() - len(open_ones) if len(open_ones) >= MOST else 0
    rows = {row.support.pk: row for row in _requests(open_ones + working + ended, actor)}
    is_asking = {one.pk for one in open_ones if one.question and one.question_answered_at is None}
    given = Handover.objects.visible_to(actor).filter(to_body_id=actor.body, state=HandoverState.OFFERED)
    offered = list(given.select_related("from_body"))
    cases = Case.objects.visible_to(actor).select_related("company").in_bulk([one.case_id for one in offered])
    return Inbox(
        waiting=[rows[one.pk] for one in open_ones if one.pk not in is_asking],
        asking=[rows[one.pk] for one in open_ones if one.pk in is_asking],
        working=[rows[one.pk] for one in working[:RECENT]],
        has_more=len(working) > RECENT,
        left_over=left_over,
        answered=[rows[one.pk] for one in ended],
        handovers=[(one, cases.get(one.case_id)) for one in offered],
    )


def requests_to_answer(actor: Actor) -> QuerySet[Support]:
    """Return what the actor's body was asked and has not answered, its own questions that wait for words aside."""
    return Support.objects.asked_of(actor).waiting().exclude(~Q(question=""), question_answered_at__isnull=True)


def requests_waiting(actor: Actor, *, most: int) -> list[Request]:
    """Return what the actor's body has to answer, most urgent first; ``most`` of it."""
    return _requests(list(_with_names(requests_to_answer(actor)).order_by("due_on", "offered_at")[:most]), actor)


def request_of(support: Support, actor: Actor) -> Request:
    """Return one request with every text the body may read now."""
    row = _requests([support], actor)[0]
    if row.case is None:
        return row
    texts: dict[str, list[str]] = defaultdict(list)
    for passage in Passage.objects.visible_to(actor).filter(case_id=support.case_id, support__isnull=True):
        texts[passage.klass].append(passage.text)
    live = set(Consent.objects.visible_to(actor).live().filter(case_id=support.case_id, body_id=support.body_id)
               .values_list("klass", flat=True))  # fmt: skip
    row.passages = dict(texts)
    row.classes = [klass for klass in DisclosureClass.values if klass in live]
    row.files = cast("list[Attachment]", list(Attachment.objects.visible_to(actor).filter(case_id=support.case_id)))
    return row


def handed_rows(row: Request, actor: Actor) -> list[dict[str, object]]:
    """Return with whom a request is, what they may read in words, and what they and the body wrote and sent; two queries."""
    openings = [one.opening for one in row.handed]
    notes = list(PartnerNote.objects.visible_to(actor).filter(opening__in=openings))
    files = list(PartnerFile.objects.visible_to(actor).filter(opening__in=openings))
    return [
        {
            "handed": one,
            "opening": one.opening,
            "classes": shown_list([str(DisclosureClass(klass).label) for klass in one.opening.classes]),
            "notes": [note for note in notes if note.opening_id == one.opening.pk],
            "files": [file for file in files if file.opening_id == one.opening.pk],
        }
        for one in row.handed
    ]


def _narrowed(own: QuerySet[Support], who: str, actor: Actor) -> QuerySet[Support]:
    if who == MINE and actor.person is not None:
        return own.filter(person_id__in=[actor.person, *answering_for(actor.person, actor.body)])
    if who == QUEUE:
        return own.filter(person__isnull=True)
    if who == OF_TEAM and (team := team_of(actor.person, actor.body)):
        return own.filter(person__isnull=True, team=team)
    if who in {HANDED, AWAITED}:
        return own.filter(case_id__in=handed_cases(actor, awaited=who == AWAITED))
    return own


def _with_names(asked: QuerySet[Support]) -> QuerySet[Support]:
    return asked.select_related("service", "service__stage", "body", "person", "asked_by_body", "asked_by")


def _requests(supports: list[Support], actor: Actor) -> list[Request]:
    # Cases, needs and texts are read by themselves: a join would hide the request together with its case.
    ids = [one.case_id for one in supports]
    firms = Prefetch("company", Company.objects.select_related("municipality"))
    cases = Case.objects.visible_to(actor).select_related("received_by").prefetch_related(firms).defer("grams").in_bulk(ids)
    # A body sees the needs it was asked about in the cases it sees: both are known here, so no wider question is asked.
    needs = Need.objects.select_related("stage").in_bulk([one.need_id for one in supports if one.case_id in cases])
    texts: dict[object, list[str]] = defaultdict(list)  # the first is what is asked, the others answer questions
    about = Passage.objects.of_seen([one.pk for one in supports], list(cases.values()), actor).order_by("written_at")
    for key, text in about.values_list("support_id", "text"):
        texts[key].append(text)
    handed = handed_by_case(cases, actor=actor)
    rows = []
    for support in supports:
        case = cases.get(support.case_id)
        need = needs.get(support.need_id) if case else None
        said = texts[support.pk] if case else []
        rows.append(Request(support, case, need, said[0] if said else "", said[1:], handed=handed.get(support.case_id, []) if case else []))
    return rows
