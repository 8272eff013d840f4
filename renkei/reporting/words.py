"""The words of the parts a figure is split into."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_fiscal_year
from renkei.cases.models import RungNumber
from renkei.cases.models.gap import GapKind
from renkei.cases.queries.ladder import rung_name
from renkei.cases.states import SupportState
from renkei.plan.content import PlanContent
from renkei.plan.models import Service, Stage
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
    own: dict[Split, Callable[[], dict[str, str]]] = {
        Split.STAGE: lambda: dict(Stage.objects.values_list("code", "name")),
        Split.AREA: lambda: {one["code"]: one["name"] for one in content.section("areas")},
        Split.ANSWER: lambda: {one.value: str(one.label) for one in (SupportState.ACCEPTED, SupportState.DECLINED)},
        Split.SERVICE: lambda: dict(Service.objects.values_list("code", "name")),
        Split.RUNG: lambda: {str(rung.value): rung_name(content, rung) for rung in RungNumber if rung > RungNumber.DESK},
        Split.GAP: lambda: {one.value: str(one.label) for one in GapKind},
        Split.SERIES: lambda: {one.code: one.name for one in content.series},
        Split.OUTSIDE: lambda: {"asked": _("返事待ち"), "accepted": _("引き受けた"), "declined": _("断られた"), "ended": _("結果が出た")},
    }
    if split in own:
        return own[split]()
    words = {term.code: term.name for term in content.vocabulary(split.value)}
    return {**words, "register": _("台帳から")} if split is Split.CHANNEL else words


def _named(split: Split, code: str) -> str:
    return shown_fiscal_year(FiscalYear(int(code))) if split is Split.YEAR and code.isdigit() else code


def _nothing(split: Split) -> str:
    if split is Split.AREA:
        return _("地域の外・分からない")
    return _("まだ答えていない") if split is Split.RESULT else _("区分なし")
