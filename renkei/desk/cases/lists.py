"""The cases of a body as a table, and as a board by stage with its alarms [C78]."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Need
from renkei.cases.queries.board import BoardFilters
from renkei.cases.queries.board import board as board_of
from renkei.cases.queries.views import views_of
from renkei.desk.cases.facets import counted
from renkei.desk.cases.filters import CaseFilter
from renkei.desk.request import StaffRequest
from renkei.plan.models import Stage
from renkei.plan.queries import stages

PER_PAGE = 50
CARDS, WHOLE_COLUMN = 8, 300
OLD = 60  # days after which the age of a case stands out


@dataclass(frozen=True, slots=True)
class Row:
    """One case in the table, with the stages its open needs stand at."""

    case: Case
    stages: list[Stage]


def cases(request: StaffRequest, body: str) -> HttpResponse:
    """Show the cases one may see, narrowed and paged; without a word in the address, one's first view."""
    views = views_of(request.actor)
    if not request.GET and (first := next((one for one in views if one.is_default), None)) and first.query:
        return redirect(f"{reverse('desk-cases', kwargs={'body': body})}?{first.query}")
    given = CaseFilter(request.GET, actor=request.actor)
    found = given.cases().select_related("holder", "holder_person").prefetch_related("company").defer("grams")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = given.wanted.query
    return render(
        request,
        "desk/cases/list.html",
        {
            "form": given, "page": page, "rows": _rows(page, request.actor, stages()), "body": body,
            "is_narrowed": bool(given.chips()), "chips": given.chips(), "counts": counted(given, request.GET),
            "views": views, "query": query, "can_save": bool(query) and query not in {one.query for one in views},
        },
    )  # fmt: skip


def board(request: StaffRequest, body: str) -> HttpResponse:
    """Show open cases by stage, body and age, alarms first. ``only`` shows one column whole."""
    only, given = request.GET.get("only", ""), CaseFilter(request.GET, actor=request.actor, page="desk-board")
    chosen = BoardFilters(
        body=request.GET.get("by", "")[:40],
        age=request.GET.get("age", "")[:4],
        order="age" if request.GET.get("order") == "age" else "date",
        limit=WHOLE_COLUMN if only else CARDS,
        more=replace(given.wanted, by="", age="", order=""),
    )
    found = board_of(request.actor, chosen)
    columns = [one for one in found.columns if one.code == only] or found.columns
    return render(
        request,
        "desk/cases/board.html",
        {"board": found, "columns": columns, "chosen": chosen, "only": only, "body": body, "now": clock.now(), "old": OLD,
         "form": given, "chips": given.chips(), "query": given.wanted.query},
    )  # fmt: skip


def _rows(page: Page[Case], actor: Actor, stages: list[Stage]) -> list[Row]:
    shown = list(page.object_list)
    seen: dict[object, set[str]] = {}
    pairs = Need.objects.visible_to(actor).filter(case__in=shown, state="open").values_list("case_id", "stage_id")
    for case_id, stage in pairs:
        seen.setdefault(case_id, set()).add(stage)
    return [Row(case, [one for one in stages if one.pk in seen.get(case.pk, ())]) for case in shown]
