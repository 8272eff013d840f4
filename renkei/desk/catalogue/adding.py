"""Add to an entry of a list what the list does not tell, and take it away again."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.desk.catalogue.forms import AddingForm, show_refusal
from renkei.desk.request import StaffRequest
from renkei.matching.actions_adding import add_facts
from renkei.matching.entry_words import label_of, mark_of
from renkei.matching.keeping import adds_to
from renkei.matching.models import Addition, Entry


def entry_add(request: StaffRequest, body: str, entry: str) -> HttpResponse:
    """Add facts to an entry of a list; ``away`` takes one away."""
    found = get_object_or_404(Entry.objects.visible_to(request.actor), pk=entry)
    if not adds_to(request.actor, found) or found.withdrawn_on is not None:
        messages.error(request, _("補えるのは、ほかの機関の一覧にいまある項目だけです。窓口の職員が補います。"))
        return redirect("desk-catalogue-entry", body=body, entry=found.pk)
    if request.method == "POST" and "away" in request.POST:
        return _take_away(request, found)
    added = dict(Addition.objects.filter(entry=found, value__isnull=False).values_list("key", "value"))
    form = AddingForm(request.POST if request.method == "POST" else None, entry=found, added=added)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                add_facts(found, form.values(), by=request.actor, seen=form.cleaned_data["seen"])
        except Refused as refusal:
            if refusal.code == "changed_meanwhile":
                form.data = request.POST.copy()
                form.data["seen"] = mark_of(Entry.objects.get(pk=found.pk))  # looked at now: saving again is meant
            show_refusal(form, refusal)
        else:
            messages.success(request, _("「%(name)s」に補いました。一覧を読み直しても残ります。") % {"name": found.name})
            return redirect("desk-catalogue-entry", body=body, entry=found.pk)
    page = {"form": form, "entry": found, "body": body}
    return render(request, "desk/catalogue/add.html", page, status=422 if form.errors else 200)


def _take_away(request: StaffRequest, entry: Entry) -> HttpResponse:
    key = clean_text(request.POST.get("away", ""))[:60]
    try:
        with transaction.atomic():
            add_facts(entry, {key: None}, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("補った「%(label)s」を取り消しました。") % {"label": label_of(entry.kind, key)})
    return redirect("desk-catalogue-entry", body=request.actor.body, entry=entry.pk)
