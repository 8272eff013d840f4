"""Write an entry down, change it, withdraw it, bring it back, say that it is still right."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.desk.catalogue.forms import (
    EntryForm,
    Windows,
    WithdrawForm,
    first_values,
    first_windows,
    others_saved,
    show_refusal,
    windows_of,
)
from renkei.desk.request import StaffRequest
from renkei.matching.actions_keeping import (
    change_entry,
    check_entries,
    make_entry,
    return_entry,
    withdraw_entry,
)
from renkei.matching.entry_words import mark_of
from renkei.matching.keeping import BY_HAND, keeper_words, keeps
from renkei.matching.models import Entry, EntryKind


def entry_kinds(request: StaffRequest, body: str) -> HttpResponse:
    """Ask which kind of entry is to be written down."""
    return render(request, "desk/catalogue/kinds.html", {"kinds": [(one.value, one.label) for one in BY_HAND], "body": body})


def entry_new(request: StaffRequest, body: str, kind: str) -> HttpResponse:
    """Write an entry of a kind down."""
    if kind not in BY_HAND:
        raise Http404
    form, windows = _forms(request, kind, None)
    if request.method == "POST" and form.is_valid() & windows.is_valid():
        try:
            with transaction.atomic():
                made = make_entry(form.row(windows_of(windows)), by=request.actor)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("「%(name)s」を書き加えました。") % {"name": made.name})
            return redirect("desk-catalogue-entry", body=body, entry=made.pk)
    return _page(request, {"form": form, "windows": windows, "kind": EntryKind(kind).label, "body": body})


def entry_edit(request: StaffRequest, body: str, entry: str) -> HttpResponse:
    """Change an entry; what somebody else saved meanwhile is shown beside what was typed."""
    found = get_object_or_404(Entry.objects.visible_to(request.actor).select_related("body"), pk=entry)
    if not keeps(request.actor, found):
        messages.error(request, _("この項目は%(keeper)sが保ちます。") % {"keeper": keeper_words(found)})
        return redirect("desk-catalogue-entry", body=body, entry=found.pk)
    form, windows = _forms(request, found.kind, found)
    theirs: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid() & windows.is_valid():
        typed = windows_of(windows)
        try:
            with transaction.atomic():
                change_entry(found, form.row(typed), by=request.actor, seen=form.cleaned_data["seen"])
        except Refused as refusal:
            if refusal.code == "changed_meanwhile":
                now = Entry.objects.get(pk=found.pk)
                theirs = others_saved(form, typed, now)
                form.data = request.POST.copy()
                form.data["seen"] = mark_of(now)  # looked at now: saving again is meant
            show_refusal(form, refusal)
        else:
            messages.success(request, _("「%(name)s」を直しました。") % {"name": form.cleaned_data["name"]})
            return redirect("desk-catalogue-entry", body=body, entry=found.pk)
    page = {"form": form, "windows": windows, "kind": found.get_kind_display(), "entry": found, "theirs": theirs, "body": body}
    return _page(request, page)


def entry_withdraw(request: StaffRequest, body: str, entry: str) -> HttpResponse:
    """Take an entry out of proposals, with day and reason."""
    found = get_object_or_404(Entry.objects.visible_to(request.actor), pk=entry)
    form = WithdrawForm(request.POST or None, initial={"on": clock.today()})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                withdraw_entry(found, by=request.actor, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("「%(name)s」を取り下げました。戻すこともできます。") % {"name": found.name})
            return redirect("desk-catalogue-entry", body=body, entry=found.pk)
    page = {"form": form, "entry": found, "body": body, "keeps": keeps(request.actor, found)}
    return render(request, "desk/catalogue/withdraw.html", page, status=422 if form.errors else 200)


@require_POST
def entry_return(request: StaffRequest, body: str, entry: str) -> HttpResponse:
    """Bring a withdrawn entry back."""
    found = get_object_or_404(Entry.objects.visible_to(request.actor), pk=entry)
    try:
        with transaction.atomic():
            return_entry(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("「%(name)s」を戻しました。") % {"name": found.name})
    return redirect("desk-catalogue-entry", body=body, entry=found.pk)


def entries_check(request: StaffRequest, body: str) -> HttpResponse:
    """Say of one or several entries that they are still right."""
    chosen = [clean_text(one) for one in request.POST.getlist("entry")[:200]]
    found = list(Entry.objects.visible_to(request.actor).filter(pk__in=chosen))
    try:
        with transaction.atomic():
            count = check_entries(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(count)s件を、今日確かめたことにしました。") % {"count": count})
    if request.POST.get("back") == "entry" and len(found) == 1:
        return redirect("desk-catalogue-entry", body=body, entry=found[0].pk)
    return redirect("desk-catalogue-check", body=body)


def _forms(request: StaffRequest, kind: str, entry: Entry | None) -> tuple[EntryForm, Any]:
    sent = request.POST if request.method == "POST" else None
    first = first_values(entry, mark_of(entry)) if entry else {}
    form = EntryForm(sent, kind=kind, actor=request.actor, entry=entry, initial=first)
    return form, Windows(sent, initial=first_windows(entry) if entry else [], prefix="w")


def _page(request: StaffRequest, page: dict[str, Any]) -> HttpResponse:
    wrong = bool(page["form"].errors) or (page["windows"].is_bound and not page["windows"].is_valid())
    return render(request, "desk/catalogue/edit.html", page, status=422 if wrong else 200)
