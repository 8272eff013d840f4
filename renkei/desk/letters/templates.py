"""The templates of a body: what letters are made with, its own versions, and the fields they can hold."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.refusal import Refused
from renkei.cases.actions.letter_templates import add_template, keeps_templates, use_shipped, use_template
from renkei.cases.letter_values import example_values
from renkei.cases.queries.letter_fields import FIELDS
from renkei.desk.letters.forms import UploadForm
from renkei.desk.letters.views import docx, kind_or_404
from renkei.desk.request import StaffRequest
from renkei.documents.letters import fill_template
from renkei.documents.models import LetterTemplate
from renkei.documents.papers import PAPERS, Paper, example_paper, left_out, paper_template
from renkei.documents.shipped import KINDS, shipped_template
from renkei.documents.store import path_of
from renkei.plan.content import LetterRule
from renkei.plan.queries import content_now


def templates(request: StaffRequest, body: str) -> HttpResponse:
    """Show each kind of letter with the version in use and the older ones."""
    own = list(LetterTemplate.objects.visible_to(request.actor))
    rules: list[LetterRule | Paper] = [*content_now().letters.values(), *PAPERS.values()]
    rows: list[dict[str, Any]] = [{"rule": rule, "versions": [one for one in own if one.kind == rule.code],
             "used": next((one for one in own if one.kind == rule.code and one.is_used), None)}
            for rule in rules]  # fmt: skip
    rows = [row | {"left_out": left_out(row["used"]) if row["used"] else {}} for row in rows]
    roles = {term.code: term.name for term in content_now().vocabulary("roles")} | {"": _("機関のだれでも")}
    prefix = request.membership.body.number_prefix
    numbers = {rule.code: rule.pattern(body, prefix).replace("{n}", "○") for rule in content_now().letters.values()}
    context = {"rows": rows, "roles": roles, "numbers": numbers, "may_change": keeps_templates(request.actor), "body": body}
    return render(request, "desk/letters/templates.html", context)


def fields(request: StaffRequest, body: str) -> HttpResponse:
    """List every field with its meaning and an example."""
    context = {"fields": FIELDS, "names": content_now().letters, "papers": PAPERS.values(), "body": body}
    return render(request, "desk/letters/fields.html", context)


def upload(request: StaffRequest, body: str, kind: str) -> HttpResponse:
    """Take a body's own template; what is wrong with it is listed, and nothing changes."""
    rule = _named(kind)
    if not keeps_templates(request.actor):
        raise PermissionDenied
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            made = add_template(kind, by=request.actor, name=sent.name, data=sent.read())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)sのひな形を第%(n)s版にしました。") % {"name": rule.name, "n": made.version})
            return redirect("desk-templates", body=body)
    return render(request, "desk/letters/upload.html", {"form": form, "rule": rule, "body": body})


def file(request: StaffRequest, body: str, template: uuid.UUID) -> HttpResponse:
    """Send a version as it was uploaded, or filled with examples (``?filled``)."""
    del body
    found = get_object_or_404(LetterTemplate.objects.visible_to(request.actor), pk=template)
    data = path_of(found.sha256).read_bytes()
    if "filled" in request.GET:
        return docx(_filled(found.kind, data), f"見本_{found.name}")
    return docx(data, found.name)


def shipped(request: StaffRequest, body: str, kind: str) -> HttpResponse:
    """GET sends the template that is shipped (``?filled``: with examples); POST takes it into use."""
    rule = _named(kind)
    if kind not in KINDS and kind not in PAPERS:
        raise Http404
    if request.method == "POST":
        if not keeps_templates(request.actor):
            raise PermissionDenied
        use_shipped(kind, by=request.actor)
        messages.success(request, _("%(name)sを、はじめからあるひな形で作ります。") % {"name": rule.name})
        return redirect("desk-templates", body=body)
    data = paper_template(kind) if kind in PAPERS else shipped_template(kind)
    return docx(_filled(kind, data) if "filled" in request.GET else data, f"{rule.name}.docx")


@require_POST
def use(request: StaffRequest, body: str, template: uuid.UUID) -> HttpResponse:
    """Take an older version into use again."""
    found = get_object_or_404(LetterTemplate.objects.visible_to(request.actor), pk=template)
    if not keeps_templates(request.actor):
        raise PermissionDenied
    use_template(found, by=request.actor)
    messages.success(request, _("第%(n)s版を使います。") % {"n": found.version})
    return redirect("desk-templates", body=body)


def _named(kind: str) -> Any:
    """Return what a kind of letter or paper is called (``name``), or 404."""
    return PAPERS[kind] if kind in PAPERS else kind_or_404(kind)


def _filled(kind: str, data: bytes) -> bytes:
    return example_paper(kind, data) if kind in PAPERS else fill_template(data, example_values())
