"""A body answers from the link in its mail: GET shows, a confirming POST acts (mail scanners open every link)."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept, ask, decline
from renkei.cases.actions.offers import open_request
from renkei.cases.models import Case, Consent, Need, Passage, Support
from renkei.cases.states import DisclosureClass, SupportState
from renkei.post.links import OpenLink
from renkei.post.models import LinkPurpose
from renkei.public.answer.forms import LinkAnswerForm

ANSWERABLE = {SupportState.OFFERED, SupportState.EXPIRED}


class LinkRequest(HttpRequest):
    """A request with the actor and the open link the middleware found."""

    actor: Actor
    link: OpenLink


def answer(request: LinkRequest, token: str) -> HttpResponse:
    """Show what is asked and take the answer. An expired or closed link never gets here: it says so in words."""
    del token
    if request.link.purpose != LinkPurpose.OFFER:
        raise Http404
    related = ("body", "service", "service__stage", "asked_by_body", "asked_by")
    visible = Support.objects.visible_to(request.actor).select_related(*related)
    support = get_object_or_404(visible, pk=request.link.subject, body_id=request.link.body)
    sent = request.POST if request.method == "POST" else None
    form = LinkAnswerForm(sent, initial={"answered_by": request.link.recipient_name})
    page = _page(support, request.actor)
    if request.method == "POST" and page["case"] is not None and form.is_valid():
        try:
            _act(support, form.cleaned_data, request.actor)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            # No redirect: the answer has closed the link, there is nothing left to go to.
            return render(request, "public/answer/done.html", {"support": support, "answer": form.cleaned_data["answer"]})
    open_request(support, by=request.actor)
    return render(request, "public/answer/answer.html", page | {"form": form})


def opened(request: LinkRequest, token: str) -> HttpResponse:
    """Take the word of a page that it was shown: a browser posts it by itself, a mail scanner's GET does not get here."""
    del token
    if request.method != "POST":
        raise Http404
    return HttpResponse(status=204)  # the middleware has written it, as at every deed of a link


def _act(support: Support, data: dict[str, Any], by: Actor) -> None:
    if data["answer"] == "accept":
        accept(support, by=by, text=data["text"], answered_by=data["answered_by"])
    elif data["answer"] == "ask":
        ask(support, by=by, question=data["question"], answered_by=data["answered_by"])
    else:
        decline(support, by=by, reason=data["reason"], text=data["text"], answered_by=data["answered_by"])


def _page(support: Support, actor: Actor) -> dict[str, Any]:
    live = set(Consent.objects.visible_to(actor).live().filter(case_id=support.case_id, body_id=support.body_id)
               .values_list("klass", flat=True))  # fmt: skip
    page: dict[str, Any] = {"support": support, "can_answer": support.state in ANSWERABLE}
    if DisclosureClass.SUMMARY not in live:
        return page | {"case": None}
    texts: dict[str, list[str]] = {klass: [] for klass in DisclosureClass.values}
    about: list[str] = []  # the first is what is asked, the others answer questions
    for passage in Passage.objects.visible_to(actor).filter(case_id=support.case_id).order_by("written_at"):
        if passage.support_id == support.pk:
            about.append(passage.text)
        elif passage.support_id is None and passage.klass in live:
            texts[passage.klass].append(passage.text)
    need = Need.objects.visible_to(actor).filter(pk=support.need_id).first()
    case = Case.objects.visible_to(actor).select_related("company", "company__municipality").get(pk=support.case_id)
    return page | {"case": case, "asked": about[0] if about else need.title if need else "", "replies": about[1:], "texts": texts}
