"""What one is told about cases: a list that empties itself, and the wishes about mail."""

from __future__ import annotations

import uuid
from itertools import groupby

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.mails import PARTNER
from renkei.cases.models import Case, Support
from renkei.cases.states import SupportState
from renkei.desk.nudges.forms import WishesForm
from renkei.desk.request import StaffRequest
from renkei.matching.upkeep import CHECK
from renkei.plan.queries import content_now
from renkei.post.daily import EVENING
from renkei.post.models import Nudge, Wishes
from renkei.post.nudges import MEETING_KINDS, read_nudges, save_wishes

PER_PAGE = 50


def nudge_list(request: StaffRequest, body: str) -> HttpResponse:
    """Show what stands open, newest case first; what was answered or read is gone."""
    found = Nudge.objects.visible_to(request.actor).open().order_by("-made_at", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = sorted(page.object_list, key=lambda one: one.number)
    groups = [(number, list(some)) for number, some in groupby(rows, key=lambda one: one.number)]
    groups.sort(key=lambda group: max(one.made_at for one in group[1]), reverse=True)
    seen = Case.objects.visible_to(request.actor).filter(pk__in={one.case for one in rows}).select_related("company")
    cases = {case.number: case for case in seen}
    return render(request, "desk/nudges/list.html", {"groups": groups, "cases": cases, "page": page, "body": body})


@require_POST
def nudges_read(request: StaffRequest, body: str) -> HttpResponse:
    """Mark one case's news (``case``), or all of it, as read; with ``open`` the case is opened."""
    found = Nudge.objects.visible_to(request.actor).open()
    case = _id(request.POST.get("case", ""))
    if request.POST.get("case") and case is None:
        return redirect("desk-nudges", body=body)
    chosen = found.filter(case=case) if case else found
    told = set(chosen.values_list("kind", flat=True)) if case and "open" in request.POST else set()
    request_page = _request_of(request, case, told) if case and told else None
    count = read_nudges(chosen, by=request.actor)
    for kind, page in (("search", "desk-search-saved"), (CHECK, "desk-catalogue-check")):  # about no case
        if kind in told:
            return redirect(page, body=body)
    if told & set(MEETING_KINDS) and case:
        return redirect("desk-meeting", body=body, meeting=case)
    if request_page is not None:
        return request_page
    if case and "open" in request.POST and Case.objects.visible_to(request.actor).filter(pk=case).exists():
        return redirect("desk-case", body=body, case=case)
    messages.success(request, _("%(count)s件を読んだことにしました。") % {"count": count} if count else _("新しい知らせはありません。"))
    return redirect("desk-nudges", body=body)


def wishes(request: HttpRequest) -> HttpResponse:
    """Show and keep how the signed-in person wants to be told."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by our middleware
    kept = Wishes.objects.visible_to(actor).first()
    form = WishesForm(request.POST if request.method == "POST" else None, wishes=kept)
    if request.method == "POST" and form.is_valid():
        try:
            save_wishes(by=actor, **form.values())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("知らせの受け取り方を決めました。"))
            return redirect("my-notices")
    chosen = content_now().clocks.get("digest")
    minute = chosen.minutes if chosen and chosen.minutes else EVENING
    clock_words = f"{minute // 60}:{minute % 60:02d}"
    return render(request, "desk/nudges/wishes.html", {"form": form, "plan_hour": clock_words})


def _request_of(request: StaffRequest, case: uuid.UUID, kinds: set[str]) -> HttpResponse | None:
    """Return the way to the request where a partner's word is answered; None for other news, and without a request."""
    if kinds != {PARTNER}:
        return None
    own = Support.objects.visible_to(request.actor).filter(case_id=case, body_id=request.actor.body, leaves_at__lte=clock.now())
    asked = own.exclude(state__in=[SupportState.PROPOSED, SupportState.RECALLED]).order_by("-offered_at").first()
    if asked is None:
        return None
    return redirect(reverse("desk-request", kwargs={"body": asked.body_id, "support": asked.pk}) + "#h-handed")


def _id(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
