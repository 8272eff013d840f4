"""The giver's table and packs, the receiver's packs, and what a body's people give away."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.accounts.queries import members_of
from renkei.base.refusal import Refused
from renkei.cases.actions.holding import Pack
from renkei.cases.actions.leaving import leave_body
from renkei.cases.actions.moves import (
    accept_packs,
    add_new_cases,
    cancel_move,
    choose_successor,
    decline_pack,
    recall_packs,
    send_packs,
    write_pack,
)
from renkei.cases.models import Handover, Move, MovePack
from renkei.cases.queries.moves import caseload, moves_of, waiting_packs
from renkei.cases.rules import gives_pack
from renkei.cases.states import HandoverState, PackState
from renkei.desk.moves.forms import NewMoveForm, PackForm, SuccessorForm, successor, successor_choices
from renkei.desk.request import StaffRequest
from renkei.plan.models import Body

FREE = {PackState.DRAFT, PackState.DECLINED}
BACK = {HandoverState.DECLINED, HandoverState.RECALLED}


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a move: its pack, where it stands, and whether its successor can be chosen."""

    pack: MovePack
    handover: Handover | None
    is_free: bool


def moves(request: StaffRequest, body: str) -> HttpResponse:
    """List what waits for the person's yes, and the moves of the body with how far they are."""
    counted = moves_of(request.actor).annotate(
        count=Count("packs"), accepted=Count("packs", filter=Q(packs__state=PackState.ACCEPTED)),
        offered=Count("packs", filter=Q(packs__state=PackState.OFFERED)),
    )  # fmt: skip
    context = {"moves": counted, "waiting": waiting_packs(request.actor).count(), "body": body}
    return render(request, "desk/moves/list.html", context)


def move_new(request: StaffRequest, body: str) -> HttpResponse:
    """Open a move for oneself or, as an administrator, for anybody of the body."""
    members = [one for one in members_of(body) if gives_pack(request.actor, body, one.person_id)]
    first = request.GET.get("person", str(request.actor.person))
    form = NewMoveForm(request.POST if request.method == "POST" else None, members=members, initial={"person": first})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        leaver = next(one for one in members if str(one.person_id) == data["person"])
        try:
            made = leave_body(leaver, data["on"], by=request.actor, reason=data["reason"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect("desk-move", body=body, move=made.pk)
    return render(request, "desk/moves/new.html", {"form": form, "body": body})


def move(request: StaffRequest, body: str, move: uuid.UUID) -> HttpResponse:
    """Show every case of a move with its successor; a POST chooses, sends, takes back, adds or cancels."""
    found = get_object_or_404(Move.objects.visible_to(request.actor).select_related("person", "body"), pk=move)
    gives = gives_pack(request.actor, body, found.person_id)
    lines = _lines(request, found)
    free = [one.pack for one in lines if one.is_free]
    choices = successor_choices(found, request.actor, list(Body.objects.filter(closed_on__isnull=True))) if gives else []
    form = SuccessorForm(request.POST if request.method == "POST" else None, packs=free, choices=choices)
    if request.method == "POST":
        if not gives:
            raise PermissionDenied
        if form.is_valid() and (done := _do(request, found, form, lines)):
            messages.success(request, done)
            return redirect("desk-moves", body=body) if found.cancelled_at else redirect("desk-move", body=body, move=found.pk)
    named = set(caseload(body, found.person_id, request.actor).values_list("pk", flat=True))
    context = {
        "move": found, "form": form, "lines": lines, "gives": gives, "body": body, "free": free,
        "sent": [one for one in lines if one.pack.state == PackState.OFFERED],
        "accepted": sum(one.pack.state == PackState.ACCEPTED for one in lines),
        "new": len(named - {one.pack.case_id for one in lines}), "picked": request.POST.getlist("pick"), "shares": _shares(free),
    }  # fmt: skip
    return render(request, "desk/moves/move.html", context)


def packs(request: StaffRequest, body: str, move: uuid.UUID) -> HttpResponse:
    """Show every pack on one page; its giver edits them, and all are saved together."""
    found = get_object_or_404(Move.objects.visible_to(request.actor).select_related("person", "body"), pk=move)
    gives = gives_pack(request.actor, body, found.person_id)
    sent = request.POST if request.method == "POST" else None
    forms = [PackForm(sent if _is_open(one) else None, pack=one.pack) for one in _lines(request, found)]
    if sent is not None:
        if not gives:
            raise PermissionDenied
        if _write(forms, request):
            messages.success(request, _("引継ぎの内容を保存しました。"))
            return redirect("desk-move", body=body, move=found.pk)
    return render(request, "desk/moves/packs.html", {"move": found, "forms": forms, "gives": gives, "body": body})


def received(request: StaffRequest, body: str) -> HttpResponse:
    """Show the packs that wait for this person's yes; a POST accepts all or one, or declines one with a reason."""
    waiting = list(waiting_packs(request.actor))
    wrong = {"pack": "", "message": ""}
    if request.method == "POST":
        deed, _colon, about = request.POST.get("do", "").partition(":")
        chosen = [one for one in waiting if deed == "accept-all" or str(one.pk) == about]
        try:
            done = _answer(request, deed, chosen)
        except Refused as refusal:
            wrong = {"pack": about, "message": refusal.message}
        else:
            messages.success(request, done)
            return redirect("desk-move-received", body=body)
    context = {"packs": waiting, "body": body, "wrong": wrong, "typed": request.POST}
    return render(request, "desk/moves/received.html", context)


def _answer(request: StaffRequest, deed: str, chosen: list[MovePack]) -> str:
    if not chosen:
        raise Refused(_("この包みは、もう返事を待っていません。"), "gone")
    if deed in {"accept", "accept-all"}:
        count = accept_packs(chosen, by=request.actor)
        return _("%(n)s件の担当を引き受けました。次の一手と期日は、そのまま引き継いでいます。") % {"n": count}
    if deed == "decline":
        decline_pack(chosen[0], by=request.actor, reason=request.POST.get(f"reason-{chosen[0].pk}", ""))
        return _("断りました。担当はいまのままで、渡す人がほかの人を選びます。")
    raise Refused(_("この操作は分かりません。画面を開き直してください。"), "unknown_deed")


def _lines(request: StaffRequest, found: Move) -> list[Line]:
    rows = MovePack.objects.visible_to(request.actor).filter(move=found)
    related = ("case", "case__company", "case__holder", "to_person", "to_body", "handover", "from_person")
    return [Line(one, one.handover, one.case.is_open and _is_free(one)) for one in rows.select_related(*related)]


def _shares(free: list[MovePack]) -> list[tuple[str, int]]:
    """Return who would be asked for how many, most first: what pressing the button does, before it is pressed."""
    names = Counter((one.to_person.name if one.to_person else _("未担当")) if one.to_body_id == one.body_id else one.to_body.name
                    for one in free)  # fmt: skip
    return names.most_common()


def _is_free(pack: MovePack) -> bool:
    return pack.state in FREE or (
        pack.state == PackState.GIVEN and pack.handover is not None and pack.handover.state in BACK)


def _is_open(line: Line) -> bool:
    return line.pack.case.is_open and line.pack.state != PackState.ACCEPTED


def _write(forms: list[PackForm], request: StaffRequest) -> bool:
    """Save every pack or none: a refusal stands beside the field of its case."""
    open_ones = [form for form in forms if form.is_bound]
    wrong = [form for form in open_ones if not form.is_valid()]  # each is looked at, so that each says what is wrong
    if wrong:
        return False
    with transaction.atomic():
        for form in open_ones:
            data = form.cleaned_data
            words = Pack(data["state"], data["promises"], data["open_points"], form.pack.pack_files)
            try:
                write_pack(form.pack, words, by=request.actor, version=data["version"])
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        if any(form.errors for form in open_ones):
            transaction.set_rollback(True)
            return False
    return True


def _do(request: StaffRequest, found: Move, form: SuccessorForm, lines: list[Line]) -> str:
    """Do what the pressed button says; returns what was done, or nothing when a sentence stands beside a field."""
    deed, _colon, about = request.POST.get("do", "save").partition(":")
    chosen = [one.pack for one in lines if str(one.pack.pk) == about] if about else [one.pack for one in lines]
    try:
        with transaction.atomic():
            return _deed(request, found, form, deed, chosen)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
    return ""


def _deed(request: StaffRequest, found: Move, form: SuccessorForm, deed: str, chosen: list[MovePack]) -> str:
    by = request.actor
    if deed == "add":
        return _("%(n)s件を加えました。") % {"n": add_new_cases(found, by=by)}
    if deed == "cancel":
        found.cancelled_at = cancel_move(found, by=by).cancelled_at
        return _("担当替えを取りやめました。引き受けられた案件は、引き受けた人のままです。")
    if deed == "recall":
        return _("%(n)s件を取り消しました。下書きに戻っています。") % {"n": recall_packs(chosen, by=by)}
    if deed in {"everyone", "everyone-all"}:
        return _everyone(request, form, picked=None if deed == "everyone-all" else request.POST.getlist("pick"))
    return _save(request, form, chosen, send=deed == "send")


def _save(request: StaffRequest, form: SuccessorForm, chosen: list[MovePack], *, send: bool) -> str:
    """Write what was chosen anew and, when asked to, send everything that waits for it."""
    by, changes = request.actor, form.changes()
    if form.errors:
        return ""
    for key, changed in changes.items():
        try:
            choose_successor(changed, successor(key), by=by)
        except Refused as refusal:
            raise Refused(refusal.message, refusal.code, field=f"to-{changed[0].pk}") from refusal
    if send:
        count = send_packs(chosen, by=by)
        return _("%(n)s件の引継ぎを頼みました。引き受けられるまで、担当は変わりません。") % {"n": count}
    return _("引き継ぐ人を保存しました。まだ、だれにも頼んでいません。")


def _everyone(request: StaffRequest, form: SuccessorForm, *, picked: list[str] | None) -> str:
    """Give the picked cases (None: all that wait) to one successor; what was chosen line by line beside it is kept."""
    key: Any = form.cleaned_data.get("everyone")
    if not key:
        raise Refused(_("まとめて引き継ぐ人を選んでください。"), "no_successor", field="everyone")
    chosen = [one for one in form.packs if picked is None or str(one.pk) in picked]
    if not chosen:
        raise Refused(_("案件に1つ以上、印を付けてください。"), "nothing_picked", field="everyone")
    for other, changed in form.changes().items():
        choose_successor(changed, successor(other), by=request.actor)
    if form.errors:
        transaction.set_rollback(True)
        return ""
    choose_successor(chosen, successor(key), by=request.actor)
    return _("%(n)s件の引き継ぐ人を保存しました。まだ、だれにも頼んでいません。") % {"n": len(chosen)}
