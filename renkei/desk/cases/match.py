"""The matching sheet of a need: on screen, on paper, and as a sheet [C46]."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.candidates import need_of_candidate, use_candidate
from renkei.cases.actions.reading import read_case
from renkei.cases.models import Candidate, CandidateUse, Case, InquiryAnswer, Need
from renkei.cases.queries.match_sheet import MatchRow, MatchSheet, match_sheet
from renkei.cases.queries.reach import firms_for_need
from renkei.cases.rules import runs_case
from renkei.cases.states import DisclosureClass
from renkei.desk.cases.acts.act import RELATED
from renkei.desk.cases.acts.disclosing import (
    CandidateForm,
    CirculateForm,
    EndCirculationForm,
    PublicNeedForm,
    UnlistForm,
)
from renkei.desk.cases.acts.matching import open_match_acts
from renkei.desk.cases.acts.outside import OutsideAskForm
from renkei.desk.request import StaffRequest
from renkei.documents.sheets import write_sheet
from renkei.plan.queries import content_now
from renkei.research.actions.bridging import Other, start_bridge

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = ["機関", "いまの段階", "返事", "できること", "だれが", "条件", "会社が見せるもの", "秘密保持", "面談の日", "面談の結果", "結果", "理由・内容"]


def match(request: StaffRequest, body: str, case: uuid.UUID, need: uuid.UUID) -> HttpResponse:
    """Show every candidate with where it stands, and the deeds that come next."""
    found, sheet = _sheet(request, case, need)
    read_case(found, sheet.need, by=request.actor, classes=[DisclosureClass.SUMMARY])
    runs = runs_case(request.actor, found) and found.is_open
    rows = [
        (row, _reason(row), open_match_acts(row.match, is_open=row.is_open, actor=request.actor, case=found) if runs else [])
        for row in sheet.rows
    ]
    deeds: dict[str, Any] = {"public": PublicNeedForm, "circulate": CirculateForm, "end": EndCirculationForm, "add": CandidateForm, "unlist": UnlistForm}
    page = {"case": found, "sheet": sheet, "need": sheet.need, "rows": rows, "runs": runs, "deeds": deeds, "body": body,
            "today": clock.today(), "may_ask_outside": OutsideAskForm.allowed(request.actor, found, sheet.need),
            "may_unlist": UnlistForm.allowed(request.actor, found, sheet.need)}  # fmt: skip
    return render(request, "desk/cases/match.html", page)


@require_safe
def firms(request: StaffRequest, body: str, case: uuid.UUID, need: uuid.UUID) -> HttpResponse:
    """Show firms that could serve a need, of those the body knows; the matching sheet takes only the list."""
    found, one = _need(request, case, need)
    read_case(found, one, by=request.actor, classes=[DisclosureClass.SUMMARY])
    context = {"case": found, "need": one, "body": body, "firms": firms_for_need(one, actor=request.actor)}
    answer = render(request, "desk/search/firms_list.html" if request.headers.get("HX-Request") else "desk/cases/need_firms.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_POST
def candidate(request: StaffRequest, body: str, case: uuid.UUID, candidate: uuid.UUID) -> HttpResponse:
    """Make of somebody a body named a candidate for support, a request outside the region, or a bridge [C94]."""
    found = get_object_or_404(Case.objects.inside(request.actor), pk=case)
    seen = Candidate.objects.visible_to(request.actor).filter(asked__inquiry__circulation__case=found)
    one = get_object_or_404(seen.select_related("asked", "to_body"), pk=candidate)
    if not runs_case(request.actor, found) or request.POST.get("use") not in CandidateUse.values:
        raise PermissionDenied
    need, use = need_of_candidate(one), CandidateUse(request.POST["use"])
    sheet = redirect("desk-case-match", body=body, case=found.pk, need=need.pk)
    try:
        with transaction.atomic():
            is_new = not one.use
            use_candidate(one, by=request.actor, use=use)
            if use == CandidateUse.BRIDGE and is_new:
                start_bridge(need, Other(one.name or one.organisation, one.organisation, one.to_body), by=request.actor, words=one.note)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return sheet
    messages.success(request, CandidateUse(use).label)
    if use == CandidateUse.OUTSIDE:
        ask = reverse("desk-case-outside-ask", kwargs={"body": body, "case": found.pk, "subject": need.pk})
        return redirect(f"{ask}?candidate={one.pk}")
    return sheet


def match_xlsx(request: StaffRequest, body: str, case: uuid.UUID, need: uuid.UUID) -> HttpResponse:
    """Write the same sheet as a file."""
    del body
    found, sheet = _sheet(request, case, need)
    read_case(found, sheet.need, by=request.actor, classes=[DisclosureClass.SUMMARY])
    data = write_sheet(_("組合せの表"), COLUMNS, [_cells(row) for row in sheet.rows])
    name = f"match-{found.number.replace(' ', '-')}-{sheet.need.order}.xlsx"
    return HttpResponse(data, XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"})


def _sheet(request: StaffRequest, case: uuid.UUID, need: uuid.UUID) -> tuple[Case, MatchSheet]:
    """Return case and sheet for who sees the case from inside; a body that was only asked has no sheet."""
    found, one = _need(request, case, need)
    return found, match_sheet(one, actor=request.actor)


def _need(request: StaffRequest, case: uuid.UUID, need: uuid.UUID) -> tuple[Case, Need]:
    found = get_object_or_404(Case.objects.inside(request.actor).select_related(*RELATED), pk=case)
    one = Need.objects.visible_to(request.actor).filter(case=found, pk=need).select_related("stage").first()
    if one is None:
        raise Http404
    return found, one


def _reason(row: MatchRow) -> str:
    asked = row.match.asked
    return content_now().word("decline_reasons", asked.reason) if asked is not None and asked.reason else ""


def _cells(row: MatchRow) -> list[Any]:
    asked, one = row.match.asked, row.match
    answer = str(InquiryAnswer(asked.answer).label) if asked is not None and asked.answer else ""
    nda = ""
    if row.nda is not None:
        nda = f"{row.nda.signed_on:%Y/%m/%d}〜{row.nda.until:%Y/%m/%d}" if row.nda.until else f"{row.nda.signed_on:%Y/%m/%d}〜"
    return [
        one.body.name, str(row.standing.label), "：".join(part for part in (answer, _reason(row)) if part),
        asked.offer if asked else "", asked.who if asked else "", asked.conditions if asked else "", row.class_words, nda,
        one.met_on, one.met_text, one.get_outcome_display(), one.outcome_text,
    ]  # fmt: skip
