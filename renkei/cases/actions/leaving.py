"""Somebody leaves: in one act by the person or an administrator; and what the worker does about cases nobody accepted."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import transaction

from renkei.accounts.actions.members import end_membership
from renkei.accounts.models import Membership, Person
from renkei.accounts.rules import administers
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.cases import mails
from renkei.cases.actions.moves import open_move
from renkei.cases.actions.passing import send_again
from renkei.cases.models import Case, Move, MovePack, MoveReason, Support, Verb, log_step
from renkei.cases.queries.moves import ASKED, naming, naming_who_left, supports_of_who_left
from renkei.cases.states import PackState, SupportState
from renkei.cases.steps import NextStep, put_next_step, save_case
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days

Left = tuple[str, uuid.UUID]


@transaction.atomic
def leave_body(membership: Membership, until: dt.date, *, by: Actor, reason: str = MoveReason.LEAVES) -> Move:
    """Leave a body in one act: the caseload is drafted for the successors and the membership ends with ``until``.

    An administrator ends it here; for anybody else the administrators are told and end it (``accounts`` decides who
    may). A last day that is over already frees the cases at once: no commit names somebody who has left (P1).
    Refused: what ``open_move`` and ``end_membership`` refuse.
    """
    move = open_move(membership, on=until, by=by, reason=reason)
    if not administers(by, membership.body_id):
        mails.leave_announced(move, by=by)
        return move
    end_membership(membership, until=until, by=by)
    if until < clock.today():
        free_caseload(membership.body_id, membership.person_id, by=by)
        move.refresh_from_db()
    return move


def who_left() -> list[Left]:
    """Return (body, person) of everybody whom an open case still names although they are not of that body today."""
    pairs: set[Left] = set(supports_of_who_left().values_list("body_id", "person_id"))
    for case in naming_who_left().only("holder_id", "holder_person_id", "next_body_id", "next_person_id"):
        named = [(case.holder_id, case.holder_person_id), (case.next_body_id, case.next_person_id)]
        pairs |= {(body, person) for body, person in named if person is not None and not _is_there(body, person)}
    return sorted(pairs, key=str)


@transaction.atomic
def free_caseload(body: str, person: uuid.UUID, *, by: Actor) -> int:
    """Let every case that names somebody who left fall into the queue of the body, in one transaction; returns how many.

    Each gets the dated step "choose who is responsible"; what stood before is kept for whoever accepts the pack. The
    administrators are told once. Does nothing while the person is a member.
    """
    if _is_there(body, person):
        return 0
    name = Person.objects.get(pk=person).name
    found = Case.objects.open().filter(naming(body, person)).values_list("pk", flat=True)
    cases = list(Case.objects.select_for_update().filter(pk__in=list(found)).order_by("pk"))
    for case in cases:
        _free(case, body, person, name, by=by)
    Move.objects.filter(body_id=body, person_id=person, lapsed_at=None, cancelled_at=None).update(lapsed_at=clock.now())
    if cases:
        mails.caseload_fell(Body.objects.get(pk=body), name, len(cases), by=by)
    return len(cases)


def _free(case: Case, body: str, person: uuid.UUID, name: str, *, by: Actor) -> None:
    kept: dict[str, Any] = {"supports": _free_supports(case, body, person, by=by)}
    holds = (case.holder_id, case.holder_person_id) == (body, person)
    moves = (case.next_body_id, case.next_person_id) == (body, person)
    if moves:
        kept["moves"], case.next_person_id = True, None
    if holds:
        kept["held"], case.holder_person_id = True, None
        if case.next_body_id == body:
            kept |= _kept(case)
            before = written("（%(name)sさんの次の一手：%(day)s月%(d)s日 %(what)s）") % {
                "name": name, "what": case.next_step, "day": case.next_on.month if case.next_on else "",
                "d": case.next_on.day if case.next_on else "",
            }  # fmt: skip
            today = add_business_days(clock.today() - dt.timedelta(days=1), 1)
            put_next_step(case, NextStep(what=written("担当を決める") + before, on=today, kind="choose", body=body))
    MovePack.objects.filter(case=case, from_person_id=person, body_id=body).exclude(state=PackState.ACCEPTED).update(kept_step=kept)
    save_case(case)
    log_step(case, Verb.PASSED_ON, by=by, before=str(person), about_body=body)
    record(by, "case.free", case, person=person, body=body)


def _kept(case: Case) -> dict[str, Any]:
    return {
        "what": case.next_step, "on": case.next_on.isoformat() if case.next_on else clock.today().isoformat(),
        "kind": case.next_kind, "at": case.next_time.isoformat() if case.next_time else "", "phone": case.next_phone,
    }  # fmt: skip


def _free_supports(case: Case, body: str, person: uuid.UUID, *, by: Actor) -> list[str]:
    freed = []
    for support in Support.objects.select_for_update().filter(case=case, body_id=body, person_id=person, state__in=ASKED):
        support.person_id = None
        support.save(update_fields=["person"])
        support.person = None
        support.case = case
        log_step(case, Verb.PASSED_ON, by=by, subject=support, before=str(person), about_body=body, service=support.service_id)
        record(by, "support.free", support, case, person=person)
        if support.state == SupportState.OFFERED:
            send_again(support, by=by, words=written("担当だった方が離れたため、あらためてお送りします。"))
        freed.append(str(support.pk))
    return freed


def _is_there(body: str, person: uuid.UUID) -> bool:
    return Membership.objects.current().filter(body_id=body, person_id=person).exists()
