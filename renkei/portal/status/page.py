"""What the status page holds: one case of the link's family, read as the link may read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.cases.models import (
    Attachment,
    Case,
    Circulation,
    Consent,
    ConsentRequest,
    Consultation,
    FollowUp,
    Handover,
    Message,
    Need,
    Support,
)
from renkei.cases.queries.route_page import last_sending
from renkei.cases.states import DisclosureClass, HandoverState, SupportState
from renkei.plan.front_desk import desk_facts
from renkei.plan.models import Body
from renkei.portal.status.door import Door, DoorRequest, family
from renkei.portal.status.forms import AnswerForm, FeedbackForm, WriteForm
from renkei.portal.status.words import asked_of, class_words, history, next_words, state_words


@dataclass(frozen=True, slots=True)
class Shown:
    """What one body may see: the words for it, and what has been taken back."""

    body: Body
    classes: list[str]
    words: str
    withdrawn: str
    is_inside: bool = False
    unconfirmed: list[Consent] | None = None


def status_page(request: DoorRequest, door: Door) -> dict[str, Any]:
    """Return everything the page shows. Contacts are not among it: they are notes between bodies."""
    actor, case = request.actor, door.case
    desk = desk_facts().body
    messages = list(Message.objects.visible_to(actor).filter(case=case).order_by("-sent_at").select_related("author_body"))
    consultation = Consultation.objects.visible_to(actor).filter(case=case).order_by("consulted_at").first()
    reads = {case.received_by, desk} if case.at_desk else {case.received_by}
    questions, requests = open_questions(messages), open_requests(case, actor)
    return {
        "door": door,
        "case": case,
        "own_numbers": _own_numbers(request, door),
        "others": [one for one in family(request) if one.pk != case.pk] if door.token else [],
        "consultation": consultation,
        "state": state_words(case),
        "next_words": next_words(case, firm_is_asked=bool(questions or requests)),
        "asked": asked_of(case, actor, desk),
        "history": history(case, actor),
        "route": last_sending(case, actor),
        "messages_": [one for one in messages if not case.is_open or one not in questions],
        "closing": next((one for one in messages if one.kind == "closing"), None),
        "questions": questions,
        "requests": requests,
        "shown": shown_to(case, actor),
        "standing": class_words(case.standing_classes),
        "files": Attachment.objects.visible_to(actor).filter(case=case).select_related("author_body"),
        "public_needs": public_needs(case, actor),
        "handover": Handover.objects.visible_to(actor).filter(case=case, state=HandoverState.OFFERED).select_related("to_body").first(),
        "reads_words": sorted(body.name for body in reads if body is not None),
        "write_form": WriteForm(),
        "answer_form": AnswerForm(prefix="answer"),
        "follow_up": FollowUp.objects.visible_to(actor).waiting().filter(case=case).first() if not case.is_open else None,
        "feedback_form": FeedbackForm() if Case.objects.filter(pk=case.pk).to_rate().exists() else None,
    }


def public_needs(case: Case, actor: Actor) -> list[dict[str, Any]]:
    """Return the needs with words that leave without a name: to confirm, confirmed, or being asked now."""
    needs = Need.objects.visible_to(actor).filter(case=case).exclude(public_title="")
    asked = Circulation.objects.visible_to(actor).filter(case=case, ended_at__isnull=True).select_related("inquiry")
    sent = {one.need_id: one for one in asked}
    return [{"need": need, "sent": sent.get(need.pk)} for need in needs]


def _own_numbers(request: DoorRequest, door: Door) -> str:
    """Return the numbers the firm was given, when the page shows the case they were merged into."""
    own = Case.objects.visible_to(request.actor).filter(merged_into=door.case).order_by("arrived_at")
    return "、".join(one.number for one in own if not door.token or one.pk == request.link.case)


def open_questions(messages: list[Message]) -> list[Message]:
    """Return the questions the firm has not written back to since; ``messages`` are newest first."""
    questions = []
    for message in messages:
        if message.from_company:
            break
        if message.kind == "question":
            questions.append(message)
    return questions[::-1]


def open_requests(case: Case, actor: Actor) -> list[dict[str, Any]]:
    """Return what the firm is asked to show, in words."""
    waiting = ConsentRequest.objects.visible_to(actor).filter(case=case, answered_at__isnull=True)
    return [{"request": one, "words": class_words(one.classes)} for one in waiting.select_related("body", "asked_by_body")]


def shown_to(case: Case, actor: Actor) -> list[Shown]:
    """Return every body that sees or saw something, with what it sees now and what was taken back."""
    consents = list(Consent.objects.visible_to(actor).filter(case=case).select_related("body", "heard_by"))
    bodies = {one.body_id: one.body for one in consents}
    for support in Support.objects.visible_to(actor).filter(case=case).select_related("body"):
        if support.has_left and support.state not in {SupportState.PROPOSED, SupportState.RECALLED}:
            bodies.setdefault(support.body_id, support.body)
    rows = [_shown(body, [one for one in consents if one.body_id == code], case) for code, body in bodies.items()]
    return sorted(rows, key=lambda row: (not row.classes, row.body.order))


def _shown(body: Body, consents: list[Consent], case: Case) -> Shown:
    live = [one for one in consents if one.is_live]
    classes = [one.klass for one in live]
    gone = [one.klass for one in consents if one.withdrawn_at and one.klass not in classes]
    own_words = _("お書きになった文、") if case.holder_id == body.pk and DisclosureClass.TECHNICAL in classes else ""
    return Shown(
        body=body,
        classes=classes,
        words=own_words + (class_words(classes) or _("何も見せていません")),
        withdrawn=class_words(gone),
        is_inside=body.pk == case.received_by_id,
        unconfirmed=[one for one in live if one.how == "oral" and one.confirmed_at is None],
    )
