"""A body's inbox: what is asked of it, what it may see, and its answer."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.accounts.queries import teams_of
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept, ask, correct_answer, decline
from renkei.cases.actions.offers import open_request
from renkei.cases.actions.passing import pass_on, pass_to_team
from renkei.cases.models import AnsweredHow, Case, Incident, Support
from renkei.cases.queries.letters import letters_of
from renkei.cases.states import SupportState
from renkei.desk.answers.forms import TEAM, AnswerForm, CorrectForm
from renkei.desk.answers.inquiries import inquiries_of
from renkei.desk.answers.page import AWAITED, HANDED, MINE, OF_TEAM, QUEUE, handed_rows, inbox_of, request_of
from renkei.desk.cases.acts.act import person_id
from renkei.desk.colleagues import people_choices
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now

ANSWERABLE = {SupportState.OFFERED, SupportState.EXPIRED}
CORRECTABLE = {SupportState.ACCEPTED, SupportState.DECLINED}
WHOSE = [("", gettext_lazy("すべて")), (MINE, gettext_lazy("自分")), (QUEUE, gettext_lazy("未担当"))]
WITH_WHOM = [(HANDED, gettext_lazy("研究者に渡したもの")), (AWAITED, gettext_lazy("研究者の返事待ち"))]
DONE = {
    "accept": gettext_lazy("引き受けました。会社と窓口に伝わります。"),
    "ask": gettext_lazy("質問を送りました。返事が来るまで期限は待ちます。"),
    "pass": gettext_lazy("同僚に渡しました。"),
    "decline": gettext_lazy("断りました。窓口が次の候補に当たります。"),
}


def requests(request: StaffRequest, body: str) -> HttpResponse:
    """Show the body's requests, most urgent first."""
    who = request.GET.get("who", "")
    inbox = inbox_of(request.actor, everything="all" in request.GET, who=who)
    team = request.membership.team
    whose = [*WHOSE, *([(OF_TEAM, team)] if team else []), *WITH_WHOM]
    is_handed = who in {HANDED, AWAITED}  # what is asked without a name is handed to nobody
    inquiries = [] if is_handed else inquiries_of(request.actor)
    page = {"inbox": inbox, "inquiries": inquiries, "body": body, "who": who, "whose": whose, "is_handed": is_handed}
    return render(request, "desk/answers/list.html", page)


def request_one(request: StaffRequest, body: str, support: uuid.UUID) -> HttpResponse:
    """Show one request with what may be seen now; a POST answers it."""
    if (gone := _recalled(request, support)) is not None:
        return gone
    found = find_request(request, body, support)
    form = _form(request, found, request.POST if request.method == "POST" else None)
    page = _page(request, body, found)
    if request.method == "POST" and page["can_answer"] and form.is_valid():
        try:
            _answer(found, form, request)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, DONE[form.cleaned_data["answer"]])
            return redirect("desk-requests", body=body)
    return _shown(request, found, page | {"form": form})


def show_request(request: StaffRequest, body: str, found: Support, wrong: dict[str, object]) -> HttpResponse:
    """Show a request once more, with what could not be sent (``wrong``) where it was typed."""
    page = _page(request, body, found) | {"form": _form(request, found, None), "wrong": wrong}
    return _shown(request, found, page, status=422)


def correct(request: StaffRequest, body: str, support: uuid.UUID) -> HttpResponse:
    """Correct an answer that somebody else wrote down for this body."""
    found = find_request(request, body, support)
    form = CorrectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            correct_answer(
                found, by=request.actor, answer=data["answer"], reason=data["reason"], text=data["text"]
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("答えを直しました。窓口に伝わります。"))
            return redirect("desk-request", body=body, support=found.pk)
    return render(request, "desk/answers/correct.html", _page(request, body, found) | {"form": form})


def find_request(request: StaffRequest, body: str, support: uuid.UUID) -> Support:
    """Return a request that has left for the body. Raises Http404 for every other."""
    mine = Support.objects.visible_to(request.actor).filter(body_id=body).exclude(
        state__in=[SupportState.PROPOSED, SupportState.RECALLED]
    )
    related = ("service", "service__stage", "body", "person", "asked_by_body", "asked_by", "recorded_by")
    found = get_object_or_404(mine.select_related(*related), pk=support)
    if not found.has_left:
        raise Http404
    return found


def _form(request: StaffRequest, found: Support, sent: QueryDict | None) -> AnswerForm:
    case = Case.objects.visible_to(request.actor).filter(pk=found.case_id).first()
    people = people_choices(found.body_id, request.actor, case=case)
    return AnswerForm(sent, people=people, own=str(request.actor.person), teams=teams_of(found.body_id))


def _shown(request: StaffRequest, found: Support, page: dict[str, object], status: int = 200) -> HttpResponse:
    open_request(found, by=request.actor)
    beside = {"inbox": inbox_of(request.actor), "inquiries": inquiries_of(request.actor)}
    return render(request, "desk/answers/request.html", page | beside, status=status)


def _recalled(request: StaffRequest, support: uuid.UUID) -> HttpResponse | None:
    """Say that a request the body may have seen was taken back."""
    incident = Incident.objects.visible_to(request.actor).filter(support_id=support, body_id=request.actor.body).first()
    if incident is None:
        return None
    return render(request, "desk/answers/recalled.html", {"incident": incident})


def _page(request: StaffRequest, body: str, support: Support) -> dict[str, object]:
    row = request_of(support, request.actor)
    reason = support.decline_reason
    return {
        "row": row,
        "support": support,
        "body": body,
        "can_answer": support.state in ANSWERABLE and row.case is not None,
        "can_hand": row.may_be_handed,
        "handed_rows": handed_rows(row, request.actor),
        "can_correct": support.state in CORRECTABLE and support.answered_how == AnsweredHow.PHONE,
        "letters": letters_of(support, request.actor) if row.case is not None else [],
        "reason_word": content_now().word("decline_reasons", reason) if reason else "",
    }


def _answer(support: Support, form: AnswerForm, request: StaffRequest) -> None:
    data, by = form.cleaned_data, request.actor
    if data["answer"] == "accept":
        accept(support, by=by, person=person_id(data["person"]), text=data["note"])
    elif data["answer"] == "ask":
        ask(support, by=by, question=data["question"])
    elif data["answer"] == "pass":
        _pass(support, data["colleague"], request)
    else:
        decline(support, by=by, reason=data["reason"], text=data["text"])


def _pass(support: Support, to: str, request: StaffRequest) -> None:
    if to.startswith(TEAM):
        pass_to_team(support, by=request.actor, team=to.removeprefix(TEAM))
        return
    colleague = person_id(to)
    assert colleague is not None  # noqa: S101  the form has asked for it
    pass_on(support, by=request.actor, person=colleague)
