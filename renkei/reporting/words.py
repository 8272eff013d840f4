"""The words of the parts a figure is split into."""

from __future__ import annotations

from django.utils.translation import gettext as _

from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_fiscal_year
from renkei.cases.states import SupportState
from renkei.plan.content import PlanContent
from renkei.plan.models import Stage
from renkei.plan.queries import content_now, plan_content
from renkei.reporting.counting.parts import UNKNOWN
from renkei.reporting.figures import Figure, Split
from renkei.reporting.queries import plan_of


def split_words(figure: Figure, codes: list[str], year: FiscalYear) -> dict[str, str]:
    """Return the words for the codes of a figure's parts, in the order they are shown; those of the year's plan."""
    plan = plan_of(year)
    known = _known(figure.split, plan_content(plan) if plan else content_now())
    rest = {UNKNOWN: _("その後に直された"), "": _nothing(figure.split)}
    order = [*known, *sorted(set(codes) - {*known, *rest}), *rest]
    return {code: known.get(code) or rest.get(code) or _named(figure.split, code) for code in order if code in codes}


def _known(split: Split, content: PlanContent) -> dict[str, str]:
    if split is Split.STAGE:
        return dict(Stage.objects.values_list("code", "name"))
    if split is Split.AREA:
        return {one["code"]: one["name"] for one in content.section("areas")}
    if split is Split.ANSWER:
        return {one.value: str(one.label) for one in (SupportState.ACCEPTED, SupportState.DECLINED)}
    words = {term.code: term.name for term in content.vocabulary(split.value)}
    return {**words, "register": _("台帳から")} if split is Split.CHANNEL else words


def _named(split: Split, code: str) -> str:
    return shown_fiscal_year(FiscalYear(int(code))) if split is Split.YEAR and code.isdigit() else code


def _nothing(split: Split) -> str:
    if split is Split.AREA:
        return _("地域の外・分からない")
    return _("まだ答えていない") if split is Split.RESULT else _("区分なし")
