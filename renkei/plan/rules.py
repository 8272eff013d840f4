"""Who may change a plan."""

from __future__ import annotations

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.plan.models import Body, Plan


def edits_plan(actor: Actor, plan: Plan) -> bool:
    """Tell whether the actor may change the plan: a member of a body of the lead party, or the system [C75]."""
    if actor.is_system:
        return True
    return actor.is_staff and Body.objects.filter(pk=actor.body, party_id=plan.lead_party_id).exists()


def require_editor(actor: Actor, plan: Plan) -> None:
    """Raise Refused unless the actor may change the plan."""
    if not edits_plan(actor, plan):
        raise Refused(_("計画を直せるのは、計画の代表の者の職員だけです。"), "not_allowed")
