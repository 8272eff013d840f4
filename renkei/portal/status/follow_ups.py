"""The firm tells what became of it: through the link in a mail, its status page, or its account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.actor import GUEST, link_holder
from renkei.base.context import set_actor
from renkei.base.refusal import Refused
from renkei.cases.actions.follow_ups import answer_follow_up, ask_no_more
from renkei.cases.actions.intake import save_draft, start_draft
from renkei.cases.models import Case, Consultation, FollowUp, Trouble
from renkei.portal.status.acts import tried
from renkei.portal.status.door import Door, DoorRequest, door_of
from renkei.portal.status.follow_up_form import FollowUpForm
from renkei.post import limits
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose

_RELATED = ("holder", "received_by", "company")


@dataclass(frozen=True, slots=True)
class Way:
    """How the firm came to the questions, and where their acts lie. ``back`` is empty for the link of a mail: it opens no more."""

    row: FollowUp
    base: str
    here: str
    stop: str
    again: str
    back: str = ""
    is_account: bool = False


def follow_up(request: DoorRequest, follow_up: uuid.UUID, **where: Any) -> HttpResponse:
    """Ask, take the answer, and show it; through the status page or the account."""
    return _page(request, _by_door(request, follow_up, where))


def by_mail(request: LinkRequest, token: str) -> HttpResponse:
    """The same through the link in the mail, which opens nothing else."""
    return _page(request, _by_mail(request, token))


def stop(request: DoorRequest, follow_up: uuid.UUID, **where: Any) -> HttpResponse:
    """The firm does not want to be asked any more."""
    return _stop(request, _by_door(request, follow_up, where))


def stop_by_mail(request: LinkRequest, token: str) -> HttpResponse:
    """The same through the link in the mail, which opens nothing from then on."""
    return _stop(request, _by_mail(request, token))


@require_POST
def again_by_status(request: DoorRequest, follow_up: uuid.UUID, token: str) -> HttpResponse:
    """Begin a new consultation from the status page, with what is known filled in."""
    return _draft(request, _by_door(request, follow_up, {"token": token}))


@require_POST
def again_by_mail(request: LinkRequest, token: str) -> HttpResponse:
    """Begin a new consultation from the link in the mail."""
    return _draft(request, _by_mail(request, token))


def _by_door(request: DoorRequest, follow_up: uuid.UUID, where: dict[str, Any]) -> Way:
    door = door_of(request, where)
    rows = FollowUp.objects.visible_to(request.actor).filter(case=door.case, asked_at__isnull=False)
    row = get_object_or_404(rows, pk=follow_up)
    row.case = door.case
    more = {"follow_up": row.pk}
    if door.company:
        again = f"{reverse('portal-new', kwargs={'company': door.company})}?after={row.pk}"
    else:
        again = door.url("follow-up-again", **more)
    return Way(row, door.base, door.url("follow-up", **more), door.url("follow-up-stop", **more), again, back=door.url(),
               is_account=door.company is not None)


def _by_mail(request: LinkRequest, token: str) -> Way:
    require_purpose(request, LinkPurpose.FOLLOWUP)
    row = get_object_or_404(FollowUp.objects.visible_to(request.actor), pk=request.link.subject)
    row.case = get_object_or_404(Case.objects.visible_to(request.actor).select_related(*_RELATED), pk=row.case_id)
    here, stop, again = (reverse(f"portal-after{end}", kwargs={"token": token}) for end in ("", "-stop", "-again"))
    return Way(row, Door(row.case, token=token).base, here, stop, again)


def _page(request: LinkRequest, way: Way) -> HttpResponse:
    row = way.row
    form = FollowUpForm(request.POST if request.method == "POST" else None, row=row)
    if request.method == "POST" and tried(form, lambda: answer_follow_up(row, form.answer, by=request.actor)):
        messages.success(request, _("お聞かせいただき、ありがとうございました。"))
        return redirect(way.here)
    # Who comes back sees what was said; a form is there while it may be answered or corrected.
    shows_form = request.method == "POST" or row.is_waiting or (row.is_correctable and "edit" in request.GET)
    page = {"way": way, "row": row, "case": row.case, "form": form, "shows_form": shows_form,
            "needs_somebody": row.trouble in {Trouble.SAME, Trouble.OTHER}, "reader_desk": row.case.at_desk}
    return render(request, "portal/status/follow_up.html", page)


def _stop(request: LinkRequest, way: Way) -> HttpResponse:
    page = {"way": way, "row": way.row, "case": way.row.case}
    if request.method == "POST":
        ask_no_more(way.row, by=request.actor)
        if not way.back:  # no redirect: this has closed the link
            return render(request, "portal/status/follow_up_stopped.html", page | {"done": True})
        messages.success(request, _("これからは、おたずねしません。"))
        return redirect(way.back)
    return render(request, "portal/status/follow_up_stopped.html", page)


def _draft(request: LinkRequest, way: Way) -> HttpResponse:
    """Make a draft of a new consultation with the known facts in it, and lead there. Nothing is sent before the firm sends it."""
    known = _known(request, way.row.case)
    try:
        limits.count_draft(request)
    except Refused as refusal:
        messages.warning(request, refusal.message)
        return redirect(way.here)
    if way.row.trouble in {Trouble.SAME, Trouble.OTHER} and way.row.words:
        known["text"] = way.row.words
    set_actor(GUEST)
    token, draft = start_draft()
    request.actor = link_holder(draft)
    set_actor(request.actor)
    save_draft({name: value for name, value in known.items() if value}, by=request.actor)
    return redirect("public-draft", token=token, step=1)


def _known(request: LinkRequest, case: Case) -> dict[str, object]:
    """Return what the firm said earlier of itself (P3). Who came by the mail gets back only what that very address said."""
    said = Consultation.objects.visible_to(request.actor).filter(case=case).order_by("-consulted_at").first()
    if said is not None:
        return {"company_given": said.company_given, "person_given": said.person_given, "phone": said.phone, "email": said.email,
                "reach_me": said.reach_me, **{name: str(said.facts[name]) for name in ("employees", "municipality") if said.facts.get(name)}}
    with connection.cursor() as cursor:
        cursor.execute("SELECT company, person, phone, email, number, municipality, employees FROM follow_up_known()")
        company, person, phone, email, number, place, heads = cursor.fetchone() or (None,) * 7
    return {"company_given": company, "person_given": person, "phone": phone, "email": email, "corporate_number": number,
            "municipality": place, "employees": str(heads) if heads else None}
