"""Who may read which class of text in which case: one condition, mirrored by ``case_class_open`` in the database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models

from renkei.base.actor import Actor, ActorKind
from renkei.cases.models.case import Case, asked_case_ids, live_link, of_inside
from renkei.cases.states import DisclosureClass
from renkei.plan.queries import is_front_desk
from renkei.post.models import LinkPurpose

if TYPE_CHECKING:
    from renkei.cases.models.opening import Opening


def readable(actor: Actor, cases: Sequence[Case] | None = None) -> models.Q:
    """Return the condition on rows with ``case``, ``klass`` and ``author_body`` that ``actor`` may read.

    Who took the words, or the desk they were sent to, reads every class. A body reads its own writing as long as it
    sees the case, and each class it has live consent for. The front desk reads the summary class of every case.

    With ``cases``, which were fetched with ``visible_to``, on rows of these cases alone: what is known of them, and their policy,
    is not asked again.
    """
    if cases is None:
        return _readable(actor)
    here = models.Q(case__in=[case.pk for case in cases])
    return here & (_readable_in(cases, str(actor.body)) if actor.is_staff else _readable(actor))


def _readable(actor: Actor) -> models.Q:
    if actor.is_system:
        return models.Q()
    if actor.is_staff:
        return _readable_by_body(str(actor.body))
    if actor.kind is ActorKind.PARTNER:
        return _readable_by_partner(actor)
    if actor.is_company:
        return of_inside(actor)
    if actor.kind is ActorKind.LINK:
        return _readable_by_link(actor)
    return models.Q(pk__in=[])


def under_secrecy(actor: Actor, cases: Sequence[Case] | None = None) -> models.Q:
    """Return the condition on rows with ``needs_nda``: those are read under a living promise of secrecy only.

    Who took the words, the desk they were sent to, who wrote them and the firm itself read them as before; the policies
    of passages and files say the same.
    """
    from renkei.cases.models.nda import Nda  # noqa: PLC0415  promises point at cases

    free = models.Q(needs_nda=False)
    if actor.is_system or actor.is_company or (cases is not None and reads_all_of(cases, actor)):
        return models.Q()
    if actor.is_staff:
        body = str(actor.body)
        own = models.Q(case__received_by_id=body) | models.Q(author_body_id=body)
        if is_front_desk(body):
            own |= models.Q(case__at_desk=True)
        return free | own | models.Q(case_id__in=Nda.objects.live().filter(body_id=body).values("case_id"))
    if actor.kind is ActorKind.PARTNER:
        return free  # a promise of secrecy binds a body, never somebody outside
    if actor.kind is not ActorKind.LINK:
        return models.Q(pk__in=[])
    link = live_link(actor).first()
    if link is None or link.purpose == LinkPurpose.STATUS:
        return models.Q()  # the firm's own; without a link nothing is readable at all
    return free | models.Q(case_id__in=Nda.objects.live().filter(body_id=link.body).values("case_id"))


def reads_all_of(cases: Sequence[Case], actor: Actor) -> bool:
    """Tell whether a body reads every class of each of the cases: it took the words, or they were sent to it as the desk."""
    return actor.is_staff and len(_whole(cases, str(actor.body))) == len(cases)


def _whole(cases: Sequence[Case], body: str) -> list[uuid.UUID]:
    desk = is_front_desk(body)
    return [case.pk for case in cases if case.received_by_id == body or (desk and case.at_desk)]


def _readable_in(cases: Sequence[Case], body: str) -> models.Q:
    whole = _whole(cases, body)
    if len(whole) == len(cases):
        return models.Q()
    read = models.Q(case__in=whole) | models.Q(author_body_id=body)
    if not is_front_desk(body):  # it takes part in every case it sees
        return read | models.Q(_consented(body))
    taking_part = models.Q(case__in=[case.pk for case in cases if case.holder_id == body]) | models.Q(case_id__in=asked_case_ids(body))
    return read | models.Q(klass=DisclosureClass.SUMMARY) | models.Q(_consented(body)) & taking_part


def _readable_by_body(body: str) -> models.Q:
    condition = models.Q(case__received_by_id=body)
    if is_front_desk(body):
        condition |= models.Q(case__at_desk=True) | models.Q(klass=DisclosureClass.SUMMARY)
        condition |= models.Q(author_body_id=body)
    # What it wrote itself and what it has consent for, in cases it takes part in (who took the words came in above).
    taking_part = models.Q(case__holder_id=body) | models.Q(case_id__in=asked_case_ids(body))
    return condition | (models.Q(author_body_id=body) | models.Q(_consented(body))) & taking_part


def _consented(body: str) -> models.Exists:
    from renkei.cases.models.consent import Consent  # noqa: PLC0415  consents point at cases

    of_row = {"case_id": models.OuterRef("case_id"), "klass": models.OuterRef("klass")}
    return models.Exists(Consent.objects.live().filter(body_id=body, **of_row))


def _readable_by_link(actor: Actor) -> models.Q:
    link = live_link(actor).first()
    if link is None or link.case is None:
        return models.Q(pk__in=[])
    if link.purpose == LinkPurpose.STATUS:
        return of_inside(actor)
    from renkei.cases.models.consent import Consent  # noqa: PLC0415  consents point at cases

    live = Consent.objects.live().filter(body_id=link.body, case_id=link.case, klass__in=link.classes)
    return models.Q(case_id=link.case, klass__in=live.values("klass"))


def _readable_by_partner(actor: Actor) -> models.Q:
    """Return what was opened to a partner by name, as ``opening_classes()`` says; messages and notes never are."""
    opening = own_opening(actor)
    if opening is None:
        return models.Q(pk__in=[])
    return models.Q(case_id=opening.case_id, klass__in=opened_classes(opening))


def own_opening(actor: Actor) -> Opening | None:
    """Return the opening a partner came by, while it lives and its terms are accepted."""
    from renkei.cases.models.opening import Opening  # noqa: PLC0415  openings point at cases

    return Opening.objects.visible_to(actor).live().filter(accepted_at__isnull=False).first()


def opened_classes(opening: Opening) -> list[str]:
    """Return the classes an opening really opens: inside a body never more than the firm lets that body read."""
    from renkei.cases.models.consent import Consent  # noqa: PLC0415  consents point at cases

    took = Case.objects.filter(pk=opening.case_id, received_by_id=opening.body_id)
    if opening.kind == "outside" or took.exists():
        return list(opening.classes)
    live = Consent.objects.live().filter(case_id=opening.case_id, body_id=opening.body_id)
    may = set(live.values_list("klass", flat=True))
    return [klass for klass in opening.classes if klass in may] if DisclosureClass.SUMMARY in may else []
