"""The consultation form: no account, saved while typing, resumable by its link, never lost, sent once."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.base.actor import link_holder
from renkei.base.context import set_actor
from renkei.base.language import shown_list
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import save_draft, send_draft, start_draft
from renkei.cases.actions.talk import add_file
from renkei.cases.models import Case, Consultation, Draft
from renkei.documents.store import keep, path_of
from renkei.plan.models import Body, Municipality
from renkei.plan.queries import content_now
from renkei.post import limits
from renkei.post.models import LinkPurpose
from renkei.post.requests import GuestRequest, LinkRequest, require_purpose
from renkei.public.consult import mails
from renkei.public.consult.draft import (
    COOKIE,
    LAST_STEP,
    bound,
    first_wrong,
    kept_draft,
    merge,
    prepared,
    remember,
    said_of,
    tabs,
    told,
)
from renkei.public.consult.forms import STEPS, WordsForm


def start(request: GuestRequest) -> HttpResponseBase:
    """Begin: keep the words in a fresh draft and go on under its private link. Typing on the page saves there too."""
    if request.method != "POST":
        page = {"form": WordsForm(), "tabs": tabs(1, 1), "step": 1, "saved": None}
        return render(request, "public/consult/step.html", page)
    form = WordsForm(request.POST)
    token = request.POST.get("draft", "")
    try:
        token, data = _begin(request, token)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        page = {"form": form, "tabs": tabs(1, 1), "step": 1, "refusal": refusal}
        template = "public/consult/saved.html" if request.htmx else "public/consult/step.html"
        return render(request, template, page, status=200 if request.htmx else 429)
    if request.htmx:
        saved = {"saved_at": clock.now(), "token": token, "begun": True}
        return remember(render(request, "public/consult/saved.html", saved), request, token)
    step = 2 if bound(1, data).is_valid() else 1
    return remember(redirect(f"{_step_url(token, step)}{'' if step == 2 else '?check=1'}"), request, token)


def _begin(request: GuestRequest, token: str) -> tuple[str, dict[str, Any]]:
    """Save into the draft of ``token``, or into a new one. From here on the guest acts as the draft's link."""
    link = kept_draft(token) if token else None
    if link is None:
        limits.count_draft(request)
        token, link_id = start_draft()
    else:
        link_id = link.id
    actor = link_holder(link_id)
    set_actor(actor)
    request.actor = actor
    draft = Draft.objects.filter(pk=link_id).first()
    data = merge(draft.data if draft else {}, 1, request.POST)
    save_draft(data, by=actor, step=max(2, draft.step if draft else 1))
    return token, data


def draft(request: LinkRequest, token: str, step: int) -> HttpResponseBase:
    """Show a step, or keep what was typed in it and go on. A draft that was sent shows its receipt."""
    if request.link.purpose == LinkPurpose.STATUS:
        return redirect("public-receipt", token=token)
    require_purpose(request, LinkPurpose.DRAFT)
    if not 1 <= step <= LAST_STEP:
        raise Http404
    kept = get_object_or_404(Draft, pk=request.link.id)
    if step == LAST_STEP:
        return _last_step(request, token, kept)
    if request.method == "POST":
        return _keep_step(request, token, step, kept)
    checked = "check" in request.GET or kept.step > step
    data = prepared(kept.data) if step == 3 else kept.data
    form = bound(step, data) if checked else STEPS[step](initial=data)
    return render(request, "public/consult/step.html", _page(request, token, step, kept) | {"form": form})


def _keep_step(request: LinkRequest, token: str, step: int, kept: Draft) -> HttpResponseBase:
    data = merge(kept.data, step, request.POST)
    if step == 1:
        data = prepared(data) if "summary" in data else data
    if request.htmx:
        save_draft(data, by=request.actor, step=kept.step)
        return render(request, "public/consult/saved.html", {"saved_at": clock.now(), "token": token})
    is_right = bound(step, data).is_valid()
    saved = save_draft(data, by=request.actor, step=max(kept.step, step + 1) if is_right else kept.step)
    if is_right:
        onwards = LAST_STEP if request.POST.get("then") == "last" and saved.step >= LAST_STEP else step + 1
        return redirect(_step_url(token, onwards))
    page = _page(request, token, step, saved) | {"form": bound(step, data)}
    return render(request, "public/consult/step.html", page)


def _last_step(request: LinkRequest, token: str, kept: Draft) -> HttpResponseBase:
    """Show everything once more with who will read it; a POST sends, once."""
    wrong = first_wrong(kept.data)
    if wrong is not None:
        return redirect(f"{_step_url(token, wrong)}?check=1")
    if request.method != "POST":
        page = _page(request, token, LAST_STEP, kept) | {"said": _overview(kept.data)}
        return render(request, "public/consult/confirm.html", page)
    # Sent by two clicks at once, the second finds the case of the first: files are added by the first only.
    with transaction.atomic():
        is_first = Draft.objects.select_for_update().get(pk=kept.pk).sent_case is None
        received = send_draft(said_of(kept.data), by=request.actor, token=token)
        if is_first:
            for one in kept.data.get("files", []):
                add_file(received.case, by=request.actor, name=one["name"], data=path_of(one["sha256"]).read_bytes())
    response = redirect("public-receipt", token=token)
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


@require_POST
def files(request: LinkRequest, token: str) -> HttpResponseBase:
    """Attach a file to the draft, or take one off. What was typed meanwhile is saved with it."""
    require_purpose(request, LinkPurpose.DRAFT)
    kept = get_object_or_404(Draft, pk=request.link.id)
    data, error = merge(kept.data, 1, request.POST) if "text" in request.POST else dict(kept.data), ""
    data["files"] = [one for one in data.get("files", []) if one["sha256"] != request.POST.get("remove")]
    if "remove" not in request.POST:
        error = _attach(request, data)
    save_draft(data, by=request.actor, step=kept.step)
    if not error:
        return redirect(f"{_step_url(token, 1)}#files")
    page = _page(request, token, 1, kept) | {"form": bound(1, data), "file_error": error}
    return render(request, "public/consult/step.html", page)


def _attach(request: LinkRequest, data: dict[str, Any]) -> str:
    """Keep the uploaded file and name it in the draft; returns what is wrong in words, or nothing."""
    upload = request.FILES.get("file")
    if upload is None:
        return _("ファイルを選んでから、「付ける」を押してください。")
    if len(data["files"]) >= limits.FILES_A_DRAFT:
        return _("ファイルは%(most)sつまでです。残りは、受付のあとに状況の画面から送れます。") % {"most": limits.FILES_A_DRAFT}
    try:
        stored = keep(upload.name or "", upload.read())
    except Refused as refusal:
        return refusal.message
    if stored.sha256 not in {one["sha256"] for one in data["files"]}:
        data["files"].append({"name": stored.name, "size": stored.size, "sha256": stored.sha256})
    return ""


@require_POST
def send_link(request: LinkRequest, token: str) -> HttpResponseBase:
    """Mail the draft's link to the address given in it, so that it can be taken up on another device."""
    require_purpose(request, LinkPurpose.DRAFT)
    kept = get_object_or_404(Draft, pk=request.link.id)
    form = bound(2, kept.data)
    form.is_valid()
    address = form.cleaned_data.get("email", "")
    if address:
        limits.count_link(request.link.id)
    sent = bool(address) and mails.draft_link(address, token, by=request.actor)
    page = _page(request, token, 2, kept) | {"form": form if kept.step > 2 else STEPS[2](initial=kept.data)}
    return render(request, "public/consult/step.html", page | {"link_sent": sent, "link_asked": True})


@require_POST
def discard(request: LinkRequest, token: str) -> HttpResponseBase:
    """Empty the draft and forget it in this browser."""
    del token
    require_purpose(request, LinkPurpose.DRAFT)
    save_draft({}, by=request.actor, step=1)
    response = redirect("public-home")
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


@require_safe
def receipt(request: LinkRequest, token: str) -> HttpResponse:
    """Show the number, what happens next and by when, and the private link."""
    require_purpose(request, LinkPurpose.STATUS)
    cases = Case.objects.visible_to(request.actor).select_related("holder", "received_by")
    case = get_object_or_404(cases, pk=request.link.case)
    consultation = Consultation.objects.visible_to(request.actor).filter(case=case).first()
    page = {"case": case, "consultation": consultation, "token": token, "address": _status_address(request, token)}
    return render(request, "public/consult/receipt.html", page)


def _page(request: LinkRequest, token: str, step: int, kept: Draft) -> dict[str, Any]:
    return {
        "token": token,
        "step": step,
        "tabs": tabs(step, kept.step),
        "reached": kept.step,
        "files": kept.data.get("files", []),
        "saved_at": kept.saved_at,
        "resume": request.build_absolute_uri(_step_url(token, 1)),
        "email": kept.data.get("email", ""),
        "closed_to": _closed_classes() if step >= 3 else [],
    }


def _closed_classes() -> list[dict[str, str]]:
    """Return in words what a general consent never opens, and to whom (P2: banks and technical matters)."""
    content = content_now()
    words = {"summary": _("要約"), "technical": _("技術の内容"), "financial": _("お金のこと")}
    rows = []
    for kind in dict.fromkeys(Body.objects.filter(closed_on__isnull=True).values_list("kind", flat=True)):
        if classes := content.classes_closed_to(kind):
            names = Body.objects.filter(kind=kind, closed_on__isnull=True).values_list("name", flat=True)
            what = shown_list([str(word) for klass, word in words.items() if klass in classes])
            rows.append({"bodies": shown_list(list(names)), "what": what})
    return rows


def _overview(data: dict[str, Any]) -> dict[str, Any]:
    said = said_of(data)
    place = Municipality.objects.filter(pk=str(said.facts.get("municipality", ""))).first()
    return {"said": said, "text": told(data), "place": place.name if place else "", "standing": said.standing_classes}


def _step_url(token: str, step: int) -> str:
    return reverse("public-draft", kwargs={"token": token, "step": step})


def _status_address(request: LinkRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("portal-status", kwargs={"token": token}))
