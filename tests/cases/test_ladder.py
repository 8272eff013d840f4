"""A need climbs the ladder: never past a rung that is not on record [C37, C93]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.escalation import climb, end_rung
from renkei.cases.actions.triage import settle_need
from renkei.cases.models import Escalation, Need, RungEnd, Support
from renkei.cases.queries.ladder import Climb, climbs
from renkei.cases.states import NeedState
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered, refuses, steps
from tests.world import BANK, CENTER, LAB, World

pytestmark = pytest.mark.covers("C37", "C93")
WHY = "県内で測れる所がない。"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def declined(world: World) -> Need:
    """The lab was asked and said that it has no equipment."""
    support = offered(world)
    decline(support, by=world.lab, reason="no_equipment", text="測る幅が足りない。")
    return Need.objects.get(pk=support.need_id)


def test_a_declined_need_climbs_to_a_meeting_with_who_was_tried(world: World) -> None:
    need = declined(world)
    before = steps(need.case)
    found = climb(need, by=world.desk, reason=WHY)
    desk = found.below
    assert desk is not None
    assert (desk.rung, desk.end, desk.is_open, desk.reason) == (1, "higher", False, WHY)
    assert (found.rung, found.is_open, found.below_rung, found.below_end, found.opened_body_id) == (2, True, 1, "higher", world.desk.body)
    assert found.tried == [{"body": LAB, "service": "equipment-tests", "state": "declined", "reason": "no_equipment", "on": "2026-11-25"}]
    assert steps(need.case)[len(before):] == [("climbed", "1", "2")]
    case = fresh(need.case)
    assert (case.next_step, case.next_kind, case.next_body_id) == ("どの会議に諮るかを決める", "choose", case.holder_id)
    assert events("need.climb") == 1


def test_the_next_step_may_be_the_day_of_the_meeting(world: World) -> None:
    day = dt.date(2026, 12, 10)
    need = declined(world)
    climb(need, by=world.desk, reason=WHY, step=NextStep("会議に諮る", day, kind="wait"))
    assert (fresh(need.case).next_step, fresh(need.case).next_on) == ("会議に諮る", day)


def test_a_silence_counts_as_tried(world: World) -> None:
    support = offered(world)
    Support.objects.filter(pk=support.pk).update(state="expired")
    found = climb(fresh(support).need, by=world.desk, reason=WHY)
    assert [(one["body"], one["state"], one["reason"]) for one in found.tried] == [(LAB, "expired", "")]


def test_refusals(world: World) -> None:
    need = need_of(arrived(world).case, world)
    with refuses("reason_empty", "reason"):
        climb(need, by=world.desk, reason=" 　 ")
    with refuses("too_long", "reason"):
        climb(need, by=world.desk, reason="長" * 401)
    with refuses("nobody_tried", "nobody_offers"):
        climb(need, by=world.desk, reason=WHY)
    with refuses("not_allowed"):
        climb(need, by=world.lab, reason=WHY)
    settle_need(need, state=NeedState.SETTLED, by=world.desk)
    with refuses("need_over"):
        climb(need, by=world.desk, reason=WHY)
    assert (Escalation.objects.count(), events("need.climb")) == (0, 0)


def test_who_is_still_asked_or_at_work_is_waited_for(world: World) -> None:
    support = offered(world)
    with refuses("still_asking"):
        climb(support.need, by=world.desk, reason=WHY)
    accept(support, by=world.lab)
    with refuses("still_asking"):
        climb(support.need, by=world.desk, reason=WHY, nobody_offers=True)


def test_where_nobody_here_offers_it_a_need_climbs_with_the_reason_alone(world: World) -> None:
    need = need_of(arrived(world).case, world)
    assert climb(need, by=world.desk, reason=WHY, nobody_offers=True).tried == []


def test_a_need_stands_on_one_rung(world: World) -> None:
    need = declined(world)
    climb(need, by=world.desk, reason=WHY)
    with refuses("on_rung"):
        climb(need, by=world.desk, reason=WHY)
    with pytest.raises(IntegrityError, match="escalation_one_rung"), transaction.atomic():
        Escalation.objects.create(case=need.case, need=need, rung=1, reason=WHY, opened_on=clock.today(), opened_at=clock.now(), opened_body_id=LAB)


def test_from_a_meeting_outside_and_back_with_help(world: World) -> None:
    need = declined(world)
    meeting = climb(need, by=world.desk, reason=WHY)
    end_rung(meeting, by=world.center, end=RungEnd.HIGHER, words="どの機関も知らない。地域の外に尋ねる。")
    outside = Escalation.objects.open().get(need=need)
    assert (outside.rung, outside.below_id, outside.reason) == (3, meeting.pk, "どの機関も知らない。地域の外に尋ねる。")
    assert fresh(need.case).next_step == "地域の外に頼む機関に引き継ぐ"
    end_rung(outside, by=world.desk, end=RungEnd.HELPED, words="隣県の試験所が引き受けた。")
    assert fresh(need.case).next_step == "見つかった支援を頼む"
    assert steps(need.case)[-3:] == [("rung_ended", "2", "higher"), ("climbed", "2", "3"), ("rung_ended", "3", "helped")]
    assert not Escalation.objects.open().exists()


def test_the_end_of_a_rung_is_written_once_and_says_something(world: World) -> None:
    meeting = climb(declined(world), by=world.desk, reason=WHY)
    with refuses("words_empty", "words"):
        end_rung(meeting, by=world.desk, end=RungEnd.HELPED, words="")
    end_rung(meeting, by=world.desk, end=RungEnd.HELPED, words="見つかった。")
    again = end_rung(meeting, by=world.desk, end=RungEnd.HIGHER, words="いや、外へ。")
    assert (again.end, again.end_words, Escalation.objects.count(), events("need.end_rung")) == ("helped", "見つかった。", 2, 1)


def test_above_the_outside_there_is_nothing(world: World) -> None:
    meeting = climb(declined(world), by=world.desk, reason=WHY)
    end_rung(meeting, by=world.desk, end=RungEnd.HIGHER, words="外へ。")
    with refuses("top", "end"):
        end_rung(Escalation.objects.open().get(), by=world.desk, end=RungEnd.HIGHER, words="もっと上へ。")


def test_who_came_back_declined_again_climbs_from_the_desk_anew(world: World) -> None:
    need = declined(world)
    end_rung(climb(need, by=world.desk, reason=WHY), by=world.desk, end=RungEnd.HELPED, words="センターが引き受けられそう。")
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):  # asked later: of two asked at one moment neither is the first
        support = offered(world, case=need.case, body=CENTER, service="tech-consultation")
    decline(support, by=world.center, reason="busy", text="")
    again = climb(fresh(need), by=world.desk, reason="センターも手がいっぱい。")
    assert [one["body"] for one in again.tried] == [LAB, CENTER]
    assert sorted(Escalation.objects.filter(need=need).values_list("rung", flat=True)) == [1, 1, 2, 2]


def test_a_need_that_is_settled_or_a_case_that_ends_climbs_no_further(world: World) -> None:
    need = declined(world)
    meeting = climb(need, by=world.desk, reason=WHY)
    settle_need(need, state=NeedState.DROPPED, by=world.desk)
    assert (fresh(meeting).end, fresh(meeting).end_words) == ("dropped", "課題が片づいた")
    settle_need(fresh(need), state=NeedState.OPEN, by=world.desk)
    again = climb(fresh(need), by=world.desk, reason=WHY)
    close_case(fresh(need.case), by=world.desk, reason="other_way", words="会社が見つけた。", result="no", needs="dropped")
    assert fresh(again).end == "dropped"


def test_the_page_names_rungs_by_the_plan_and_offers_to_climb(world: World) -> None:
    need = declined(world)
    other = need_of(need.case, world, title="売り先")
    def on_ladder() -> list[Climb]:
        needs = [(one, list(one.supports.all())) for one in Need.objects.filter(case=need.case)]
        return climbs(need.case, world.desk, needs, Body.objects.in_bulk())

    before = on_ladder()
    assert [(one.need.pk, one.rungs, one.may_climb, one.now) for one in before] == [(need.pk, [], True, None)]
    climb(need, by=world.desk, reason=WHY)
    found = on_ladder()
    assert [(one.need.pk, [rung.name for rung in one.rungs], one.may_climb) for one in found] == [(need.pk, ["窓口", "会議"], False)]
    now = found[0].now
    assert now is not None
    assert [(one.body, one.said, one.reason) for one in now.tried] == [("工業試験所", "辞退", "設備がない")]
    assert other.pk not in [one.need.pk for one in found]


BELOW, RULE, ENDS = "escalation_below_is_on_record", "escalation_stands_on_the_rung_below", "escalation_end_has_day"
STRANGE: list[tuple[str, dict[str, Any]]] = [
    (RULE, {"rung": 2}), (RULE, {"rung": 3}), ("escalation_has_reason", {"rung": 1, "reason": ""}), (ENDS, {"rung": 1, "end": "helped"}),
    (ENDS, {"rung": 1, "end": "odd"}), ("escalation_", {"rung": 4}), ("escalation_", {"rung": 0}),
    (BELOW, {"rung": 3, "below": "meeting", "below_rung": 2, "below_end": "higher"}),  # the meeting has not ended
    ("escalation_", {"rung": 3, "below": "desk", "below_rung": 2, "below_end": "higher"}),  # skips the meeting
    ("escalation_", {"rung": 2, "below": "desk", "below_rung": 1, "below_end": "higher", "other": True}),  # another need's desk
    (RULE, {"rung": 2, "below": "desk", "below_rung": 1, "below_end": "helped"}),
]  # fmt: skip


def test_the_database_knows_no_rung_without_the_one_below(world: World) -> None:
    need = declined(world)
    meeting = climb(need, by=world.desk, reason=WHY)
    other = need_of(need.case, world, title="売り先")
    rows = {"desk": meeting.below, "meeting": meeting}
    for name, given_ in STRANGE:
        more = dict(given_)
        below = rows.get(str(more.pop("below", "")))
        of = other if more.pop("other", False) else need_of(need.case, world, title="また別")
        values = {"reason": WHY, "opened_on": clock.today(), "opened_at": clock.now(), "opened_body_id": LAB, **more}
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Escalation.objects.create(case=need.case, need=of, below=below, **values)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_record_below_cannot_be_rewritten(world: World) -> None:
    meeting = climb(declined(world), by=world.desk, reason=WHY)
    assert meeting.below is not None
    with pytest.raises(IntegrityError, match="escalation_below_is_on_record"), transaction.atomic():
        Escalation.objects.filter(pk=meeting.below.pk).update(end="helped")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


ACTS = st.lists(st.sampled_from(["ask", "decline", "climb", "climb_anyway", "help", "higher", "drop", "settle", "reopen"]), max_size=14)


@given(acts=ACTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_people_do_no_need_is_on_a_rung_without_the_record_below(world: World, acts: list[str]) -> None:
    with transaction.atomic():
        need = need_of(arrived(world).case, world)
        for act in acts:
            try:
                with transaction.atomic():
                    _do(act, need, world)
            except Refused:
                continue
        for rung in Escalation.objects.filter(need=need, rung__gt=1):
            below = rung.below
            assert below is not None
            assert (below.need_id, below.rung, below.end) == (need.pk, rung.rung - 1, "higher")
            assert below.opened_at <= rung.opened_at
        assert Escalation.objects.open().filter(need=need).count() <= 1
        transaction.set_rollback(True)


def _do(act: str, need: Need, world: World) -> None:
    """Do one thing people can do; the service is asked of whoever has not been asked for it."""
    now = fresh(need)
    waiting = Support.objects.filter(need=need, state="offered").first()
    standing = Escalation.objects.open().filter(need=need).first()
    if act == "ask":
        offered(world, case=now.case, service="tech-consultation")
    elif act == "decline" and waiting is not None:
        decline(waiting, by=world.lab, reason="busy", text="")
    elif act in {"climb", "climb_anyway"}:
        climb(now, by=world.desk, reason=WHY, nobody_offers=act == "climb_anyway")
    elif act in {"help", "higher", "drop"} and standing is not None:
        end = {"help": RungEnd.HELPED, "higher": RungEnd.HIGHER, "drop": RungEnd.DROPPED}[act]
        end_rung(standing, by=world.desk, end=end, words="結果。")
    elif act in {"settle", "reopen"}:
        settle_need(now, state="settled" if act == "settle" else "open", by=world.desk)


@pytest.mark.django_db(transaction=True)
def test_who_may_read_rungs_under_the_real_logins(committed_world: World, login: Callable[[str], AbstractContextManager[None]]) -> None:
    need = declined(committed_world)
    climb(need, by=committed_world.desk, reason=WHY)
    for actor, count in ((committed_world.desk, 2), (committed_world.lab, 0), (committed_world.center, 0), (committed_world.actor(BANK), 0)):
        with login("web"), acting(actor), transaction.atomic():
            assert Escalation.objects.count() == Escalation.objects.visible_to(actor).count() == count
