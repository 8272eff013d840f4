"""The recall window at its edges: before it ends nobody ever knew, from its last second on it is an incident."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from renkei.audit.record import record_read
from renkei.base import clock
from renkei.base.actor import SYSTEM, link_holder
from renkei.cases.actions.answers import answer_question, ask, withdraw_support
from renkei.cases.actions.offers import offer_next, recall, save_picks, send_offers
from renkei.cases.actions.passing import pass_on
from renkei.cases.models import Case, Incident, Passage, Support, Transition
from renkei.cases.queries.timeline import timeline
from renkei.plan.models import PlanVersion
from renkei.post.jobs import send_due
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, events, fresh, mails, need_of, offered, pick, refuses, steps
from tests.cases.test_offers import token_of
from tests.world import BANK, CENTER, CONTENT, DESK, LAB, World

WINDOW = dt.timedelta(minutes=5)
SECOND = dt.timedelta(seconds=1)
EDGES = [
    ("at once", dt.timedelta(0), False),
    ("one second before", WINDOW - SECOND, False),
    ("on the second", WINDOW, True),
    ("one second after", WINDOW + SECOND, True),
    ("next year", dt.timedelta(days=400), True),
]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def later(span: dt.timedelta) -> Any:
    return clock.moved_to(NOON + span)


@pytest.mark.parametrize(("when", "span", "left"), EDGES, ids=[when for when, _span, _left in EDGES])
def test_the_window_ends_on_its_last_second(world: World, when: str, span: dt.timedelta, left: bool) -> None:
    support = offered(world, left=False)
    with later(span):
        assert support.has_left is left
        assert [rows.objects.visible_to(world.lab).exists() for rows in (Support, Case, Passage)] == [left] * 3
        if left:
            with refuses("reason_empty", "reason"):
                recall(support, by=world.desk, reason=" \u3000")
        recall(support, by=world.desk, reason="相手を間違えた" if left else "")
        assert Incident.objects.exists() is left
        assert bool(mails("recalled")) is left
        assert not Support.objects.visible_to(world.lab).exists()


def test_the_plan_sets_the_window(world: World) -> None:
    content = copy.deepcopy(CONTENT)
    content["clocks"]["recall"] = {"minutes": 30}
    PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())
    support = offered(world, left=False)
    assert (support.leaves_at, Mail.objects.get(purpose="offer").not_before) == (
        NOON + dt.timedelta(minutes=30), NOON + dt.timedelta(minutes=30))


def test_the_mail_leaves_with_the_window_and_not_before(world: World) -> None:
    support = offered(world, left=False)
    with later(WINDOW - SECOND):
        send_due()
        assert mails("offer") == [("hibari-lab@hibari.example", "waiting")]
    with later(WINDOW):
        send_due()
        assert mails("offer") == [("hibari-lab@hibari.example", "sent")]
        recall(fresh(support), by=world.desk, reason="相手を間違えた")
    assert mails("offer") == [("hibari-lab@hibari.example", "sent")]  # what has left cannot be called back


def test_inside_the_window_the_mail_never_leaves(world: World) -> None:
    recall(offered(world, left=False), by=world.desk)
    with later(dt.timedelta(days=3)):
        send_due()
    assert mails("offer") == [("hibari-lab@hibari.example", "cancelled")]


def test_one_of_two_is_recalled_and_the_other_stays(world: World) -> None:
    case = arrived(world).case
    need = need_of(case, world)
    kept, gone = send_offers(case, [pick(need), pick(need, CENTER, "tech-consultation")], by=world.desk)
    recall(gone, by=world.desk)
    after = fresh(case)
    assert (fresh(kept).state, after.next_kind, after.next_body_id, after.next_step) == (
        "offered", "wait", LAB, "工業試験所の返事を待つ")
    assert mails("offer") == [("hibari-center@hibari.example", "cancelled"), ("hibari-lab@hibari.example", "waiting")]
    assert Link.objects.filter(closed_at__isnull=True, purpose="offer").get().subject == kept.pk


def test_recalled_in_time_the_firm_and_the_body_never_read_of_it(world: World) -> None:
    support = offered(world, left=False)
    recall(support, by=world.desk)
    assert "recalled" not in {item.kind for item in timeline(support.case, actor=firm(support.case))}
    assert timeline(support.case, actor=world.lab) == []
    assert [item.kind for item in timeline(support.case, actor=world.desk)].count("recalled") == 1


def test_the_incident_keeps_what_was_open_and_who_looked_in_order(world: World) -> None:
    support = offered(world, classes=["technical"], person=world.lab.person)
    by_link = link_holder(open_link(token_of(support)).id, body=LAB)
    for minutes, reader in ((6, by_link), (7, world.lab), (8, world.lab)):
        with later(dt.timedelta(minutes=minutes)):
            record_read(reader, support, support.case)
    with later(dt.timedelta(minutes=9)):
        recall(support, by=world.desk, reason="別の会社あてだった")
    incident = Incident.objects.get()
    assert (incident.classes, incident.was_opened) == (["summary", "technical"], True)
    assert [(dt.datetime.fromisoformat(one["at"]) - NOON, one["who"]) for one in incident.seen] == [
        (dt.timedelta(minutes=m), "小出 渉") for m in (6, 7, 8)]
    assert Transition.objects.filter(verb="incident").get().about_body == LAB


def test_readings_of_another_offer_are_not_counted(world: World) -> None:
    wrong, right = offered(world), offered(world)
    record_read(world.lab, right, right.case)
    recall(wrong, by=world.desk, reason="相手を間違えた")
    assert (Incident.objects.get().was_opened, Incident.objects.get().seen) == (False, [])


def test_the_firm_and_the_body_concerned_see_the_incident_and_nobody_else(world: World) -> None:
    support = offered(world)
    recall(support, by=world.desk, reason="相手を間違えた")
    seen = {body: Incident.objects.visible_to(world.actor(body)).count() for body in (DESK, LAB, CENTER, BANK)}
    assert seen == {DESK: 1, LAB: 1, CENTER: 0, BANK: 0}
    assert Incident.objects.visible_to(firm(support.case)).count() == 1
    assert Incident.objects.visible_to(firm(arrived(world).case)).count() == 0


def test_a_late_recall_names_a_person_or_does_not_happen(world: World) -> None:
    support = offered(world)
    with refuses("not_allowed"):
        recall(support, by=SYSTEM, reason="相手を間違えた")
    assert (fresh(support).state, Incident.objects.count(), mails("recalled")) == ("offered", 0, [])


def test_a_refused_late_recall_leaves_nothing_behind(world: World) -> None:
    support = offered(world)
    before = (steps(support.case), Mail.objects.count(), fresh(support.case).version)
    for reason in ("", "\x00\u200b", "あ" * 401):
        with refuses("too_long" if len(reason) > 400 else "reason_empty", "reason"):
            recall(support, by=world.desk, reason=reason)
    assert (steps(support.case), Mail.objects.count(), fresh(support.case).version) == before
    assert (Incident.objects.count(), events("incident.open"), open_link(token_of(support)) is None) == (0, 0, False)


def test_the_reason_of_a_recall_stays_between_bodies(world: World) -> None:
    recall(offered(world), by=world.desk, reason="あ" * 400)
    assert Incident.objects.get().reason == "あ" * 400
    assert "ああ" not in "".join(Mail.objects.values_list("text", flat=True))


def test_recalled_then_asked_again_is_a_new_offer(world: World) -> None:
    first = offered(world, left=False)
    recall(first, by=world.desk)
    second = offer_next(fresh(first), by=world.desk, body=LAB)
    assert (second.pk != first.pk, second.state, fresh(first).state) == (True, "offered", "recalled")
    assert [passage.text for passage in Passage.objects.filter(support=second)] == ["設備で測れるようにしてほしい"]
    assert token_of(second) != token_of(first)
    assert open_link(token_of(first)) is None


def test_a_planned_line_cannot_be_recalled_it_was_never_sent(world: World) -> None:
    case = arrived(world).case
    planned = save_picks(case, [pick(need_of(case, world))], by=world.desk)[0]
    with refuses("wrong_state"):
        recall(planned, by=world.desk, reason="x")


def test_a_recall_ends_a_question_and_its_answer_links(world: World) -> None:
    support = offered(world)
    ask(support, by=world.lab, question="大きさは。")
    answer_question(support, by=world.desk, text="30センチ")
    pass_on(support, by=world.lab, person=world.lab.person)
    recall(support, by=world.desk, reason="相手を間違えた")
    assert not Link.objects.filter(purpose="offer", closed_at__isnull=True).exists()
    assert (fresh(support.case).next_kind, fresh(support.case).next_body_id) == ("choose", DESK)


def test_a_withdrawal_inside_the_window_tells_nobody(world: World) -> None:
    support = offered(world, left=False)
    withdraw_support(support, by=world.desk, reason="会社が自分で見つけた")
    assert (mails("withdrawn"), mails("offer")) == ([], [("hibari-lab@hibari.example", "cancelled")])
    assert not Incident.objects.exists()
    with later(dt.timedelta(hours=1)):
        assert [rows.objects.visible_to(world.lab).exists() for rows in (Support, Case, Passage)] == [False] * 3
