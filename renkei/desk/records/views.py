"""What somebody looks up afterwards: who read a case, which letters the body wrote and who decided them."""

from __future__ import annotations

import uuid

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from renkei.base.language import shown_list
from renkei.cases.models import Case, Letter, LetterStep
from renkei.cases.models.letters import LetterState, StepKind, StepState
from renkei.cases.queries.readers import MOST, readings
from renkei.cases.rules import runs_case
from renkei.cases.states import DisclosureClass
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now

PER_PAGE = 50


def readers(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """List who read the secret words of a case, and when: what the firm sees, for those who run the case."""
    found = get_object_or_404(Case.objects.visible_to(request.actor), pk=case)
    if not runs_case(request.actor, found):
        raise PermissionDenied
    rows = [(one, shown_list([str(DisclosureClass(klass).label) for klass in one.classes])) for one in readings(found, actor=request.actor)]
    return render(request, "desk/records/readings.html", {"case": found, "rows": rows, "most": MOST, "body": body})


def letters(request: StaffRequest, body: str) -> HttpResponse:
    """List the letters of the body, newest first, with their numbers and who decided them."""
    own = Letter.objects.visible_to(request.actor).filter(author_body_id=request.actor.body)
    state = request.GET.get("state", "")
    narrowed = own.filter(state=state) if state in LetterState.values else own
    page = Paginator(narrowed.select_related("case", "author").order_by("-made_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    done = LetterStep.objects.visible_to(request.actor).filter(letter__in=[one.pk for one in page], kind=StepKind.APPROVE, state=StepState.DONE)
    names: dict[uuid.UUID, list[str]] = {}
    for step in done.select_related("person").order_by("done_at"):
        names.setdefault(step.letter_id, []).append(step.person.name)
    kinds = {code: rule.name for code, rule in content_now().letters.items()}
    rows = [(one, kinds.get(one.kind, one.kind), shown_list(names.get(one.pk, []))) for one in page]
    return render(request, "desk/records/letters.html", {"rows": rows, "page": page, "state": state, "states": LetterState.choices, "body": body})
