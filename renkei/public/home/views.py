"""The front door: one question, one box; and what a firm may want to know before it writes."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base.refusal import Refused
from renkei.plan.models import Body
from renkei.plan.queries import clock_named
from renkei.post.requests import GuestRequest
from renkei.public.consult.draft import COOKIE, kept_draft
from renkei.public.consult.forms import WordsForm
from renkei.public.home.offers import kinds_of_help

KEPT = {"draft": "30", "status": "730"}


@require_safe
def home(request: GuestRequest) -> HttpResponse:
    """Ask one question. What is typed here begins the consultation; a draft begun on this device can be taken up."""
    token = request.COOKIES.get(COOKIE, "")
    page = {
        "form": WordsForm(auto_id="id_%s"),
        "kinds": kinds_of_help(),
        "bodies": Body.objects.filter(closed_on__isnull=True).count(),
        "answer_days": first_answer_days(),
        "resume": token if token and kept_draft(token) else "",
    }
    return render(request, "public/home/home.html", page)


@require_safe
def help_page(request: GuestRequest) -> HttpResponse:
    """Show what help exists by what firms ask for, with the next events and calls [C25]."""
    return render(request, "public/home/help.html", {"kinds": kinds_of_help(with_dates=True)})


@require_safe
def privacy(request: GuestRequest) -> HttpResponse:
    """Say who reads what, how long it is kept, and how to take it back."""
    return render(request, "public/home/privacy.html", {"kept": KEPT})


@require_safe
def accessibility(request: GuestRequest) -> HttpResponse:
    """Say how the pages can be used, what is known not to work, and whom to tell."""
    return render(request, "public/home/accessibility.html")


def first_answer_days() -> str:
    """Return 2営業日のうちに, or a plain promise when the plan sets no clock."""
    try:
        return _("%(n)s営業日のうちに") % {"n": clock_named("first_answer").business_days}
    except Refused:
        return _("できるだけ早く")
