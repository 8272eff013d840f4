"""The letters of a case: the list, one letter with its way, writing, deciding alone, sending."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.accounts.queries import answering_for
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions import letters as deeds
from renkei.cases.actions.letters import DRAFT_NUMBER, file_name, letter_docx, rule_of
from renkei.cases.actions.reading import read_case
from renkei.cases.letter_values import default_class, first_values
from renkei.cases.models import Case, Letter, LetterStep, Support
from renkei.cases.queries.finding import as_id
from renkei.cases.queries.letter_fields import NUMBER
from renkei.cases.rules import runs_case, takes_part
from renkei.desk.cases.acts.act import RELATED
from renkei.desk.colleagues import people_choices
from renkei.desk.letters.forms import LetterForm, SendForm
from renkei.desk.request import StaffRequest
from renkei.documents.letters import Block, letter_text
from renkei.documents.sending import sent_file
from renkei.documents.shipped import shipped_rows
from renkei.documents.store import path_of
from renkei.plan.queries import content_now


def letters(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """List the letters of a case, with what can be written."""
    found = find_case(request, case)
    rows = Letter.objects.visible_to(request.actor).filter(case=found).select_related("author_body", "author")
    names = {code: rule.name for code, rule in content_now().letters.items()}
    kinds = content_now().letters.values() if takes_part(request.actor, found) else []
    return render(request, "desk/letters/list.html", {"case": found, "letters": rows, "kinds": kinds, "names": names, "body": body})


def new(request: StaffRequest, body: str, case: uuid.UUID, kind: str) -> HttpResponse:
    """Write a letter: every field is filled from what is on record and may be written over."""
    found = find_case(request, case)
    rule = kind_or_404(kind)
    if not takes_part(request.actor, found):
        raise PermissionDenied
    support = _support(request, found)
    values = first_values(found, kind, by=request.actor, support=support)
    form = LetterForm(request.POST if request.method == "POST" else None, kind=kind, values=values, klass=default_class(kind))
    if request.method == "POST" and form.is_valid():
        try:
            letter = deeds.draft_letter(found, kind, form.text, by=request.actor, support=support)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)sの案を作りました。") % {"name": rule.name})
            return redirect("desk-letter", body=body, case=found.pk, letter=letter.pk)
    return render(request, "desk/letters/edit.html", {"form": form, "case": found, "rule": rule, "body": body})


def letter(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Show one letter as it reads, where it stands on its way, and what can be done."""
    found = find_letter(request, case, letter)
    read_case(found.case, found, by=request.actor, classes=[found.klass])
    return render(request, "desk/letters/letter.html", letter_page(request, found) | {"body": body})


def page(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Show one letter on A4, to print."""
    found = find_letter(request, case, letter)
    read_case(found.case, found, by=request.actor, classes=[found.klass])
    return render(request, "desk/letters/print.html", letter_page(request, found) | {"body": body})


def file(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Send the docx: as it was decided, or the draft as it stands."""
    del body
    found = find_letter(request, case, letter)
    read_case(found.case, found, by=request.actor, classes=[found.klass])
    data = path_of(found.sha256).read_bytes() if found.sha256 else letter_docx(found)
    return docx(data, found.file_name or f"案_{file_name(found)}")


def edit(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Write over a letter that is not decided."""
    found = own_letter(request, case, letter)
    if found.is_locked and request.method != "POST":  # what was typed before somebody decided is kept and told apart below
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else None
    form = LetterForm(sent, kind=found.kind, values=found.values, klass=found.klass, saves=found.saves)
    if request.method == "POST" and form.is_valid():
        try:
            deeds.change_letter(found, form.text, by=request.actor, saves=form.cleaned_data["saves"])
        except Refused as refusal:
            form.refuse(refusal)
            again = {"saves": str(Letter.objects.get(pk=found.pk).saves)}  # the second try saves over what is shown
            form.data = request.POST.dict() | again
        else:
            messages.success(request, _("保存しました。"))
            return redirect("desk-letter", body=body, case=case, letter=letter)
    context = {"form": form, "case": found.case, "letter": found, "rule": rule_of(found.kind), "body": body}
    return render(request, "desk/letters/edit.html", context)


def send(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Send a decided letter to the firm, with a word."""
    found = own_letter(request, case, letter)
    if not runs_case(request.actor, found.case):
        raise PermissionDenied
    first = {"words": _("「%(title)s」をお送りします。添付の書類をご覧ください。") % {"title": found.title}}
    form = SendForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            deeds.send_letter(found, by=request.actor, words=form.cleaned_data["words"])
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("会社に送りました。状況のページに書類と言葉が出ます。"))
            return redirect("desk-letter", body=body, case=case, letter=letter)
    return render(request, "desk/letters/send.html", {"form": form, "letter": found, "case": found.case, "body": body})


def _press(deed: Callable[..., Letter], done: Callable[[Letter], str]) -> Callable[..., HttpResponse]:
    """Return the view of a deed that is one button."""

    @require_POST
    def view(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
        found = own_letter(request, case, letter)
        try:
            result = deed(found, by=request.actor)
        except Refused as refusal:
            messages.error(request, refusal.message)
            result = found
        else:
            messages.success(request, done(result))
        return redirect("desk-letter", body=body, case=case, letter=result.pk)

    view.__doc__ = deed.__doc__
    return view


issue = _press(deeds.issue_letter, lambda one: _("決裁しました。%(number)s") % {"number": one.number})
correct = _press(deeds.correct_letter, lambda _one: _("訂正版の案を作りました。元の文書はそのまま残ります。"))
withdraw = _press(deeds.withdraw_letter, lambda _one: _("この案をやめました。"))
posted = _press(deeds.note_posted, lambda _one: _("紙で出したことを記録しました。"))


def letter_page(request: StaffRequest, letter: Letter) -> dict[str, Any]:
    """Return what a letter's page shows."""
    own, rule = letter.author_body_id == request.actor.body, rule_of(letter.kind)
    steps = LetterStep.objects.visible_to(request.actor).filter(letter=letter).select_related("person")
    waiting = LetterStep.objects.waiting_for(request.actor, answering_for(request.actor.person, request.actor.body))
    turns = list(waiting.filter(letter=letter).select_related("person"))
    mine = min(turns, key=lambda one: one.person_id != request.actor.person, default=None)
    values = letter.values if letter.number else letter.values | {NUMBER: "" if letter.dated_on else DRAFT_NUMBER}
    return {
        "case": letter.case, "letter": letter, "own": own, "rule": rule, "steps": steps, "mine": mine, "values": values,
        "runs": runs_case(request.actor, letter.case), "newer": Letter.objects.filter(corrects=letter).first(),
        "own_paper": _own_paper(letter),
        "paper_rows": [(label, _filled(text, values)) for label, text in shipped_rows(letter.kind)],
    }  # fmt: skip


def _substitutes(letter: Letter, actor: Actor) -> list[tuple[str, str]]:
    return [("", _("選んでください")), *people_choices(letter.author_body_id, actor)]


def _own_paper(letter: Letter) -> list[Block]:
    """Return the words of a letter made with the body's own template, as they stand in the file; none for the shipped one."""
    if letter.template_id is None:
        return []
    try:
        return letter_text(path_of(letter.sha256).read_bytes() if letter.sha256 else letter_docx(letter))
    except Refused:
        return []  # the page shows the fields in the shipped layout; opening the file says what is wrong


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Return a line of the shipped paper with its fields filled: the page on screen needs no office program."""
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values.get(found[1], ""), text).strip("　")


def docx(data: bytes, name: str) -> HttpResponse:
    """Return a docx as a download."""
    return sent_file(data, name)


def find_case(request: StaffRequest, case: uuid.UUID) -> Case:
    """Return a case the actor may see, or 404."""
    return get_object_or_404(Case.objects.visible_to(request.actor).select_related(*RELATED), pk=case)


def find_letter(request: StaffRequest, case: uuid.UUID, letter: uuid.UUID) -> Letter:
    """Return a letter the actor may read, or 404."""
    seen = Letter.objects.visible_to(request.actor).select_related("author_body", "author", "template")
    found = get_object_or_404(seen, case=case, pk=letter)
    found.case = find_case(request, case)
    return found


def own_letter(request: StaffRequest, case: uuid.UUID, letter: uuid.UUID) -> Letter:
    """Return a letter of the actor's own body (403 for another's that may be read)."""
    found = find_letter(request, case, letter)
    if found.author_body_id != request.actor.body:
        raise PermissionDenied
    return found


def kind_or_404(kind: str) -> Any:
    """Return the rule of a kind of letter, or 404."""
    rule = content_now().letters.get(kind)
    if rule is None:
        raise Http404
    return rule


def _support(request: StaffRequest, case: Case) -> Support | None:
    key = as_id(request.GET.get("support", ""))
    if key is None:
        return None
    seen = Support.objects.visible_to(request.actor).select_related("body", "asked_by_body")
    return get_object_or_404(seen, case=case, pk=key)
