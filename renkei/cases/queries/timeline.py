"""One timeline of a case: steps, contacts, messages and files, each only as far as the actor may see."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Attachment, Case, Contact, Message, Support, Transition, Verb
from renkei.cases.states import DisclosureClass
from renkei.plan.content import PlanContent
from renkei.plan.models import Body, Service
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: what happened when, who did it, and when it was written down if that was later."""

    at: dt.datetime
    happened_on: dt.date
    recorded_at: dt.datetime
    who: str
    body: str
    kind: str
    title: str
    text: str
    quote: bool
    late: bool


# Steps that another row tells better, or that belong to another item of the same moment.
_TOLD_ELSEWHERE = {Verb.CONTACT, Verb.CORRECTED, Verb.COMPANY_WROTE, Verb.STAFF_WROTE, Verb.FILE_ADDED}


@dataclass(frozen=True, slots=True)
class _Words:
    """Names of bodies and services, and the plan's words."""

    bodies: dict[str, str]
    services: dict[str, str]
    content: PlanContent


def timeline(case: Case, *, actor: Actor) -> list[Item]:
    """Return what happened in a case, newest first. Seven queries whatever the length."""
    words = _Words(
        dict(Body.objects.values_list("pk", "short")), dict(Service.objects.values_list("pk", "short")), content_now()
    )
    answers = {
        support.pk: support.answer_text
        for support in Support.objects.visible_to(actor).filter(case=case).exclude(answer_text="")
    }
    items = [_step(step, words, answers) for step in _steps(case, actor)]
    items += [_contact(row, words) for row in _rows(Contact.objects.visible_to(actor), case)]
    items += [_message(row) for row in _rows(Message.objects.visible_to(actor), case)]  # type: ignore[attr-defined]
    items += [_file(row) for row in _rows(Attachment.objects.visible_to(actor), case)]  # type: ignore[attr-defined]
    return sorted(items, key=lambda item: (item.happened_on, item.at), reverse=True)


def _steps(case: Case, actor: Actor) -> list[Transition]:
    found = Transition.objects.visible_to(actor).filter(case=case).exclude(verb__in=_TOLD_ELSEWHERE)
    return list(found.order_by("-recorded_at")[:500])


def _rows(query: QuerySet[Contact] | QuerySet[Message] | QuerySet[Attachment], case: Case) -> list[object]:
    return list(query.filter(case=case).select_related("author")[:500])


def _step(step: Transition, words: _Words, answers: dict[uuid.UUID, str]) -> Item:
    about = words.bodies.get(step.about_body, "")
    service = words.services.get(step.service, "")
    title = "　".join(part for part in (about if step.about_body != step.body else "", service, step.get_verb_display()) if part)
    return Item(
        at=step.recorded_at, happened_on=step.happened_on, recorded_at=step.recorded_at, who=step.person_name,
        body=step.body, kind=step.verb, title=title, text=_detail(step, words, answers), quote=False,
        late=step.happened_on < step.recorded_at.astimezone(clock.JST).date(),
    )  # fmt: skip


def _detail(step: Transition, words: _Words, answers: dict[uuid.UUID, str]) -> str:
    """Return what a step is about: reason, class, or the words of the answer."""
    if step.verb in {Verb.ACCEPTED, Verb.DECLINED}:
        reason = words.content.word("decline_reasons", step.reason) if step.reason else ""
        return "。".join(part for part in (reason, answers.get(step.subject, "")) if part)
    if step.verb in {Verb.CONSENT_GIVEN, Verb.CONSENT_CONFIRMED}:
        return _klass(step.to_state)
    if step.verb == Verb.CONSENT_WITHDRAWN:
        return _klass(step.from_state)
    if step.verb in {Verb.CLOSED, Verb.CLOSE_ASKED}:
        return words.content.word("close_reasons", step.reason) if step.reason else ""
    if step.verb == Verb.FEEDBACK:
        return words.content.word("results", step.to_state)
    if step.verb in {Verb.HANDOVER_ACCEPTED, Verb.HOLDER_BACK, Verb.REFERRED}:
        return words.bodies.get(step.to_state, "")
    return step.reason if step.verb == Verb.REOPENED else ""


def _klass(code: str) -> str:
    return str(DisclosureClass(code).label) if code in DisclosureClass.values else ""


def _contact(row: object, words: _Words) -> Item:
    assert isinstance(row, Contact)  # noqa: S101  narrows the union for the type checker
    title = words.content.word("channels", row.channel)
    if row.outcome:
        title += f"、{words.content.word('contact_outcomes', row.outcome)}"
    if row.corrects_id:
        title += "（書き直し）"
    day = row.happened_at.astimezone(clock.JST).date()
    return Item(row.happened_at, day, row.recorded_at, row.author.name, row.author_body_id, "contact", title, row.text,
                quote=False, late=day < row.recorded_at.astimezone(clock.JST).date())


def _message(row: object) -> Item:
    assert isinstance(row, Message)  # noqa: S101  narrows the union for the type checker
    title = "" if row.from_company else "会社への質問" if row.kind == "question" else "会社へ"
    return Item(row.sent_at, row.sent_at.astimezone(clock.JST).date(), row.sent_at, row.author_name or "会社の方",
                row.author_body_id or "", "message", title, row.text, quote=row.from_company, late=False)


def _file(row: object) -> Item:
    assert isinstance(row, Attachment)  # noqa: S101  narrows the union for the type checker
    who = row.author.name if row.author else "会社の方"
    return Item(row.added_at, row.added_at.astimezone(clock.JST).date(), row.added_at, who, row.author_body_id or "",
                "file", "書類を足した", row.name, quote=False, late=False)
