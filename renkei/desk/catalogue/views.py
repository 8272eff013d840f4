"""The catalogue: list and entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from renkei.base import clock
from renkei.cases.queries.reach import own_need
from renkei.desk.catalogue.editing import entries_check
from renkei.desk.catalogue.lists import bodies, entries_wanted, read_wanted, states
from renkei.desk.request import StaffRequest
from renkei.matching.additions import ADDED, BESIDE, own, tells, told_by
from renkei.matching.entry_words import Change, changes, label_of, row_of, value_words, with_unit
from renkei.matching.fields import facts_of, value_of
from renkei.matching.keeping import adds_to, keeper_words, keeps
from renkei.matching.models import Addition, Entry, EntryKind, Revision
from renkei.matching.standing import CASES, HARVEST, Standing, is_looked_after, limits, standing_of
from renkei.matching.upkeep import own_checks
from renkei.plan.queries import content_now, front_desk

PER_PAGE = 50
FEW_CHANGES = 30


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the list with how it stands."""

    entry: Entry
    standing: Standing


@dataclass(frozen=True, slots=True)
class Past:
    """A change of an entry, and what it changed."""

    revision: Revision
    changes: list[Change]
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """A fact in words."""

    label: str
    words: str
    is_rule: bool = False
    is_added: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What people added to a list's entry; where the list tells it itself by now, its own word (``told``) stands instead."""

    addition: Addition
    label: str
    words: str
    told: str


@require_safe
def entries(request: StaffRequest, body: str) -> HttpResponse:
    """List the entries, narrowed by kind, owner, state and words."""
    wanted = read_wanted(request.GET.dict())
    found = entries_wanted(wanted, request.actor).select_related("body").prefetch_related("windows")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    latest = limits(clock.today())
    lines = [Line(one, standing_of(one, one.windows.all(), checks=latest)) for one in page]
    context = {
        "page": page, "lines": lines, "wanted": wanted, "kinds": EntryKind.choices, "bodies": bodies(), "states": states(),
        "body": body, "to_check": own_checks(body).count(),
    }  # fmt: skip
    return render(request, "desk/catalogue/list.html", context)


@require_safe
def entry(request: StaffRequest, body: str, entry: str) -> HttpResponse:
    """Show one entry: what it is, for whom, when, who keeps it, and what was changed."""
    seen = Entry.objects.visible_to(request.actor).select_related("body", "service", "checked_by")
    found = get_object_or_404(seen, pk=entry)
    windows = list(found.windows.all())
    facts = said_of(found)
    added = added_to(found)
    context: dict[str, Any] = {
        "added": added, "adds": adds_to(request.actor, found) and found.withdrawn_on is None,
        "entry": found, "windows": windows, "standing": standing_of(found, windows), "keeper": keeper_words(found),
        "keeps": keeps(request.actor, found), "is_looked_after": is_looked_after(found),
        "facts": [one for one in facts if not one.is_rule], "rules": [one for one in facts if one.is_rule],
        "words": words_of(found), "body": body, "history": _history(request, found), "is_of_case": found.kept_by == CASES,
    }  # fmt: skip
    if found.kept_by == CASES:
        context |= {"own_need": own_need(found, actor=request.actor), "desk": front_desk()}
    return render(request, "desk/catalogue/entry.html", context)


def checks(request: StaffRequest, body: str) -> HttpResponse:
    """List what the actor should look at again; what is ticked is said to be right as it stands."""
    if request.method == "POST":
        return entries_check(request, body)
    page = Paginator(own_checks(body).prefetch_related("windows").order_by(F("checked_on").asc(), "pk"), PER_PAGE).get_page(request.GET.get("page"))
    latest = limits(clock.today())
    lines = [Line(one, standing_of(one, one.windows.all(), checks=latest)) for one in page]
    return render(request, "desk/catalogue/check.html", {"page": page, "lines": lines, "body": body})


def _history(request: StaffRequest, entry: Entry) -> list[Past]:
    kept = Revision.objects.visible_to(request.actor).filter(entry=entry).select_related("done_by", "done_body", "run")
    return [Past(one, changes(one.before, one.after), one.after.get("reason", "")) for one in kept[:FEW_CHANGES]]


def added_to(entry: Entry) -> list[Added]:
    """Return what people added to an entry of a list, in the order of its form."""
    if not entry.kept_by.startswith(HARVEST):
        return []
    row, order = own(row_of(entry)), [*(fact.key for fact in facts_of(entry.kind)), *BESIDE]
    found = Addition.objects.filter(entry=entry, value__isnull=False).select_related("added_by", "added_body")
    kept = sorted(found, key=lambda one: order.index(one.key) if one.key in order else len(order))
    return [
        Added(one, label_of(entry.kind, one.key), value_words(entry.kind, one.key, one.value),
              value_words(entry.kind, one.key, told_by(row, one.key)) if tells(row, one.key) else "")
        for one in kept
    ]  # fmt: skip


def said_of(entry: Entry) -> list[Said]:
    """Return the facts of an entry in words, those of eligibility and those that people added to a list's marked."""
    found, added = [], entry.facts.get(ADDED, [])
    for fact in facts_of(entry.kind):
        value = value_of(entry.facts, fact.key)
        is_rule = fact.key.startswith("eligible.")
        if (words := with_unit(fact, value)) and not (is_rule and value in (0, False)):
            found.append(Said(str(fact.label), words, is_rule, fact.key in added))
    return found


def words_of(entry: Entry) -> list[str]:
    """Return the technical fields and themes of an entry by name."""
    content = content_now()
    return [content.word("tech_fields", code) for code in entry.tech_fields] + [content.word("themes", code) for code in entry.themes]
