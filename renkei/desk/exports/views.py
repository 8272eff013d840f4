"""Take a list out as a sheet: first how many rows and that it is on record, then the file. A GET writes nothing."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.exports import (
    KINDS,
    count_rows,
    export_chosen,
    export_follow_ups,
    export_list,
    export_timeline,
)
from renkei.cases.actions.letter_templates import keeps_templates
from renkei.cases.models import Case, Export
from renkei.cases.queries.finding import Wanted, as_id, read_query
from renkei.cases.queries.follow_ups import follow_ups_wanted, read_wanted
from renkei.cases.queries.timeline import timeline
from renkei.desk.cases.filters import CaseFilter
from renkei.desk.request import StaffRequest
from renkei.documents.sending import sent_file

NAMES = {"cases": _("案件"), "chosen": _("選んだ案件"), "requests": _("依頼"), "contacts": _("やりとり"), "timeline": _("案件の経過"), "companies": _("会社"),
         "follow_ups": _("その後の伺い"), "entries": _("台帳")}  # fmt: skip
FILES = {"cases": "soudan", "chosen": "soudan", "requests": "irai", "contacts": "yaritori", "timeline": "keika",
         "follow_ups": "sonogo"}  # fmt: skip
PER_PAGE = 50


def export(request: StaffRequest, body: str, what: str = "cases") -> HttpResponse:
    """Say what the file will hold; a POST makes it."""
    if what == "chosen":
        return _chosen(request, body)
    if what not in KINDS:
        raise Http404
    query = Wanted(**read_query(request.GET.urlencode())).query if what != "requests" else ""
    problem = ""
    if request.method == "POST":
        try:
            return sheet(what, body, export_list(what, query, by=request.actor))
        except Refused as refusal:
            problem = refusal.message
    chips = CaseFilter(request.GET, actor=request.actor).chips() if what != "requests" else []
    count = count_rows(what, query, by=request.actor)
    return _ask(request, body, what, {"count": count, "chips": chips, "query": query, "problem": problem})


def _chosen(request: StaffRequest, body: str) -> HttpResponse:
    """The rows that are ticked on the list: first how many, then the file."""
    names = request.POST.getlist("row" if "every" in request.POST else "case")
    ids = {key for one in names if (key := as_id(one))}
    seen = list(Case.objects.visible_to(request.actor).filter(pk__in=ids).order_by("arrived_at", "pk"))
    problem = ""
    if request.POST.get("stage") == "do":
        try:
            return sheet("chosen", body, export_chosen([one.pk for one in seen], by=request.actor))
        except Refused as refusal:
            problem = refusal.message
    return _ask(request, body, "chosen", {"count": len(seen), "chosen": seen, "problem": problem})


def export_case(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """The same for everything that happened in a case."""
    found = get_object_or_404(Case.objects.visible_to(request.actor).select_related("company"), pk=case)
    problem = ""
    if request.method == "POST":
        try:
            return sheet("timeline", body, export_timeline(found, by=request.actor))
        except Refused as refusal:
            problem = refusal.message
    return _ask(request, body, "timeline", {"count": len(timeline(found, actor=request.actor)), "case": found, "problem": problem})


def export_afterwards(request: StaffRequest, body: str) -> HttpResponse:
    """The same for what became of closed cases."""
    wanted, problem = read_wanted(request.GET.urlencode()), ""
    if request.method == "POST":
        try:
            return sheet("follow_ups", body, export_follow_ups(wanted.query, by=request.actor))
        except Refused as refusal:
            problem = refusal.message
    count = follow_ups_wanted(wanted, request.actor).count()
    return _ask(request, body, "follow_ups", {"count": count, "query": wanted.query, "problem": problem})


def made(request: StaffRequest, body: str) -> HttpResponse:
    """List who of the body took out what."""
    if not keeps_templates(request.actor):
        raise PermissionDenied
    rows = Export.objects.visible_to(request.actor).select_related("person")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/exports/list.html", {"page": page, "names": NAMES, "body": body})


def sheet(what: str, body: str, data: bytes) -> HttpResponse:
    """Return a sheet as a download."""
    name = f"{FILES[what]}-{body}-{clock.today():%Y%m%d}.xlsx"
    return sent_file(data, name)


def _ask(request: StaffRequest, body: str, what: str, more: dict[str, object]) -> HttpResponse:
    most = settings.RENKEI_EXPORT_ROWS
    context = {"what": what, "name": NAMES[what], "most": most, "body": body, "may_list": keeps_templates(request.actor)}
    return render(request, "desk/exports/export.html", context | more | {"fits": 0 < int(str(more["count"])) <= most})
