"""The matching sheet of a need: every candidate with where it stands, computed from what happened [C46]."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.cases.models import Candidate, Circulation, Consent, ConsentRequest, Match, Nda, Need, Outcome, Support
from renkei.cases.states import DisclosureClass


class Standing(models.TextChoices):
    """Where a candidate stands; the last that holds."""

    CANDIDATE = "candidate", _("候補")
    ASKED = "asked", _("尋ねている")
    QUESTION = "question", _("質問に答える")
    NOT_INTERESTED = "no", _("関心なし")
    INTERESTED = "interested", _("関心あり")
    KNOWS = "knows", _("心当たりあり")
    NOBODY = "nobody", _("心当たりなし")
    FIRM_ASKED = "firm_asked", _("会社の返事を待つ")
    FIRM_NO = "firm_no", _("会社は見せない")
    OPEN = "open", _("会社が同意")
    PROMISED = "promised", _("秘密保持を結んだ")
    MEETING = "meeting", _("面談")
    STUDYING = "studying", _("検討中")
    CONTRACT = "contract", _("契約")
    NONE = "none", _("契約に至らず")


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One candidate with everything the sheet tells of it."""

    match: Match
    standing: Standing
    classes: list[str]
    nda: Nda | None
    supports: list[Support] = field(default_factory=list)

    @property
    def class_words(self) -> str:
        """Return what the firm shows the body, in words."""
        return "・".join(str(DisclosureClass(klass).label) for klass in self.classes)

    @property
    def is_open(self) -> bool:
        """Tell whether the body may know the firm."""
        return DisclosureClass.SUMMARY.value in self.classes


@dataclass(frozen=True, slots=True)
class MatchSheet:
    """A need's candidates, and what is or was asked about it without a name."""

    need: Need
    rows: list[MatchRow]
    circulations: list[Circulation]
    candidates: list[Candidate]

    @property
    def open_circulation(self) -> Circulation | None:
        """Return what is being asked now."""
        return next((one for one in self.circulations if one.ended_at is None), None)

    @property
    def silent(self) -> list[str]:
        """Return the bodies that have not answered what is being asked now."""
        now = self.open_circulation
        rows = [one.match for one in self.rows if now is not None and one.match.asked is not None and one.match.asked.inquiry_id == now.inquiry_id]
        return [one.body.short for one in rows if one.asked is not None and not one.asked.answer]


def match_sheet(need: Need, *, actor: Actor) -> MatchSheet:
    """Return the sheet in the plan's order of bodies, in a fixed number of queries. For who sees the case from inside."""
    matches = list(Match.objects.visible_to(actor).filter(need=need).select_related("body", "asked").order_by("body__order"))
    consents = _by_body(Consent.objects.visible_to(actor).live().filter(case=need.case_id))
    requests = _by_body(ConsentRequest.objects.visible_to(actor).filter(case=need.case_id).order_by("-asked_at"))
    ndas = _by_body(Nda.objects.visible_to(actor).filter(case=need.case_id).order_by("-signed_on"))
    supports = _by_body(Support.objects.visible_to(actor).filter(need=need).select_related("service"))
    rows = []
    for match in matches:
        own = {consent.klass for consent in consents[match.body_id]}
        classes = [klass for klass in DisclosureClass.values if klass in own]
        nda = next((one for one in ndas[match.body_id] if one.ended_on is None), None)
        request = next(iter(requests[match.body_id]), None)
        rows.append(MatchRow(match, _standing(match, classes, request, nda), classes, nda, supports[match.body_id]))
    sent = Circulation.objects.visible_to(actor).filter(need=need).select_related("inquiry", "sent_by_body")
    named = Candidate.objects.visible_to(actor).filter(asked__inquiry__circulation__need=need).select_related("asked__body", "to_body")
    return MatchSheet(need, rows, list(sent), list(named))


def _standing(match: Match, classes: list[str], request: ConsentRequest | None, nda: Nda | None) -> Standing:
    if match.outcome:
        return {Outcome.STUDYING: Standing.STUDYING, Outcome.CONTRACT: Standing.CONTRACT, Outcome.NONE: Standing.NONE}[
            Outcome(match.outcome)
        ]
    if DisclosureClass.SUMMARY.value in classes:
        if match.met_on is not None:
            return Standing.MEETING
        return Standing.PROMISED if nda is not None and nda.is_live else Standing.OPEN
    if request is not None:
        return Standing.FIRM_ASKED if request.answered_at is None else Standing.FIRM_NO
    return _answered(match)


def _answered(match: Match) -> Standing:
    asked = match.asked
    if asked is None:
        return Standing.CANDIDATE
    if asked.is_asking:
        return Standing.QUESTION
    return {
        "interested": Standing.INTERESTED, "no": Standing.NOT_INTERESTED, "knows": Standing.KNOWS, "nobody": Standing.NOBODY,
    }.get(asked.answer, Standing.ASKED)


def _by_body(rows: Iterable[models.Model]) -> defaultdict[str, list]:  # type: ignore[type-arg]  # rows of one model each
    found: defaultdict[str, list[models.Model]] = defaultdict(list)
    for row in rows:
        found[row.body_id].append(row)  # type: ignore[attr-defined]  # every row here names its body
    return found
