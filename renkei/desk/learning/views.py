"""The page of learning: judgments by origin, what was learned with its figures, and the three deeds."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.matching.learnactions import ask_learning, roll_back, switch_on
from renkei.matching.learned import judged
from renkei.matching.learnmodels import LearnedModel, LearnedState
from renkei.matching.models import EntryKind
from renkei.matching.wordrules import edits_words

SHOWN = 20


@require_safe
def learning(request: StaffRequest, body: str) -> HttpResponse:
    """Show how many judgments there are and what was learned from them."""
    _only_editors(request)
    models, used = list(LearnedModel.objects.select_related("asked_by")[:SHOWN]), _in_use()
    models += [one for one in used if one not in models]  # the way back stands, however many were learned since
    answers = judged()
    context = {
        "body": body, "judged": answers, "has_answers": any(one.fits or one.fits_not for one in answers), "models": models, "used": used,
        "waits": any(one.state == LearnedState.ASKED for one in models),
    }  # fmt: skip
    return render(request, "desk/learning/learning.html", context)


@require_POST
def act(request: StaffRequest, body: str) -> HttpResponse:
    """Learn anew, switch learned weights on, or go back (``deed``)."""
    _only_editors(request)
    deed = request.POST.get("deed", "")
    try:
        if deed == "ask":
            ask_learning(by=request.actor)
            messages.success(request, _("学習を頼みました。数分で終わります。終わったら、ここで比べられます。"))
        elif deed == "back":
            kind = _kind(request.POST.get("kind", ""))
            before = roll_back(kind, by=request.actor, seen=_seen(request.POST.get("model", "")))
            shipped = _("全種類に共通の重みに戻しました。") if kind else _("標準の重みに戻しました。")
            messages.success(request, _("前の重みに戻しました。") if before else shipped)
        elif deed == "use":
            switch_on(_found(request.POST.get("model", "")), by=request.actor)
            messages.success(request, _("いまから、この重みで順番を決めます。"))
        else:
            messages.error(request, _("ボタンから選んでください。"))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("desk-learning", body=body)


def _in_use() -> list[LearnedModel]:
    """Return the weights in use: the common ones first, then those of kinds."""
    return list(LearnedModel.objects.filter(state=LearnedState.IN_USE).select_related("asked_by").order_by("kind"))


def _kind(given: str) -> str:
    if given and given not in EntryKind.values:
        raise Refused(_("ボタンから選んでください。"), "unknown")
    return given


def _seen(given: str) -> uuid.UUID | None:
    return _found(given).pk if given else None


def _found(given: str) -> LearnedModel:
    try:
        found = LearnedModel.objects.filter(pk=uuid.UUID(given)).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused(_("ボタンから選んでください。"), "unknown")
    return found


def _only_editors(request: StaffRequest) -> None:
    if not edits_words(request.actor):
        raise PermissionDenied
