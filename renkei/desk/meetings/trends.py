"""Notes on business trends: tell, correct, take back, take the client out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base.forms import JapaneseDateField, Options, Refusing, TextField
from renkei.base.refusal import Refused
from renkei.desk.cases.acts.act import choice
from renkei.desk.request import StaffRequest
from renkei.meetings.actions.trends import correct_trend, end_trend_consent, take_back_trend, tell_trend
from renkei.meetings.models import Basis, Meeting, TrendNote
from renkei.meetings.trends import without_client


class TrendForm(Refusing):
    """What a body tells of business trends, and on what ground."""

    text = TextField(label=gettext_lazy("企業動向"), rows=6, max_length=2000, error_messages={"required": gettext_lazy("企業動向を書いてください。")})
    basis = choice(gettext_lazy("書き方"), Basis.choices, widget=Options, initial=Basis.ANONYMOUS)
    client = TextField(label=gettext_lazy("取引先（同意があるとき）"), max_length=200, required=False)
    consent_on = JapaneseDateField(label=gettext_lazy("同意の日（同意があるとき）"), required=False)


class BackForm(Refusing):
    """Why a note is taken back."""

    reason = TextField(label=gettext_lazy("取り下げる理由"), rows=3, max_length=400, help_text=gettext_lazy("理由は、会議の日から各機関にも見えます。"),
                       error_messages={"required": gettext_lazy("取り下げる理由を書いてください。")})  # fmt: skip


class NamelessForm(Refusing):
    """A note without its client."""

    text = TextField(label=gettext_lazy("取引先が分からないように書いた企業動向"), rows=6, max_length=2000,
                     error_messages={"required": gettext_lazy("企業動向を書いてください。")})  # fmt: skip


def tell(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Tell a meeting of business trends."""
    found = _found(request, meeting)
    form = TrendForm(request.POST if request.method == "POST" else None)
    return _take(request, form, lambda: tell_trend(found, by=request.actor, **form.cleaned_data), _("企業動向を伝えました。"), body=body, meeting=found,
                 heading=_("企業動向を伝える"), about=_("会議の日から、各機関がこの会議の画面だけで読めます。案件には写りません。"))  # fmt: skip


def correct(request: StaffRequest, body: str, meeting: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    """Correct what one's body told."""
    found, one = _own(request, meeting, note)
    form = TrendForm(request.POST if request.method == "POST" else None,
                     initial={"text": one.text, "basis": one.basis, "client": one.client, "consent_on": one.consent_on})  # fmt: skip
    return _take(request, form, lambda: correct_trend(one, by=request.actor, **form.cleaned_data), _("企業動向を直しました。"), body=body, meeting=found,
                 heading=_("企業動向を直す"), about=_("前の文も、直す前の文として残ります。前の文を見せたくないときは、取り下げてください。"))  # fmt: skip


def take_back(request: StaffRequest, body: str, meeting: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    """Take back what one's body told."""
    found, one = _own(request, meeting, note)
    form = BackForm(request.POST if request.method == "POST" else None)
    return _take(request, form, lambda: take_back_trend(one, by=request.actor, **form.cleaned_data), _("企業動向を取り下げました。ほかの機関には、もう見えません。"), body=body,
                 meeting=found, heading=_("企業動向を取り下げる"), about=_("直す前の文も含めて、ほかの機関には見えなくなります。元には戻せません。"))  # fmt: skip


def end_consent(request: StaffRequest, body: str, meeting: uuid.UUID, note: uuid.UUID) -> HttpResponse:
    """Write down that a client's consent has ended."""
    found, one = _own(request, meeting, note)
    form = NamelessForm(request.POST if request.method == "POST" else None, initial={"text": without_client(one, request.actor)})
    about = _("取引先の名前が出ている文は、この機関も含めて、だれにも見えなくなります。下の文だけが残ります。何も残さないときは、取り下げてください。")
    return _take(request, form, lambda: end_trend_consent(one, by=request.actor, **form.cleaned_data), _("取引先の名前を消しました。"), body=body, meeting=found,
                 heading=_("取引先の同意が取り消された"), about=about, button=_("名前を消す"))  # fmt: skip


def _take(request: StaffRequest, form: Refusing, run: Callable[[], Any], said: str, **page: Any) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            run()
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect("desk-meeting", body=page["body"], meeting=page["meeting"].pk)
    return render(request, "desk/meetings/form.html", {"button": page["heading"], **page, "form": form}, status=422 if form.errors else 200)


def _found(request: StaffRequest, meeting: uuid.UUID) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(request.actor).select_related("host"), pk=meeting)


def _own(request: StaffRequest, meeting: uuid.UUID, note: uuid.UUID) -> tuple[Meeting, TrendNote]:
    found = _found(request, meeting)
    own = TrendNote.objects.visible_to(request.actor).filter(meeting=found, body=request.actor.body)
    return found, get_object_or_404(own.select_related("meeting"), pk=note)
