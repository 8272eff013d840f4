"""Saved searches of entries: kept, renamed, made quiet, removed; what came into them looked at."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from renkei.base.forms import TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.searching import MOST_NAME, change_search, end_search, save_search, see_search, wish_of
from renkei.cases.models import SavedSearch, SearchHit
from renkei.desk.request import StaffRequest
from renkei.desk.search.entries import entry_url
from renkei.matching.models import Entry
from renkei.matching.showing import chips
from renkei.matching.standing import alive

MOST_NEW = 20


class SearchForm(forms.Form):
    """The name of a saved search, and whether it calls."""

    use_required_attribute = False

    name = TextField(label=gettext_lazy("名前"), max_length=MOST_NAME, help_text=gettext_lazy("例：県内のひずみ測定"))
    alert = forms.BooleanField(label=gettext_lazy("新しく当てはまるものが入ったら知らせる"), required=False)

    def refuse(self, refusal: Refused) -> None:
        """Put the sentence beside its field."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, forms.ValidationError(refusal.message, code=refusal.code))


def saved(request: StaffRequest, body: str) -> HttpResponse:
    """Show one's own searches with what is new in them."""
    found = SavedSearch.objects.visible_to(request.actor).living().annotate(fresh=Count("hits", filter=Q(hits__seen_at__isnull=True)))
    rows = [{"search": one, "chips": chips(wish_of(one.query)), "news": _news(request, body, one)} for one in found.order_by("made_at")]
    return render(request, "desk/search/saved.html", {"rows": rows, "body": body})


def new(request: StaffRequest, body: str) -> HttpResponse:
    """Save the search of the address under a name."""
    wish = wish_of(request.GET.urlencode())
    form = SearchForm(request.POST if request.method == "POST" else None, initial={"name": wish.q[:MOST_NAME], "alert": True})
    if request.method == "POST" and form.is_valid():
        try:
            search = save_search(wish.query, form.cleaned_data["name"], by=request.actor, alert=form.cleaned_data["alert"])
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("「%(name)s」を保存しました。") % {"name": search.name})
            return redirect("desk-search-saved", body=body)
    return _form(request, form, body, wish.query)


def edit(request: StaffRequest, body: str, search: uuid.UUID) -> HttpResponse:
    """Rename a search, let it call or be quiet."""
    found = _own(request, search)
    form = SearchForm(request.POST if request.method == "POST" else None, initial={"name": found.name, "alert": found.alert})
    if request.method == "POST" and form.is_valid():
        try:
            change_search(found, form.cleaned_data["name"], by=request.actor, alert=form.cleaned_data["alert"])
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("保存しました。"))
            return redirect("desk-search-saved", body=body)
    return _form(request, form, body, found.query, found)


@require_POST
def end(request: StaffRequest, body: str, search: uuid.UUID) -> HttpResponse:
    """Take a search off the list."""
    found = end_search(_own(request, search), by=request.actor)
    messages.success(request, _("「%(name)s」を外しました。") % {"name": found.name})
    return redirect("desk-search-saved", body=body)


@require_POST
def seen(request: StaffRequest, body: str, search: uuid.UUID) -> HttpResponse:
    """Say that what came in was looked at."""
    see_search(_own(request, search), by=request.actor)
    return redirect("desk-search-saved", body=body)


def _own(request: StaffRequest, search: uuid.UUID) -> SavedSearch:
    return get_object_or_404(SavedSearch.objects.visible_to(request.actor).living(), pk=search)


def _news(request: StaffRequest, body: str, search: SavedSearch) -> list[tuple[str, str]]:
    """Return name and address of the newest entries that were not looked at."""
    hits = SearchHit.objects.visible_to(request.actor).filter(search=search, seen_at__isnull=True, entry__in=alive(Entry.objects.all()).values("pk")).select_related("entry")
    return [(hit.entry.name, entry_url(body, hit.entry_id)) for hit in hits.order_by("-came_at", "entry_id")[:MOST_NEW]]


def _form(request: StaffRequest, form: SearchForm, body: str, query: str, search: SavedSearch | None = None) -> HttpResponse:
    back = f"{reverse('desk-entries', kwargs={'body': body})}?{query}"
    context: dict[str, Any] = {"form": form, "body": body, "search": search, "chips": chips(wish_of(query)), "back": back}
    return render(request, "desk/search/save.html", context, status=422 if form.errors else 200)
