"""The calendar of a body's absences: who is away when, who stands in; one's own are entered and ended here."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.accounts.actions.absences import end_absence, enter_absence
from renkei.accounts.models import Absence, AbsenceNote, Membership
from renkei.accounts.queries import members_of
from renkei.accounts.rules import administers
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, TextField
from renkei.base.refusal import Refused
from renkei.desk.colleagues import people_choices
from renkei.desk.request import StaffRequest

_PICK = {"required": gettext_lazy("1つ選んでください。"), "invalid_choice": gettext_lazy("一覧にないものです。選び直してください。")}
_DAY = {"required": gettext_lazy("日を入れてください。")}


@dataclass(frozen=True, slots=True)
class Line:
    """One absence as this person sees it."""

    absence: Absence
    note: str
    may_end: bool


@dataclass(frozen=True, slots=True)
class Week:
    """The absences that begin in a week (or ran on into the first)."""

    monday: dt.date
    lines: list[Line]


class AbsenceForm(forms.Form):
    """Who is away, from when until when, and who stands in."""

    use_required_attribute = False

    person = forms.ChoiceField(label=gettext_lazy("不在の人"), error_messages=_PICK)
    since = JapaneseDateField(label=gettext_lazy("いつから"), error_messages=_DAY)
    until = JapaneseDateField(label=gettext_lazy("いつまで"), earliest_today=True, error_messages=_DAY)
    substitute = forms.ChoiceField(
        label=gettext_lazy("代わりの人"), required=False, error_messages=_PICK,
        help_text=gettext_lazy("不在の間の知らせは、この人に届きます。決めないと、機関の共用のアドレスに届きます。"),
    )  # fmt: skip
    note = TextField(label=gettext_lazy("自分だけの覚え"), max_length=200, required=False,
                     help_text=gettext_lazy("ほかの人には見えません。"))

    def __init__(self, *args: Any, actor: Actor, members: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("person", [(str(one.person_id), one.person.name) for one in members])
        everybody = people_choices(str(actor.body), actor)
        self._choose("substitute", [("", _("決めない")), *everybody])
        self.fields["person"].initial = str(actor.person)
        if len(members) == 1:
            self.fields["person"].widget = forms.HiddenInput()

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = choices


def absences(request: StaffRequest, body: str) -> HttpResponse:
    """Show who is away from this week on; a POST enters an absence or ends one."""
    is_admin = administers(request.actor, body)
    members = [one for one in members_of(body) if is_admin or one.person_id == request.actor.person]
    deed, _colon, about = request.POST.get("do", "").partition(":")
    posts = request.method == "POST"
    form = AbsenceForm(request.POST if posts and deed != "end" else None, actor=request.actor, members=members)
    if posts and deed == "end":
        _end(request, body, about)
        return redirect("desk-absences", body=body)
    if posts and (done := _enter(request, form, members)):
        messages.success(request, done)
        return redirect("desk-absences", body=body)
    context = {"form": form, "weeks": _weeks(request.actor, body, is_admin=is_admin), "body": body}
    return render(request, "desk/moves/absences.html", context)


def _enter(request: StaffRequest, form: AbsenceForm, members: list[Membership]) -> str:
    if not form.is_valid():
        return ""
    data = form.cleaned_data
    whose = next(one for one in members if str(one.person_id) == data["person"])
    substitute = uuid.UUID(data["substitute"]) if data["substitute"] else None
    try:
        enter_absence(whose, since=data["since"], until=data["until"], substitute=substitute, note=data["note"], by=request.actor)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return ""
    return _("不在の予定を入れました。")


def _end(request: StaffRequest, body: str, about: str) -> None:
    found = next((one for one in Absence.objects.filter(body_id=body).standing() if str(one.pk) == about), None)
    try:
        if found is not None:
            end_absence(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return
    if found is None:
        messages.error(request, _("この予定は、もうありません。"))
    else:
        messages.success(request, _("不在の予定を取り消しました。知らせは、また本人に届きます。"))


def _weeks(actor: Actor, body: str, *, is_admin: bool) -> list[Week]:
    today = clock.today()
    rows = Absence.objects.standing().filter(body_id=body, until__gte=today).select_related("person", "substitute")
    notes = dict(AbsenceNote.objects.visible_to(actor).filter(absence__in=rows).values_list("absence_id", "text"))
    lines = [Line(one, notes.get(one.pk, ""), is_admin or one.person_id == actor.person) for one in rows]
    first = _monday(today)
    return [Week(day, list(group)) for day, group in groupby(lines, key=lambda one: max(first, _monday(one.absence.since)))]


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())
