"""The one mail a day of everybody who works on cases: what is answered is taken out, then the day's mails are started.

Safe to run twice and by two workers at once: rows are locked, an address is written to by one of them only.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from renkei.accounts.models import Absence, Membership
from renkei.accounts.queries import standing_in
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.language import written
from renkei.cases.actions.mail_out import tell_of_failed
from renkei.cases.models import Case, Handover, LetterStep, SavedSearch, StepState, Suggestion, Support
from renkei.cases.queries.route_late import late_steps
from renkei.cases.route_clock import LATE
from renkei.cases.states import HandoverState, SupportState
from renkei.matching.upkeep import CHECK, own_checks
from renkei.plan.models import Body
from renkei.plan.queries import content_now, is_business_day
from renkei.post.daily import EVENING, put_digests
from renkei.post.models import Nudge
from renkei.post.nudges import MEETING_KINDS

_AFTER_THE_END = {"mail_in", "undelivered", "follow_up", "partner"}  # what may be told about a case that has ended
_CLOCK = "digest"  # minutes after midnight; a plan that does not set it gets ours


def run_digests() -> int:
    """Settle what was answered, find the readers of today, and start the mails whose hour has come; returns how many."""
    with acting(SYSTEM):
        tell_of_failed()
        sweep()
    with acting(SYSTEM):
        chosen = content_now().clocks.get(_CLOCK)
        return put_digests(
            minute=chosen.minutes if chosen and chosen.minutes else EVENING, works_today=is_business_day(clock.today())
        )


def sweep() -> int:
    """Look at everything not yet mailed once more: settle what no longer stands, readdress what its reader left."""
    waiting = list(
        Nudge.objects.open().filter(mail__isnull=True).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    )
    stands = _stands(waiting)
    gone = [one for one in waiting if not stands(one)]
    for one in gone:
        one.settled_at = clock.now()
    Nudge.objects.bulk_update(gone, ["settled_at"])
    _readdress([one for one in waiting if one.settled_at is None])
    return len(gone)


def _stands(nudges: list[Nudge]) -> Callable[[Nudge], bool]:
    """Return the question whether a nudge still asks for something, or still tells news."""
    about = {one.about for one in nudges}
    cases = Case.objects.in_bulk({one.case for one in nudges})
    supports = Support.objects.in_bulk(about)
    handovers = Handover.objects.in_bulk(about)
    decisions = LetterStep.objects.in_bulk(about)
    searches = set(SavedSearch.objects.living().filter(pk__in=about).values_list("pk", flat=True))
    late = {one.step.key for one in late_steps({one.case for one in nudges if one.kind == LATE})}
    answered = set(Suggestion.objects.filter(pk__in=about).exclude(answer="").values_list("pk", flat=True))

    def stands(nudge: Nudge) -> bool:
        case = cases.get(nudge.case)
        if nudge.about in searches or nudge.kind in MEETING_KINDS:  # about no case
            return True
        if nudge.kind == CHECK:  # about no case: it stands while something waits to be looked at
            return own_checks(nudge.body).exists()
        if nudge.about in answered or (nudge.kind == LATE and nudge.about not in late):
            return False
        if nudge.kind == "decide" and nudge.about in decisions:  # letters are decided after a case has ended, too
            return decisions[nudge.about].state == StepState.WAITING
        if case is None or (not case.is_open and nudge.kind not in _AFTER_THE_END):
            return False
        return _case_stands(nudge.kind, case) and _row_stands(nudge, supports, handovers)

    return stands


def _case_stands(kind: str, case: Case) -> bool:
    marks = {"late": case.silence_told_at, "idle": case.idle_told_at, "close_asked": case.close_asked_at}
    return kind not in marks or marks[kind] is not None


def _row_stands(nudge: Nudge, supports: dict[uuid.UUID, Support], handovers: dict[uuid.UUID, Handover]) -> bool:
    support, handover = supports.get(nudge.about), handovers.get(nudge.about)
    if nudge.kind == "handover" and handover is not None:
        return handover.state == HandoverState.OFFERED
    if support is None:
        return True
    if nudge.kind in {"silence", "reminder", "passed_on"}:
        return support.state == SupportState.OFFERED and not support.is_asking
    if nudge.kind == "question":
        return support.state == SupportState.OFFERED and support.is_asking
    return nudge.kind != "expired" or support.state == SupportState.EXPIRED


def _readdress(nudges: list[Nudge]) -> None:
    """Give what was told to somebody who is away to whoever stands in, of who has left to the queue, and follow a new address."""
    people = {one.person for one in nudges if one.person}
    here = {(one.person_id, one.body_id): one.person for one in Membership.objects.current().filter(person__in=people)}
    mails = dict(Body.objects.values_list("pk", "mail"))
    absent = {(one.person_id, one.body_id) for one in Absence.objects.on(clock.today()).filter(person__in=people)}
    changed = []
    for one in nudges:
        member = here.get((one.person, one.body)) if one.person else None
        person = standing_in(member, one.body) if member and (member.pk, one.body) in absent else member
        to = (person.pk, person.email, person.name) if person else (None, mails.get(one.body, ""), "")
        if to == (one.person, one.address, one.name):
            continue
        if member and person != member:
            one.words = written("（%(name)sさんが不在のため、代わりの方にお送りします。）%(words)s") % {"name": member.name, "words": one.words}
        one.person, one.address, one.name = to
        changed.append(one)
    Nudge.objects.bulk_update(changed, ["person", "address", "name", "words"])
