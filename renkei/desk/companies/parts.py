"""The parts of a firm's page: people, sites, earlier names. One form each on a page of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base.forms import JapaneseDateField, PhoneField, TextField
from renkei.base.refusal import Refused
from renkei.companies.actions import Place, add_former, change_person, save_site
from renkei.companies.models import Company, CompanyPerson, FormerKind, Site, SiteRole
from renkei.desk.companies.forms import PersonForm, municipality_choices, show_refusal
from renkei.desk.request import StaffRequest


@dataclass(frozen=True, slots=True)
class Part:
    """What a form is about, and the sentence when it is done."""

    body: str
    company: Company
    title: str
    done: str


class PersonEditForm(PersonForm):
    """Somebody of the firm, and the day that person left."""

    left_on = JapaneseDateField(label=gettext_lazy("退職した日"), required=False,
                                help_text=gettext_lazy("辞めた方だけ。例：11月25日、R8.3.31"))


class SiteForm(forms.Form):
    """A site."""

    name = TextField(label=gettext_lazy("事業所の名前"), max_length=100, help_text=gettext_lazy("例：第二工場"),
                     error_messages={"required": gettext_lazy("事業所の名前を入れてください。例：第二工場")})
    role = forms.ChoiceField(label=gettext_lazy("役目"), choices=SiteRole.choices, initial=SiteRole.FACTORY)
    postal_code = TextField(label=gettext_lazy("郵便番号"), required=False, max_length=20)
    municipality = forms.ChoiceField(label=gettext_lazy("市町村"), required=False)
    address = TextField(label=gettext_lazy("所在地"), required=False, max_length=300)
    phone = PhoneField(label=gettext_lazy("電話番号"), required=False)
    since = JapaneseDateField(label=gettext_lazy("いつから"), required=False)
    until = JapaneseDateField(label=gettext_lazy("いつまで"), required=False, help_text=gettext_lazy("閉めた事業所だけ"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["municipality"].choices = municipality_choices()  # type: ignore[attr-defined]  # a choice field


class FormerForm(forms.Form):
    """An earlier name or representative."""

    kind = forms.ChoiceField(label=gettext_lazy("何が変わりましたか"), choices=FormerKind.choices, initial=FormerKind.NAME)
    value = TextField(label=gettext_lazy("前の名前"), max_length=200,
                      error_messages={"required": gettext_lazy("前の名前を入れてください。")})
    since = JapaneseDateField(label=gettext_lazy("いつから"), required=False)
    until = JapaneseDateField(label=gettext_lazy("いつまで"), required=False)


def person_edit(request: StaffRequest, body: str, company: uuid.UUID, person: uuid.UUID) -> HttpResponse:
    """Correct a person, or write down that the person has left."""
    found = _company(request, company)
    who = get_object_or_404(CompanyPerson, pk=person, company=found)
    names = ("name", "kana", "title", "phone", "email", "left_on")
    form = PersonEditForm(request.POST or None, initial={name: getattr(who, name) for name in names})
    return _page(request, Part(body, found, _("担当の方を直す"), _("%(name)s様の記録を直しました。")), form,
                 lambda data: change_person(who, **data, by=request.actor))


def site_new(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """Write down another site."""
    found = _company(request, company)
    return _page(request, Part(body, found, _("事業所を書き加える"), _("%(name)sを書き加えました。")), SiteForm(request.POST or None),
                 lambda data: save_site(found, Place(**data), by=request.actor))


def site_edit(request: StaffRequest, body: str, company: uuid.UUID, site: uuid.UUID) -> HttpResponse:
    """Correct a site, or write down that it was closed."""
    found = _company(request, company)
    kept = get_object_or_404(Site.objects.visible_to(request.actor), pk=site, company=found)
    names = ("name", "role", "postal_code", "address", "phone", "since", "until")
    first = {name: getattr(kept, name) for name in names} | {"municipality": kept.municipality_id or ""}
    return _page(request, Part(body, found, _("事業所を直す"), _("%(name)sの記録を直しました。")), SiteForm(request.POST or None, initial=first),
                 lambda data: save_site(found, Place(**data), by=request.actor, site=kept))


def former_new(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """Write down what the firm was called, or who led it, before."""
    found = _company(request, company)
    return _page(request, Part(body, found, _("前の名前・代表者を書き加える"), _("書き加えました。")), FormerForm(request.POST or None),
                 lambda data: add_former(found, **data, by=request.actor))


def _company(request: StaffRequest, company: uuid.UUID) -> Company:
    return get_object_or_404(Company.objects.visible_to(request.actor).standing(), pk=company)


def _page(request: StaffRequest, part: Part, form: forms.Form, deed: Callable[[dict[str, Any]], object]) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                deed(form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, part.done % {"name": form.cleaned_data.get("name", "")})
            return redirect("desk-company", body=part.body, company=part.company.pk)
    page = {"form": form, "company": part.company, "title": part.title, "body": part.body}
    return render(request, "desk/companies/part.html", page, status=422 if form.errors else 200)
