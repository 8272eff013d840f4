"""One timeline of a case, over all stages and bodies, each entry only as far as the actor may see it [C26].

Built from what the actor may read of steps, contacts, messages, files, supports and handovers, in a fixed number of
queries. A contact and the step that records it are one entry. Cases merged into this one tell their part as well.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from renkei.accounts.models import surname
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.cases.models import (
    Attachment,
    Case,
    Consent,
    Contact,
    Handover,
    Letter,
    Message,
    Need,
    Support,
    Transition,
    Verb,
)
from renkei.cases.queries.phrases import phrase
from renkei.plan.models import Body
from renkei.plan.queries import plan_content

# What only bodies need to know: the firm reads about its own matters in words, not about the desk's bookkeeping.
INTERNAL = {
    Verb.NEED_CHANGED, Verb.NEXT_STEP, Verb.RECALLED, Verb.ASKED, Verb.PASSED_ON, Verb.REMINDED, Verb.CORRECTED,
    Verb.SUMMARY_CHANGED, Verb.CLOSE_ASKED, Verb.IDLE, Verb.HANDOVER_OFFERED, Verb.HANDOVER_DECLINED, Verb.CONTACT,
    Verb.TRIAGED, Verb.NEED_ADDED, Verb.STAGE_MOVED, Verb.IMPORTED, Verb.IMPORT_UNDONE, Verb.PROJECT,
    Verb.COMPANY_BOUND, Verb.PACK_OFFERED, Verb.PACK_DECLINED, Verb.SUBSTITUTED,
    Verb.LETTER, Verb.LETTER_DECIDED,
}  # fmt: skip

# One act may write several steps at one moment: they are told in the order in which the verbs are listed.
_ORDER = {verb.value: place for place, verb in enumerate(Verb)}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: when, who (a surname or the firm), for which body (its code), what. ``quote``: the firm's own words."""

    at: dt.datetime
    happened_on: dt.date
    recorded_at: dt.datetime
    who: str
    body: str
    kind: str
    title: str
    text: str
    quote: bool = False
    late: bool = False
    subject: uuid.UUID | None = None


@dataclass
class Known:
    """What the actor may read of the case, by id, fetched once."""

    for_company: bool
    word: Callable[[str, str], str]
    bodies: dict[str, Body]
    contacts: dict[uuid.UUID, Contact] = field(default_factory=dict)
    messages: dict[uuid.UUID, Message] = field(default_factory=dict)
    files: dict[uuid.UUID, Attachment] = field(default_factory=dict)
    supports: dict[uuid.UUID, Support] = field(default_factory=dict)
    handovers: dict[uuid.UUID, Handover] = field(default_factory=dict)
    consents: dict[uuid.UUID, Consent] = field(default_factory=dict)
    needs: dict[uuid.UUID, Need] = field(default_factory=dict)
    letters: dict[uuid.UUID, Letter] = field(default_factory=dict)

    def body_name(self, code: str) -> str:
        """Return the name of a body: in full for the firm, short between bodies."""
        found = self.bodies.get(code)
        if found is None:
            return code
        return found.name if self.for_company else found.short


def timeline(case: Case, *, actor: Actor) -> list[Item]:
    """Return what has happened, newest first."""
    cases = _family(case, actor)
    steps = Transition.objects.visible_to(actor).filter(case__in=[one.pk for one in cases]).order_by("-recorded_at")
    known = _known(case, cases, actor)
    items = [item for step in steps if (item := _item(step, known)) is not None]
    return sorted(items, key=lambda item: (item.happened_on, item.at, _ORDER[item.kind]), reverse=True)


def _family(case: Case, actor: Actor) -> list[Case]:
    """Return the case and what was merged into it, as far as the actor sees those cases.

    Read, not a sub-query: with one, PostgreSQL asks the policy about every row of the table before it looks at the case.
    """
    return [case, *Case.objects.visible_to(actor).filter(merged_into=case.pk).only("received_by", "at_desk", "holder")]


def _known(case: Case, cases: list[Case], actor: Actor) -> Known:
    def read(model: Any) -> dict[uuid.UUID, Any]:
        return {row.pk: row for row in model.objects.visible_to(actor, cases)}

    def seen(model: Any, *related: str) -> dict[uuid.UUID, Any]:
        rows = model.objects.visible_to(actor).filter(case__in=[one.pk for one in cases])
        return {row.pk: row for row in (rows.select_related(*related) if related else rows)}

    content = plan_content(case.plan)
    return Known(
        for_company=actor.is_company or (actor.kind is ActorKind.LINK and not actor.body),
        word=content.word,
        bodies={body.pk: body for body in Body.objects.all()},
        contacts=read(Contact),
        messages=read(Message),
        files=read(Attachment),
        supports=seen(Support, "service"),
        handovers=seen(Handover),
        consents=seen(Consent),
        needs=seen(Need, "stage"),
        letters=read(Letter),
    )


def _item(step: Transition, known: Known) -> Item | None:
    verb = Verb(step.verb)
    if known.for_company and verb in INTERNAL:
        return None
    said = phrase(step, verb, known)
    if said is None:
        return None
    contact = known.contacts.get(step.subject)
    at = contact.happened_at if contact is not None else step.recorded_at
    from_company = step.actor_kind in {ActorKind.LINK, ActorKind.GUEST, ActorKind.COMPANY} and not step.body
    return Item(
        at=at,
        happened_on=step.happened_on,
        recorded_at=step.recorded_at,
        who=_("会社") if from_company else surname(step.person_name),
        body=step.body,
        kind=verb.value,
        title=said.title,
        text=said.text,
        quote=from_company and bool(said.text),
        late=step.happened_on < step.recorded_at.astimezone(clock.JST).date(),
        subject=step.subject,
    )
