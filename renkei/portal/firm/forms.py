"""What a signed-in person of a firm types."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Checks, JapaneseDateField, Options, PhoneField, TextField, YenField
from renkei.cases.actions.intake import MOST_CHARACTERS
from renkei.companies.models import CompanyRole
from renkei.plan.models import Municipality
from renkei.portal.status.forms import CLASSES

_ROLES = [
    (CompanyRole.MEMBER, _("担当（ご相談を扱います）")),
    (CompanyRole.ADMIN, _("管理者（同僚を招いたり、アカウントを終えたりもします）")),
]


class InviteForm(forms.Form):
    """A colleague to invite."""

    name = TextField(label=_("同僚のお名前"), required=False, max_length=100)
    email = TextField(label=_("メールアドレス"), max_length=254, error_messages={"required": _("招く方のメールアドレスを入れてください。")})
    role = forms.ChoiceField(label=_("役割"), widget=Options, choices=_ROLES, initial=CompanyRole.MEMBER,
                             error_messages={"required": _("役割を選んでください。")})


class EndForm(forms.Form):
    """Ending an account; the last one of a firm only by saying so."""

    knowing = forms.BooleanField(label=_("アカウントがなくなってもよい（メールのリンクは、これまでどおり使えます）"), required=False)


class NewForm(forms.Form):
    """A new consultation; who the firm is and how to reach it is known already (said once)."""

    text = TextField(
        label=_("どんなことでお困りですか"), rows=6, max_length=MOST_CHARACTERS,
        help_text=_("一文でも結構です。起きていることを、そのまま書いてください。"),
        error_messages={"required": _("お困りのことを、ひとことでよいので書いてください。")},
    )  # fmt: skip
    wish = TextField(label=_("どうなったらよいですか"), rows=2, required=False, max_length=1000)
    wanted_by = JapaneseDateField(label=_("いつまでに"), required=False, earliest_today=True)
    financial = TextField(
        label=_("お金のこと（予算、資金繰り）"), rows=2, required=False, max_length=2000,
        help_text=_("別にしまい、窓口と、見せてよいとお返事いただいた機関だけが読みます。"),
    )  # fmt: skip
    person_given = TextField(label=_("お名前"), max_length=100, error_messages={"required": _("お名前を入れてください。")})
    phone = PhoneField(label=_("電話番号"), required=False)
    email = TextField(label=_("メールアドレス"), required=False, max_length=254)
    standing = forms.MultipleChoiceField(
        label=_("窓口がお願いする機関に、そのつど聞かずに見せてよいもの"), required=False, widget=Checks, choices=CLASSES,
        help_text=_("印を付けないものは、見せる前に1つずつうかがいます。要約は、窓口が書き、見ていただきます。"),
    )  # fmt: skip
    key = forms.CharField(max_length=32, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Ask for one way to answer."""
        data = super().clean() or {}
        if not data.get("phone") and not data.get("email") and not self.errors.keys() & {"phone", "email"}:
            self.add_error("phone", _("お返事のため、電話番号かメールアドレスを入れてください。"))
        return data


class ProfileForm(forms.Form):
    """What the firm may say of itself. Name and corporate number identify it and are changed by the desk."""

    kana = TextField(label=_("フリガナ"), required=False, max_length=200, help_text=_("株式会社などを除いた読み"))
    representative_title = TextField(label=_("代表者の職名"), required=False, max_length=50)
    representative = TextField(label=_("代表者の氏名"), required=False, max_length=100)
    phone = PhoneField(label=_("電話番号"), required=False)
    email = TextField(label=_("メールアドレス"), required=False, max_length=254)
    postal_code = TextField(label=_("郵便番号"), required=False, max_length=20)
    municipality = forms.ChoiceField(label=_("市町村"), required=False)
    address = TextField(label=_("所在地"), required=False, max_length=300)
    estate = TextField(label=_("工業団地"), required=False, max_length=100)
    capital_yen = YenField(label=_("資本金"), required=False, help_text=_("例：3,000万円"))
    employees = forms.IntegerField(label=_("従業員数"), required=False, help_text=_("例：33"), widget=forms.TextInput,
                                   error_messages={"invalid": _("数字で入れてください。例：33")})
    founded_year = forms.IntegerField(label=_("創業年"), required=False, help_text=_("西暦。例：1998"), widget=forms.TextInput,
                                      error_messages={"invalid": _("数字で入れてください。例：1998")})
    jsic_name = TextField(label=_("業種"), required=False, max_length=100)
    products = TextField(label=_("主要製品"), rows=3, required=False, max_length=4000)
    strengths = TextField(label=_("強み・設備"), rows=4, required=False, max_length=4000)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [("", _("選んでいません")), *Municipality.objects.order_by("code").values_list("code", "name")]
        self.fields["municipality"].choices = places  # type: ignore[attr-defined]  # a choice field
