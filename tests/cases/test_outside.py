"""Outside the region: who leads asks, the firm decides who sees what, the answer is followed to a result [C34-C36, C95]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.escalation import climb, end_rung
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover
from renkei.cases.actions.openings import answer_opening, shut
from renkei.cases.actions.outside import answer_outside, ask_outside, end_outside, give_up_outside
from renkei.cases.models import Case, Escalation, Need, Opening, OutsideRequest, RungEnd
from renkei.cases.queries.ladder import reachable
from renkei.cases.steps import due
from renkei.plan.models import Body, PlanVersion
from tests.cases.linking import firm
from tests.cases.making import events, fresh, refuses, steps
from tests.meetings.making import NOON, TODAY, WITH_MEETINGS, hard_need, with_meetings
from tests.world import BANK, CENTER, LAB, World

pytestmark = pytest.mark.covers("C34", "C36", "C37", "C95")
DUE = TODAY + dt.timedelta(days=14)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def outside(region: World, *, led: bool = True) -> Need:
    """A need on the third rung; with ``led`` the lab has taken the case over like anyone else."""
    need = hard_need(region)
    meeting = climb(need, by=region.desk, reason="県内で測れない。")
    end_rung(meeting, by=region.desk, end=RungEnd.HIGHER, words="外へ求める。")
    if led:
        case = Case.objects.get(pk=need.case_id)
        give_consent(case, body=Body.objects.get(pk=LAB), klass="summary", by=region.desk, how="oral", given_by="齋藤 亘")
        handover = offer_handover(fresh(case), to_body=Body.objects.get(pk=LAB), by=region.desk, pack=Pack(state="会議を経た"),
                                  reason="地域の外に求める", due_on=TODAY + dt.timedelta(days=3))  # fmt: skip
        accept_handover(handover, by=region.lab)
    return fresh(need)


def opened(region: World, need: Need | None = None) -> OutsideRequest:
    """Asked, and the firm has said yes to the person."""
    made = asked(region, need)
    answer_opening(made.opening, given=True, by=firm(fresh(made.case)))
    return fresh(made)


def asked(region: World, need: Need | None = None, **more: Any) -> OutsideRequest:
    given: dict[str, Any] = {"network": "kazenet", "member": "tonari", "name": "隣 花子", "email": "tonari@outside.example", "ask": "反りを測ってほしい。",
                             "due_on": DUE, "classes": ["summary"]}  # fmt: skip
    return ask_outside(need or outside(region), by=region.lab, **(given | more))


def test_the_lead_asks_and_the_firm_decides_first(region: World) -> None:
    made = asked(region)
    case = fresh(made.case)
    assert (made.member_name, made.network_name, made.member_place, made.asked_on, made.due_on) == ("となり県試験所", "風の網", "となり県", TODAY, DUE)
    assert (made.opening.is_asked, made.opening.organisation, made.opening.classes) == (True, "となり県試験所", ["summary"])
    assert (case.next_step, case.next_on) == ("となり県試験所の返事を待つ", DUE)
    assert steps(case)[-2:] == [("asked_outside", "", "asked"), ("next_step", "", "wait")]
    assert events("outside.ask") == 1
    answer_opening(made.opening, given=True, by=firm(case))
    assert fresh(made.opening).is_open


def test_who_does_not_lead_or_does_not_hold_the_case_may_not_ask(region: World) -> None:
    need = outside(region, led=False)
    given = {"network": "kazenet", "member": "tonari", "name": "隣", "email": "a@b.example", "ask": "x", "due_on": DUE, "classes": ["summary"]}
    with refuses("not_lead"):
        ask_outside(need, by=region.desk, **given)
    with refuses("not_allowed"):
        ask_outside(need, by=region.lab, **given)
    with refuses("not_lead"):
        give_up_outside(need, by=region.desk, words="やめる")


def test_a_need_that_no_meeting_has_seen_goes_nowhere(region: World) -> None:
    need = outside(region)
    other = Need.objects.create(case=need.case, title="ほか", stage_id="3", added_at=clock.now())
    with refuses("not_outside"):
        asked(region, other)
    with refuses("not_outside"):
        give_up_outside(other, by=region.lab, words="やめる")


@pytest.mark.parametrize(("more", "code", "field"), [
    ({"member": "odd"}, "unknown_member", "member"), ({"member": "lab"}, "unknown_member", "member"), ({"network": "odd"}, "unknown_member", "member"),
    ({"ask": " "}, "ask_empty", "ask"), ({"ask": "長" * 1001}, "too_long", "ask"), ({"due_on": TODAY}, "due_past", "due_on"),
    ({"email": "x"}, "email_wrong", "email"), ({"name": " "}, "name_missing", "name"), ({"classes": ["technical"]}, "summary_needed", "classes"),
])  # fmt: skip
def test_what_a_request_needs(region: World, more: dict[str, Any], code: str, field: str) -> None:
    need = outside(region)
    with refuses(code, field):
        asked(region, need, **more)
    assert OutsideRequest.objects.count() == 0


def test_nobody_is_asked_twice_and_after_a_no_another_may_be(region: World) -> None:
    need = outside(region)
    first = asked(region, need)
    with refuses("asked_already", "member"):
        asked(region, need, email="other@outside.example")
    answer_outside(first, by=region.lab, accepts=False, words="装置が故障している。")
    assert fresh(need.case).next_step == "地域の外で、ほかに頼む先を決める"
    asked(region, need, email="other@outside.example")


def test_an_answer_and_a_result_come_back_into_the_case(region: World) -> None:
    made = asked(region)
    with refuses("words_empty", "words"):
        answer_outside(made, by=region.lab, accepts=True, words="")
    with refuses("not_opened", "accepts"):
        answer_outside(made, by=region.lab, accepts=True, words="来週測れる。")
    answer_opening(made.opening, given=True, by=firm(fresh(made.case)))
    with refuses("not_accepted"):
        end_outside(made, by=region.lab, result="測れた。", helped=True)
    answer_outside(made, by=region.lab, accepts=True, words="来週測れる。")
    with refuses("answered"):
        answer_outside(made, by=region.lab, accepts=False, words="やはり無理。")
    assert fresh(made.case).next_step == "となり県試験所の支援の様子を聞く"
    with refuses("result_empty", "result"):
        end_outside(made, by=region.lab, result=" ", helped=True)
    end_outside(made, by=region.lab, result="0.02ミリの反りと分かった。", helped=True)
    with refuses("ended"):
        end_outside(made, by=region.lab, result="もう一度", helped=True)
    rung = Escalation.objects.get(rung=3)
    assert (rung.end, rung.end_words) == ("helped", "0.02ミリの反りと分かった。")
    assert (fresh(made.case).next_step, fresh(made.case).holder_id) == ("会社に結果を伝える", LAB)


def test_after_the_firm_has_shut_it_nobody_accepts(region: World) -> None:
    made = opened(region)
    shut(made.opening, by=firm(fresh(made.case)))
    with refuses("not_opened", "accepts"):
        answer_outside(made, by=region.lab, accepts=True, words="来週測れる。")
    answer_outside(made, by=region.lab, accepts=False, words="会社がやめた。")


def test_a_result_that_did_not_help_leaves_the_need_where_it_is(region: World) -> None:
    made = opened(region)
    answer_outside(made, by=region.lab, accepts=True, words="来週測れる。")
    end_outside(made, by=region.lab, result="測れなかった。", helped=False)
    case = fresh(made.case)
    assert Escalation.objects.open().get().rung == 3
    assert (case.next_step, case.next_kind, steps(case)[-1]) == ("地域の外で、ほかに頼む先を決める", "choose", ("next_step", "", "choose"))
    give_up_outside(made.escalation.need, by=region.lab, words="尽くしたが見つからない。")
    assert (Escalation.objects.get(rung=3).end, fresh(made.case).next_step) == ("dropped", "会社に結果を伝える")


def test_of_two_who_are_asked_the_step_names_who_is_waited_for(region: World) -> None:
    net = WITH_MEETINGS["networks"][0]
    more = net | {"members": [*net["members"], {"code": "kita", "name": "きた県試験所"}]}
    PlanVersion.objects.create(plan=region.plan, number=3, content=WITH_MEETINGS | {"networks": [more]}, published_at=clock.now())
    first, soon = opened(region), DUE - dt.timedelta(days=7)
    need = first.escalation.need
    second = asked(region, need, member="kita", email="kita@outside.example", due_on=soon)
    told = [(fresh(need.case).next_step, fresh(need.case).next_on)]
    for act in (
        lambda: answer_outside(second, by=region.lab, accepts=False, words="装置がない。"),
        lambda: answer_outside(first, by=region.lab, accepts=True, words="測れる。"),
        lambda: end_outside(first, by=region.lab, result="測れなかった。", helped=False),
    ):
        act()
        told.append((fresh(need.case).next_step, fresh(need.case).next_on))
    assert told == [
        ("きた県試験所の返事を待つ", soon), ("となり県試験所の返事を待つ", DUE), ("となり県試験所の支援の様子を聞く", due("idle")),
        ("地域の外で、ほかに頼む先を決める", due("first_answer")),
    ]  # fmt: skip


def test_while_somebody_is_asked_the_search_is_not_given_up(region: World) -> None:
    made = asked(region)
    with refuses("still_asking"):
        give_up_outside(made.escalation.need, by=region.lab, words="やめる")


def test_a_request_survives_a_network_that_dissolves(region: World) -> None:
    made = opened(region)
    need = made.escalation.need
    gone = WITH_MEETINGS | {"networks": [WITH_MEETINGS["networks"][0] | {"to": "2026-11-24"}]}
    PlanVersion.objects.create(plan=region.plan, number=3, content=gone, published_at=clock.now())
    assert reachable(LAB) == []
    with refuses("unknown_member", "member"):
        asked(region, need, email="other@outside.example")
    answer_outside(made, by=region.lab, accepts=True, words="網がなくなっても引き受ける。")
    end_outside(made, by=region.lab, result="測れた。", helped=True)
    assert (fresh(made).network_name, fresh(made).member_name) == ("風の網", "となり県試験所")


def test_only_who_belongs_today_is_reached(region: World) -> None:
    members = [
        {"code": "before", "name": "やめた所", "from": "2020-04-01", "to": "2026-03-31"}, {"code": "later", "name": "これからの所", "from": "2027-04-01"},
        {"code": "now", "name": "いまの所"}, {"code": "own", "name": "県の機関", "body": LAB},
    ]  # fmt: skip
    networks = [{"code": "kaze", "name": "風", "through": LAB, "members": members}, {"code": "mizu", "name": "水", "through": CENTER, "members": members}]
    PlanVersion.objects.create(plan=region.plan, number=3, content=WITH_MEETINGS | {"networks": networks}, published_at=clock.now())
    assert [(net.code, one.code) for net, one in reachable(LAB)] == [("kaze", "now")]


def test_the_database_knows_no_second_open_request_to_one_member(region: World) -> None:
    made = asked(region)
    other = Opening.objects.create(case=made.case, body_id=LAB, kind="outside", name="隣 次郎", organisation="となり", email="j@o.example", classes=["summary"],
                                   asked_at=clock.now(), asked_by=region.people[LAB])  # fmt: skip
    copy = {field.attname: getattr(made, field.attname) for field in OutsideRequest._meta.concrete_fields if field.name != "id"}
    with pytest.raises(IntegrityError, match="outside_asked_once"), transaction.atomic():
        OutsideRequest.objects.create(**copy | {"opening_id": other.pk})


def test_the_database_knows_no_request_of_another_rung(region: World) -> None:
    made = asked(region)
    meeting = Escalation.objects.get(rung=2)
    tries: list[tuple[str, dict[str, Any]]] = [
        ("outside_is_of_the_third_rung", {"escalation_rung": 2}), ("outside_stands_on_the_third_rung", {"escalation": meeting}),
        ("outside_answer", {"answer": "odd", "answer_words": "x", "answered_on": TODAY}), ("outside_answer_says_what", {"answer": "accepted", "answered_on": TODAY}),
        ("outside_result_of_a_yes", {"ended_on": TODAY, "result": "x"}),
    ]  # fmt: skip
    for name, values in tries:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            OutsideRequest.objects.filter(pk=made.pk).update(**values)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
def test_who_reads_requests_under_the_real_logins(committed_world: World, login: Callable[[str], AbstractContextManager[None]]) -> None:
    region = with_meetings(committed_world)
    asked(region)
    for actor, count in ((region.desk, 1), (region.lab, 1), (region.center, 0), (region.actor(BANK), 0)):
        with login("web"), acting(actor):
            assert OutsideRequest.objects.count() == OutsideRequest.objects.visible_to(actor).count() == count
