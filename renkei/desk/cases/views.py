"""The case page, its A4 sheet, its files."""

from __future__ import annotations

import uuid

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.cases.actions.reading import read_case
from renkei.cases.models import Attachment, Case, Consultation, Contact, Need, Passage, Support
from renkei.cases.queries.files import open_file
from renkei.desk.cases.acts.act import RELATED
from renkei.desk.cases.page import case_page, word_of
from renkei.desk.request import StaffRequest
from renkei.plan.models import Field
from renkei.plan.queries import content_now

VOCABULARIES = {"tech_fields": "tech_fields", "themes": "themes", "pressures": "pressures", "purposes": "purposes"}


def case(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Show one case: holder, next step and date always in sight, one timeline, needs, consent, files."""
    found = _find(request, case)
    read_case(found, by=request.actor)
    everything = "all" in request.GET
    by_body = request.GET.get("by", "")[:40]
    context = case_page(found, request.actor, everything=everything, by_body=by_body)
    return render(request, "desk/cases/case.html", context | {"body": body, "everything": everything})


def sheet(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Show the 相談票 (form B) on one A4 page, with boxes for the circulation [C98]."""
    found = _find(request, case)
    read_case(found, by=request.actor)
    content = content_now()
    said = Consultation.objects.visible_to(request.actor).filter(case=found)
    words = said.select_related("taken_by", "person", "received_by").order_by("consulted_at").first()
    supports = Support.objects.visible_to(request.actor).filter(case=found).select_related("body", "service")
    minutes = Contact.objects.visible_to(request.actor).filter(case=found).values_list("minutes", flat=True)
    return render(
        request,
        "desk/cases/sheet.html",
        {
            "case": found,
            "body": body,
            "words": words,
            "channel": content.word("channels", words.channel) if words else "",
            "field": Field.objects.filter(pk=found.support_field).first(),
            "codes": {
                name: [content.word(vocabulary, code) for code in getattr(found, name)]
                for name, vocabulary in VOCABULARIES.items()
            },
            "needs": list(Need.objects.visible_to(request.actor).filter(case=found).select_related("stage")),
            "supports": list(supports),
            "details": list(Passage.objects.visible_to(request.actor).filter(case=found, support__isnull=True)),
            "minutes": sum(one for one in minutes if one),
            "close_word": word_of("close_reasons", found.close_reason),
            "result_word": word_of("results", found.result),
            "boxes": [term.name for term in content.vocabulary("circulation")] or ["", "", "", "", "", _("担当")],
            "today": clock.today(),
        },
    )


def file(request: StaffRequest, body: str, case: uuid.UUID, file: uuid.UUID) -> HttpResponseBase:
    """Send a file's bytes, always as a download: nothing that firms send runs in our pages."""
    del body
    found = _find(request, case)
    kept = get_object_or_404(Attachment.objects.visible_to(request.actor), case=found, pk=file)
    read_case(found, kept, by=request.actor, classes=[kept.klass])
    path = open_file(kept)
    return FileResponse(path.open("rb"), as_attachment=True, filename=kept.name, content_type="application/octet-stream")


def _find(request: StaffRequest, case: uuid.UUID) -> Case:
    visible = Case.objects.visible_to(request.actor).select_related(*RELATED, "merged_into")
    return get_object_or_404(visible, pk=case)
