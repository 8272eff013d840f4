"""The support route of a case: read, made, edited, planned anew. What is drawn stands in the table as well."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.numbers import whole_number
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases.actions.reading import read_case
from renkei.cases.actions.route_sending import send_route
from renkei.cases.actions.routes import (
    add_step,
    change_step,
    make_route,
    move_step,
    note_course_taken,
    remove_step,
    replace_step,
    replan,
    undo,
)
from renkei.cases.models import Case, Need, Route, RouteStep
from renkei.cases.queries.route_choices import choosable
from renkei.cases.queries.route_near import near_misses
from renkei.cases.queries.route_page import Line, current_version, lines_of, sent_lines, steps_of, with_standing
from renkei.cases.queries.route_plan import draft_of, ground
from renkei.cases.queries.route_plan import planned as placed
from renkei.cases.queries.route_told import told
from renkei.cases.rules import runs_case
from renkei.cases.states import DisclosureClass
from renkei.desk.request import StaffRequest
from renkei.desk.routes.forms import AddForm, SendForm, StepForm
from renkei.desk.routes.page import alternatives, route_page
from renkei.matching.models import Entry
from renkei.matching.schedule_words import fault_words

RELATED = ("company", "company__municipality", "holder", "holder_person", "next_body", "next_person", "received_by")


def route(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Show the route; a button makes it, moves or removes a step, goes back a version, or plans anew."""
    del body
    found = _case(request, case)
    if request.method == "POST":
        return _do(request, found)
    read_case(found, by=request.actor, classes=[DisclosureClass.SUMMARY])
    return _show(request, found)


def step(request: StaffRequest, body: str, case: uuid.UUID, planned: uuid.UUID) -> HttpResponse:
    """Change a step's body, entry or days; beside it other ways to do it with what they cost in time."""
    found = _run(request, case)
    head = _route(request, found)
    lines = lines_of(current_version(head), found, request.actor)
    line = next((one for one in lines if one.step.key == planned), None)
    if line is None:
        raise Http404
    entries = choosable(line.step.service_id, own=line.step.entry)
    form = StepForm(request.POST if request.method == "POST" else None, step=line.step, entries=entries, initial={"version": head.version})
    if request.method == "POST" and _tried(form, lambda: _change(request, head, planned, form)):
        messages.success(request, _("段取りを直しました。続く段取りの日も計算し直しました。"))
        return redirect("desk-route", body=body, case=case)
    read_case(found, by=request.actor, classes=[DisclosureClass.SUMMARY])
    context = {"case": found, "route": head, "line": line, "form": form, "body": body} | _beside(request, found, lines, line, entries)
    return render(request, "desk/routes/step.html", context, status=422 if form.errors else 200)


def add(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Add a step."""
    found = _run(request, case)
    head = _route(request, found)
    form = AddForm(request.POST if request.method == "POST" else None, case=found, initial={"version": head.version})
    if request.method == "POST" and _tried(form, lambda: _add(request, head, form)):
        messages.success(request, _("段取りを足しました。"))
        return redirect("desk-route", body=body, case=case)
    read_case(found, by=request.actor, classes=[DisclosureClass.SUMMARY])
    context = {"case": found, "route": head, "form": form, "body": body, "near": near_misses(found, request.actor)}
    return render(request, "desk/routes/add.html", context, status=422 if form.errors else 200)


def send(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Send the version that stands to the firm, with a word; what it will read stands on the page."""
    found = _run(request, case)
    head = _route(request, found)
    version = current_version(head)
    form = SendForm(request.POST if request.method == "POST" else None, initial={"version": head.version})
    if request.method == "POST" and _tried(form, lambda: send_route(head, by=request.actor, **form.cleaned_data)):
        messages.success(request, _("支援ルートを会社に送りました。返事があると、知らせが届きます。"))
        return redirect("desk-route", body=body, case=case)
    read_case(found, by=request.actor, classes=[DisclosureClass.SUMMARY])
    context = {"case": found, "route": head, "form": form, "body": body, "version": version,
               "lines": sent_lines(told(steps_of(version, request.actor)), found, request.actor)}  # fmt: skip
    return render(request, "desk/routes/send.html", context, status=422 if form.errors else 200)


def _do(request: StaffRequest, case: Case) -> HttpResponse:
    if not runs_case(request.actor, case):
        raise PermissionDenied
    name, _colon, about = clean_text(request.POST.get("do", "")).partition(":")
    try:
        done = DEEDS.get(name, _unknown)(request, case, about)
    except Refused as refusal:
        return _show(request, case, refusal.message, status=409 if refusal.code == "changed_meanwhile" else 422)
    messages.success(request, done)
    return redirect("desk-route", body=request.actor.body, case=case.pk)


def _show(request: StaffRequest, case: Case, error: str = "", status: int = 200) -> HttpResponse:
    head = Route.objects.visible_to(request.actor).filter(case=case).first()
    context: dict[str, Any] = {"case": case, "body": request.actor.body, "error": error, "today": clock.today(),
                               "runs": runs_case(request.actor, case) and case.is_open}  # fmt: skip
    if head is not None:
        head.case = case
        context |= route_page(case, head, request.actor)
    return render(request, "desk/routes/route.html", context, status=status)


def _unknown(_request: StaffRequest, _case: Case, _about: str) -> str:
    raise Refused(_("この操作は分かりません。画面を開き直してください。"), "unknown_deed")


def _make(request: StaffRequest, case: Case, _about: str) -> str:
    make_route(case, by=request.actor)
    return _("支援ルートを作りました。日と順番を確かめてから、会社に送ってください。")


def _undo(request: StaffRequest, case: Case, _about: str) -> str:
    undo(_route(request, case), by=request.actor, version=_version(request))
    return _("前の版に戻しました。")


def _replan(request: StaffRequest, case: Case, _about: str) -> str:
    replan(_route(request, case), by=request.actor, version=_version(request))
    return _("日を計算し直しました。")


def _remove(request: StaffRequest, case: Case, about: str) -> str:
    remove_step(_route(request, case), _key(about), by=request.actor, version=_version(request))
    return _("段取りを外しました。間違えたときは「前の版に戻す」で戻せます。")


def _up(request: StaffRequest, case: Case, about: str) -> str:
    move_step(_route(request, case), _key(about), by=request.actor, version=_version(request), up=True)
    return _("順番を変えました。")


def _down(request: StaffRequest, case: Case, about: str) -> str:
    move_step(_route(request, case), _key(about), by=request.actor, version=_version(request), up=False)
    return _("順番を変えました。")


def _trained(request: StaffRequest, case: Case, about: str) -> str:
    note_course_taken(_route(request, case), _key(about), by=request.actor, version=_version(request))
    return _("受講済みと書き、日を計算し直しました。この機器のためだけの講習があれば、外しました。間違えたときは「前の版に戻す」で戻せます。")


def _replace(request: StaffRequest, case: Case, about: str) -> str:
    """Do what the holder has read: ``about`` is the step, then service, body and entry."""
    key, _colon, value = about.partition(":")
    service, body, entry = [*value.split("|"), "", "", ""][:3]
    replace_step(_route(request, case), _key(key), by=request.actor, version=_version(request), service=service, body=body, entry=entry)
    return _("段取りを替えて、日を計算し直しました。まだだれにも頼んでいません。")


DEEDS: dict[str, Callable[[StaffRequest, Case, str], str]] = {
    "make": _make, "undo": _undo, "replan": _replan, "remove": _remove, "up": _up, "down": _down, "replace": _replace,
    "trained": _trained,
}  # fmt: skip


def _change(request: StaffRequest, head: Route, key: uuid.UUID, form: forms.Form) -> None:
    data = form.cleaned_data
    body, entry = data["body"], data["entry"]
    if option := clean_text(request.POST.get("option", "")):  # one of the other ways was chosen instead
        _service, body, entry = [*option.split("|"), "", "", ""][:3]
    change_step(head, key, by=request.actor, version=data["version"], body=body, entry=entry, begin=data["begin"],
                end=data["end"], override=data["override"])


def _add(request: StaffRequest, head: Route, form: forms.Form) -> None:
    data = form.cleaned_data
    service, _bar, body = data["provision"].partition("|")
    need = get_object_or_404(Need.objects.visible_to(request.actor), pk=data["need"], case=head.case_id)
    add_step(head, by=request.actor, version=data["version"], need=need, service=service, body=body,
             entry=data["entry"], begin=data["begin"], end=data["end"], override=data["override"])


def _beside(request: StaffRequest, case: Case, lines: list[Line[RouteStep]], line: Line[RouteStep], entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the other ways to do a step, and the rules its days break now."""
    drafts = [draft_of(one.step) for one in lines]
    on = ground(case, drafts, actor=request.actor)
    now = next(one for one in placed(drafts, on) if one.key == str(line.step.key))
    over = with_standing([line], on.entries)[0].over
    return {"options": alternatives(line, drafts, on, entries), "over": over, "faults": [fault_words(one, on.today) for one in now.faults]}


def _tried(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Do the act if the form holds; put a refusal beside its field. Returns whether it is done."""
    if not form.is_valid():
        return False
    try:
        act()
    except Refused as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, forms.ValidationError(refusal.message, code=refusal.code))
        return False
    return True


def _case(request: StaffRequest, case: uuid.UUID) -> Case:
    """Return the case for who sees it from inside; a body that was only asked has no route."""
    return get_object_or_404(Case.objects.inside(request.actor).select_related(*RELATED), pk=case)


def _run(request: StaffRequest, case: uuid.UUID) -> Case:
    found = _case(request, case)
    if not runs_case(request.actor, found):
        raise PermissionDenied
    return found


def _route(request: StaffRequest, case: Case) -> Route:
    found = get_object_or_404(Route.objects.visible_to(request.actor), case=case)
    found.case = case
    return found


def _version(request: StaffRequest) -> int:
    return whole_number(request.POST.get("version", "")) or 0


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Refused(_("この段取りは、もうありません。画面を開き直してください。"), "step_gone") from error
