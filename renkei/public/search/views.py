"""Find services, machines, programmes, events by words; an entry's own page. Public entries only."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base.actor import GUEST
from renkei.matching.finding import look, read_wish
from renkei.matching.models import Entry
from renkei.matching.showing import entry_row, kept_fields, shown
from renkei.post.requests import GuestRequest


@require_safe
def find(request: GuestRequest) -> HttpResponse:
    """Show what is found, as the public sees it, whoever looks; while one types only the part that changes."""
    wish = read_wish(request.GET, request.GET.getlist("without"))
    found = shown(look(wish, actor=GUEST), _link, request.GET.get("page"))
    context = {"shown": found, "here": reverse("public-find"), "kept": kept_fields(wish), "instead": reverse("public-home"),
               "instead_words": _("困りごとを書いて相談する")}  # fmt: skip
    answer = render(request, "parts/find_found.html" if request.headers.get("HX-Request") else "public/search/entries.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_safe
def entry(request: GuestRequest, entry: str) -> HttpResponse:
    """Show one public entry. What is withdrawn has no page."""
    found = get_object_or_404(
        Entry.objects.visible_to(GUEST).filter(withdrawn_on__isnull=True).select_related("body").prefetch_related("windows"), pk=entry
    )
    back = read_wish(request.GET, request.GET.getlist("without")).query
    return render(request, "public/search/entry.html", {"entry": found, "row": entry_row(found, list(found.windows.all())), "back": back})


def _link(entry: str) -> str:
    return reverse("public-entry", kwargs={"entry": entry})
