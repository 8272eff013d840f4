"""The inbox: what has arrived and waits for its first answer, with age and clock."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from renkei.base.text import search_key
from renkei.cases.actions.reading import read_words
from renkei.cases.queries.inbox import inbox
from renkei.cases.queries.today import CaseRow
from renkei.desk.request import StaffRequest

PER_PAGE = 50


@require_safe
def inbox_page(request: StaffRequest, body: str) -> HttpResponse:
    """List what waits, oldest deadline first; a word, a channel or "late only" narrows it."""
    rows = inbox(request.actor)
    find, channel, late = request.GET.get("q", "").strip()[:100], request.GET.get("by", ""), "late" in request.GET
    channels = sorted({row.channel for row in rows if row.channel})
    shown = [row for row in rows if _fits(row, find) and channel in {"", row.channel} and (row.is_late or not late)]
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    read_words(request.actor, page.object_list)
    context = {
        "page": page, "shown": len(shown), "total": len(rows),
        "late": sum(row.is_late for row in rows), "find": find, "channels": channels, "channel": channel,
        "only_late": late, "body": body,
    }  # fmt: skip
    return render(request, "desk/intake/inbox.html", context)


def _fits(row: CaseRow, find: str) -> bool:
    key = search_key(find)
    return not key or key in search_key(f"{row.company} {row.title} {row.number} {row.text}")
