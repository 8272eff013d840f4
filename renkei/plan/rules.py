"""Who may change a plan."""

from __future__ import annotations

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.plan.models import Body, Plan


def is_archived(plan: Plan) -> bool:
    """Tell whether the plan is read only: its term is over and a published one follows it [C02]."""
    return plan.term_to < clock.today() and plan.successors.filter(versions__isnull=False).exists()


def edits_plan(actor: Actor, plan: Plan) -> bool:
    """Tell whether the actor may change the plan: a member of a body of the lead party while it is no archive, or the system [C75]."""
    return actor.is_system or (_is_of_lead(actor, plan) and not is_archived(plan))


def require_editor(actor: Actor, plan: Plan) -> None:
    """Raise Refused unless the actor may change the plan: ``not_allowed``, ``archived``."""
    if edits_plan(actor, plan):
        return
    if _is_of_lead(actor, plan):
        raise Refused(_("この計画は終わり、次の計画が引き継ぎました。読むだけで、直せません。"), "archived")
    raise Refused(_("計画を直せるのは、計画の代表の者の職員だけです。"), "not_allowed")


def _is_of_lead(actor: Actor, plan: Plan) -> bool:
    return actor.is_staff and Body.objects.filter(pk=actor.body, party_id=plan.lead_party_id).exists()
