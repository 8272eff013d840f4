"""What a body is asked without a name: the words, and its answer. Nothing here leads to a case or a firm [C46]."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base.actor import Actor
from renkei.base.forms import Options, Seg, TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.candidates import Named, know_nobody, name_somebody
from renkei.cases.actions.inquiries import ask_about, show_interest, show_no_interest
from renkei.cases.models import Asked, Candidate, Inquiry, InquiryAnswer
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now

NEEDS = {"interested": "offer", "no": "reason", "question": "question", "knows": "organisation1"}
PLAIN = (InquiryAnswer.INTERESTED, InquiryAnswer.NOT_INTERESTED, InquiryAnswer.QUESTION)
CALL = (InquiryAnswer.INTERESTED, InquiryAnswer.KNOWS, InquiryAnswer.NOBODY, InquiryAnswer.QUESTION)
PLACES = (1, 2, 3)
DONE = {
    "interested": gettext_lazy("関心があることを伝えました。会社が同意すると、依頼として届きます。"),
    "no": gettext_lazy("関心がないことを伝えました。"),
    "knows": gettext_lazy("心当たりを伝えました。ありがとうございました。"), "nobody": gettext_lazy("心当たりがないことを伝えました。"),
    "question": gettext_lazy("質問を送りました。名を伏せたまま答えが届きます。"),
}


class InquiryForm(forms.Form):
    """Interest with what it is, no with why, or a question; what was typed for another answer stays."""

    use_required_attribute = False

    answer = forms.ChoiceField(
        label=gettext_lazy("どう答えますか"), widget=Seg,
        error_messages={"required": gettext_lazy("答えを1つ選んでください。"), "invalid_choice": gettext_lazy("答えを1つ選んでください。")},
    )  # fmt: skip
    offer = TextField(
        label=gettext_lazy("何ができそうですか"), rows=4, max_length=1000, required=False,
        help_text=gettext_lazy("会社がこの文を読んで、貴機関に知らせるかを決めます。"),
    )  # fmt: skip
    who = TextField(label=gettext_lazy("だれが"), max_length=100, required=False)
    conditions = TextField(label=gettext_lazy("条件"), rows=2, max_length=500, required=False)
    reason = forms.ChoiceField(
        label=gettext_lazy("関心がない理由"), widget=Options, required=False,
        error_messages={"invalid_choice": gettext_lazy("理由を1つ選んでください。")},
    )  # fmt: skip
    question = TextField(label=gettext_lazy("聞きたいこと"), rows=3, max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = [(term.code, term.name) for term in content_now().vocabulary("decline_reasons")]
        self.fields["reason"].choices = reasons  # type: ignore[attr-defined]  # a choice field
        self.fields["answer"].choices = [(one.value, one.label) for one in PLAIN]  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        """Each answer needs its words."""
        data = super().clean() or {}
        sentences = {"offer": _("何ができそうかを、ひとことで書いてください。"), "reason": _("理由を1つ選んでください。"),
                     "question": _("聞きたいことを書いてください。"),
                     "organisation1": _("心当たりの人か所を、1つは書いてください。")}  # fmt: skip
        needed = NEEDS.get(data.get("answer", ""))
        if needed and not data.get(needed) and needed not in self.errors:
            self.add_error(needed, sentences[needed])
        return data


class CallForm(InquiryForm):
    """An answer to a call: we can, we know somebody, nobody, a question [C94]."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer"].choices = [(one.value, one.label) for one in CALL]  # type: ignore[attr-defined]  # a choice field
        del self.fields["reason"]
        for place in PLACES:
            self.fields[f"organisation{place}"] = TextField(label=_("どこの（所属）"), max_length=200, required=False)
            self.fields[f"name{place}"] = TextField(label=_("お名前"), max_length=100, required=False)
            self.fields[f"contact{place}"] = TextField(label=_("連絡先"), max_length=200, required=False, help_text=_("電話かメール。ご本人に断ってから書いてください。"))
            self.fields[f"note{place}"] = TextField(label=_("どんな人・所か"), max_length=400, required=False)

    def named(self) -> list[Named]:
        """Return whom the body named: the places in which anything was typed."""
        typed = [Named(*(self.cleaned_data.get(f"{field}{place}", "") for field in ("organisation", "name", "contact", "note"))) for place in PLACES]
        return [one for one in typed if one != Named("")]

    @property
    def places(self) -> list[list[forms.BoundField]]:
        """Return the fields of each place, for the page."""
        return [[self[f"{field}{place}"] for field in ("organisation", "name", "contact", "note")] for place in PLACES]


def inquiries_of(actor: Actor) -> list[Asked]:
    """Return what the actor's body is asked now, by the day of the answer; never in the order in which it came."""
    return list(Asked.objects.waiting_at(actor).select_related("inquiry", "inquiry__stage").order_by("inquiry__due_on", "inquiry__title", "pk"))


def inquiry(request: StaffRequest, body: str, inquiry: uuid.UUID) -> HttpResponse:
    """Show one inquiry without a name and take the answer. One that is over is not found."""
    open_ones = Inquiry.objects.visible_to(request.actor).open()
    own = Asked.objects.visible_to(request.actor).filter(body_id=request.actor.body, inquiry__in=open_ones)
    found = get_object_or_404(own.select_related("inquiry", "inquiry__stage", "answered_by"), pk=inquiry)
    can_answer = found.answer in {"", InquiryAnswer.QUESTION}
    form_class = CallForm if found.inquiry.asks_around else InquiryForm
    form = form_class(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _answer(found, form, request.actor)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, DONE[form.cleaned_data["answer"]])
            return redirect("desk-requests", body=body)
    reason = content_now().word("decline_reasons", found.reason) if found.reason else ""
    page = {"asked": found, "inquiry": found.inquiry, "form": form, "can_answer": can_answer, "reason": reason, "body": body,
            "named": list(Candidate.objects.visible_to(request.actor).filter(asked=found))}  # fmt: skip
    return render(request, "desk/answers/inquiry.html", page)


def _answer(asked: Asked, form: InquiryForm, by: Actor) -> None:
    data = form.cleaned_data
    if isinstance(form, CallForm) and data["answer"] == InquiryAnswer.KNOWS:
        name_somebody(asked, form.named(), by=by)
    elif data["answer"] == InquiryAnswer.NOBODY:
        know_nobody(asked, by=by)
    elif data["answer"] == InquiryAnswer.INTERESTED:
        show_interest(asked, by=by, offer=data["offer"], who=data["who"], conditions=data["conditions"])
    elif data["answer"] == InquiryAnswer.NOT_INTERESTED:
        show_no_interest(asked, by=by, reason=data["reason"])
    else:
        ask_about(asked, by=by, question=data["question"])
