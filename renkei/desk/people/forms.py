"""Forms about the people of a body."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from renkei.accounts.actions.members import Place
from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.forms import JapaneseDateField, Options, TextField
from renkei.plan.queries import content_now


def role_choices(held: str = "") -> list[tuple[str, str]]:
    """Return the roles and posts of the running plan; a role held under an older plan stays choosable."""
    content = content_now()
    words = [(term.code, term.name) for name in ("roles", "posts") for term in content.vocabulary(name)]
    return words if not held or held in dict(words) else [(held, held), *words]


class InviteForm(forms.Form):
    """Whom to invite, as what, from when."""

    use_required_attribute = False

    email = forms.EmailField(
        label=_("メールアドレス"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("ここを書いてください。"), "invalid": _("メールアドレスの形になっていません。例：name@example.jp")},
        help_text=_("本人だけが読めるアドレスにしてください。招待のリンクがここに届きます。"),
    )  # fmt: skip
    name = TextField(label=_("氏名"), max_length=100)
    role = forms.ChoiceField(label=_("役割"), widget=Options, error_messages={"required": _("1つ選んでください。"),
                             "invalid_choice": _("一覧にないものです。選び直してください。")})  # fmt: skip
    title = TextField(label=_("肩書"), max_length=100, required=False)
    since = JapaneseDateField(label=_("着任日"), error_messages={"required": _("日を入れてください。")})
    is_admin = forms.BooleanField(label=_("機関の管理者にする（人を招き、離任を記録できます）"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _fill(self, role_choices())
        self.fields["since"].initial = clock.today()

    def place(self) -> Place:
        """Return what the person becomes."""
        return Place(self.cleaned_data["role"], self.cleaned_data["title"])


class MemberForm(forms.Form):
    """What a member is in the body."""

    use_required_attribute = False

    role = forms.ChoiceField(label=_("役割"), widget=Options, error_messages={"required": _("1つ選んでください。"),
                             "invalid_choice": _("一覧にないものです。選び直してください。")})  # fmt: skip
    title = TextField(label=_("肩書"), max_length=100, required=False)
    specialities = TextField(label=_("得意分野"), max_length=400, required=False, help_text=_("「、」で区切って書いてください。"))

    team = TextField(label=_("課・チーム"), max_length=60, required=False, help_text=_(
        "同じ名前を書いた人たちで1つのチームです。届いた依頼を、人を決めずにチームに渡せます。"))

    def __init__(self, data: QueryDict | None, *, member: Membership) -> None:
        first = {"role": member.role, "title": member.title, "team": member.team, "specialities": "、".join(member.specialities)}
        super().__init__(data, initial=first)
        _fill(self, role_choices(member.role))

    def place(self) -> Place:
        """Return what the member becomes."""
        data = self.cleaned_data
        return Place(data["role"], data["title"], tuple(re.split(r"[、,，\n]+", data["specialities"])), data["team"])


def _fill(form: forms.Form, choices: list[tuple[str, str]]) -> None:
    field = form.fields["role"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
    field.choices = choices
