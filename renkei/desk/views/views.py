"""Save a set of filters under a name; rename, share, order, remove it; say that what is new was looked at."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.saved import change_view, end_view, move_view, save_view, see_hits
from renkei.cases.models import Case, SavedView, ViewHit
from renkei.cases.queries.finding import Wanted, read_query
from renkei.cases.queries.views import views_of
from renkei.desk.cases.filters import CaseFilter, Chip
from renkei.desk.request import StaffRequest
from renkei.desk.views.forms import ViewForm

MOST_NEW = 20


def saved(request: StaffRequest, body: str) -> HttpResponse:
    """Show one's own views in order, with what is new in them, and those colleagues share."""
    found = views_of(request.actor)
    own = [one for one in found if one.person_id == request.actor.person]
    rows = [{"view": one, "chips": _chips(one.query, request.actor), "news": _news(one, request.actor)} for one in own]
    others = [{"view": one, "chips": _chips(one.query, request.actor)} for one in found if one not in own]
    return render(request, "desk/views/list.html", {"rows": rows, "others": others, "body": body})


def new(request: StaffRequest, body: str) -> HttpResponse:
    """Save the filters of the address under a name."""
    query = Wanted(**read_query(request.GET.urlencode())).query
    form = ViewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            view = save_view(query, form.words, by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("「%(name)s」を保存しました。案件の一覧の上に出ます。") % {"name": view.name})
            return redirect(_list(body, view))
    return _form(request, form, body, query)


def edit(request: StaffRequest, body: str, view: uuid.UUID) -> HttpResponse:
    """Change a view's name and what it does."""
    found = _own(request, view)
    first = {"name": found.name, "shared": found.shared, "alert": found.alert, "is_default": found.is_default}
    form = ViewForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            change_view(found, form.words, by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("保存しました。"))
            return redirect("desk-views", body=body)
    return _form(request, form, body, found.query, found)


@require_POST
def move(request: StaffRequest, body: str, view: uuid.UUID) -> HttpResponse:
    """Change places with the neighbour."""
    move_view(_own(request, view), by=request.actor, up=request.POST.get("to") != "down")
    return redirect("desk-views", body=body)


@require_POST
def end(request: StaffRequest, body: str, view: uuid.UUID) -> HttpResponse:
    """Take a view off the list."""
    found = _own(request, view)
    end_view(found, by=request.actor)
    messages.success(request, _("「%(name)s」を外しました。") % {"name": found.name})
    return redirect("desk-views", body=body)


@require_POST
def seen(request: StaffRequest, body: str, view: uuid.UUID) -> HttpResponse:
    """Say that what came into a view was looked at."""
    see_hits(_own(request, view), by=request.actor)
    return redirect("desk-views", body=body)


def _own(request: StaffRequest, view: uuid.UUID) -> SavedView:
    return get_object_or_404(SavedView.objects.visible_to(request.actor).owned_by(request.actor), pk=view)


def _list(body: str, view: SavedView) -> str:
    return f"{reverse('desk-cases', kwargs={'body': body})}?{view.query or 'state=open'}"


def _form(request: StaffRequest, form: ViewForm, body: str, query: str, view: SavedView | None = None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "body": body, "view": view, "chips": _chips(query, request.actor), "query": query}
    return render(request, "desk/views/edit.html", context)


def _chips(query: str, actor: Actor) -> list[Chip]:
    return CaseFilter(QueryDict(query), actor=actor).chips()


def _news(view: SavedView, actor: Actor) -> list[Case]:
    """Return the cases that are new in a view and that one may see."""
    fresh = ViewHit.objects.visible_to(actor).fresh().filter(view=view).values("case_id")
    return list(Case.objects.visible_to(actor).filter(pk__in=fresh).select_related("company").order_by("-arrived_at")[:MOST_NEW])
