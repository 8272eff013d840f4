"""Who may do what. Rules ask about the object in hand; whether it may be seen at all was decided before."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from renkei.accounts.queries import answering_for, is_member
from renkei.accounts.rules import administers
from renkei.base.actor import Actor, ActorKind
from renkei.base.refusal import Refused
from renkei.cases.models import Case, Handover, MovePack, Support
from renkei.plan.queries import is_front_desk


def runs_case(actor: Actor, case: Case) -> bool:
    """Tell whether the actor runs the case: it holds it, or is the front desk and the case was sent there."""
    if actor.is_system:
        return True
    if not actor.is_staff:
        return False
    return case.holder_id == actor.body or (is_front_desk(actor.body) and case.at_desk)


def answers_for(actor: Actor, support: Support) -> bool:
    """Tell whether the actor answers for the body that was asked: its staff, or whoever holds its offer link."""
    if actor.kind is ActorKind.LINK:
        return actor.body == support.body_id
    return actor.is_staff and support.body_id == actor.body


def works_on(actor: Actor, support: Support) -> bool:
    """Tell whether the actor may write down the progress of a support: the body itself, or who runs the case."""
    return answers_for(actor, support) or runs_case(actor, support.case)


def takes_part(actor: Actor, case: Case) -> bool:
    """Tell whether staff may write into the case: who runs or took it, and a body at work or asked in it."""
    if runs_case(actor, case) or (actor.is_staff and case.received_by_id == actor.body):
        return True
    return actor.is_staff and Support.objects.visible_to(actor).filter(case=case, body_id=actor.body).exists()


def receives(actor: Actor, handover: Handover) -> bool:
    """Tell whether the actor may answer a handover."""
    return actor.is_staff and handover.to_body_id == actor.body


def gives_pack(actor: Actor, body: str, person: uuid.UUID) -> bool:
    """Tell whether the actor may give away the caseload of ``person`` in ``body``: that person, or an administrator."""
    if actor.is_staff and actor.body == body and actor.person == person:
        return is_member(person, body)
    return administers(actor, body)


def takes_pack(actor: Actor, pack: MovePack) -> bool:
    """Tell whether the actor may answer a pack: whom it is for, or who stands in while that person is away.

    What lies in the queue of the body is anybody's of it, but not the giver's.
    """
    if not actor.is_staff or actor.body != pack.to_body_id or actor.person == pack.from_person_id:
        return False
    return pack.to_person_id in {actor.person, None, *answering_for(actor.person, actor.body)}


def speaks_for_company(actor: Actor, case: Case) -> bool:
    """Tell whether the actor is the firm: through its own link (``visible_to`` has matched it) or an account of it."""
    if actor.is_company:
        return Case.objects.inside(actor).filter(pk=case.pk).exists()
    return actor.kind is ActorKind.LINK and not actor.body and case.pk is not None


def signed(actor: Actor) -> tuple[str, uuid.UUID]:
    """Return body and person of a member of staff who writes something down. Raises Refused for anybody else."""
    if not actor.is_staff or actor.body is None or actor.person is None:
        raise Refused(_("これを書けるのは、機関の人だけです。"), "not_allowed")
    return actor.body, actor.person


def require(allowed: bool, message: str = "") -> None:
    """Raise Refused unless ``allowed``."""
    if not allowed:
        raise Refused(message or _("この操作は、主担当の機関か窓口だけができます。"), "not_allowed")
