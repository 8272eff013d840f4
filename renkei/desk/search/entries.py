"""The staff's search over all entries."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from renkei.desk.request import StaffRequest
from renkei.matching.finding import look, read_wish
from renkei.matching.showing import kept_fields, shown


@require_safe
def entries(request: StaffRequest, body: str) -> HttpResponse:
    """Show what is found among all entries; while one types only the part that changes."""
    wish = read_wish(request.GET, request.GET.getlist("without"))
    found = shown(look(wish, actor=request.actor), lambda entry: entry_url(body, entry), request.GET.get("page"))
    context = {"shown": found, "here": reverse("desk-entries", kwargs={"body": body}), "kept": kept_fields(wish), "body": body,
               "save_at": reverse("desk-search-new", kwargs={"body": body})}  # fmt: skip
    answer = render(request, "parts/find_found.html" if request.headers.get("HX-Request") else "desk/search/entries.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def entry_url(body: str, entry: str) -> str:
    """Return the address of an entry's page."""
    return reverse("desk-catalogue-entry", kwargs={"body": body, "entry": entry})
