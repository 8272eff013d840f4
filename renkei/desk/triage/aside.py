"""The two ways out of triage without asking another body: not ours, or we serve it ourselves [C92]."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.forms import JapaneseDateField, Options, TextField
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import MOST_WORDS, close_case
from renkei.cases.actions.triage import keep_case
from renkei.cases.models import Case, Consultation
from renkei.cases.steps import NextStep, due
from renkei.desk.contacts import contact_choices, contacts, with_contact
from renkei.desk.request import StaffRequest
from renkei.desk.triage.views import find_case
from renkei.plan.queries import content_now

SPAM, NOT_OURS = "spam", "not_ours"
OUT_OF_TRIAGE = (NOT_OURS, SPAM, "other_way", "no_reply")


class AsideForm(forms.Form):
    """Close with a reason, and with an answer to the firm unless it is spam."""

    use_required_attribute = False

    reason = forms.ChoiceField(label=_("理由"), widget=Options, error_messages={"required": _("理由を選んでください。")})
    contact = forms.ChoiceField(label=_("案内する先"), required=False, help_text=_("選ぶと、会社への回答の終わりに名前と電話が入ります"))
    answer = TextField(label=_("会社への回答"), rows=5, required=False, max_length=2000,
                       help_text=_("このまま会社に届きます。いたずらのときは、書かなければ終えたことだけが届きます"))
    words = TextField(label=_("記録（中だけで読みます）"), rows=2, required=False, max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        content = content_now()
        reasons = [(one.code, one.name) for one in content.vocabulary("close_reasons") if one.code in OUT_OF_TRIAGE]
        _set(self, "reason", reasons)
        _set(self, "contact", contact_choices())

    @classmethod
    def sending_to(cls, code: str) -> AsideForm:
        """Return the form with an answer that sends the firm to a contact of the plan; empty when there is none of that code."""
        if code not in contacts():
            return cls()
        answer = written("ご相談ありがとうございます。この窓口ではお手伝いできない内容のため、担当の窓口をご案内します。")
        return cls(initial={"reason": NOT_OURS, "contact": code, "answer": answer})

    def clean(self) -> dict[str, Any]:
        """Ask for an answer to the firm: nothing ends without a message."""
        data = super().clean() or {}
        if data.get("reason") and data["reason"] != SPAM and not self.answer_text(data):
            self.add_error("answer", _("会社に何と答えるかを書くか、案内する先を選んでください。"))
        return data

    def answer_text(self, data: dict[str, Any]) -> str:
        """Return what the firm is told."""
        return with_contact(data.get("answer", ""), data.get("contact", ""))


class KeepForm(forms.Form):
    """What happens next when the body serves it itself."""

    use_required_attribute = False

    what = TextField(label=_("次の一手"), max_length=200, help_text=_("例：会社に電話し、試料の大きさを聞く"),
                     error_messages={"required": _("次にすることを、ひとことで書いてください。")})
    on = JapaneseDateField(label=_("いつまで"), earliest_today=True,
                           error_messages={"required": _("日を入れてください。")})


def set_aside(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Close what is not ours, with an answer."""
    found = find_case(request, case)
    form = AsideForm(request.POST) if request.POST else AsideForm.sending_to(request.GET.get("contact", ""))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        answer = form.answer_text(data)
        if _done(form, lambda: close_case(found, by=request.actor, reason=data["reason"], words=data["words"] or
                                          answer[:MOST_WORDS] or str(_("振り分けの対象外")), answer_to_company=answer)):
            messages.success(request, _("対象外として終えました。会社には回答が届きます。") if answer else _("対象外として終えました。"))
            return redirect("desk-inbox", body=body)
    return _page(request, form, found, "desk/triage/aside.html")


def keep(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Serve it oneself."""
    found = find_case(request, case)
    form = KeepForm(request.POST or None, initial={"on": due("first_answer")})
    if request.method == "POST" and form.is_valid():
        step = NextStep(what=form.cleaned_data["what"], on=form.cleaned_data["on"] or clock.today(), body=found.holder_id,
                        person=request.actor.person)
        if _done(form, lambda: keep_case(found, by=request.actor, next_step=step)):
            messages.success(request, _("この機関で対応します。"))
            return redirect("desk-case", body=body, case=case)
    return _page(request, form, found, "desk/triage/keep.html")


def _done(form: forms.Form, act: Any) -> bool:
    try:
        with transaction.atomic():
            act()
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return False
    return True


def _page(request: StaffRequest, form: forms.Form, case: Case, template: str) -> HttpResponse:
    said = Consultation.objects.visible_to(request.actor).filter(case=case)
    return render(request, template, {"form": form, "case": case, "said": said}, status=422 if form.errors else 200)


def _set(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
