"""A plan ends and its successor takes over what is still open, in one act: number, holder and next step stay as they are (P1)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.models import Case, Verb, log_step
from renkei.cases.models.case import CaseQuerySet
from renkei.plan.models import Plan
from renkei.plan.queries import is_front_desk


def left_open(plan: Plan, actor: Actor) -> CaseQuerySet:
    """Return the open cases of the plan's predecessor that the actor sees; none where there is no predecessor."""
    seen: CaseQuerySet = Case.objects.visible_to(actor)
    return seen.open().filter(plan=plan.predecessor_id) if plan.predecessor_id else seen.none()


def may_take_over(actor: Actor, plan: Plan) -> bool:
    """Tell whether the actor takes over the predecessor's cases: the front desk, which sees every one, once the plan runs."""
    return (actor.is_system or (actor.is_staff and is_front_desk(actor.body))) and plan.is_running()


@transaction.atomic
def take_over_cases(plan: Plan, *, by: Actor) -> int:
    """Move every open case of the predecessor under this plan and return how many; closed ones and all figures stay where they are.

    Who does it twice moves nothing the second time. Refused: ``not_allowed``, ``no_predecessor``, ``not_begun``, ``nothing_open``.
    """
    if not (by.is_system or (by.is_staff and is_front_desk(by.body))):
        raise Refused(_("案件を次の計画に引き継げるのは、窓口だけです。"), "not_allowed")
    if plan.predecessor_id is None:
        raise Refused(_("この計画には前の計画がありません。"), "no_predecessor")
    if not plan.is_running():
        raise Refused(_("この計画は、いま動いていません。始まってから引き継いでください。"), "not_begun")
    cases = list(left_open(plan, by).order_by("pk").select_for_update(of=("self",)))
    if not cases:
        raise Refused(_("前の計画に、続いている案件はありません。"), "nothing_open")
    before = plan.predecessor_id
    for case in cases:
        case.plan = plan
        case.save(update_fields=["plan"])
        log_step(case, Verb.PLAN_MOVED, by=by, before=before, after=plan.pk)
    record(by, "plan.take_over", plan, *cases, before=before)
    return len(cases)
