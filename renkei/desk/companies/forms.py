"""The profile of a firm (form A) and its people, as staff type them."""

from __future__ import annotations

import unicodedata
from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import PhoneField, Suggest, TextField, YenField
from renkei.base.refusal import Refused
from renkei.companies.actions import Profile, profile_mark
from renkei.companies.estates import known_estates, plan_estates
from renkei.companies.industries import class_of, classes, read_class, shown_class
from renkei.companies.models import Company
from renkei.plan.industry import industry_of
from renkei.plan.models import Municipality
from renkei.plan.queries import content_now


class NumberField(forms.IntegerField):
    """A count: 33, ３３ or 33名."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"invalid": _("数字で入れてください。例：33")})
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> int | None:
        """Read the count; unit words and commas are dropped."""
        plain = unicodedata.normalize("NFKC", str(value or "")).strip().rstrip("名人年").replace(",", "")
        return super().to_python(plain[:20])


class IndustryField(TextField):
    """A code of the classification of industries, chosen from its list by number or word: 27, or 27 業務用機械器具製造業."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=Suggest([shown_class(one.code) for one in classes()]), max_length=100, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the code."""
        return read_class(super().to_python(value))

    def prepare_value(self, value: Any) -> Any:
        """Show the name beside the code that is on record."""
        return shown_class(value) if isinstance(value, str) else value


class CompanyForm(forms.Form):
    """Form A. The action checks the numbers; its refusals stand beside their fields."""

    name = TextField(label=_("会社名"), max_length=200, help_text=_("登記のとおり。例：株式会社まぼろし計測"),
                     error_messages={"required": _("会社名を入れてください。")})
    kana = TextField(label=_("フリガナ"), required=False, max_length=200, help_text=_("株式会社などを除いた読み"))
    is_sole_proprietor = forms.BooleanField(label=_("個人事業主（法人番号がありません）"), required=False)
    corporate_number = TextField(label=_("法人番号"), required=False, max_length=20, help_text=_("13桁"))
    representative_title = TextField(label=_("代表者の職名"), required=False, max_length=50)
    representative = TextField(label=_("代表者の氏名"), required=False, max_length=100)
    phone = PhoneField(label=_("電話番号"), required=False)
    email = TextField(label=_("メールアドレス"), required=False, max_length=254)
    postal_code = TextField(label=_("郵便番号"), required=False, max_length=20)
    municipality = forms.ChoiceField(label=_("市町村"), required=False)
    address = TextField(label=_("所在地"), required=False, max_length=300)
    estate = TextField(label=_("工業団地"), required=False, max_length=100)
    capital_yen = YenField(label=_("資本金"), required=False, help_text=_("例：3,000万円"))
    employees = NumberField(label=_("従業員数"), required=False, help_text=_("例：33"))
    is_deemed_large = forms.NullBooleanField(label=_("みなし大企業（大企業の子会社など）"), required=False, widget=forms.Select(
        choices=[("", _("聞いていません")), ("true", _("はい")), ("false", _("いいえ"))]))
    founded_year = NumberField(label=_("創業年"), required=False, help_text=_("西暦。例：1998"))
    jsic_name = TextField(label=_("業種"), required=False, max_length=100)
    jsic_code = IndustryField(label=_("産業分類"), required=False, help_text=_("番号か業種の言葉を入れると、一覧から選べます。例：27、2731"))
    jsic_revision = TextField(label=_("産業分類の版"), required=False, max_length=10, help_text=_("例：H25"))
    products = TextField(label=_("主要製品"), rows=3, required=False, max_length=4000)
    strengths = TextField(label=_("強み・設備"), rows=4, required=False, max_length=4000)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    anyway = forms.BooleanField(required=False, label=_("似た会社とは別の会社です。このまま登録します"))

    def __init__(self, *args: Any, actor: Actor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["municipality"]
        if isinstance(field, forms.ChoiceField):
            field.choices = municipality_choices()
        self._offer_estates(actor)
        revisions = industry_of(content_now()).revisions
        if revisions:
            self.fields["jsic_revision"] = forms.ChoiceField(
                label=_("産業分類の版"), required=False, choices=self._revisions(revisions)
            )

    def _offer_estates(self, actor: Actor | None) -> None:
        """Let an estate be chosen from the plan's; where the plan names none, offer those that are on record."""
        kept = str(self.initial.get("estate") or "")
        if names := plan_estates():
            more = [kept] if kept and kept not in names else []
            choices = [("", _("選んでいません")), *((name, name) for name in [*names, *more])]
            self.fields["estate"] = forms.ChoiceField(label=_("工業団地"), required=False, choices=choices)
        elif actor is not None:
            self.fields["estate"].widget = Suggest(known_estates(actor))

    def clean(self) -> dict[str, Any]:
        """Name the industry by its code when nothing else was said (P3)."""
        data = super().clean() or {}
        found = class_of(data.get("jsic_code") or "")
        if found is not None and not data.get("jsic_name"):
            data["jsic_name"] = found.name
        return data

    def _revisions(self, known: tuple[tuple[str, str], ...]) -> list[tuple[str, Any]]:
        """Return the plan's revisions, and one that stands in the record but not in the plan."""
        kept = str(self.initial.get("jsic_revision") or "")
        more = [(kept, kept)] if kept and kept not in dict(known) else []
        return [("", _("選んでいません")), *known, *more]

    def profile(self) -> Profile:
        """Return what was typed as the action takes it."""
        return Profile(**{one.name: self.cleaned_data[one.name] for one in fields(Profile)})


class PersonForm(forms.Form):
    """Somebody of the firm whom bodies talk to."""

    name = TextField(label=_("お名前"), max_length=100, error_messages={"required": _("お名前を入れてください。")})
    kana = TextField(label=_("フリガナ"), required=False, max_length=100)
    title = TextField(label=_("役職"), required=False, max_length=100)
    phone = PhoneField(label=_("電話番号"), required=False)
    email = TextField(label=_("メールアドレス"), required=False, max_length=254)


def municipality_choices() -> list[tuple[str, Any]]:
    """Return the plan's municipalities to choose from, and none."""
    return [("", _("選んでいません")), *((one.pk, one.name) for one in Municipality.objects.all())]


def show_refusal(form: forms.Form, refusal: Refused) -> None:
    """Put a refusal beside its field, or above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


def first_values(company: Company) -> dict[str, Any]:
    """Return what is known of a firm as the form's first values (said once)."""
    values = {one.name: getattr(company, one.name, "") for one in fields(Profile) if one.name != "municipality"}
    return values | {"municipality": company.municipality_id or "", "corporate_number": company.corporate_number or "",
                     "seen": profile_mark(company),
                     "is_deemed_large": "" if company.is_deemed_large is None else str(company.is_deemed_large).lower()}


def others_saved(form: CompanyForm, company: Company) -> list[tuple[str, Any]]:
    """Return label and present value of each field in which the record now differs from what was typed."""
    now = first_values(company)
    places = dict(form.fields["municipality"].choices)  # type: ignore[attr-defined]  # a choice field
    now["municipality"] = places.get(now["municipality"], "")
    now["is_deemed_large"] = company.is_deemed_large
    typed = form.cleaned_data | {"municipality": places.get(form.cleaned_data["municipality"], "")}
    return [
        (str(form.fields[one.name].label), now[one.name]) for one in fields(Profile)
        if (now[one.name] or "") != (typed[one.name] or "")
    ]  # fmt: skip
