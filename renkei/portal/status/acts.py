"""What a firm does on its status page: each a small form and a confirming POST, errors beside the field."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.closing import did_not_help, found_another_way, give_feedback
from renkei.cases.actions.consents import answer_request, confirm_consent, give_consent, set_standing, withdraw_consent
from renkei.cases.actions.summaries import confirm_summary
from renkei.cases.actions.talk import add_file, company_writes
from renkei.cases.models import Attachment, Case, Consent, ConsentHow, ConsentRequest, Consultation
from renkei.cases.queries.files import open_file
from renkei.plan.models import Body
from renkei.portal.status.door import Door, DoorRequest, door_of
from renkei.portal.status.forms import (
    AnswerForm,
    EndForm,
    FeedbackForm,
    RequestForm,
    ShareForm,
    StandingForm,
    UnsolvedForm,
    WriteForm,
)
from renkei.portal.status.page import shown_to, status_page
from renkei.post import limits

LINK = ConsentHow.LINK.value


def back(door: Door, mark: str = "") -> HttpResponse:
    """Return to the case, at the part named ``mark``."""
    return redirect(f"{door.url()}{mark}")


def tried(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Do the act, whole or not at all, if the form holds; put a refusal beside its field. Returns whether it is done."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():  # one form may stand for several acts: sight is given and taken back in one press
            act()
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return False
    return True


def _again(request: DoorRequest, door: Door, **forms_: Any) -> HttpResponse:
    """Show the status page once more with the form that did not hold, the input kept."""
    return render(request, "portal/status/status.html", status_page(request, door) | forms_)


@require_POST
def write(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Write to whoever holds the case."""
    door, form = door_of(request, where), WriteForm(request.POST)
    case = door.case
    if not tried(form, lambda: company_writes(case, by=request.actor, text=form.cleaned_data["text"])):
        return _again(request, door, write_form=form)
    messages.success(request, _("伝えました。%(body)sが読んでお返事します。") % {"body": case.holder.name})
    return back(door)


@require_POST
def answer(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Answer what was asked."""
    door, form = door_of(request, where), AnswerForm(request.POST, prefix="answer")
    case = door.case
    if not tried(form, lambda: company_writes(case, by=request.actor, text=form.cleaned_data["text"], kind="answer")):
        return _again(request, door, answer_form=form)
    messages.success(request, _("お返事を受け取りました。"))
    return back(door)


@require_POST
def send_file(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Send a file."""
    door, upload = door_of(request, where), request.FILES.get("file")
    case = door.case
    error = _("ファイルを選んでから、「送る」を押してください。")
    if upload is not None:
        try:
            add_file(case, by=request.actor, name=upload.name or "", data=upload.read())
        except Refused as refusal:
            error = refusal.message
        else:
            messages.success(request, _("ファイルを受け取りました。"))
            return back(door, "#files")
    return _again(request, door, file_error=error)


@require_safe
def get_file(request: DoorRequest, file: uuid.UUID, **where: Any) -> HttpResponseBase:
    """Give a file of the case back, always as a download."""
    door, seen = door_of(request, where), Attachment.objects.visible_to(request.actor)
    attachment = get_object_or_404(seen.filter(case=door.case) if door.company else seen, pk=file)
    opened = open_file(attachment).open("rb")  # closed by the response
    return FileResponse(opened, as_attachment=True, filename=attachment.name, content_type=attachment.media_type)


def share(request: DoorRequest, whom: str, **where: Any) -> HttpResponseBase:
    """Give, narrow or take back what one body sees. A withdrawal acts at the body's next request."""
    door = door_of(request, where)
    case = door.case
    row = next((one for one in shown_to(case, request.actor) if one.body.pk == whom), None)
    if row is None:
        raise Http404
    form = ShareForm(request.POST if request.method == "POST" else None, initial={"classes": row.classes})
    if request.method == "POST" and tried(form, lambda: _change_sight(request, case, row.body, form.cleaned_data["classes"])):
        messages.success(request, _("%(body)sに見せるものを変えました。") % {"body": row.body.name})
        return back(door, "#sight")
    page = {"case": case, "row": row, "form": form, "door": door}
    return render(request, "portal/status/share.html", page)


def _change_sight(request: DoorRequest, case: Case, body: Body, wanted: list[str]) -> None:
    live = {one.klass: one for one in Consent.objects.visible_to(request.actor).live().filter(case=case, body=body)}
    for klass in wanted:
        if klass not in live:
            give_consent(case, body=body, klass=klass, by=request.actor, how=LINK)
    # Details first: without the summary a holder gives the case back, and nothing else is left to end.
    for klass in sorted(set(live) - set(wanted), key=lambda one: one == "summary"):
        withdraw_consent(live[klass], by=request.actor, how=LINK)


def standing(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Change what the desk may show to bodies it asks, as a rule."""
    door = door_of(request, where)
    case = door.case
    form = StandingForm(request.POST if request.method == "POST" else None, initial={"classes": case.standing_classes})
    if request.method == "POST" and tried(form, lambda: set_standing(case, form.cleaned_data["classes"], by=request.actor)):
        messages.success(request, _("これから見せるものを変えました。"))
        return back(door, "#sight")
    return render(request, "portal/status/standing.html", {"case": case, "form": form, "door": door})


def consent_request(request: DoorRequest, asked: uuid.UUID, **where: Any) -> HttpResponseBase:
    """Answer a request to show something to a body."""
    door = door_of(request, where)
    case = door.case
    found = ConsentRequest.objects.visible_to(request.actor).select_related("body", "asked_by_body")
    one = get_object_or_404(found, pk=asked, case=case, answered_at__isnull=True)
    form = RequestForm(request.POST if request.method == "POST" else None, asked=one.classes)
    if request.method == "POST" and tried(form, lambda: answer_request(one, classes=form.given, by=request.actor)):
        messages.success(request, _("お返事を受け取りました。"))
        return back(door, "#sight")
    return render(request, "portal/status/request.html", {"case": case, "asked": one, "form": form, "door": door})


@require_POST
def confirm(request: DoorRequest, consent: uuid.UUID, **where: Any) -> HttpResponseBase:
    """Confirm what staff wrote down as said on the telephone."""
    door = door_of(request, where)
    case = door.case
    one = get_object_or_404(Consent.objects.visible_to(request.actor), pk=consent, case=case)
    confirm_consent(one, by=request.actor)
    messages.success(request, _("確かめていただきました。"))
    return back(door, "#sight")


@require_POST
def summary_seen(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """The firm has read the summary and lets it stand."""
    door = door_of(request, where)
    case = door.case
    version = request.POST.get("version", "")
    shown = int(version) if re.fullmatch(r"[0-9]{1,9}", version) else -1 if version else None  # what is no version is not the one shown
    confirm_summary(case, by=request.actor, version=shown)
    messages.success(request, _("要約を確かめていただきました。"))
    return back(door, "#sight")


def end(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Say that it was solved another way; the holder winds up what runs."""
    door = door_of(request, where)
    case = door.case
    form = EndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and tried(form, lambda: found_another_way(case, by=request.actor, words=form.cleaned_data["text"])):
        messages.success(request, _("ありがとうございます。%(body)sが、頼んだことを止めて終わりにします。") % {"body": case.holder.name})
        return back(door)
    return render(request, "portal/status/end.html", {"case": case, "form": form, "door": door})


def unsolved(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Say that it did not help; a closed case opens again."""
    door = door_of(request, where)
    case = door.case
    form = UnsolvedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and tried(form, lambda: did_not_help(case, by=request.actor, words=form.cleaned_data["text"])):
        messages.success(request, _("お知らせいただきました。%(body)sがもう一度考えます。") % {"body": case.holder.name})
        return back(door)
    return render(request, "portal/status/unsolved.html", {"case": case, "form": form, "door": door})


@require_POST
def feedback(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Tell result and satisfaction once the case has ended."""
    door, form = door_of(request, where), FeedbackForm(request.POST)
    case = door.case

    def act() -> None:
        data = form.cleaned_data
        give_feedback(case, by=request.actor, result=data["result"], satisfaction=data["satisfaction"], words=data["words"])

    if not tried(form, act):
        return _again(request, door, feedback_form=form)
    messages.success(request, _("お聞かせいただき、ありがとうございました。"))
    return back(door)


@require_POST
def send_link(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Mail this page's link once more, to the address given with the consultation and to no other."""
    door = door_of(request, where)
    case = door.case
    said = Consultation.objects.visible_to(request.actor).filter(case=case).exclude(email="").first()
    if said is None:
        messages.warning(request, _("メールアドレスをうかがっていません。「担当に伝える」でお知らせください。"))
    else:
        limits.count_link(request.link.id)
        mails.receipt(case, said.email, door.token, by=request.actor)
        messages.success(request, _("%(email)s に送りました。") % {"email": said.email})
    return back(door)
