"""Write down what was missing when a need found no help here: for the yearly request for investment [C33]."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.cases.actions.disclosable import check_giveaways
from renkei.cases.models import Case, Gap, GapKind, GapSource, Need
from renkei.cases.rules import require, signed
from renkei.cases.steps import fit, lock_case
from renkei.plan.queries import content_now

MOST_YEN = 10**12


@dataclass(frozen=True, slots=True)
class Missing:
    """What was missing: of which kind, what exactly, in which technical field (a word of the plan), how, at about what cost in yen."""

    kind: str
    what: str
    tech_field: str = ""
    words: str = ""
    yen: int | None = None


@transaction.atomic
def record_gap(need: Need, missing: Missing, *, by: Actor, sure: bool = False) -> Gap:
    """Write a gap down, in a closed case too. The same one at the same need twice changes nothing: a need counts once.

    Who runs or took the case says it. Refused: ``not_allowed``, ``unknown_kind``, ``what_empty``, ``too_long``, ``unknown_field``,
    ``bad_cost``, ``names_firm`` (always), ``giveaway`` (unless ``sure``).
    """
    body, person = signed(by)
    require(Case.objects.inside(by).filter(pk=need.case_id).exists())
    case = lock_case(need.case)
    if missing.kind not in GapKind.values:
        raise Refused(_("何が足りなかったかを選んでください。"), "unknown_kind", field="kind")
    what, words = fit(" ".join(missing.what.split()), 100, "what"), fit(missing.words, 400, "words")
    if not what or not search_key(what):
        raise Refused(_("足りなかったものを、ひとことで書いてください。"), "what_empty", field="what")
    if missing.tech_field and missing.tech_field not in {one.code for one in content_now().vocabulary("tech_fields")}:
        raise Refused(_("技術分野を一覧から選んでください。"), "unknown_field", field="tech_field")
    if missing.yen is not None and not 0 <= missing.yen <= MOST_YEN:
        raise Refused(_("費用の桁を確かめてください。"), "bad_cost", field="yen")
    _check_names(f"{what}\n{words}", case, by=by, sure=sure)
    key = search_key(what)[:200]
    known = GapSource.objects.filter(need=need, gap__kind=missing.kind, gap__key=key).select_related("gap").first()
    if known is not None:
        return known.gap
    made = Gap.objects.create(
        kind=missing.kind, what=what, key=key, tech_field=missing.tech_field, words=words, yen=missing.yen, said_body_id=body, said_by_id=person,
        said_on=clock.today(), said_at=clock.now(),
    )  # fmt: skip
    GapSource.objects.create(gap=made, case=case, need=need)
    record(by, "gap.record", made, need, case, kind=made.kind, what=what, words=words, yen=made.yen, tech_field=made.tech_field)
    return made


def _check_names(text: str, case: Case, *, by: Actor, sure: bool) -> None:
    name = search_key(case.company_name)
    if name and name in search_key(text):
        raise Refused(_("会社の名前が入っています。すべての機関が読むので、名を伏せてください。"), "names_firm", field="what")
    check_giveaways(text, case, by=by, sure=sure)
