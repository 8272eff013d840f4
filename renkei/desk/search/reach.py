"""Whom an entry could serve, as the acting body may see it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from renkei.cases.queries.reach import cases_for, firms_for
from renkei.desk.request import StaffRequest
from renkei.matching.models import Entry
from renkei.matching.standing import standing_of


@require_safe
def reach(request: StaffRequest, body: str, entry: str) -> HttpResponse:
    """Show cases under way and firms that an entry could serve; the entry's page takes only the list."""
    found = get_object_or_404(Entry.objects.visible_to(request.actor), pk=entry)
    standing = standing_of(found, found.windows.all())
    context = {"entry": found, "body": body, "standing": standing}
    if not standing.is_dead:
        context |= {"cases": cases_for(found, actor=request.actor), "firms": firms_for(found, actor=request.actor)}
    answer = render(request, "desk/search/reach_list.html" if request.headers.get("HX-Request") else "desk/search/reach.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
