"""The holder's answer to an entry that a case could use now."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.refusal import Refused
from renkei.cases.actions.suggesting import answer_suggestion
from renkei.cases.models import Suggestion, SuggestionAnswer
from renkei.desk.request import StaffRequest


@require_POST
def answer(request: StaffRequest, body: str, suggestion: uuid.UUID) -> HttpResponse:
    """Keep the answer: what is used leads to the page where its body is asked, what does not fit goes away."""
    found = get_object_or_404(Suggestion.objects.visible_to(request.actor), pk=suggestion)
    try:
        answer_suggestion(found, by=request.actor, answer=request.POST.get("answer", ""))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-case", body=body, case=found.case_id)
    if request.POST["answer"] == SuggestionAnswer.USED:
        messages.success(request, _("使うものとして記録しました。ここで、その機関に頼めます。"))
        return redirect("desk-triage", body=body, case=found.case_id)
    messages.success(request, _("合わないと記録しました。次の提案に生かします。"))
    return redirect("desk-case", body=body, case=found.case_id)
