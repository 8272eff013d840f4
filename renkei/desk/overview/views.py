"""The overview: four looks at the same records, for the desk, a body, its coordinators and those who answer for the plan [C78]."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.desk.figures.asked import Asked
from renkei.desk.figures.page import Maker, Shown, sees_all
from renkei.desk.overview import blocks
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now
from renkei.reporting.figures import BY_CODE
from renkei.reporting.queries import count, counted_years, plan_of
from renkei.research.queries.posts import posts
from renkei.research.queries.workbench import workbench

FLOW, ANSWERS = ("consultations", "closed"), ("first_answer", "body_answer")


@require_safe
def overview(request: StaffRequest, body: str) -> HttpResponse:
    """Show one look (``?look=``): desk, body, coordinator or management; the front desk begins with its own."""
    actor, looks = request.actor, _looks(request.actor)
    chosen = request.GET.get("look", "")
    look = chosen if chosen in looks else next(iter(looks))
    context = {"body": body, "look": look, "looks": looks, "today": clock.today(), **_OF[look](actor)}
    return render(request, "desk/overview/overview.html", context)


def _looks(actor: Actor) -> dict[str, str]:
    """Return the looks an actor has: the desk's for the front desk alone, the coordinators' where the plan has queues."""
    words = {"desk": _("窓口"), "body": _("機関"), "coordinator": _("コーディネーター"), "management": _("計画の進み")}
    if not sees_all(actor):
        words.pop("desk")
    if not content_now().queues:
        words.pop("coordinator")
    return words


def _of_desk(actor: Actor) -> dict[str, Any]:
    return {
        "flow": blocks.flow(actor, FLOW), "blocks": [blocks.open_now(actor), blocks.stages(actor), blocks.by_body(actor)],
        "figures": _figures(actor, *ANSWERS, "silent", "declines"),
    }  # fmt: skip


def _of_body(actor: Actor) -> dict[str, Any]:
    body = str(actor.body)
    return {
        "flow": blocks.flow(actor, ("supports", "declines"), body=body),
        "blocks": [blocks.open_now(actor, body=body), blocks.stages(actor, body=body), blocks.by_person(actor)],
    }


def _of_coordinator(actor: Actor) -> dict[str, Any]:
    return {"lanes": workbench(actor), "posts": posts(actor, sees_all=sees_all(actor))}


def _of_management(actor: Actor) -> dict[str, Any]:
    asked = _this_year()
    plan = plan_of(asked.year)
    return {
        "flow": blocks.flow(actor, ("supports", "climbs")), "targets": Maker(asked, actor).targets(plan) if plan else [], "plan": plan,
        "meetings": blocks.meetings(actor), "figures": _figures(actor, "results", "climbs", "outside", "areas"),
    }  # fmt: skip


_OF = {"desk": _of_desk, "body": _of_body, "coordinator": _of_coordinator, "management": _of_management}


def _this_year() -> Asked:
    return Asked(FiscalYear.of(clock.today()), counted_years(), clock.today())


def _figures(actor: Actor, *codes: str) -> list[Shown]:
    """Return figures of this fiscal year as the page of figures shows them."""
    asked = _this_year()
    maker = Maker(asked, actor)
    return [maker.shown(count(BY_CODE[code], asked.year, as_of=asked.as_of)) for code in codes]
