"""One day of the simulated quarter: what firms, the desk, the bodies and the worker do, in the order of the day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from bench.people import answer_packs, at_work, begin_day, go_away, leave_some
from renkei.base import clock
from renkei.base.actor import Actor, link_holder, staff
from renkei.cases.actions.answers import accept, answer_question, ask, decline, finish_support, start_work
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.holding import Pack, offer_handover, take_case
from renkei.cases.actions.intake import Said, receive
from renkei.cases.actions.offers import Pick, offer_next, send_offers
from renkei.cases.actions.talk import company_writes, write_to_company
from renkei.cases.actions.triage import add_need
from renkei.cases.digest import run_digests
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Support
from renkei.cases.states import OPEN_SUPPORTS, CaseState, SupportState
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days
from renkei.post.jobs import send_due
from renkei.post.links import open_link
from renkei.post.models import Nudge
from renkei.post.nudges import read_nudges

if TYPE_CHECKING:
    from bench.simulate import Quarter

TEXTS = ["めっきが剥がれて困っている。", "試作の費用に使える補助を知りたい。", "雷サージの試験をするところを探している。", "展示会に出たいが、何から始めるか分からない。"]
DESK = "hibari-desk"
ONE_BY_ONE = ("case__number", "need__order", "body__order", "service_id")  # ids are dice of their own: the same seed plays the same days


def live(run: Quarter, today: dt.date, *, arrivals: int, number: int) -> None:
    """Live one business day."""
    begin_day(run, today)
    with run.at(today, 8, 30):
        go_away(run, today)
        turn(run)
    with run.at(today, 9):
        sort_arrivals(run)
    with run.at(today, 9, 50):
        worker()
    with run.at(today, 10):
        answer_offers(run, today)
        ask_others(run)
    with run.at(today, 11):
        work_on(run, today)
    with run.at(today, 13):
        receive_some(run, arrivals)
        firms_write(run)
    with run.at(today, 14):
        turn(run)
    with run.at(today, 15):
        answer_firms(run)
        read_lists(run)
        hand_over_some(run)
        answer_packs(run)
        if number % 5 == 4 or number == run.plot.day_of_moves:
            leave_some(run, today, many=number == run.plot.day_of_moves)
    with run.at(today, 16, 30):
        turn(run)
    with run.at(today, 17, 30):
        turn(run)


def turn(run: Quarter) -> None:
    """Let the worker look once more, unless the days are calm."""
    if not run.plot.is_calm:
        worker()


def worker() -> None:
    """Run what the worker runs every minute."""
    run_clocks()
    run_digests()
    while send_due():
        pass


def receive_some(run: Quarter, count: int) -> None:
    """Firms consult, through the web or by telephone; a firm may well come again."""
    while count > 0:
        needs = min(count, run.rnd.choice((1, 1, 1, 2)))
        count -= needs
        run.made += needs
        firm = run.rnd.randrange(max(run.plot.needs // 3, 5))
        said = Said(
            text=run.rnd.choice(TEXTS), channel="web", company_given=f"第{firm}製作所", person_given="社長",
            phone="000-111-2222", email=f"firm-{firm}@firms.example" if firm % 12 else "", summary="要約", summary_seen=True,
            standing_classes=["summary", "technical"], company=run.companies[firm % len(run.companies)] if run.companies and firm % 2 else None,
        )  # fmt: skip
        received = run.act("received", lambda said=said: receive(said, by=run.staff_of(DESK), body=Body.objects.get(pk=DESK)))
        if received is not None:
            Case.objects.filter(pk=received.case.pk).update(holder_person=None)  # came by the web: nobody has taken it
            run.firms.append((received.case.pk, received.token, needs))


def sort_arrivals(run: Quarter) -> None:
    """The desk takes what has arrived, adds the needs and asks bodies, or keeps it from being nobody's."""
    waiting, run.firms = run.firms, []
    for case_id, token, needs in waiting:
        case, desk = Case.objects.get(pk=case_id), run.staff_of(DESK)
        run.act("taken", lambda case=case, desk=desk: take_case(case, by=desk, person=desk.person))
        if run.rnd.random() < 0.05:
            run.act("set aside", lambda case=case, desk=desk: close_case(
                Case.objects.get(pk=case.pk), by=desk, reason="not_ours", words="担当の外", answer_to_company="ほかの窓口へ", needs="dropped"))
            continue
        picks = []
        for turn in range(needs):
            service, body, stage = run.rnd.choice(run.services)
            need = run.act("need", lambda case=case, desk=desk, stage=stage, turn=turn: add_need(
                Case.objects.get(pk=case.pk), title=f"課題{turn}", stage=stage, by=desk))
            if need is not None:
                picks.append(Pick(need, service, body, "見てください", ["summary"], person=_named(run, body)))
        if picks:
            run.act("offered", lambda case=case, desk=desk, picks=picks: send_offers(Case.objects.get(pk=case.pk), picks, by=desk))
        if run.rnd.random() < run.plot.asks_firm:
            run.act("asked the firm", lambda case=case, desk=desk: write_to_company(
                Case.objects.get(pk=case.pk), by=desk, text="大きさはどのくらいですか", kind="question"))
        if token:
            TOKENS[case_id] = token


TOKENS: dict[Any, str] = {}


def _named(run: Quarter, body: str) -> Any:
    return run.rnd.choice(run.people[body]).pk if run.rnd.random() < run.plot.names_a_person else None


def answer_offers(run: Quarter, today: dt.date) -> None:
    """Bodies answer on the day they happen to: some at once, some after the reminder, some never."""
    rows = Support.objects.waiting().filter(leaves_at__lte=clock.now()).order_by("offered_at", *ONE_BY_ONE)
    for support in list(rows):
        wait = 99 if run.rnd.random() < run.plot.never_answers else run.rnd.choice((0, 1, 1, 2, 3, 5, 6))
        if run.answers.setdefault(support.pk, add_business_days(today, wait)) > today or support.is_asking:
            continue
        by = _answerer(run, support)
        if run.rnd.random() < run.plot.asks_back and not support.question:
            run.act("asked back", lambda support=support, by=by: ask(support, by=by, question="数は？", answered_by="職員"))
        elif run.rnd.random() < run.plot.declines:
            run.act("declined", lambda support=support, by=by: decline(support, by=by, reason="busy", answered_by="職員"))
        else:
            run.act("accepted", lambda support=support, by=by: accept(support, by=by, answered_by="職員"))
    for support in [one for one in Support.objects.waiting().order_by(*ONE_BY_ONE) if one.is_asking]:
        if run.rnd.random() < 0.5:
            run.act("question answered", lambda support=support: answer_question(
                support, by=_holder(run, support.case), text="百個です"))


def _answerer(run: Quarter, support: Support) -> Actor:
    return at_work(run, support.person_id, support.body_id)


def _holder(run: Quarter, case: Case) -> Actor:
    return at_work(run, case.holder_person_id, case.holder_id)


def ask_others(run: Quarter) -> None:
    """After a no or silence the holder asks somebody else, or ends the case."""
    choosing = Case.objects.open().filter(next_kind="choose").order_by("arrived_at", "number")
    for case in list(choosing):
        last = case.supports.filter(state__in=[SupportState.DECLINED, SupportState.EXPIRED]).order_by("-answered_at").first()
        if last is None or run.rnd.random() < 0.3:
            continue
        others = [row for row in run.services if row[0] == last.service_id and row[1] != last.body_id]
        if not others or case.supports.filter(need=last.need).count() > 3:
            continue
        _service, body, _stage = run.rnd.choice(others)
        run.act("asked the next", lambda last=last, body=body, case=case: offer_next(
            last, by=_holder(run, case), body=body, person=_named(run, body)))


def work_on(run: Quarter, today: dt.date) -> None:
    """Supports that were accepted begin and end; a case whose work is done is closed."""
    for support in list(Support.objects.filter(state=SupportState.ACCEPTED).order_by(*ONE_BY_ONE)):
        run.ends[support.pk] = add_business_days(today, run.rnd.randrange(3, 15))
        run.act("started", lambda support=support: start_work(support, by=_answerer(run, support)))
    for support in list(Support.objects.filter(state=SupportState.UNDER_WAY).order_by(*ONE_BY_ONE)):
        if run.ends.get(support.pk, today) <= today:
            run.act("finished", lambda support=support: finish_support(support, by=_answerer(run, support), text="測りました"))
    done = Case.objects.filter(state=CaseState.ACTIVE, supports__state=SupportState.DONE).exclude(supports__state__in=OPEN_SUPPORTS)
    for case in list(done.distinct().order_by("number")):
        if run.rnd.random() < 0.3:
            run.act("closed", lambda case=case: close_case(
                Case.objects.get(pk=case.pk), by=_holder(run, case), reason="solved", words="解決", result="solved",
                answer_to_company="終わりました", needs="settled"))


def firms_write(run: Quarter) -> None:
    """Some firms write through their status link."""
    for case_id, token in list(TOKENS.items()):
        if run.rnd.random() > run.plot.firm_writes / 10:
            continue
        case, link = Case.objects.filter(pk=case_id).first(), open_link(token)
        if case is None or link is None or not case.is_open:
            TOKENS.pop(case_id)
            continue
        by = link_holder(link.id)
        run.act("firm wrote", lambda case=case, by=by: company_writes(case, by=by, text="その後どうですか"))


def answer_firms(run: Quarter) -> None:
    """Holders answer what firms wrote, mostly on the day."""
    for case in list(Case.objects.open().filter(next_kind="answer", from_company_at__isnull=False).order_by("number")):
        if run.rnd.random() < 0.6:
            run.act("answered the firm", lambda case=case: write_to_company(
                Case.objects.get(pk=case.pk), by=_holder(run, case), text="進めています"))


def read_lists(run: Quarter) -> None:
    """Some people look at their list and mark it as read."""
    for body, people in run.people.items():
        for person in people:
            if run.rnd.random() < run.plot.reads_list:
                by = staff(person.pk, body, person.name)
                found = list(Nudge.objects.visible_to(by).open())
                if found:
                    run.act("read the list", lambda found=found, by=by: read_nudges(found, by=by))


def hand_over_some(run: Quarter) -> None:
    """A few cases are offered to a body that works on them; it answers through the ordinary rules."""
    rows = Case.objects.open().filter(supports__state=SupportState.UNDER_WAY, handovers=None).distinct().order_by("number")
    for case in list(rows[:3]):
        support = case.supports.filter(state=SupportState.UNDER_WAY).first()
        if support is not None and support.body_id != case.holder_id:
            run.act("handover offered", lambda case=case, support=support: offer_handover(
                case, to_body=support.body, by=_holder(run, case), pack=Pack(state="測っている")))
