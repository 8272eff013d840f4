"""What a list of cases can be narrowed by, the same for the table, the board and the export."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.forms import TextField
from renkei.base.text import search_key
from renkei.cases.models import Case
from renkei.cases.models.case import CaseQuerySet
from renkei.cases.states import CaseState
from renkei.plan.models import Body, Stage

STATES = [("open", _("進行中")), *CaseState.choices, ("all", _("すべて"))]
AGES = [("", _("すべて")), ("30", _("30日まで")), ("60", _("31日から60日")), ("61", _("61日から"))]
ORDERS = [("due", _("期限の近い順")), ("old", _("古い順")), ("new", _("新しい順"))]
_ORDER_BY: dict[str, list[Any]] = {
    "due": [F("next_on").asc(nulls_last=True), F("next_time").asc(nulls_last=True), "arrived_at", "pk"],
    "old": ["arrived_at", "pk"],
    "new": ["-arrived_at", "pk"],
}
_UNKNOWN = {"invalid_choice": _("一覧にないものです。選び直してください。")}


def _choice(label: Any, choices: Any = ()) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False, error_messages=_UNKNOWN)


class CaseFilter(forms.Form):
    """The filter row; a value that is not known is named beside its field and left out."""

    use_required_attribute = False

    q = TextField(label=_("言葉・番号・会社名"), required=False, max_length=100)
    by = _choice(_("主担当"))
    stage = _choice(_("段階"))
    state = _choice(_("状態"), STATES)
    age = _choice(_("経過"), AGES)
    late = forms.BooleanField(label=_("期限を過ぎたものだけ"), required=False)
    order = _choice(_("並び"), ORDERS)

    def __init__(self, data: Any, *, bodies: list[Body], stages: list[Stage]) -> None:
        super().__init__(data, auto_id="f_%s")
        for name, rows in (("by", bodies), ("stage", stages)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
            field.choices = [("", _("すべて")), *((one.pk, one.short) for one in rows)]
        self.is_valid()

    def clean_q(self) -> str:
        """Two characters find something; one or none of substance would find everything."""
        text: str = self.cleaned_data["q"]
        if text and len(search_key(text)) < 2:
            raise forms.ValidationError(_("2文字以上で探してください。"), code="too_short")
        return text

    def value(self, name: str) -> Any:
        """Return a cleaned value; an empty string when it was wrong or missing."""
        return self.cleaned_data.get(name, "")

    def cases(self, actor: Actor) -> CaseQuerySet:
        """Return the cases the actor may see that pass the filter, in the chosen order."""
        found = narrowed(Case.objects.visible_to(actor), self)
        return found.order_by(*_ORDER_BY[self.value("order") or "due"])


def narrowed(found: CaseQuerySet, given: CaseFilter) -> CaseQuerySet:
    """Return ``found`` narrowed by what was given."""
    state = given.value("state") or "open"
    if state == "open":
        found = found.open()
    elif state != "all":
        found = found.filter(state=state)
    if text := given.value("q"):
        found = found.containing(text)
    if body := given.value("by"):
        found = found.filter(holder_id=body)
    if stage := given.value("stage"):
        found = found.filter(Q(needs__stage_id=stage)).distinct()
    if given.value("late"):
        found = found.overdue()
    return found.filter(of_age(given.value("age")))


def of_age(age: str) -> Q:
    """Return the condition for an age band: the day of arrival is the first day."""
    today = clock.today()

    def first_day(days: int) -> dt.datetime:
        return clock.at(today - dt.timedelta(days=days - 1), 0)

    if age == "30":
        return Q(arrived_at__gte=first_day(30))
    if age == "60":
        return Q(arrived_at__lt=first_day(30), arrived_at__gte=first_day(60))
    if age == "61":
        return Q(arrived_at__lt=first_day(60))
    return Q()
