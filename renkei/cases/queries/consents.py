"""Who may see what of a case, as a table: one row a body, one cell a class."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from renkei.base.actor import Actor
from renkei.cases.models import Case, Consent, ConsentRequest
from renkei.cases.states import DisclosureClass
from renkei.plan.models import Body
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class Cell:
    """One class for one body: ``state`` is open, unconfirmed, asked, withdrawn or none."""

    klass: str
    state: str
    consent: Consent | None = None
    since: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One body and its cells, in the order of the classes."""

    body: Body
    cells: list[Cell] = field(default_factory=list)


def consent_table(case: Case, *, actor: Actor) -> list[Row]:
    """Return who may see what, for the bodies that have or had consent or are being asked for, in the plan's order."""
    consents: list[Consent] = list(Consent.objects.visible_to(actor).filter(case=case).select_related("body").order_by("given_at"))
    asked: list[ConsentRequest] = list(
        ConsentRequest.objects.visible_to(actor).filter(case=case, answered_at__isnull=True).select_related("body")
    )
    bodies = {one.body_id: one.body for one in consents} | {one.body_id: one.body for one in asked}
    waiting = {(one.body_id, klass) for one in asked for klass in one.classes}
    newest = {(one.body_id, one.klass): one for one in consents}
    ordered = sorted(bodies.values(), key=lambda body: body.order)
    return [
        Row(body, [_cell(klass, newest.get((body.pk, klass)), (body.pk, klass) in waiting)
                   for klass in DisclosureClass.values])
        for body in ordered
    ]  # fmt: skip


def may_be_shown(case: Case, body: Body) -> list[str]:
    """Return the classes an offer may open to a body now: consented by name, or by the firm's general consent.

    What the plan closes to that kind of body, and what the firm once withdrew, is asked for by name only.
    """
    known = Consent.objects.filter(case=case, body=body)
    live = set(known.live().values_list("klass", flat=True))
    closed = content_now().classes_closed_to(body.kind) | set(known.values_list("klass", flat=True))
    allowed = live | (set(case.standing_classes) - closed)
    return [klass for klass in DisclosureClass.values if klass in allowed]


def _cell(klass: str, consent: Consent | None, waiting: bool) -> Cell:
    if consent is not None and consent.is_live:
        unconfirmed = consent.how == "oral" and consent.confirmed_at is None
        return Cell(klass, "unconfirmed" if unconfirmed else "open", consent, consent.given_at.date())
    if waiting:
        return Cell(klass, "asked", consent)
    if consent is None:
        return Cell(klass, "none")
    ended = consent.withdrawn_at.date() if consent.withdrawn_at else consent.until
    return Cell(klass, "withdrawn", consent, ended)
