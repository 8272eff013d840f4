"""A firm answers from the link in a mail what it is asked to show, or confirms what it said on the telephone."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from renkei.base.refusal import Refused
from renkei.cases.actions.consents import answer_request, confirm_consent, withdraw_consent
from renkei.cases.models import Case, Consent, ConsentHow, ConsentRequest
from renkei.portal.status.door import Door
from renkei.portal.status.forms import ConfirmForm, RequestForm
from renkei.portal.status.words import class_words
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose


def consent(request: LinkRequest, token: str) -> HttpResponse:
    """Show what is asked; only a confirming POST answers (mail scanners open every link)."""
    require_purpose(request, LinkPurpose.CONSENT)
    requests = ConsentRequest.objects.visible_to(request.actor).select_related("body", "asked_by_body")
    asked = next((one for one in requests if one.pk == request.link.subject), None)
    return _request(request, token, asked) if asked is not None else _oral(request, token)


def _request(request: LinkRequest, token: str, asked: ConsentRequest) -> HttpResponse:
    case = get_object_or_404(Case.objects.visible_to(request.actor), pk=asked.case_id)
    form = RequestForm(request.POST if request.method == "POST" else None, asked=asked.classes)
    page = {"case": case, "asked": asked, "form": form, "door": Door(case, token=token), "by_mail": True}
    if request.method == "POST" and form.is_valid():
        try:
            answer_request(asked, classes=form.given, by=request.actor)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            # No redirect: the answer has closed the link.
            done = page | {"given": class_words(form.given), "body": asked.body}
            return render(request, "portal/status/consent_done.html", done)
    return render(request, "portal/status/request.html", page)


def _oral(request: LinkRequest, token: str) -> HttpResponse:
    found = Consent.objects.visible_to(request.actor).select_related("body", "heard_by", "case")
    one = get_object_or_404(found, pk=request.link.subject)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    page = {"case": one.case, "one": one, "what": class_words([one.klass]), "form": form, "door": Door(one.case, token=token)}
    if request.method == "POST" and form.is_valid():
        agrees = form.cleaned_data["answer"] == "yes"
        try:
            if agrees:
                confirm_consent(one, by=request.actor)
            else:
                withdraw_consent(one, by=request.actor, how=ConsentHow.LINK)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            done = page | {"given": class_words([one.klass]) if agrees else "", "body": one.body}
            return render(request, "portal/status/consent_done.html", done)
    return render(request, "portal/status/oral.html", page)
