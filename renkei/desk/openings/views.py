"""Hand a case part to a researcher, or propose an outside partner to the firm; who has it, what they wrote."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.forms import Checks, JapaneseDateField, Options, TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.openings import open_to, send_partner_file, shut, write_note
from renkei.cases.actions.reading import read_case
from renkei.cases.models import Case, Opening, OpeningKind, PartnerFile, PartnerNote
from renkei.cases.queries.files import open_file
from renkei.cases.states import DisclosureClass
from renkei.desk.request import StaffRequest


class OpeningForm(forms.Form):
    """A person by name, and what they may read."""

    kind = forms.ChoiceField(
        label=gettext_lazy("だれに開きますか"), widget=Options,
        choices=[(OpeningKind.INSIDE, gettext_lazy("この機関の研究者・職員に渡す（会社がこの機関に見せてよいと言った範囲）")),
                 (OpeningKind.OUTSIDE, gettext_lazy("機関の外の相手を提案する（会社にお名前を伝えて聞く）"))],
        error_messages={"required": gettext_lazy("どちらかを選んでください。")},
    )  # fmt: skip
    name = TextField(label=gettext_lazy("相手のお名前"), max_length=100, error_messages={"required": gettext_lazy("お名前を入れてください。")})
    organisation = TextField(label=gettext_lazy("所属"), max_length=200, error_messages={"required": gettext_lazy("所属を入れてください。")})
    email = TextField(label=gettext_lazy("メールアドレス"), max_length=254, error_messages={"required": gettext_lazy("メールアドレスを入れてください。")})
    classes = forms.MultipleChoiceField(label=gettext_lazy("見せるもの"), widget=Checks, choices=DisclosureClass.choices,
                                        error_messages={"required": gettext_lazy("見せるものに印を付けてください。")})
    purpose = TextField(label=gettext_lazy("使いみち"), max_length=200, required=False, help_text=gettext_lazy("会社と相手の両方が読みます。"))
    until = JapaneseDateField(label=gettext_lazy("いつまで"), required=False, earliest_today=True)


def openings(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """List whom the case was opened to, and open it to another person; the address may say of which kind (``?kind=outside``)."""
    found = _case(request, case)
    start = {"classes": [DisclosureClass.SUMMARY], "kind": request.GET.get("kind", "")}
    form = OpeningForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            made = open_to(found, by=request.actor, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            words = _("%(name)sさんにメールを送りました。") if made.given_at else _("会社に、%(name)sさんに見せてよいかを聞いています。")
            messages.success(request, words % {"name": made.name})
            return redirect("desk-openings", body=body, case=case)
    page = {"case": found, "body": body, "form": form, "wrong": None} | _rows(request, found)
    return render(request, "desk/openings/openings.html", page, status=422 if form.errors else 200)


@require_POST
def shut_out(request: StaffRequest, body: str, case: uuid.UUID, opening: uuid.UUID) -> HttpResponse:
    """Shut it again."""
    shut(_opening(request, case, opening), by=request.actor)
    messages.success(request, _("閉じました。次に開くときから読めません。"))
    return redirect("desk-openings", body=body, case=case)


@require_POST
def write(request: StaffRequest, body: str, case: uuid.UUID, opening: uuid.UUID) -> HttpResponse:
    """Write back to the person; what cannot be sent stays where it was typed, with the reason."""
    found = _opening(request, case, opening)
    try:
        write_note(found, text=request.POST.get("text", ""), by=request.actor)
    except Refused as refusal:
        form = OpeningForm(initial={"classes": [DisclosureClass.SUMMARY]})
        wrong = {"opening": found.pk, "message": refusal.message, "text": request.POST.get("text", "")}
        page = {"case": found.case, "body": body, "form": form, "wrong": wrong} | _rows(request, found.case)
        return render(request, "desk/openings/openings.html", page, status=422)
    messages.success(request, _("伝えました。"))
    return redirect("desk-openings", body=body, case=case)


@require_POST
def send(request: StaffRequest, body: str, case: uuid.UUID, opening: uuid.UUID) -> HttpResponse:
    """Send the person a file."""
    found, upload = _opening(request, case, opening), request.FILES.get("file")
    if upload is None:
        messages.error(request, _("ファイルを選んでから、「送る」を押してください。"))
    else:
        try:
            send_partner_file(found, name=upload.name or "", data=upload.read(), by=request.actor)
        except Refused as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("ファイルを送りました。"))
    return redirect("desk-openings", body=body, case=case)


@require_safe
def get_sent(request: StaffRequest, body: str, case: uuid.UUID, opening: uuid.UUID, sent: uuid.UUID) -> HttpResponseBase:
    """Give a file that went between the person and the body, as a download; the reading goes on record."""
    del body
    found = _opening(request, case, opening)
    one = get_object_or_404(PartnerFile.objects.visible_to(request.actor).filter(opening=found), pk=sent)
    read_case(found.case, one, by=request.actor, classes=found.classes)
    opened = open_file(one).open("rb")  # closed by the response
    return FileResponse(opened, as_attachment=True, filename=one.name, content_type="application/octet-stream")


def _case(request: StaffRequest, case: uuid.UUID) -> Case:
    return get_object_or_404(Case.objects.visible_to(request.actor), pk=case)


def _opening(request: StaffRequest, case: uuid.UUID, opening: uuid.UUID) -> Opening:
    seen = Opening.objects.visible_to(request.actor).filter(case=_case(request, case)).select_related("body", "case")
    return get_object_or_404(seen, pk=opening)


def _rows(request: StaffRequest, case: Case) -> dict[str, Any]:
    rows = list(Opening.objects.visible_to(request.actor).filter(case=case).select_related("body", "asked_by"))
    notes = list(PartnerNote.objects.visible_to(request.actor).filter(opening__in=rows))
    files = list(PartnerFile.objects.visible_to(request.actor).filter(opening__in=rows))
    return {"rows": [{"opening": one, "files": [file for file in files if file.opening_id == one.pk], "notes": [note for note in notes if note.opening_id == one.pk],
                      "classes": "・".join(str(DisclosureClass(k).label) for k in one.classes)} for one in rows]}
