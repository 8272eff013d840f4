"""Who of a body has a request in hand: it is passed on to a person or laid into the queue of a team, link and all."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.queries import is_member, teams_of
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.offers import close_offer, link_for, lock_support, recipient
from renkei.cases.models import Case, Support, Verb, log_step
from renkei.cases.rules import answers_for, require
from renkei.cases.states import AT_WORK, SupportState
from renkei.cases.steps import require_open, save_case
from renkei.post.links import open_link


@transaction.atomic
def pass_on(support: Support, *, by: Actor, person: uuid.UUID) -> Support:
    """Hand an offer or a running support to a colleague of the same body; an open offer's link moves with it."""
    case, locked = lock_request(support)
    require(answers_for(by, locked), _("同僚に渡せるのは、お願いを受けた機関だけです。"))
    if SupportState(locked.state) not in {SupportState.OFFERED, *AT_WORK}:
        raise Refused(_("この依頼は終わっています。画面を開き直してください。"), "wrong_state")
    if not is_member(person, locked.body_id):
        raise Refused(_("同じ機関の人を選んでください。"), "not_a_member", field="person")
    locked.person_id = person
    locked.save()
    log_step(case, Verb.PASSED_ON, by=by, subject=locked, about_body=locked.body_id, service=locked.service_id)
    record(by, "support.pass_on", locked, case, person=person)
    if case.next_body_id == locked.body_id:
        case.next_person_id = person
        save_case(case)
    if locked.state == SupportState.OFFERED:
        send_again(locked, by=by, words=written("%(name)sさんから渡されました。") % {"name": by.name or locked.body.short})
    return locked


@transaction.atomic
def pass_to_team(support: Support, *, by: Actor, team: str) -> Support:
    """Lay an offer into the queue of a team of the body ("": of the whole body): a person comes with the yes.

    The mail's link goes to the body's mailbox. Laying it where it lies changes nothing. Refused: ``not_allowed``,
    ``wrong_state``, ``unknown_team``.
    """
    case, locked = lock_request(support)
    require(answers_for(by, locked), _("同僚に渡せるのは、お願いを受けた機関だけです。"))
    require_waiting(locked)
    if team and team not in teams_of(locked.body_id):
        raise Refused(_("この機関のチームを選んでください。"), "unknown_team", field="colleague")
    if (locked.team, locked.person_id) == (team, None):
        return locked
    locked.team, locked.person_id = team, None
    locked.save()
    log_step(case, Verb.PASSED_ON, by=by, subject=locked, after=team[:40], about_body=locked.body_id, service=locked.service_id)
    record(by, "support.pass_to_team", locked, case, team=team)
    if case.next_body_id == locked.body_id and case.next_person_id is not None:
        case.next_person_id = None
        save_case(case)
    name = team or locked.body.short
    send_again(locked, by=by, words=written("%(name)sに渡されました。引き受ける人が答えてください。") % {"name": name})
    return locked


def lock_request(support: Support) -> tuple[Case, Support]:
    """Return case and support, both locked, the case first. Refused ``no_consent`` when the firm has closed the case."""
    # No joins here: a row that had to wait for its lock is checked again against the old joined row, and would be lost.
    case = Case.objects.select_for_update().filter(pk=support.case_id).first()
    if case is None:
        raise Refused(_("会社が同意を取り消したため、この依頼はもう開けません。窓口にお尋ねください。"), "no_consent")
    require_open(case)
    locked = lock_support(support)
    locked.case = case
    return case, locked


def require_waiting(support: Support) -> None:
    """Refuse unless the offer waits for the body's answer: ``wrong_state``."""
    if support.state != SupportState.OFFERED:
        raise Refused(_("この依頼は、いまは返事を待っていません。画面を開き直してください。"), "wrong_state")


def send_again(support: Support, *, by: Actor, words: str) -> None:
    """Send a fresh link to whoever answers now; the former one closes."""
    name, address = recipient(support, by=by)
    token = link_for(support, by=by, name=name, email=address)
    made = open_link(token)
    close_offer(support, but_not=made.id if made else None)
    mails.offer(support, address, token, by=by, not_before=clock.now(), words=words)
