"""A person of a firm looks for public entries, keeps searches, and is told by the day's one mail what came into them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.forms import TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.searching import MOST_NAME, change_search, end_search, save_search, see_search, wish_of
from renkei.cases.models import SavedSearch, SearchHit
from renkei.matching.finding import look, read_wish
from renkei.matching.models import Entry
from renkei.matching.showing import chips, entry_row, kept_fields, shown
from renkei.portal.firm.request import FirmRequest

MOST_NEW = 20


class SearchForm(forms.Form):
    """The name of a saved search, and whether it calls."""

    use_required_attribute = False

    name = TextField(label=gettext_lazy("名前"), max_length=MOST_NAME, help_text=gettext_lazy("例：めっきの補助金"))
    alert = forms.BooleanField(label=gettext_lazy("新しく当てはまるものが入ったら、メールで知らせる（1日1通まで）"), required=False)


@require_safe
def find(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show what is found among the public entries; what is looked for can be saved."""
    wish = read_wish(request.GET, request.GET.getlist("without"))
    found = shown(look(wish, actor=request.actor), lambda one: _entry_url(company, one), request.GET.get("page"))
    context = {"shown": found, "here": _at("portal-find", company), "kept": kept_fields(wish), "save_at": _at("portal-search-new", company),
               "instead": _at("portal-new", company), "instead_words": _("困りごとを書いて相談する")}  # fmt: skip
    answer = render(request, "parts/find_found.html" if request.headers.get("HX-Request") else "portal/firm/find.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_safe
def entry(request: FirmRequest, company: uuid.UUID, entry: str) -> HttpResponse:
    """Show one public entry inside the firm's pages; the way back leads to the firm's search with the same words."""
    found = get_object_or_404(
        Entry.objects.visible_to(request.actor).filter(withdrawn_on__isnull=True).select_related("body").prefetch_related("windows"), pk=entry
    )
    query = read_wish(request.GET, request.GET.getlist("without")).query
    back = f"{_at('portal-find', company)}?{query}" if query else _at("portal-find", company)
    return render(request, "portal/firm/entry.html", {"entry": found, "row": entry_row(found, list(found.windows.all())), "back": back, "new": _at("portal-new", company)})


@require_safe
def saved(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show one's own searches with what is new in them."""
    found = SavedSearch.objects.visible_to(request.actor).living()
    fresh = Count("hits", filter=Q(hits__seen_at__isnull=True, hits__entry__is_public=True, hits__entry__withdrawn_on__isnull=True))
    rows = [{"search": one, "chips": chips(wish_of(one.query)), "news": _news(request, one)} for one in found.annotate(fresh=fresh)]
    return render(request, "portal/firm/searches.html", {"rows": rows, "company": company})


def new(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Save the search of the address under a name."""
    del company  # the page goes on with that of the access
    wish = wish_of(request.GET.urlencode())
    form = SearchForm(request.POST if request.method == "POST" else None, initial={"name": wish.q[:MOST_NAME], "alert": True})

    def act(name: str, alert: bool) -> None:
        save_search(wish.query, name, by=request.actor, alert=alert)

    return _answer(request, form, wish.query, act)


def edit(request: FirmRequest, company: uuid.UUID, firm_search: uuid.UUID) -> HttpResponse:
    """Rename a search, let it call or be quiet."""
    del company
    found = _own(request, firm_search)
    form = SearchForm(request.POST if request.method == "POST" else None, initial={"name": found.name, "alert": found.alert})

    def act(name: str, alert: bool) -> None:
        change_search(found, name, by=request.actor, alert=alert)

    return _answer(request, form, found.query, act, found)


@require_POST
def end(request: FirmRequest, company: uuid.UUID, firm_search: uuid.UUID) -> HttpResponse:
    """Take a search off the list; no mail speaks of it any more."""
    found = end_search(_own(request, firm_search), by=request.actor)
    messages.success(request, _("「%(name)s」を外しました。") % {"name": found.name})
    return redirect("portal-searches", company=company)


@require_POST
def seen(request: FirmRequest, company: uuid.UUID, firm_search: uuid.UUID) -> HttpResponse:
    """Say that what came in was looked at."""
    see_search(_own(request, firm_search), by=request.actor)
    return redirect("portal-searches", company=company)


def _answer(
    request: FirmRequest, form: SearchForm, query: str, act: Callable[[str, bool], None], search: SavedSearch | None = None
) -> HttpResponse:
    """Do what the form asks and go to the list, or show it with what was typed."""
    company = request.access.company_id
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data["name"], form.cleaned_data["alert"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, forms.ValidationError(refusal.message, code=refusal.code))
        else:
            messages.success(request, _("保存しました。"))
            return redirect("portal-searches", company=company)
    context: dict[str, Any] = {"form": form, "company": company, "search": search, "chips": chips(wish_of(query)),
                               "back": f"{_at('portal-find', company)}?{query}"}  # fmt: skip
    return render(request, "portal/firm/search_save.html", context, status=422 if form.errors else 200)


def _own(request: FirmRequest, search: uuid.UUID) -> SavedSearch:
    return get_object_or_404(SavedSearch.objects.visible_to(request.actor).living(), pk=search)


def _news(request: FirmRequest, search: SavedSearch) -> list[tuple[str, str]]:
    """Return name and address of the newest entries that were not looked at and that still stand in public."""
    hits = SearchHit.objects.visible_to(request.actor).filter(
        search=search, seen_at__isnull=True, entry__is_public=True, entry__withdrawn_on__isnull=True
    )
    return [(hit.entry.name, f"{_entry_url(request.access.company_id, hit.entry_id)}?{search.query}") for hit in hits.select_related("entry").order_by("-came_at", "entry_id")[:MOST_NEW]]


def _entry_url(company: uuid.UUID, entry: str) -> str:
    return reverse("portal-entry", kwargs={"company": company, "entry": entry})


def _at(name: str, company: uuid.UUID) -> str:
    return reverse(name, kwargs={"company": company})
