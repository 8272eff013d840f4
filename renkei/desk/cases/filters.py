"""What a list of cases can be narrowed by, the same for the table, the board, saved views, bulk deeds and the export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from renkei.accounts.queries import members_of
from renkei.base.actor import Actor
from renkei.base.forms import TextField
from renkei.base.text import search_key
from renkei.cases.models.case import CaseQuerySet
from renkei.cases.queries.finding import MINE, NAMES, QUEUE, Wanted, as_id, cases_wanted
from renkei.cases.states import CaseState
from renkei.companies.models import Company
from renkei.plan.models import Body, Field
from renkei.plan.queries import content_now, stages

STATES = [("open", _("進行中")), *CaseState.choices, ("all", _("すべて"))]
AGES = [("", _("すべて")), ("30", _("30日まで")), ("60", _("31日から60日")), ("61", _("61日から"))]
ORDERS = [("due", _("期限の近い順")), ("old", _("古い順")), ("new", _("新しい順"))]
MAIN, MORE = ("q", "by", "stage", "state", "who", "order"), ("asked", "field", "tech", "area", "age")
_UNKNOWN = {"invalid_choice": _("一覧にないものです。選び直してください。")}


def _choice(label: Any, choices: Any = ()) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False, error_messages=_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is set: what it is, its value in words, and the address without it. ``gone``: it names nothing now."""

    label: str
    value: str
    url: str
    gone: bool = False


class CaseFilter(forms.Form):
    """The filter row; a value that is not known is named beside its field and left out."""

    use_required_attribute = False

    q = TextField(label=_("言葉・番号・会社名"), required=False, max_length=100)
    by = _choice(_("主担当"))
    stage = _choice(_("段階"))
    state = _choice(_("状態"), STATES)
    who = _choice(_("担当の人"))
    order = _choice(_("並び"), ORDERS)
    asked = _choice(_("頼んだ機関"))
    field = _choice(_("支援分野"))
    tech = _choice(_("技術分野"))
    area = _choice(_("地域"))
    age = _choice(_("経過"), AGES)
    company = forms.CharField(label=_("会社"), required=False, widget=forms.HiddenInput)
    late = forms.BooleanField(label=_("期限を過ぎたものだけ"), required=False)
    idle = forms.BooleanField(label=_("動きのないものだけ"), required=False)

    def __init__(self, data: QueryDict, *, actor: Actor, page: str = "desk-cases") -> None:
        super().__init__(data, auto_id="f_%s")
        self.actor, self.query = actor, data
        self.firm: Company | None = None
        self.page = reverse(page, kwargs={"body": actor.body})
        for name, pairs in _pairs(actor).items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
            field.choices = [("", _("すべて")), *pairs]
        self.is_valid()

    def clean_q(self) -> str:
        """Two characters find something; one or none of substance would find everything."""
        text: str = self.cleaned_data["q"]
        if text and len(search_key(text)) < 2:
            raise forms.ValidationError(_("2文字以上で探してください。"), code="too_short")
        return text

    def clean_company(self) -> str:
        """A firm the body knows; its name is shown with the filter."""
        text: str = self.cleaned_data["company"]
        if text:
            known = Company.objects.visible_to(self.actor)
            self.firm = known.filter(pk=key).first() if (key := as_id(text)) else None
            if self.firm is None:
                raise forms.ValidationError(_("この会社は、いまは一覧にありません。"), code="invalid_choice")
        return text

    def value(self, name: str) -> Any:
        """Return a cleaned value; an empty string when it was wrong or missing."""
        return self.cleaned_data.get(name, "")

    @property
    def wanted(self) -> Wanted:
        """Return what is looked for, in words of the query string."""
        given = {name: self.value(name) for name in NAMES}
        return Wanted(**{name: "on" if value is True else str(value or "") for name, value in given.items()})

    def cases(self) -> CaseQuerySet:
        """Return the cases the actor may see that pass the filter, in the chosen order."""
        return cases_wanted(self.wanted, self.actor)

    def chips(self) -> list[Chip]:
        """Return the filters that are set, each with the way to take it off; the order of rows is none."""
        found = []
        for name in NAMES:
            if name == "order" or not self.data.get(name):
                continue
            rest = self.query.copy()
            rest.pop(name, None)
            rest.pop("page", None)
            label, gone = str(self.fields[name].label), name in self.errors
            found.append(Chip(label, self._said(name), f"{self.page}?{rest.urlencode() or 'state=open'}", gone))
        return found

    def _said(self, name: str) -> str:
        value = str(self.data.get(name))
        if name == "company":
            return self.firm.name if self.firm else ""
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            choices: Any = field.choices
            return str(dict(choices).get(value, value))
        return "" if isinstance(field, forms.BooleanField) else value

    @property
    def main(self) -> list[forms.BoundField]:
        """Return the fields that always show."""
        return [self[name] for name in MAIN]

    @property
    def more(self) -> list[forms.BoundField]:
        """Return the fields behind 「ほかの条件」."""
        return [self[name] for name in MORE]

    @property
    def shows_more(self) -> bool:
        """Tell whether one of the other filters is set: then they stand open."""
        return any(self.data.get(name) for name in (*MORE, "late", "idle"))


def _pairs(actor: Actor) -> dict[str, list[tuple[str, Any]]]:
    """Return what each list of choices offers: the plan's words, the bodies and the people of one's own body."""
    content = content_now()
    bodies = [(one.pk, one.short) for one in Body.objects.filter(closed_on__isnull=True)]
    people = [(str(one.person_id), one.person.name) for one in members_of(str(actor.body)) if one.person_id != actor.person]
    return {
        "by": bodies,
        "asked": bodies,
        "stage": [(one.pk, one.short) for one in stages()],
        "field": [(one.pk, one.name) for one in Field.objects.all()],
        "tech": [(term.code, term.name) for term in content.vocabulary("tech_fields")],
        "area": [(one["code"], one["name"]) for one in content.section("areas")],
        "who": [(MINE, _("自分")), (QUEUE, _("まだ決まっていない")), *people],
    }
