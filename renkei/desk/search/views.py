"""Search over cases, firms and what can be matched, with what one may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base.actor import Actor
from renkei.base.text import clean_text, search_key
from renkei.cases.models import Case
from renkei.companies.models import Company
from renkei.desk.request import StaffRequest
from renkei.matching.proposal import EntryHit
from renkei.matching.search import search as search_entries

FEW, MANY, LONGEST = 6, 50, 100
PLACES = [
    ("", gettext_lazy("すべて")), ("cases", gettext_lazy("案件")), ("companies", gettext_lazy("会社")),
    ("entries", gettext_lazy("支援・機器・制度など")),
]  # fmt: skip

KINDS = {
    "service": gettext_lazy("支援"), "seed": gettext_lazy("シーズ"), "equipment": gettext_lazy("機器"),
    "test": gettext_lazy("試験"), "programme": gettext_lazy("制度"), "person": gettext_lazy("人"),
    "event": gettext_lazy("催し"), "need": gettext_lazy("ニーズ"), "example": gettext_lazy("事例"),
    "outside": gettext_lazy("地域の外"),
}  # fmt: skip


@dataclass(slots=True)
class Found:
    """What was found, in each place, and whether there is more."""

    cases: list[Case] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    entries: list[EntryHit] = field(default_factory=list)
    more: set[str] = field(default_factory=set)


def search(request: StaffRequest, body: str) -> HttpResponse:
    """Find by two characters and more; a place shows more of its own."""
    text = clean_text(request.GET.get("q", ""))
    place = request.GET.get("in", "")
    problem = _problem(text, place)
    found = Found() if problem or not text else _find(text, place, request.actor)
    context: dict[str, Any] = {
        "q": text, "place": place, "places": PLACES, "problem": problem, "found": found, "body": body, "kinds": KINDS,
        "nothing": bool(text) and not problem and not (found.cases or found.companies or found.entries),
    }  # fmt: skip
    return render(request, "desk/search/search.html", context)


def _problem(text: str, place: str) -> str:
    if place not in {code for code, _name in PLACES}:
        return _("探す場所を一覧から選んでください。")
    if len(text) > LONGEST:
        return _("100字までで探してください。")
    if text and len(search_key(text)) < 2:
        return _("2文字以上で探してください。会社の種類（株式会社など）は数えません。")
    return ""


def _find(text: str, place: str, actor: Actor) -> Found:
    found = Found()
    limit = MANY if place else FEW
    if place in {"", "cases"}:
        cases = Case.objects.visible_to(actor).containing(text).select_related("company", "holder")
        found.cases = _cut(list(cases.order_by("-arrived_at")[: limit + 1]), limit, "cases", found)
    if place in {"", "companies"}:
        firms = Company.objects.visible_to(actor).standing().matching(text).select_related("municipality")
        found.companies = _cut(list(firms[: limit + 1]), limit, "companies", found)
    if place in {"", "entries"}:
        found.entries = _cut(search_entries(text, actor=actor, limit=limit + 1), limit, "entries", found)
    return found


def _cut(rows: list[Any], limit: int, place: str, found: Found) -> list[Any]:
    if len(rows) > limit:
        found.more.add(place)
    return rows[:limit]
