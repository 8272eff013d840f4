"""The clocks: one reminder, then holder and desk, then the next best; nothing ends without a message."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases import mails as mail_texts
from renkei.cases.actions.answers import accept, answer_question, ask
from renkei.cases.actions.intake import receive
from renkei.cases.actions.triage import keep_case
from renkei.cases.jobs import ClockReport, run_clocks
from renkei.cases.models import Case, Support
from renkei.cases.steps import NextStep
from renkei.plan.models import Body, PlanVersion
from renkei.post.jobs import send_due
from renkei.post.links import open_link
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, arrived, events, fresh, mails, offered, refuses, said, steps
from tests.cases.test_offers import token_of
from tests.world import CENTER, DESK, LAB, World

DUE = dt.date(2026, 12, 1)  # a Tuesday: four business days after Wednesday 25 November


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def run_on(day: dt.date) -> ClockReport:
    with clock.moved_to(clock.at(day)):
        return run_clocks()


def only(report: ClockReport, **counts: int) -> bool:
    """The clocks of the case's own next step ring as well; here only the offer's are compared."""
    given = {"reminded": 0, "silent": 0, "expired": 0, **counts}
    return {name: getattr(report, name) for name in given} == given


class TestSilence:
    def test_one_reminder_then_told_then_expired(self, world: World) -> None:
        support = offered(world, service="tech-consultation")
        assert only(run_on(DUE))
        assert only(run_on(dt.date(2026, 12, 2)), reminded=1)
        assert only(run_on(dt.date(2026, 12, 2)))
        assert mails("reminder") == [("hibari-lab@hibari.example", "waiting")]
        assert only(run_on(dt.date(2026, 12, 3)), silent=1)
        assert only(run_on(dt.date(2026, 12, 4)))
        assert mails("silence") == [("hibari-desk@people.example", "waiting")]
        assert fresh(support).state == "offered"
        token = token_of(support)
        assert only(run_on(dt.date(2026, 12, 7)), expired=1)
        assert only(run_on(dt.date(2026, 12, 8)))
        case = fresh(support.case)
        assert (fresh(support).state, open_link(token)) == ("expired", None)
        assert (case.next_kind, case.next_body_id, case.next_on, case.next_step) == (
            "choose", DESK, dt.date(2026, 12, 9), "次の候補に頼む（センター）")
        assert [verb for verb, _b, _a in steps(case)][-3:] == ["reminded", "silent", "expired"]
        assert steps(case)[-1] == ("expired", "offered", "expired")
        assert (events("support.remind"), events("support.silent"), events("support.expired")) == (1, 1, 1)

    def test_firm_is_told_honestly(self, world: World) -> None:
        offered(world)
        for day in (2, 3, 7):
            run_on(dt.date(2026, 12, day))
        text = Mail.objects.get(purpose="company").text
        assert "ひばり県工業試験所の返事が予定より遅れています" in text
        assert "12月9日までにお知らせします" in text
        assert "雷" not in text

    def test_without_address_the_holder_calls(self, world: World) -> None:
        offered(world, case=arrived(world, email="").case)
        for day in (2, 3, 7):
            run_on(dt.date(2026, 12, day))
        assert Case.objects.get().next_step.startswith("会社に電話で遅れを伝え、")

    def test_holder_elsewhere_and_desk_are_both_told(self, world: World) -> None:
        support = offered(world)
        Case.objects.update(holder=CENTER, holder_person=None)
        for day in (2, 3):
            run_on(dt.date(2026, 12, day))
        assert mails("silence") == [("hibari-center@hibari.example", "waiting"), ("hibari-desk@hibari.example", "waiting")]
        assert fresh(support).told_at is not None

    def test_worker_that_was_down_reminds_first(self, world: World) -> None:
        support = offered(world)
        late = dt.date(2026, 12, 14)
        assert only(run_on(late), reminded=1)
        assert only(run_on(late))
        assert only(run_on(dt.date(2026, 12, 15)), silent=1)
        assert only(run_on(dt.date(2026, 12, 16)))
        assert only(run_on(dt.date(2026, 12, 17)), expired=1)
        assert fresh(support).state == "expired"

    def test_year_end_does_not_count(self, world: World) -> None:
        support = offered(world, due_on=dt.date(2026, 12, 28))
        assert only(run_on(dt.date(2026, 12, 31)))
        assert only(run_on(dt.date(2027, 1, 3)))
        assert only(run_on(dt.date(2027, 1, 4)), reminded=1)
        assert fresh(support).reminded_at is not None

    def test_answered_recalled_and_asking_offers_rest(self, world: World) -> None:
        answered, asking, inside = offered(world), offered(world), offered(world, left=False)
        accept(answered, by=world.lab)
        ask(asking, by=world.lab, question="大きさは。")
        Support.objects.filter(pk=inside.pk).update(leaves_at=clock.at(dt.date(2027, 1, 31)))
        assert only(run_on(dt.date(2026, 12, 25)))
        with clock.moved_to(clock.at(dt.date(2026, 12, 1))):
            answer_question(asking, by=world.desk, text="30センチ")
        assert fresh(asking).due_on == dt.date(2026, 12, 7)
        assert only(run_on(dt.date(2026, 12, 8)), reminded=1)

    def test_late_yes_still_counts(self, world: World) -> None:
        support = offered(world, takes_over=True)
        for day in (2, 3, 7):
            run_on(dt.date(2026, 12, day))
        assert "まだ引き受けられるときは" in Nudge.objects.get(kind="expired", body=LAB).words
        with clock.moved_to(clock.at(dt.date(2026, 12, 9))):
            accept(support, by=world.lab)
        assert (fresh(support).state, fresh(support.case).holder_id) == ("accepted", LAB)

    def test_closed_case_rests(self, world: World) -> None:
        offered(world)
        Case.objects.update(state="closed", closed_at=clock.now(), close_reason="solved")
        assert run_on(dt.date(2026, 12, 25)).total == 0


class TestFirstAnswer:
    def test_desk_and_holder_are_told_once(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        assert run_on(dt.date(2026, 11, 27)).late == 0
        assert run_on(dt.date(2026, 11, 30)).late == 1
        assert run_on(dt.date(2026, 12, 1)).late == 0
        assert mails("late") == [("hibari-desk@hibari.example", "waiting"), ("hibari-lab@people.example", "waiting")]
        assert (steps(case)[-1], events("case.late")) == (("silent", "", ""), 1)

    def test_desk_itself_gets_one_mail(self, world: World) -> None:
        arrived(world)
        run_on(dt.date(2026, 11, 30))
        assert mails("late") == [("hibari-desk@people.example", "waiting")]

    def test_answered_in_time_is_quiet(self, world: World) -> None:
        keep_case(arrived(world).case, by=world.desk, next_step=NextStep("訪ねる", dt.date(2026, 12, 1), kind="visit"))
        assert run_on(dt.date(2026, 12, 2)).late == 0


class TestIdle:
    @pytest.mark.covers("C26")
    def test_holder_is_told_once_until_something_moves(self, world: World) -> None:
        case = arrived(world).case
        keep_case(case, by=world.desk, next_step=NextStep("訪ねる", dt.date(2026, 12, 1), kind="visit"))
        assert run_on(dt.date(2026, 12, 23)).idle == 0
        assert run_on(dt.date(2026, 12, 24)).idle == 1
        assert run_on(dt.date(2026, 12, 25)).idle == 0
        assert mails("idle") == [("hibari-desk@people.example", "waiting")]
        assert (steps(case)[-1], events("case.idle")) == (("idle", "", ""), 1)
        with clock.moved_to(clock.at(dt.date(2026, 12, 25))):
            keep_case(case, by=world.desk, next_step=NextStep("訪ねる", dt.date(2026, 12, 28), kind="visit"))
        assert run_on(dt.date(2027, 1, 29)).idle == 0
        assert run_on(dt.date(2027, 2, 1)).idle == 1

    def test_a_date_far_ahead_is_not_idle(self, world: World) -> None:
        keep_case(arrived(world).case, by=world.desk, next_step=NextStep("交付決定を待つ", dt.date(2027, 4, 12)))
        assert run_on(dt.date(2027, 3, 1)).idle == 0
        assert run_on(dt.date(2027, 4, 12)).idle == 1


def test_one_refusal_does_not_hold_up_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = offered(world), offered(world)
    real = mail_texts.reminder

    def fail_for_one(support: Support, **more: Any) -> None:
        if support.pk == one.pk:
            raise Refused("いまは送れません。", "no")
        real(support, **more)

    monkeypatch.setattr(mail_texts, "reminder", fail_for_one)
    assert run_on(dt.date(2026, 12, 2)).reminded == 1
    assert (fresh(one).reminded_at, fresh(two).reminded_at is None) == (None, False)


def test_missing_clock_says_which(world: World) -> None:
    offered(world)
    content = {**world.plan.versions.get().content, "clocks": {"idle": {"business_days": 20}}}
    PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())
    with refuses("no_clock"):
        offered(world)


def test_works_under_the_worker_login_only(committed_world: World, login: Any) -> None:
    support = offered(committed_world, service="tech-consultation")
    with login("web"):
        assert run_on(dt.date(2026, 12, 2)).total == 0
    with login("worker"):
        for day in (2, 3, 7):
            run_on(dt.date(2026, 12, day))
        with clock.moved_to(clock.at(dt.date(2026, 12, 31))):
            assert send_due() == 2  # the request, and the firm's; what staff are told goes with the mail of the day
            assert not Mail.objects.exists()  # outside an actor's context the worker sees nothing either
    assert fresh(support).state == "expired"
    assert {state for _to, state in mails("company")} == {"sent"}
    assert [to for to, _state in mails("expired")] == ["hibari-desk@people.example", "hibari-lab@hibari.example"]
