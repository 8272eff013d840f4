"""Two entries of one firm: find them, compare them field by field, make them one, take them apart."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base.refusal import Refused
from renkei.base.yen import yen_words
from renkei.companies.actions.merging import CHOICES, merge_companies, pair_mark, unmerge_companies, what_moves
from renkei.companies.industries import shown_class
from renkei.companies.models import Company, Merge
from renkei.companies.queries import alike_pairs, distinct_pairs, lookup
from renkei.companies.relations import Deed
from renkei.desk.companies.forms import CompanyForm
from renkei.desk.request import StaffRequest
from renkei.plan.queries import is_front_desk

PER_PAGE = 50
INTO, OTHER = "into", "other"


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both firms in words; ``name`` is empty where both say the same (there is nothing to choose)."""

    label: str
    into: str
    other: str
    name: str
    chosen: str


class MergeForm(forms.Form):
    """Which value stays, a field each; the mark of what was compared."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, into: Company, other: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pair = into, other
        self.initial.setdefault("seen", pair_mark(into, other))
        for name in CHOICES:
            mine, theirs = getattr(into, name), getattr(other, name)
            if mine != theirs:
                first = OTHER if mine in {None, ""} else INTO
                self.fields[name] = forms.ChoiceField(choices=[(INTO, INTO), (OTHER, OTHER)], initial=first, required=False)

    @property
    def keep(self) -> list[str]:
        """Return the fields whose value comes from the other firm."""
        return [name for name in CHOICES if self.cleaned_data.get(name) == OTHER]

    def lines(self) -> list[Line]:
        """Return every field that says something at either firm."""
        into, other = self.pair
        labels = CompanyForm().fields
        found = [Line(str(labels["corporate_number"].label), into.corporate_number or "", other.corporate_number or "", "", INTO)]
        for name in CHOICES:
            words = [_words(one, name) for one in self.pair]
            if any(words):
                differs = name in self.fields
                chosen = (self.data.get(name) or self.fields[name].initial) if differs else INTO
                label = labels["municipality" if name == "municipality_id" else name].label
                found.append(Line(str(label), words[0], words[1], name if differs else "", str(chosen)))
        return [line for line in found if line.into or line.other]


@require_safe
def alike(request: StaffRequest, body: str) -> HttpResponse:
    """List pairs of firms that may be one, or (``?decided``) those of which somebody has said that they are two."""
    decided = "decided" in request.GET
    pairs = distinct_pairs(actor=request.actor) if decided else alike_pairs(actor=request.actor)
    page = Paginator(pairs, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/companies/alike.html", {"page": page, "body": body, "decided": decided})


@require_safe
def others(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """Choose the firm to compare with: those that look alike, or what a word finds."""
    found = get_object_or_404(Company.objects.visible_to(request.actor).standing(), pk=company)
    find = request.GET.get("q", "").strip()[:100]
    hits = [hit for hit in lookup(find, actor=request.actor) if hit.company != found] if find else []
    pairs = [(pair.second if pair.first == found else pair.first, pair.reasons)
             for pair in alike_pairs(actor=request.actor, company=found)]
    decided = [(mark.other_than(found), mark) for mark in distinct_pairs(actor=request.actor, company=found)]
    page = {"company": found, "pairs": pairs, "hits": hits, "find": find, "body": body, "decided": decided}
    return render(request, "desk/companies/others.html", page)


def merge(request: StaffRequest, body: str, company: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Compare two firms and make them one: ``other`` goes into ``company``."""
    seen = Company.objects.visible_to(request.actor).filter(withdrawn_at__isnull=True).select_related("municipality")
    into, gone = get_object_or_404(seen, pk=company), get_object_or_404(seen, pk=other)
    if into.merged_into_id or gone.merged_into_id or into == gone:
        messages.info(request, _("この組はもうまとめてあります。"))
        return redirect("desk-company", body=body, company=into.merged_into_id or into.pk)
    form = MergeForm(request.POST or None, into=into, other=gone)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                merge_companies(into, gone, keep=form.keep, by=request.actor, seen=form.cleaned_data["seen"])
        except Refused as refusal:
            form.add_error(None, refusal.message)
            again = request.POST.copy()
            again["seen"] = pair_mark(into, gone)  # looked at now: pressing again is meant
            form.data = again
        else:
            messages.success(request, _("%(other)sを%(into)sにまとめました。このページで元に戻せます。")
                             % {"other": gone.name, "into": into.name})
            return redirect("desk-company", body=body, company=into.pk)
    counts = what_moves(gone)
    page = {
        "form": form, "into": into, "other": gone, "lines": form.lines(), "body": body,
        "moves": [one for one in counts if one.relation.deed is Deed.MOVED],
        "stays": [one for one in counts if one.relation.deed is Deed.KEPT],
        "accounts_move": any(one.relation.table == "companies_companyaccess" for one in counts),
        "sees_all": is_front_desk(body), "two_numbers": bool(into.corporate_number and gone.corporate_number),
        "mark": next((one for one in distinct_pairs(actor=request.actor, company=into) if one.other_than(into) == gone), None),
    }  # fmt: skip
    return render(request, "desk/companies/merge.html", page, status=422 if form.errors else 200)


@require_POST
def unmerge(request: StaffRequest, body: str, company: uuid.UUID, merge: uuid.UUID) -> HttpResponse:
    """Take a merged firm out again."""
    into = get_object_or_404(Company.objects.visible_to(request.actor), pk=company)
    entry = get_object_or_404(Merge.objects.visible_to(request.actor), pk=merge, into=into)
    try:
        with transaction.atomic():
            gone = unmerge_companies(entry, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(name)sを元に戻しました。") % {"name": gone.name})
    return redirect("desk-company", body=body, company=into.pk)


def _words(company: Company, name: str) -> str:
    if name == "municipality_id":
        return company.municipality.name if company.municipality else ""
    value = getattr(company, name)
    if name == "jsic_code":
        return shown_class(value)
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    if name == "capital_yen" and value is not None:
        return yen_words(value)
    return "" if value is None else str(value)
