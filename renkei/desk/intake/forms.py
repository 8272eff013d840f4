"""What is typed while the caller talks. One sentence is enough; everything else can be filled in later."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, JapaneseMomentField, PhoneField, Seg, TextField
from renkei.cases.actions.intake import MOST_CHARACTERS
from renkei.cases.states import DisclosureClass
from renkei.companies.models import Company, CompanyPerson
from renkei.desk.contacts import contact_choices, with_contact
from renkei.desk.intake.fields import MomentField
from renkei.plan.models import Body
from renkei.plan.queries import content_now, is_front_desk

BACK, ROUTE, KEEP, ANSWERED, NOT_OURS = "back", "route", "keep", "answered", "not_ours"


def after_choices(body: str) -> list[tuple[str, Any]]:
    """Return what can happen after the call; a body that is not the desk may keep it or send it to the desk [C92]."""
    ends = [(ANSWERED, _("この場で答えた")), (NOT_OURS, _("担当の外と伝えた"))]
    if is_front_desk(body):
        return [(BACK, _("折り返す")), (ROUTE, _("振り分けに回す")), *ends]
    return [(KEEP, _("この機関で対応する")), (ROUTE, _("窓口に回す")), (BACK, _("折り返す")), *ends]


class CallForm(forms.Form):
    """A call. ``company`` is a firm's id, empty for a firm that is not registered."""

    text = TextField(label=_("話の内容"), rows=7, max_length=MOST_CHARACTERS, help_text=_("一文で保存できます"),
                     error_messages={"required": _("話の内容が空です。ひとことでよいので書いてください。")})
    find = TextField(label=_("会社"), required=False, help_text=_("読みの三文字か、電話番号の数字"),
                     widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}))
    company = forms.CharField(required=False, widget=forms.HiddenInput)
    company_given = TextField(label=_("会社名（登録のない会社）"), required=False, max_length=200,
                              help_text=_("聞き取れなければ空のままで保存できます"))
    person = forms.CharField(label=_("相手"), required=False, widget=forms.HiddenInput)
    person_given = TextField(label=_("お名前"), required=False, max_length=100)
    phone = PhoneField(label=_("折返し先の電話番号"), required=False, help_text=_("登録の番号と違うときだけ直す"))
    channel = forms.ChoiceField(label=_("手段"), required=False, widget=Seg)
    heard = JapaneseMomentField(label=_("聞いた日時"), required=False, help_text=_("あとから書くときだけ。例：昨日 15時"))
    after = forms.ChoiceField(label=_("このあと"), widget=Seg)
    back_at = MomentField(label=_("折り返す日時"), required=False, help_text=_("例：今日 15時、明日 午前"))
    answer = TextField(label=_("答えたこと"), rows=3, required=False, max_length=2000,
                       help_text=_("会社に伝えた言葉。記録と、会社への知らせに使います"))
    contact = forms.ChoiceField(label=_("案内する先"), required=False, help_text=_("選ぶと、答えの終わりに名前と電話が入ります"))
    wanted_by = JapaneseDateField(label=_("急ぎの日"), required=False, earliest_today=True)
    reach_me = TextField(label=_("連絡のつく時間"), required=False, max_length=200, help_text=_("例：昼休み、夕方の携帯"))
    email = forms.EmailField(label=_("メールアドレス"), required=False, help_text=_("聞ければ、受付番号をお知らせします"),
                             error_messages={"invalid": _("メールアドレスの形が違います。もう一度お確かめください。")})
    share_classes = forms.MultipleChoiceField(
        label=_("見せてよいと言われたもの（口頭の同意）"), required=False, widget=Checks, choices=DisclosureClass.choices
    )
    share_with = forms.MultipleChoiceField(
        label=_("見せてよい機関"), required=False, widget=Checks, help_text=_("選ばなければ、窓口が選ぶ機関すべて")
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        choices = after_choices(str(actor.body))
        _choices(self, "after").choices = choices
        _choices(self, "channel").choices = [(t.code, t.name) for t in content_now().vocabulary("channels") if t.code != "web"]
        _choices(self, "share_with").choices = [
            (one.pk, one.short) for one in Body.objects.filter(closed_on__isnull=True).exclude(pk=actor.body)
        ]
        _choices(self, "contact").choices = contact_choices()
        self.fields["after"].initial = choices[0][0]
        self.fields["channel"].initial = "phone"

    def clean_key(self) -> str:
        """Return the key that makes a second click harmless; other words on the same page are another call."""
        return str(uuid.uuid5(self.cleaned_data.get("key") or uuid.uuid4(), self.cleaned_data.get("text", "")))

    def clean_company(self) -> Company | None:
        """Return the chosen firm, if the actor may see it."""
        return chosen_company(self.cleaned_data.get("company", ""), self.actor)

    def clean(self) -> dict[str, Any]:
        """Ask for a number when somebody must be called back, and for the answer when one was given."""
        data = super().clean() or {}
        company = data.get("company")
        person = people_of(company).filter(pk=data["person"]).first() if company and is_uuid(data.get("person")) else None
        data["person"] = person
        known = (person.phone if person else "") or (company.phone if company else "")
        if not data.get("phone") and "phone" not in self.errors:
            data["phone"] = known
        if data.get("after") == BACK and not data.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("折り返す番号がありません。聞いた番号を入れてください。"))
        if data.get("after") == NOT_OURS and "answer" not in self.errors:
            data["answer"] = with_contact(data.get("answer", ""), data.get("contact", ""))
        if data.get("after") in {ANSWERED, NOT_OURS} and not data.get("answer") and "answer" not in self.errors:
            self.add_error("answer", _("何と答えたかを、ひとことで書いてください。"))
        return data


class BackForm(forms.Form):
    """After calling a firm back: one tap records it."""

    text = TextField(label=_("話したこと"), rows=4, required=False, max_length=4000, help_text=_("ひとことで記録できます"))
    next_step = TextField(label=_("次にすること"), required=False, max_length=200)
    next_at = MomentField(label=_("いつ"), required=False, help_text=_("例：明日、11月27日 10時"))


def chosen_company(value: str, actor: Actor) -> Company | None:
    """Return the firm with that id, if the actor may see it."""
    if not is_uuid(value):
        return None
    return Company.objects.visible_to(actor).standing().select_related("municipality").filter(pk=value).first()


def people_of(company: Company) -> Any:
    """Return the firm's people who are still there."""
    return CompanyPerson.objects.filter(company=company, left_on__isnull=True)


def is_uuid(value: Any) -> bool:
    """Tell whether a typed value can be an id at all."""
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def _choices(form: forms.Form, name: str) -> forms.ChoiceField:
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(name)
    return field
