"""Notices between bodies: what came, what was sent, who has read and answered [C76]."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.accounts.models import Person
from renkei.base.refusal import Refused
from renkei.desk.notices.forms import AnswerForm, NoticeForm
from renkei.desk.request import StaffRequest
from renkei.plan.models import Body
from renkei.post.models import Notice, NoticeReceipt
from renkei.post.notices import Words, answer_notice, read_notice, send_notice

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One notice as the list shows it."""

    notice: Notice
    sender: Body | None
    mine: NoticeReceipt | None
    read: int
    answered: int
    asked: int


def notice_list(request: StaffRequest, body: str) -> HttpResponse:
    """Show what this body received (what waits first) and sent."""
    receipts = Prefetch("receipts", NoticeReceipt.objects.all(), to_attr="all_receipts")
    found = Notice.objects.visible_to(request.actor).prefetch_related(receipts).order_by("-sent_at")
    bodies = {one.pk: one for one in Body.objects.all()}
    waits = Q(read_at__isnull=True) | Q(notice__asks_answer=True, answered_at__isnull=True)
    unread = found.filter(pk__in=NoticeReceipt.objects.filter(waits, body=body).values("notice"))
    waiting = [_line(notice, bodies, body) for notice in unread]  # however old: what waits is never cut off
    lines = [_line(notice, bodies, body) for notice in found[:PER_PAGE]]
    received = [line for line in lines if line.mine]
    return render(
        request,
        "desk/notices/list.html",
        {
            "waiting": waiting,
            "read": [line for line in received if not _waits(line)],
            "sent": [line for line in lines if line.notice.from_body == body],
        },
    )


def notice(request: StaffRequest, body: str, notice: uuid.UUID) -> HttpResponse:
    """Show one notice with who has read and answered; a POST answers it for this body."""
    found = get_object_or_404(Notice.objects.visible_to(request.actor), pk=notice)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            answer_notice(found, by=request.actor, text=form.cleaned_data["text"])
        except Refused as refusal:
            form.add_error("text", refusal.message)
        else:
            messages.success(request, _("答えを送りました。"))
            return redirect("desk-notice", body=body, notice=found.pk)
    return render(request, "desk/notices/notice.html", _notice_page(found, body) | {"form": form})


@require_POST
def notice_read(request: StaffRequest, body: str, notice: uuid.UUID) -> HttpResponse:
    """Write down that this body has read the notice."""
    found = get_object_or_404(Notice.objects.visible_to(request.actor), pk=notice)
    read_notice(found, by=request.actor)
    messages.success(request, _("読んだことを相手に知らせました。"))
    return redirect("desk-notices", body=body)


def notice_new(request: StaffRequest, body: str) -> HttpResponse:
    """Write a notice to other bodies."""
    form = NoticeForm(request.POST if request.method == "POST" else None, own=body)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        words = Words(data["title"], data["text"], data["asks_answer"], data["due_on"])
        try:
            to = {one.pk: one.mail for one in data["to"]}
            sent = send_notice(words, by=request.actor, to=to, sender=request.membership.body.name)
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            messages.success(request, _("%(count)s機関に送りました。") % {"count": len(to)})
            return redirect("desk-notice", body=body, notice=sent.pk)
    return render(request, "desk/notices/new.html", {"form": form})


def _line(notice: Notice, bodies: dict[str, Body], own: str) -> Line:
    receipts: list[NoticeReceipt] = notice.all_receipts  # type: ignore[attr-defined]  # set by the prefetch above
    for receipt in receipts:
        receipt.notice = notice
    mine = next((one for one in receipts if one.body == own), None)
    read = sum(one.read_at is not None for one in receipts)
    answered = sum(one.answered_at is not None for one in receipts)
    return Line(notice, bodies.get(notice.from_body), mine, read, answered, len(receipts))


def _waits(line: Line) -> bool:
    assert line.mine is not None  # noqa: S101  only called for received ones
    return line.mine.read_at is None or (line.notice.asks_answer and line.mine.answered_at is None)


def _notice_page(notice: Notice, own: str) -> dict[str, object]:
    receipts = list(notice.receipts.all())
    bodies = {one.pk: one for one in Body.objects.all()}
    ids = {notice.by_person} | {one.read_by for one in receipts} | {one.answered_by for one in receipts}
    people = Person.objects.in_bulk([one for one in ids if one])
    rows = [
        (bodies.get(one.body), one, people.get(one.read_by), people.get(one.answered_by))
        for one in receipts
    ]
    order = {code: position for position, code in enumerate(bodies)}
    return {
        "notice": notice,
        "sender": bodies.get(notice.from_body),
        "author": people.get(notice.by_person),
        "is_ours": notice.from_body == own,
        "mine": next((one for one in receipts if one.body == own), None),
        "receipts": sorted(rows, key=lambda row: order.get(row[1].body, 99)),
    }
