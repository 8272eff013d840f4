"""A body is dissolved: it keeps its history and can be chosen no more; its open work goes to the front desk, dated."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q

from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.cases import mails
from renkei.cases.actions.answers import withdraw_support
from renkei.cases.actions.holding import move_holder, recall_handover
from renkei.cases.models import Case, Handover, MovePack, Support, Verb
from renkei.cases.states import OPEN_SUPPORTS, HandoverState, PackState
from renkei.cases.steps import NextStep, due, lock_case, put_next_step, save_case
from renkei.plan.models import Body
from renkei.plan.queries import front_desk


def homeless_cases() -> list[uuid.UUID]:
    """Return open cases in which a closed body holds, moves next, is asked or is offered the case."""
    closed = Body.objects.filter(closed_on__isnull=False).values("pk")
    asked = Support.objects.filter(body__in=closed, state__in=OPEN_SUPPORTS).values("case")
    offered = Handover.objects.filter(to_body__in=closed, state=HandoverState.OFFERED).values("case")
    named = Q(holder__in=closed) | Q(next_body__in=closed) | Q(pk__in=asked) | Q(pk__in=offered)
    return list(Case.objects.open().filter(named).order_by("number").values_list("pk", flat=True))


@transaction.atomic
def leave_closed_body(case: Case, *, by: Actor) -> Case:
    """Take an open case out of the hands of a body that was dissolved; twice is once.

    What it was asked is withdrawn, a handover to it recalled; what it held goes to the front desk with a step and a
    date, and the firm is told who answers now.
    """
    reason = written("機関がなくなったため")
    for handover in Handover.objects.filter(case=case, to_body__closed_on__isnull=False, state=HandoverState.OFFERED):
        recall_handover(handover, by=by)
    for support in Support.objects.filter(case=case, body__closed_on__isnull=False, state__in=OPEN_SUPPORTS):
        withdraw_support(support, by=by, reason=reason)
    locked = lock_case(case)
    if locked.holder.closed_on is not None:
        MovePack.objects.filter(case=locked, state=PackState.OFFERED).update(state=PackState.DRAFT, offered_at=None)
        name = locked.holder.name
        locked = move_holder(locked, to=front_desk(), by=by, verb=Verb.HOLDER_BACK)
        mails.tell_other(front_desk(), locked, by=by, subject=written("なくなった機関の案件が窓口に移りました"),
                         words=written("%(body)sがなくなったため、案件が窓口に移りました。次の主担当を決めてください。") % {"body": name})
        mails.tell_company(locked, by=by, subject=written("担当が変わりました"), words=written(
            "%(old)sがなくなったため、これからは%(body)s（電話 %(phone)s）が担当します。")
            % {"old": name, "body": locked.holder.name, "phone": locked.holder.phone})
    elif locked.next_body.closed_on is not None:
        what = written("%(body)sがなくなったため、次を決める") % {"body": locked.next_body.short}
        put_next_step(locked, NextStep(what=what, on=due("first_answer"), kind="choose", person=locked.holder_person_id))
        save_case(locked)
    return locked
