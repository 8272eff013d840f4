"""Needs that may climb, and what was missing in a year [C33, C37]."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.cases.actions.escalation import climb
from renkei.cases.models import Gap, Need
from renkei.cases.queries.gaps import GapLine, alike, gaps_of, sources_of
from renkei.cases.queries.proposed import proposed_climbs
from renkei.cases.rules import runs_case
from renkei.desk.request import StaffRequest
from renkei.documents.sheets import write_sheet
from renkei.meetings.queries import ladder_meetings

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = ["何が足りなかったか", "足りなかったもの", "課題の数（年度）", "課題の数（これまで）", "技術分野", "言った機関", "費用（少ない方、円）", "費用（多い方、円）", "新しい記録の言葉"]
_YEAR = re.compile(r"20[0-9]{2}")


@require_safe
def climbs_page(request: StaffRequest, body: str) -> HttpResponse:
    """List the needs that may climb, with who declined why."""
    return render(request, "desk/ladder/climbs.html", {"body": body, "rows": proposed_climbs(request.actor)})


@require_POST
def let_climb(request: StaffRequest, body: str, need: uuid.UUID) -> HttpResponse:
    """Let one climb: the reason is who declined."""
    found = get_object_or_404(Need.objects.visible_to(request.actor).select_related("case"), pk=need)
    if not runs_case(request.actor, found.case):
        raise PermissionDenied
    row = next((one for one in proposed_climbs(request.actor) if one.need.pk == found.pk), None)
    said = "、".join(f"{one.body}（{one.reason or one.said}）" for one in row.tried) if row else ""
    try:
        climb(found, by=request.actor, reason=_("頼んだ機関がどこも引き受けられなかった：%(tried)s") % {"tried": said[:300]}, proposed=True)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("会議の段に上げました。どの会議に諮るかを決めてください。"))
        if ladder_meetings(request.actor):  # where that is decided
            return redirect("desk-case-put-up", body=body, case=found.case_id, subject=found.pk)
    return redirect("desk-climbs", body=body)


@require_safe
def gaps_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show what was missing in a fiscal year."""
    year = _year(request)
    lines = gaps_of(request.actor, year)
    page: dict[str, Any] = {
        "body": body, "year": year, "before": year.start_year - 1, "after": year.start_year + 1, "is_now": year == FiscalYear.of(clock.today()),
        "lines": lines, "count": sum(one.needs for one in lines),
    }  # fmt: skip
    return render(request, "desk/ladder/gaps.html", page)


@require_safe
def gaps_xlsx(request: StaffRequest, body: str) -> HttpResponse:
    """Write the same list as a file."""
    del body
    year = _year(request)
    data = write_sheet(_("足りなかったもの"), COLUMNS, [_cells(one) for one in gaps_of(request.actor, year)])
    return HttpResponse(data, XLSX, headers={"Content-Disposition": f"attachment; filename=gaps-{year.start_year}.xlsx"})


@require_safe
def gap_one(request: StaffRequest, body: str, gap: uuid.UUID) -> HttpResponse:
    """Show all that is written like one gap, with the cases one may see."""
    found = get_object_or_404(Gap.objects.visible_to(request.actor), pk=gap)
    own = alike(found, request.actor)
    sources = sources_of(own, request.actor)
    rows = [(one, sources.get(one.pk)) for one in own]
    return render(request, "desk/ladder/gap.html", {"body": body, "gap": own[0], "rows": rows, "hidden": len(own) - len(sources), "year": FiscalYear.of(found.said_on)})


def _year(request: StaffRequest) -> FiscalYear:
    """Return the fiscal year asked for; this year for anything that is none."""
    text = request.GET.get("year", "")
    return FiscalYear(int(text)) if _YEAR.fullmatch(text) and text.isascii() else FiscalYear.of(clock.today())


def _cells(line: GapLine) -> list[Any]:
    return [line.kind_name, line.newest.what, line.needs, line.ever, "、".join(line.fields), "、".join(line.bodies), line.least, line.most, line.newest.words]
