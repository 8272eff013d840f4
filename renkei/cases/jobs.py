"""The clocks: what the worker does about answers that do not come and cases that stand still.

Each act stands in its own transaction, under the worker's login, checks again under the lock and marks what it told,
so the run may stop anywhere and be started again, or twice at once. Nothing ends without a message.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from renkei.accounts.actions.members import leave_closed_body as leave_closed_body_members
from renkei.accounts.actions.members import members_of_closed_bodies
from renkei.accounts.queries import is_member
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM, staff
from renkei.base.context import acting
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.dissolved import homeless_cases, leave_closed_body
from renkei.cases.actions.inquiries import remind_body, take_up, tell_body
from renkei.cases.actions.leaving import free_caseload, who_left
from renkei.cases.actions.listing import list_waiting, waiting_to_be_listed
from renkei.cases.actions.offers import close_offer, lock_support, move_support
from renkei.cases.actions.saved import check_view
from renkei.cases.models import Asked, Case, SavedView, Support, Verb, log_step
from renkei.cases.queries.colleagues import loads_to_push, person_loads_to_push
from renkei.cases.queries.moves import ending_soon
from renkei.cases.queries.next_best import next_candidates
from renkei.cases.queries.route_late import late_cases
from renkei.cases.route_clock import tell_of_late_steps
from renkei.cases.states import SupportState
from renkei.cases.steps import NextStep, due, put_next_step, save_case
from renkei.matching.actions import set_load
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days, clock_named
from renkei.post.nudges import News, Reader, put_nudge

_log = logging.getLogger("renkei.clocks")


@dataclass(frozen=True, slots=True)
class ClockReport:
    """How many were reminded, told of silence, expired, told of a late first answer, of standing still, of late routes, freed, listed.

    Freed are cases of people who left before anybody accepted them; ``inquired`` counts questions without a name that
    were sent, reminded of, or brought back answered. ``listed`` counts cases whose firms let their needs be found.
    """

    reminded: int = 0
    silent: int = 0
    expired: int = 0
    late: int = 0
    idle: int = 0
    freed: int = 0
    inquired: int = 0
    behind: int = 0
    listed: int = 0

    @property
    def total(self) -> int:
        """Return how many acts there were."""
        return self.reminded + self.silent + self.expired + self.late + self.idle + self.freed + self.inquired + self.behind + self.listed


def run_clocks() -> ClockReport:
    """Do everything that is due today, first of all for those who left. Safe to run twice."""
    freed = free_left()
    with acting(SYSTEM):
        homeless = homeless_cases()
        closed = members_of_closed_bodies()
    freed += _each(homeless, _leave_closed_body)
    for body in closed:
        with acting(SYSTEM):
            leave_closed_body_members(body, by=SYSTEM)
    warn_of_ends()
    push_loads()
    with acting(SYSTEM):
        unreminded, reminded, told = _unanswered()
        late = list(_late_cases().values_list("pk", flat=True))
        idle = list(_idle_cases().values_list("pk", flat=True))
        behind = late_cases()
        unlisted = list(waiting_to_be_listed().values_list("pk", flat=True))
        open_ones = Asked.objects.filter(inquiry__ended_at__isnull=True, body__closed_on__isnull=True)
        untold = list(open_ones.filter(told_on__isnull=True).values_list("pk", flat=True))
        answered = list(Asked.objects.exclude(answer="").filter(taken_up_at__isnull=True).values_list("pk", flat=True))
        quiet = list(open_ones.filter(told_on__isnull=False, reminded_on__isnull=True, answer__in=["", "question"],
                                      inquiry__due_on__lte=_reminding_from()).values_list("pk", flat=True))  # fmt: skip
    return ClockReport(
        expired=_each(told, _expire),
        silent=_each(reminded, _tell_of_silence),
        reminded=_each(unreminded, _remind),
        late=_each(late, _tell_of_late_answer),
        idle=_each(idle, _tell_of_idle),
        behind=_each(behind, tell_of_late_steps),
        listed=_each(unlisted, _list),
        freed=freed,
        inquired=_each(answered, _take_up) + _each(untold, _tell) + _each(quiet, _ask_again),
    )


def free_left() -> int:
    """Let the cases of everybody who has left fall into the queues of their bodies.

    All in one transaction: a case may name several who left on the same day, and no commit may name any of them (P1). One person
    whose cases cannot be freed holds nobody else's back.
    """
    count = 0
    with acting(SYSTEM):
        for body, person in who_left():
            try:
                count += free_caseload(body, person, by=SYSTEM)
            except Refused as refusal:
                _log.error("clock free_left: %s %s refused (%s)", body, person, refusal.code)
    return count


def warn_of_ends() -> int:
    """Tell who leaves soon, and the administrators, that a caseload has no successors yet; once a last day [C42]."""
    with acting(SYSTEM):
        found = ending_soon()
    count = 0
    for membership in found:
        with acting(SYSTEM):
            count += mails.term_ends(membership, by=SYSTEM)
    return count


def push_loads() -> int:
    """Let proposals know how much each body has on its hands for each service, and each person of the catalogue tied to an account.

    How often each was asked too; returns how many counts changed.
    """
    with acting(SYSTEM):
        changed, people = loads_to_push(), person_loads_to_push()
        for body, service, count, asked in changed:
            set_load(body, by=SYSTEM, open_count=count, asked_count=asked, service=service)
        for body, entry, count, asked in people:
            set_load(body, by=SYSTEM, open_count=count, asked_count=asked, entry=entry)
    return len(changed) + len(people)


def _leave_closed_body(case_id: uuid.UUID) -> bool:
    case = _locked(case_id)
    if case is None or not case.is_open:
        return False
    leave_closed_body(case, by=SYSTEM)
    return True


def _each(ids: Iterable[uuid.UUID], act: Callable[[uuid.UUID], bool]) -> int:
    """Run an act per id, each in its own transaction; one that is refused is logged and does not hold up the others."""
    count = 0
    for one in ids:
        try:
            with acting(SYSTEM):
                count += act(one)
        except Refused as refusal:
            _log.error("clock %s: %s refused (%s)", act.__name__, one, refusal.code)
    return count


def _unanswered() -> tuple[list[uuid.UUID], list[uuid.UUID], list[uuid.UUID]]:
    """Return the overdue offers whose reminder, word of silence or expiry may be due today; each act looks again under the lock."""
    waiting = Support.objects.waiting().filter(leaves_at__lte=clock.now()).order_by("due_on")
    return (
        list(waiting.filter(reminded_at__isnull=True, due_on__lt=_before("offer_reminder")).values_list("pk", flat=True)),
        list(waiting.filter(reminded_at__isnull=False, told_at__isnull=True, due_on__lt=_before("offer_silence")).values_list("pk", flat=True)),
        list(waiting.filter(told_at__isnull=False, due_on__lt=_before("offer_expiry")).values_list("pk", flat=True)),
    )  # fmt: skip


def _before(name: str) -> dt.date:
    """Return a day before which a due day lies when clock ``name`` has run out today; never later than today."""
    today = clock.today()
    return min(today, add_business_days(today, 1 - clock_named(name).business_days))


def _offer(support_id: uuid.UUID) -> tuple[Case, Support] | None:
    """Return case and offer, locked, if it still waits for the body (and not for the answer to its question)."""
    seen = Support.objects.filter(pk=support_id).values_list("case_id", flat=True).first()
    if seen is None:
        return None
    case = Case.objects.select_for_update().get(pk=seen)  # without joins: see answers
    support = lock_support(Support(pk=support_id))
    support.case = case
    return None if support.state != SupportState.OFFERED or support.is_asking or not case.is_open else (case, support)


def _reached(name: str, day: dt.date, *, before: str = "", told: dt.datetime | None = None) -> bool:
    """Tell whether clock ``name`` has run out, counted from the due day and, after a standstill, from the step before.

    A worker that was down for a week reminds first and waits the plan's days before it goes on.
    """
    days = clock_named(name).business_days
    reached = add_business_days(day, days)
    if before and told is not None:
        gap = days - clock_named(before).business_days
        reached = max(reached, add_business_days(told.astimezone(clock.JST).date(), gap))
    return clock.today() >= reached


def _remind(support_id: uuid.UUID) -> bool:
    found = _offer(support_id)
    if found is None or found[1].reminded_at is not None or not _reached("offer_reminder", _due(found[1])):
        return False
    case, support = found
    support.reminded_at = clock.now()
    support.save(update_fields=["reminded_at"])
    mails.reminder(support, by=SYSTEM)
    log_step(case, Verb.REMINDED, by=SYSTEM, subject=support, about_body=support.body_id, service=support.service_id)
    record(SYSTEM, "support.remind", support, case)
    return True


def _tell_of_silence(support_id: uuid.UUID) -> bool:
    found = _offer(support_id)
    if found is None or found[1].reminded_at is None or found[1].told_at is not None:
        return False
    case, support = found
    if not _reached("offer_silence", _due(support), before="offer_reminder", told=support.reminded_at):
        return False
    support.told_at = clock.now()
    support.save(update_fields=["told_at"])
    subject = written("返事がありません")
    words = written("%(body)sから、うながしたあとも返事がありません。電話で確かめるか、次の候補に頼んでください。") % {
        "body": support.body.name
    }
    mails.tell_holder(case, by=SYSTEM, subject=subject, words=words, purpose="silence", about=support.pk)
    mails.tell_desk(case, by=SYSTEM, subject=subject, words=words, purpose="silence")
    log_step(case, Verb.SILENT, by=SYSTEM, subject=support, about_body=support.body_id, service=support.service_id)
    record(SYSTEM, "support.silent", support, case)
    return True


def _expire(support_id: uuid.UUID) -> bool:
    """Let an offer end without an answer: the holder gets the next best, the firm is told honestly."""
    found = _offer(support_id)
    if found is None or found[1].told_at is None:
        return False
    case, support = found
    if not _reached("offer_expiry", _due(support), before="offer_silence", told=support.told_at):
        return False
    move_support(support, SupportState.EXPIRED, Verb.EXPIRED, by=SYSTEM, case=case)
    close_offer(support)
    told = mails.tell_company(
        case, by=SYSTEM, subject=written("返事が遅れています"),
        words=written("%(body)sの返事が予定より遅れています。%(holder)sがほかの機関を探し、%(day)s月%(d)s日までにお知らせします。")
        % {"body": support.body.name, "holder": case.holder.name, "day": due("first_answer").month,
           "d": due("first_answer").day},
    )  # fmt: skip
    names = _next_names(support)
    what = written("次の候補に頼む（%(names)s）") % {"names": names} if names else written("次に頼む機関を決める")
    put_next_step(case, NextStep(what=what if told else written("会社に電話で遅れを伝え、") + what, on=due("first_answer"),
                                 kind="choose", body=case.holder_id, person=case.holder_person_id))
    save_case(case)
    words = written("%(body)sの返事がないまま期限が過ぎました。次の候補：%(names)s。") % {
        "body": support.body.name, "names": names or written("ありません。窓口にご相談ください")
    }  # fmt: skip
    mails.tell_holder(case, by=SYSTEM, subject=written("返事がないまま期限が過ぎました"), words=words, purpose="expired",
                      about=support.pk)
    mails.tell_body(support.body, support, by=SYSTEM, purpose="expired", subject=written("お返事の期限が過ぎました"),
                    words=written("お返事がないため、ほかの機関を探します。まだ引き受けられるときは、連携の画面の「依頼」からお答えください。"))
    return True


def _next_names(support: Support) -> str:
    codes = [candidate.body for candidate in next_candidates(support)][:2]
    names = dict(Body.objects.filter(pk__in=codes).values_list("pk", "short"))
    return "、".join(names[code] for code in dict.fromkeys(codes) if code in names)


def _due(support: Support) -> dt.date:
    return support.due_on or clock.today()


def _take_up(asked_id: uuid.UUID) -> bool:
    return take_up(asked_id, by=SYSTEM)


def _tell(asked_id: uuid.UUID) -> bool:
    return tell_body(asked_id, by=SYSTEM)


def _ask_again(asked_id: uuid.UUID) -> bool:
    return remind_body(asked_id, by=SYSTEM)


def _reminding_from() -> dt.date:
    """Return the last due day whose reminder clock has run out today."""
    return add_business_days(clock.today(), -clock_named("offer_reminder").business_days)


def _late_cases() -> QuerySet[Case]:
    return Case.objects.open().filter(next_kind="answer", next_on__lt=clock.today(), silence_told_at__isnull=True)


def _tell_of_late_answer(case_id: uuid.UUID) -> bool:
    """Tell holder and desk that the first answer to a firm, or the answer to a body's question, is overdue."""
    case = _locked(case_id)
    if case is None or case.next_kind != "answer" or case.silence_told_at is not None or not case.is_late:
        return False
    subject, words = written("最初の回答が遅れています"), written("会社への回答の期限が過ぎました。今日中に、会社へ連絡してください。")
    asking = next((one for one in case.supports.waiting() if one.is_asking), None)
    if asking is not None:
        subject, words = written("質問への答えが遅れています"), written("機関からの質問が、答えを待っています。今日中に、案件の画面で答えてください。")
    case.silence_told_at = clock.now()
    case.save(update_fields=["silence_told_at"])
    mails.tell_holder(case, by=SYSTEM, subject=subject, words=words, purpose="late")
    mails.tell_desk(case, by=SYSTEM, subject=subject, words=words, purpose="late")
    log_step(case, Verb.SILENT, by=SYSTEM, about_body=case.holder_id, service=asking.service_id if asking else "")
    record(SYSTEM, "case.late", case)
    return True


def _idle_cases() -> QuerySet[Case]:
    """Return open cases with no step for the plan's business days, unless their next step still lies ahead [C26]."""
    last = add_business_days(clock.today(), -clock_named("idle").business_days)
    return (
        Case.objects.open().filter(idle_told_at__isnull=True, next_on__lte=clock.today())
        .annotate(moved_at=Max("transitions__recorded_at")).filter(moved_at__lt=clock.at(last, 0))
    )  # fmt: skip


def _tell_of_idle(case_id: uuid.UUID) -> bool:
    case = _locked(case_id)
    if case is None or case.idle_told_at is not None or not case.is_open:
        return False
    case.idle_told_at = clock.now()
    case.save(update_fields=["idle_told_at"])
    mails.tell_holder(case, by=SYSTEM, subject=written("しばらく動きがありません"), purpose="idle", words=written(
        "この案件は、%(days)s営業日のあいだ動きがありません。次にすることを決め直すか、会社に様子を聞いてください。")
        % {"days": clock_named("idle").business_days})
    log_step(case, Verb.IDLE, by=SYSTEM, about_body=case.holder_id)
    record(SYSTEM, "case.idle", case)
    return True


def _list(case_id: uuid.UUID) -> bool:
    return list_waiting(case_id, by=SYSTEM)


def _locked(case_id: uuid.UUID) -> Case | None:
    return Case.objects.select_for_update().filter(pk=case_id).first()  # without joins: see answers


def run_alerts() -> int:
    """Look into every alerting view as its own person would; returns how many cases are news. Safe to run twice."""
    with acting(SYSTEM):
        watched = list(
            SavedView.objects.living().filter(alert=True, person__is_active=True)
            .select_related("person").order_by("checked_at")
        )  # fmt: skip
    count = 0
    for view in watched:
        person = staff(view.person_id, view.body_id, view.person.name)
        if not is_member(view.person_id, view.body_id):
            continue
        with acting(person):
            news = check_view(view, by=person)
        with acting(SYSTEM):  # what is lost between the two still stands on the page of views
            for case in news:
                title = written("「%(view)s」に新しく入りました") % {"view": view.name}
                words = written("保存した条件に当てはまる案件が、新しく入りました。")
                reader = Reader(view.body_id, view.person_id, view.person.email, view.person.name)
                put_nudge(News("view", title, words, case.pk, case.number), reader, by=SYSTEM)
        count += len(news)
    return count
