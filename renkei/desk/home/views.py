"""Where a working day starts: my bodies, today, and the example region's mailbox."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from renkei.accounts.models import Person
from renkei.accounts.queries import bodies_of, stands_in_for
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import clean_text
from renkei.cases.actions.reading import read_words
from renkei.cases.queries.letters import waiting_letters
from renkei.cases.queries.moves import waiting_packs
from renkei.cases.queries.proposed import waiting_to_climb
from renkei.cases.queries.route_late import late_routes
from renkei.cases.queries.shares import shares_waiting
from renkei.cases.queries.today import today
from renkei.desk.answers.inquiries import inquiries_of
from renkei.desk.answers.page import requests_to_answer, requests_waiting
from renkei.desk.request import StaffRequest
from renkei.meetings.queries import own_tasks, to_confirm
from renkei.meetings.votes import rounds_waiting
from renkei.plan.queries import front_desk, is_front_desk
from renkei.post.models import ScreenMail

PER_PAGE = 30
ASKED = 5  # requests that stand on the day; all of them are one press away


@require_safe
def my_bodies(request: HttpRequest) -> HttpResponse:
    """List the bodies the signed-in person acts for; who has one only goes straight to its day."""
    person = request.user
    memberships = bodies_of(person) if isinstance(person, Person) else []
    if not memberships and _acts_for_a_firm():
        return redirect("portal-firms")
    if len(memberships) == 1 and "choose" not in request.GET:
        return redirect("desk-today", body=memberships[0].body_id)
    return render(request, "desk/home/bodies.html", {"memberships": memberships, "desk": front_desk()})


def _acts_for_a_firm() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM my_firms()")
        row = cursor.fetchone()
    return bool(row and row[0])


@require_safe
def today_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show what is overdue, whom to call, what is due, what has arrived."""
    day = today(request.actor, body)
    read_words(request.actor, day.arrivals)
    context = {"today": day, "now": clock.now(), **_waiting(request.actor),
               "letter_steps": waiting_letters(request.actor), "routes": late_routes(request.actor, body),
               "minutes": to_confirm(request.actor), "tasks": own_tasks(request.actor), "rounds": rounds_waiting(request.actor),
               "instead": stands_in_for(request.actor.person, body)}  # fmt: skip
    if context.get("requests"):
        context["asked"] = requests_waiting(request.actor, most=ASKED)
    if is_front_desk(body):
        context["climbs"] = waiting_to_climb(request.actor).count()
    context["asked_around"] = inquiries_of(request.actor)
    return render(request, "desk/home/today.html", context)


def _waiting(actor: Actor) -> dict[str, int]:
    """Return how many packs, shares of projects and requests wait for an answer, in one query."""
    found: dict[str, QuerySet[Any]] = {"packs": waiting_packs(actor), "shares": shares_waiting(actor), "requests": requests_to_answer(actor)}
    counts = [rows.order_by().values(what=Value(what)).annotate(n=Count("pk")).values_list("what", "n") for what, rows in found.items()]
    return dict(counts[0].union(*counts[1:], all=True))


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Show the mails that would have left; only in the example region."""
    if not settings.RENKEI_EXAMPLE:
        raise Http404
    find = clean_text(request.GET.get("q", ""))[:100]
    mails = ScreenMail.objects.filter(to__icontains=find) if find else ScreenMail.objects.all()
    page = Paginator(mails, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/home/mailbox.html", {"page": page, "find": find})
