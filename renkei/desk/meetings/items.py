"""One agenda item: notes and decision while meeting, and the tasks that came of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.base.forms import Refusing
from renkei.base.refusal import Refused
from renkei.desk.meetings.forms import DecisionForm, DoneForm, NotesForm, TaskForm
from renkei.desk.request import StaffRequest
from renkei.meetings.actions.minuting import decide, finish_task, give_task, write_notes
from renkei.meetings.models import AgendaItem, Task
from renkei.meetings.queries import cases_of
from renkei.meetings.rules import runs_meeting, writes_item
from renkei.meetings.votes import tallies
from renkei.plan.models import Body


def item(request: StaffRequest, body: str, meeting: uuid.UUID, item: uuid.UUID) -> HttpResponse:
    """Write what was said and decided. Each part is saved by itself; who comes second is shown what the first wrote."""
    found = _item(request, meeting, item)
    if request.method == "POST" and not writes_item(request.actor, found):
        raise PermissionDenied
    part = request.POST.get("part", "") if request.method == "POST" else ""
    notes = NotesForm(request.POST if part == "notes" else None, initial={"notes": found.notes, "version": found.version})
    decision = DecisionForm(request.POST if part == "decision" else None, item=found,
                            initial={"outcome": found.outcome, "decision": found.decision, "version": found.version})  # fmt: skip
    task = TaskForm(request.POST if part == "task" else None, item=found)
    form = {"notes": notes, "decision": decision, "task": task}.get(part)
    if form is not None and form.is_valid() and _saved(request, found, part, form):
        return redirect("desk-meeting-item", body=body, meeting=meeting, item=item)
    now = _item(request, meeting, item)
    tally = tallies([now], request.actor)[now.pk] if now.meeting.round_at else None
    page = {
        "body": body, "item": now, "meeting": now.meeting, "notes": notes, "decision": decision, "task": task, "writes": writes_item(request.actor, now), "tally": tally,
        "tasks": list(Task.objects.visible_to(request.actor).filter(item=now).select_related("body")), "source": cases_of([now], request.actor).get(now.pk),
        "meanwhile": now if form is not None and "changed_meanwhile" in _codes(form) else None, "failed": form if form is not None and form.errors else None,
    }  # fmt: skip
    return render(request, "desk/meetings/item.html", page, status=422 if form is not None and form.errors else 200)


def done(request: StaffRequest, body: str, meeting: uuid.UUID, task: uuid.UUID) -> HttpResponse:
    """Write down that a task is done."""
    visible = Task.objects.visible_to(request.actor).filter(item__meeting=meeting).select_related("item__meeting", "body")
    found = get_object_or_404(visible, pk=task)
    if found.body_id != request.actor.body and not runs_meeting(request.actor, found.item.meeting.host_id):
        raise PermissionDenied
    form = DoneForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            finish_task(found, by=request.actor, words=form.cleaned_data["words"])
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("宿題が済んだことを記録しました。"))
            return redirect("desk-meetings", body=body)
    page = {"form": form, "body": body, "meeting": found.item.meeting, "heading": _("宿題を済ませる"), "button": _("済ませる"), "about": found.what}
    return render(request, "desk/meetings/form.html", page, status=422 if form.errors else 200)


def _item(request: StaffRequest, meeting: uuid.UUID, item: uuid.UUID) -> AgendaItem:
    visible = AgendaItem.objects.visible_to(request.actor).filter(meeting=meeting).select_related("meeting", "put_up_by")
    return get_object_or_404(visible, pk=item)


def _saved(request: StaffRequest, found: AgendaItem, part: str, form: Refusing) -> bool:
    data = form.cleaned_data
    try:
        if part == "notes":
            write_notes(found, by=request.actor, notes=data["notes"], version=data["version"])
        elif part == "decision":
            decide(found, by=request.actor, outcome=data["outcome"], decision=data["decision"], version=data["version"])
        else:
            give_task(found, by=request.actor, what=data["what"], body=Body.objects.get(pk=data["body"]), due_on=data["due_on"])
    except Refused as refusal:
        form.refuse(refusal)
        if refusal.code == "changed_meanwhile":  # the second try saves over what is shown beside it
            form.data = {**request.POST.dict(), "version": str(AgendaItem.objects.get(pk=found.pk).version)}
        return False
    messages.success(request, _("保存しました。"))
    return True


def _codes(form: Refusing) -> set[str]:
    return {str(error.code) for errors in form.errors.as_data().values() for error in errors}
