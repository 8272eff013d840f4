"""Attempts to bring a need and a researcher together: kept, with what came of them or why nothing did [C13]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from renkei.base.actor import GUEST
from renkei.cases.actions.answers import accept, decline
from renkei.cases.models import Case, Need
from renkei.matching.models import Entry
from renkei.plan.models import Body
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.models import BRIDGE_STEPS, Bridge, BridgeState, BridgeStep
from tests.cases.making import arrived, events, fresh, need_of, offered, refuses
from tests.research.making import NOON, TODAY
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C13")
UTSUGI = Other("空木 教授", "架空大学")
LONG = "長" * 401


def a_need(world: World) -> Need:
    return need_of(arrived(world).case, world)


def test_an_attempt_is_kept_with_its_first_step(region: World) -> None:
    need = a_need(region)
    made = start_bridge(need, Other(" 空木\n教授 ", "架空大学", Body.objects.get(pk=LAB)), by=region.desk, on=dt.date(2026, 11, 20), words="電話で")
    assert (made.case_id, made.need_id, made.who, made.organisation, made.to_body_id, made.state, made.tried_on, made.body_id) == (
        need.case_id, need.pk, "空木 教授", "架空大学", LAB, "tried", dt.date(2026, 11, 20), DESK,
    )  # fmt: skip
    assert list(BridgeStep.objects.values_list("state", "on", "words", "body_id", "written_at")) == [("tried", made.tried_on, "電話で", DESK, NOON)]
    assert events("bridge.start") == 1


def test_a_seed_of_the_catalogue_gives_its_name(region: World) -> None:
    entry = Entry.objects.create(id="S-1", kind="seed", name="薄膜の付き方を見る", owner_name="架空大学 空木研究室", kept_by="screen", text_hash="x")
    made = start_bridge(a_need(region), Other("", entry=entry), by=region.desk)
    assert (made.who, made.organisation, made.entry) == ("薄膜の付き方を見る", "架空大学 空木研究室", "S-1")


@pytest.mark.parametrize(
    ("other", "more", "code", "field"),
    [
        (Other(" "), {}, "who_empty", "who"), (Other("名" * 201), {}, "too_long", "who"), (Other("名", "所" * 201), {}, "too_long", "organisation"),
        (UTSUGI, {"on": TODAY + dt.timedelta(days=1)}, "future", "on"), (UTSUGI, {"words": LONG}, "too_long", "words"),
    ],
)
def test_what_an_attempt_needs(region: World, other: Other, more: dict[str, Any], code: str, field: str) -> None:
    need = a_need(region)
    with refuses(code, field), transaction.atomic():
        start_bridge(need, other, by=region.desk, **more)
    assert (Bridge.objects.count(), BridgeStep.objects.count(), events("bridge.start")) == (0, 0, 0)


def test_who_takes_part_writes_and_nobody_else(region: World) -> None:
    support = offered(region)
    accept(support, by=region.lab, text="できます。")
    for actor in (region.bank, region.center, GUEST):
        with refuses("not_allowed"):
            start_bridge(support.need, UTSUGI, by=actor)
    made = start_bridge(support.need, UTSUGI, by=region.lab)
    with refuses("not_allowed"):
        move_bridge(made, by=region.bank, state="talked", words="")
    assert move_bridge(made, by=region.desk, state="talked", words="").state == "talked"


def test_a_settled_need_and_a_closed_case_take_none(region: World) -> None:
    need = a_need(region)
    Need.objects.filter(pk=need.pk).update(state="settled")
    with refuses("need_over"):
        start_bridge(fresh(need), UTSUGI, by=region.desk)
    Case.objects.filter(pk=need.case_id).update(state="closed", closed_at=NOON, close_reason="solved")
    with refuses("case_closed"):
        start_bridge(fresh(need), UTSUGI, by=region.desk)


def test_the_same_person_is_asked_once_at_a_time(region: World) -> None:
    need = a_need(region)
    first = start_bridge(need, UTSUGI, by=region.desk)
    with refuses("bridge_open", "who"):
        start_bridge(need, UTSUGI, by=region.desk)
    start_bridge(need, Other("空木 教授", "ほかの大学"), by=region.desk)
    move_bridge(first, by=region.desk, state="failed", words="装置が古い")
    start_bridge(need, UTSUGI, by=region.desk)
    assert sorted(Bridge.objects.values_list("organisation", "state")) == [("ほかの大学", "tried"), ("架空大学", "failed"), ("架空大学", "tried")]


@pytest.mark.parametrize("before", BridgeState.values)
@pytest.mark.parametrize("after", BridgeState.values)
def test_every_step_is_the_tables(region: World, before: str, after: str) -> None:
    made = start_bridge(a_need(region), UTSUGI, by=region.desk)
    Bridge.objects.filter(pk=made.pk).update(state=before, result="前" if before in {"came", "failed"} else "")
    if after in BRIDGE_STEPS[BridgeState(before)]:
        moved = move_bridge(fresh(made), by=region.desk, state=after, words="こうなった")
        assert (moved.state, moved.result, BridgeStep.objects.filter(bridge=made).count()) == (after, "こうなった" if after in {"came", "failed"} else "", 2)
    else:
        with refuses(*(("bridge_over", None) if before in {"came", "failed"} else ("no_step", "state"))):
            move_bridge(fresh(made), by=region.desk, state=after, words="こうなった")
        assert (fresh(made).state, BridgeStep.objects.filter(bridge=made).count(), events("bridge.move")) == (before, 1, 0)


def test_an_end_says_why_and_days_run_forward(region: World) -> None:
    made = start_bridge(a_need(region), UTSUGI, by=region.desk, on=TODAY)
    for end in ("came", "failed"):
        with refuses("words_empty", "words"):
            move_bridge(made, by=region.desk, state=end, words=" ")
    with refuses("before_last", "on"):
        move_bridge(made, by=region.desk, state="talked", words="", on=TODAY - dt.timedelta(days=1))
    with refuses("future", "on"):
        move_bridge(made, by=region.desk, state="talked", words="", on=TODAY + dt.timedelta(days=1))
    with refuses("too_long", "words"):
        move_bridge(made, by=region.desk, state="talked", words=LONG)
    assert (fresh(made).state, events("bridge.move")) == ("tried", 0)


def test_history_and_ends_stay_whatever_a_program_wants(region: World) -> None:
    made = start_bridge(a_need(region), UTSUGI, by=region.desk)
    with pytest.raises(DatabaseError), transaction.atomic():
        BridgeStep.objects.update(words="別の話")
    with pytest.raises(DatabaseError), transaction.atomic():
        BridgeStep.objects.all().delete()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"who": ""}, "bridge_has_somebody"), ({"state": "odd"}, "bridge_state"), ({"state": "failed"}, "bridge_end_says_why"),
        ({"moved_on": TODAY - dt.timedelta(days=9)}, "bridge_moves_forward"),
    ]  # fmt: skip
    for given, name in wrong:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Bridge.objects.filter(pk=made.pk).update(**given)


def test_who_was_asked_about_another_need_sees_nothing(region: World) -> None:
    support = offered(region)
    decline(support, by=region.lab, reason="busy")
    other = need_of(fresh(support.case), region, title="別の課題")
    made = start_bridge(other, UTSUGI, by=region.desk)
    seen = {body: list(Bridge.objects.visible_to(region.actor(body))) for body in (DESK, LAB, CENTER, BANK)}
    assert seen == {DESK: [made], LAB: [], CENTER: [], BANK: []}
    assert (list(Bridge.objects.visible_to(GUEST)), list(BridgeStep.objects.visible_to(region.lab))) == ([], [])
