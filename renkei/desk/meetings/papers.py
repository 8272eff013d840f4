"""Papers of a meeting: agenda, minutes and the bundle to take away; materials with their versions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from renkei.base.forms import Refusing
from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.documents.sending import sent_file
from renkei.documents.store import path_of
from renkei.meetings.actions.materials import add_material, replace_material
from renkei.meetings.models import AgendaItem, Material, Meeting, Minutes
from renkei.meetings.papers import agenda_docx, as_pdf, bundle_pdf, minutes_docx
from renkei.meetings.rules import runs_meeting, writes_item
from renkei.meetings.telling import meeting_name

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


class MaterialForm(Refusing):
    """A file."""

    file = forms.FileField(
        label=gettext_lazy("ファイル"),
        error_messages={
            "required": gettext_lazy("ファイルを選んでください。"), "empty": gettext_lazy("中身のないファイルです。別のファイルを選んでください。"),
            "invalid": gettext_lazy("ファイルを受け取れませんでした。選び直してください。"), "missing": gettext_lazy("ファイルを受け取れませんでした。選び直してください。"),
        },
    )  # fmt: skip

    def given(self) -> dict[str, Any]:
        """Return name and bytes of what was sent."""
        sent = cast("UploadedFile[Any]", self.cleaned_data["file"])
        return {"name": sent.name or "", "data": sent.read()}


@require_safe
def agenda(request: StaffRequest, body: str, meeting: uuid.UUID, form: str) -> HttpResponse:
    """Give the agenda as docx or PDF, or the bundle with all materials as one PDF."""
    found = _found(request, meeting)
    name = meeting_name(found)
    made: dict[str, Callable[[], bytes]] = {
        "docx": lambda: agenda_docx(found, request.actor), "pdf": lambda: as_pdf(agenda_docx(found, request.actor), f"{name}　次第"),
        "bundle": lambda: bundle_pdf(found, request.actor),
    }  # fmt: skip
    if form not in made:
        raise Http404
    try:
        data = made[form]()
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-meeting", body=body, meeting=found.pk)
    return sent_file(data, f"{name}_{'資料一式' if form == 'bundle' else '次第'}.{'docx' if form == 'docx' else 'pdf'}")


@require_safe
def minutes(request: StaffRequest, body: str, meeting: uuid.UUID, number: int, form: str) -> HttpResponse:
    """Give minutes as they were sent out, as docx or PDF."""
    del body
    found = _found(request, meeting)
    one = get_object_or_404(Minutes.objects.visible_to(request.actor).filter(meeting=found).select_related("meeting__host", "sent_by"), number=number)
    if form not in {"docx", "pdf"}:
        raise Http404
    data = minutes_docx(one, request.actor)
    name = f"{one.head['name']}_議事録_第{number}版"
    return sent_file(data if form == "docx" else as_pdf(data, f"{one.head['name']}　議事録"), f"{name}.{form}")


def add(request: StaffRequest, body: str, meeting: uuid.UUID, item: uuid.UUID | None = None) -> HttpResponse:
    """Put a paper on a meeting or on one of its items."""
    found = _found(request, meeting)
    seen = AgendaItem.objects.visible_to(request.actor).filter(meeting=found).select_related("meeting")
    about = get_object_or_404(seen, pk=item) if item is not None else None
    if about is not None and not writes_item(request.actor, about):
        raise PermissionDenied
    return _take(request, found, _file_form(request), lambda form: add_material(found, by=request.actor, item=about, **form.given()), body=body,
                 heading=_("資料を付ける"), about=about.title if about else "")  # fmt: skip


def replace(request: StaffRequest, body: str, meeting: uuid.UUID, material: uuid.UUID) -> HttpResponse:
    """Put a new version in the place of a paper."""
    found = _found(request, meeting)
    one = _material(request, found, material)
    if one.body_id != request.actor.body and not runs_meeting(request.actor, found.host_id):
        raise PermissionDenied
    return _take(request, found, _file_form(request), lambda form: replace_material(one, by=request.actor, **form.given()), body=body,
                 heading=_("資料を差し替える"), about=one.name)  # fmt: skip


@require_safe
def material(request: StaffRequest, body: str, meeting: uuid.UUID, material: uuid.UUID) -> HttpResponseBase:
    """Send a paper's bytes, always as a download."""
    del body
    one = _material(request, _found(request, meeting), material)
    return FileResponse(path_of(one.sha256).open("rb"), as_attachment=True, filename=one.name, content_type="application/octet-stream")


def _take(request: StaffRequest, found: Meeting, form: Refusing, run: Callable[[Any], Any], **page: Any) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            run(form)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("付けました。"))
            return redirect("desk-meeting", body=page["body"], meeting=found.pk)
    page |= {"form": form, "meeting": found, "button": page["heading"]}
    return render(request, "desk/meetings/form.html", page, status=422 if form.errors else 200)


def _file_form(request: StaffRequest) -> MaterialForm:
    return MaterialForm(request.POST, request.FILES) if request.method == "POST" else MaterialForm()


def _found(request: StaffRequest, meeting: uuid.UUID) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(request.actor).select_related("host"), pk=meeting)


def _material(request: StaffRequest, found: Meeting, material: uuid.UUID) -> Material:
    return get_object_or_404(Material.objects.visible_to(request.actor).filter(meeting=found).select_related("meeting"), pk=material)
