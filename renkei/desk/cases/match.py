"""The matching sheet of a need: on screen, on paper, and as a sheet [C46]."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.cases.actions.reading import read_case
from renkei.cases.models import Case, InquiryAnswer, Need
from renkei.cases.queries.match_sheet import MatchRow, MatchSheet, match_sheet
from renkei.cases.rules import runs_case
from renkei.cases.states import DisclosureClass
from renkei.desk.cases.acts.act import RELATED
from renkei.desk.cases.acts.disclosing import CandidateForm, CirculateForm, EndCirculationForm, PublicNeedForm
from renkei.desk.cases.acts.matching import open_match_acts
from renkei.desk.request import StaffRequest
from renkei.documents.sheets import write_sheet
from renkei.plan.queries import content_now

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
    deeds: dict[str, Any] = {"public": PublicNeedForm, "circulate": CirculateForm, "end": EndCirculationForm, "add": CandidateForm}
    page = {"case": found, "sheet": sheet, "need": sheet.need, "rows": rows, "runs": runs, "deeds": deeds, "body": body,
            "today": clock.today()}  # fmt: skip
    return render(request, "desk/cases/match.html", page)


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
    found = get_object_or_404(Case.objects.inside(request.actor).select_related(*RELATED), pk=case)
    one = Need.objects.visible_to(request.actor).filter(case=found, pk=need).select_related("stage").first()
    if one is None:
        raise Http404
    return found, match_sheet(one, actor=request.actor)


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
