"""What a body was asked, and what it takes on: its own inbox of supports."""

from __future__ import annotations

from django.db.models import Case as When
from django.db.models import F, IntegerField, Prefetch, QuerySet, Value
from django.db.models import When as If

from renkei.audit.record import record_read
from renkei.base.actor import Actor
from renkei.cases.models import Case, Passage, Support
from renkei.cases.states import AT_WORK, SupportState

MOST = 100


def requests_for(actor: Actor, body: str) -> list[Support]:
    """Return what ``body`` is asked and works on, offers first by due day. Each has its passages in ``seen_passages``.

    A request whose case the firm has closed to the body is not among them: nothing of it may be shown any more.
    """
    states = {SupportState.OFFERED, *AT_WORK}
    order = When(If(state=SupportState.OFFERED, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(_loaded(actor).filter(body_id=body, state__in=states).order_by(order, F("due_on").asc(nulls_last=True),
                                                                               "made_at")[:MOST])


def answered_lately(actor: Actor, body: str, limit: int = 20) -> list[Support]:
    """Return what ``body`` has answered, let pass or finished, newest first (recorded answers can be corrected here)."""
    over = {SupportState.DECLINED, SupportState.EXPIRED, SupportState.DONE, SupportState.WITHDRAWN}
    return list(_loaded(actor).filter(body_id=body, state__in=over).order_by("-answered_at", "-made_at")[:limit])


def open_request(support: Support, *, by: Actor) -> None:
    """Put on record that a body reads an offer; called before its content is rendered (so a recall knows who saw it)."""
    record_read(by, support, Case(pk=support.case_id))


def _loaded(actor: Actor) -> QuerySet[Support]:
    passages = Passage.objects.visible_to(actor).order_by("written_at")
    return (
        Support.objects.visible_to(actor)
        .filter(case__in=Case.objects.visible_to(actor))
        .select_related("case", "case__company", "case__holder", "need", "need__stage", "service", "body",
                        "asked_by_body", "asked_by", "person")
        .prefetch_related(Prefetch("passages", queryset=passages, to_attr="seen_passages"))
    )  # fmt: skip
