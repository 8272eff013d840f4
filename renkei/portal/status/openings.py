"""The firm answers whether a person outside the bodies may read, and shuts it again; who read what."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.cases.actions.openings import answer_opening, shut
from renkei.cases.models import Case, Opening
from renkei.cases.queries.readers import Reading, readings
from renkei.portal.status.acts import back, tried
from renkei.portal.status.door import DoorRequest, door_of
from renkei.portal.status.forms import OpeningForm
from renkei.portal.status.words import class_words


def opening(request: DoorRequest, opening: uuid.UUID, **where: Any) -> HttpResponse:
    """Answer by yes or no while asked; afterwards shut it. Effective at the person's next request."""
    door = door_of(request, where)
    found = Opening.objects.visible_to(request.actor).filter(case=door.case).select_related("body", "case")
    one = get_object_or_404(found, pk=opening, ended_at__isnull=True, declined_at__isnull=True)
    form = (OpeningForm if one.is_asked else forms.Form)(request.POST if request.method == "POST" else None)

    def act() -> None:
        if one.is_asked:
            answer_opening(one, given=form.cleaned_data["answer"] == "yes", by=request.actor)
        else:
            shut(one, by=request.actor)

    if request.method == "POST" and tried(form, act):
        messages.success(request, _("お返事を受け取りました。"))
        return back(door, "#sight")
    page = {"case": door.case, "opening": one, "words": class_words(one.classes), "form": form, "door": door}
    return render(request, "portal/status/opening.html", page)


def opened(case: Case, actor: Actor) -> list[dict[str, Any]]:
    """Return whom the case is opened to by name, or may be, in words."""
    rows = Opening.objects.visible_to(actor).filter(case=case, ended_at__isnull=True, declined_at__isnull=True)
    return [{"opening": one, "words": class_words(one.classes)} for one in rows.select_related("body")]


def read_by(case: Case, actor: Actor) -> list[dict[str, Reading | str]]:
    """Return who read the case, when, and what they were shown, in words."""
    return [{"reading": one, "words": _read_words(one)} for one in readings(case, actor=actor)]


def _read_words(reading: Reading) -> str:
    words = class_words(reading.classes)
    if not reading.was_recorded:
        return _("%(words)s（そのとき見られたもの）") % {"words": words} if words else ""
    return _("%(words)sを表示") % {"words": words} if words else _("件名と進み具合だけ")
