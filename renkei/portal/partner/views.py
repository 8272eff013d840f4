"""What a researcher or an outside partner reads of a case, and writes back. Each reading is told to the firm."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.forms import TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.openings import accept_terms, read_opening, send_partner_file, write_note
from renkei.cases.models import Attachment, Case, Opening, PartnerFile, PartnerNote, Passage
from renkei.cases.queries.files import open_file
from renkei.portal.status.words import class_words
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose


class TermsForm(forms.Form):
    """The terms, accepted before anything is shown."""

    agree = forms.BooleanField(label=gettext_lazy("上の約束を守ります"),
                               error_messages={"required": gettext_lazy("読むには、約束に印を付けてください。")})


class NoteForm(forms.Form):
    """A message to the body that opened the case."""

    text = TextField(label=gettext_lazy("伝えること"), rows=4, max_length=4000,
                     error_messages={"required": gettext_lazy("伝えたいことを書いてください。")})


def partner(request: LinkRequest, token: str) -> HttpResponse:
    """Show the terms first, then what was opened; every showing is written down before it is rendered."""
    opening = _opening(request)
    form = TermsForm(request.POST if request.method == "POST" else None)
    if opening.accepted_at is None:
        if request.method == "POST" and form.is_valid():
            accept_terms(opening, by=request.actor)
            return redirect("portal-partner", token=token)
        return render(request, "portal/partner/terms.html", {"opening": opening, "form": form})
    return render(request, "portal/partner/partner.html", _page(request, opening, token))


@require_POST
def write(request: LinkRequest, token: str) -> HttpResponse:
    """Write to the body that opened the case."""
    opening, form = _opening(request), NoteForm(request.POST)
    if form.is_valid():
        try:
            write_note(opening, text=form.cleaned_data["text"], by=request.actor)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("%(body)sに伝えました。") % {"body": opening.body.name})
            return redirect("portal-partner", token=token)
    return render(request, "portal/partner/partner.html", _page(request, opening, token) | {"form": form})


@require_safe
def get_file(request: LinkRequest, token: str, file: uuid.UUID) -> HttpResponseBase:
    """Give an opened file, as a download."""
    del token
    opening = _opening(request)
    found = get_object_or_404(Attachment.objects.visible_to(request.actor), pk=file)
    read_opening(opening, by=request.actor, classes=[found.klass])
    opened = open_file(found).open("rb")  # closed by the response
    return FileResponse(opened, as_attachment=True, filename=found.name, content_type=found.media_type)


@require_POST
def send(request: LinkRequest, token: str) -> HttpResponse:
    """Send a file to the body that opened the case."""
    opening, upload = _opening(request), request.FILES.get("file")
    error = _("ファイルを選んでから、「送る」を押してください。")
    if upload is not None:
        try:
            send_partner_file(opening, name=upload.name or "", data=upload.read(), by=request.actor)
        except Refused as refusal:
            error = refusal.message
        else:
            messages.success(request, _("%(body)sにファイルを送りました。") % {"body": opening.body.name})
            return redirect(f"{reverse('portal-partner', kwargs={'token': token})}#h-notes")
    if opening.accepted_at is None:
        return redirect("portal-partner", token=token)
    return render(request, "portal/partner/partner.html", _page(request, opening, token) | {"file_error": error})


@require_safe
def get_sent(request: LinkRequest, token: str, sent: uuid.UUID) -> HttpResponseBase:
    """Give back a file that went between the partner and the body."""
    del token
    opening = _opening(request)
    found = get_object_or_404(PartnerFile.objects.visible_to(request.actor).filter(opening=opening), pk=sent)
    opened = open_file(found).open("rb")  # closed by the response
    return FileResponse(opened, as_attachment=True, filename=found.name, content_type=found.media_type)


def _opening(request: LinkRequest) -> Opening:
    require_purpose(request, LinkPurpose.PARTNER)
    found = Opening.objects.visible_to(request.actor).live().select_related("body")
    return get_object_or_404(found, pk=request.link.subject)


def _page(request: LinkRequest, opening: Opening, token: str) -> dict[str, Any]:
    case = get_object_or_404(Case.objects.visible_to(request.actor), pk=opening.case_id)
    read_opening(opening, by=request.actor)
    return {
        "opening": opening, "case": case, "token": token, "form": NoteForm(), "classes": class_words(opening.classes),
        "passages": Passage.objects.visible_to(request.actor).filter(case=case).select_related("author_body"),
        "files": Attachment.objects.visible_to(request.actor).filter(case=case),
        "sent": PartnerFile.objects.visible_to(request.actor).filter(opening=opening),
        "notes": PartnerNote.objects.visible_to(request.actor).filter(opening=opening),
    }  # fmt: skip
