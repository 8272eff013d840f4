"""The versions of a plan: what each changed, side by side, and the paper of the change [C75, C97]."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base import clock
from renkei.base.era import wareki
from renkei.base.language import in_house_language
from renkei.desk.plan.edit import said_changes
from renkei.desk.plan.views import find_plan
from renkei.desk.request import StaffRequest
from renkei.documents.papers import paper_docx
from renkei.documents.pdf import pdf_of_docx
from renkei.documents.sending import sent_file
from renkei.plan.content import PlanContent
from renkei.plan.models import PlanVersion
from renkei.plan.printing import form_rule, sign_place


@require_safe
def versions(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """List the published versions with reason, day of decision and from when each holds."""
    found = find_plan(plan)
    rows = PlanVersion.objects.filter(plan=found).defer("content").order_by("-number")
    return render(request, "desk/plan/versions.html", {"body": body, "plan": found, "rows": rows})


@require_safe
def change(request: StaffRequest, body: str, plan: str, number: int) -> HttpResponse:
    """Show a version beside the one before it."""
    old, new = _pair(plan, number)
    context = {"body": body, "plan": new.plan, "version": new, "before": old, "changes": said_changes(old.content, new.content),
               "rule": form_rule(PlanContent(new.content), "seal", day_of(new), "change")}  # fmt: skip
    return render(request, "desk/plan/change.html", context)


@require_safe
def paper(request: StaffRequest, body: str, plan: str, number: int) -> HttpResponse:  # noqa: ARG001  of every page of the desk
    """Return the paper of a change as docx, by the body's own template where it has one."""
    name = f"henkou-{plan}-{number}.docx"
    return sent_file(_docx(request, plan, number), name)


@require_safe
def pdf(request: StaffRequest, body: str, plan: str, number: int) -> HttpResponse:  # noqa: ARG001  of every page of the desk
    """Return the same paper on A4 as PDF."""
    data = pdf_of_docx(_docx(request, plan, number), title=_("計画の変更"))
    return sent_file(data, f"henkou-{plan}-{number}.pdf", is_shown=True)


def day_of(version: PlanVersion) -> dt.date:
    """Return the day a version's paper is of: from when it holds, else the decision's, else that of publication."""
    return version.effective_from or version.decided_on or version.published_at.astimezone(clock.JST).date()


def _pair(plan: str, number: int) -> tuple[PlanVersion, PlanVersion]:
    """Return a version and the one before it. Raises Http404 for the first one and for what is not there."""
    found = find_plan(plan)
    pair = {one.number: one for one in PlanVersion.objects.filter(plan=found, number__in=[number - 1, number]).select_related("plan__lead_party")}
    if set(pair) != {number - 1, number}:
        raise Http404
    return pair[number - 1], pair[number]


def _docx(request: StaffRequest, plan: str, number: int) -> bytes:
    with in_house_language():
        old, new = _pair(plan, number)
        rows = [{"項目": "　".join(part for part in (name, place) if part), "変更前": "―" if one.before is None else one.before_words,
                 "変更後": "―" if one.after is None else one.after_words} for name, place, one in said_changes(old.content, new.content)]  # fmt: skip
        return paper_docx("change", _values(new), {"新旧": rows}, by=request.actor)


def _values(version: PlanVersion) -> dict[str, str]:
    content, day = PlanContent(version.content), day_of(version)
    rule = form_rule(content, "seal", day, "change")
    return {
        "計画名": version.plan.title, "文書番号": "", "日付": wareki(clock.today()), "宛先": "", "申請者": _lead(version, day) + sign_place(content, day, "change"), "版": f"第{version.number}版",
        "決めた日": wareki(version.decided_on) if version.decided_on else "―", "変更日": wareki(day),
        "記名と押印": str(rule["written"]) if rule else "―", "理由": version.note or "―",
    }  # fmt: skip


def _lead(version: PlanVersion, day: dt.date) -> str:
    """Return name and representative of the lead party on the day, as the version writes them."""
    content = PlanContent(version.content)
    party: dict[str, Any] = next((one for one in content.section("parties") if one["code"] == version.plan.lead_party_id), {})
    if not party:
        return version.plan.lead_party.name
    person = content.dated(party["representatives"], day)
    return f"{content.dated(party['names'], day)['value']}　{person['title']}　{person['name']}"
