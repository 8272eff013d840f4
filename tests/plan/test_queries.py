"""The plan asked on a day: which plan runs, who offers what, how long a deadline is, and how few questions it takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.base.memo import remembering
from renkei.base.refusal import Refused
from renkei.plan.content import Clock, FollowUpRule, PlanContent
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import Body, Party, Plan, PlanDraft, PlanVersion, Provision, Service
from renkei.plan.queries import (
    clock_named,
    content_at,
    content_now,
    current_plan,
    front_desk,
    is_front_desk,
    newest_version,
    plan_content,
    providers,
    provisions_on,
    published_plans,
)
from renkei.plan.rules import edits_plan, require_editor
from tests.world import BANK, CENTER, CONTENT, DESK, LAB, World

DAY = dt.timedelta(days=1)
TODAY = dt.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY)):
        yield


def plan(code: str, start: str | None, end: str, *, published: bool = True, desk: str = DESK) -> Plan:
    made = Plan.objects.create(
        code=code, title=code, term_from=dt.date.fromisoformat(start) if start else None, term_to=dt.date.fromisoformat(end),
        front_desk_id=desk, lead_party_id="hibari",
    )  # fmt: skip
    if published:
        PlanVersion.objects.create(plan=made, number=1, content=CONTENT, published_at=clock.now())
    return made


def test_the_content_of_a_moment_is_what_was_published_by_then(world: World) -> None:
    code, first = world.plan.pk, PlanVersion.objects.get()
    start = first.published_at
    PlanVersion.objects.create(plan_id=code, number=2, content=CONTENT | {"title": "二"}, published_at=start + 9 * DAY)
    said = [content_at(start + n * DAY).raw.get("title") for n in (-30, 0, 8, 9, 40)]
    assert said == [CONTENT.get("title")] * 3 + ["二"] * 2
    old = plan("P0", "2010-04-01", "2015-03-31", published=False)
    PlanVersion.objects.create(plan=old, number=1, content=CONTENT | {"title": "昔"}, published_at=start)
    assert content_at(clock.at(dt.date(2012, 5, 1))).raw["title"] == "昔"  # the plan that ran then, though it was written down later


def refused(ask: Any, *args: Any) -> str:
    with pytest.raises(Refused) as refusal:
        ask(*args)
    assert refusal.value.message.endswith("。")
    return refusal.value.code


# Which plan ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2019-03-31", "old"), ("2024-03-31", "old"), ("2024-04-01", "hibari-plan"), ("2030-03-31", "hibari-plan"),
        ("2030-04-01", "next"), ("2030-06-30", "next"), ("2030-07-01", "next"), ("2035-03-31", "next"), ("2040-01-01", "next"),
    ],
)  # fmt: skip
def test_the_plan_of_a_day_is_the_one_whose_term_includes_it(world: World, day: str, code: str) -> None:
    """Before and after every term the one that ends last stands in."""
    plan("old", None, "2024-03-31")
    plan("next", "2030-07-01", "2035-03-31")
    assert current_plan(dt.date.fromisoformat(day)).pk == code
    with clock.moved_to(clock.at(dt.date.fromisoformat(day))):
        assert current_plan().pk == code


def test_of_two_running_plans_the_one_that_ends_later_leads(world: World) -> None:
    plan("longer", "2026-04-01", "2031-03-31", desk=LAB)
    assert (current_plan().pk, front_desk().pk) == ("longer", LAB)
    assert (current_plan(dt.date(2026, 3, 31)).pk, front_desk(dt.date(2026, 3, 31)).pk) == ("hibari-plan", DESK)


def test_a_plan_that_was_never_published_runs_nowhere(world: World) -> None:
    hidden = plan("hidden", "2026-04-01", "2040-03-31", published=False)
    assert current_plan().pk == "hibari-plan"
    assert published_plans() == [world.plan]
    assert newest_version(hidden) is None
    assert refused(plan_content, hidden) == "not_published"


def test_without_any_plan_the_sentence_says_what_to_do(db: None) -> None:
    assert refused(current_plan) == "no_plan"
    assert refused(content_now) == "no_plan"
    assert published_plans() == []
    with pytest.raises(Refused, match="renkei plan publish で公開してください"):
        front_desk()


@pytest.mark.parametrize(
    ("start", "end", "day", "runs"),
    [
        ("2026-04-01", "2027-03-31", "2026-03-31", False), ("2026-04-01", "2027-03-31", "2026-04-01", True),
        ("2026-04-01", "2027-03-31", "2027-03-31", True), ("2026-04-01", "2027-03-31", "2027-04-01", False),
        (None, "2027-03-31", "1900-01-01", True), (None, "2027-03-31", "2027-04-01", False), ("2026-11-25", "2026-11-25", "2026-11-25", True),
    ],
)  # fmt: skip
def test_a_term_includes_both_its_ends(start: str | None, end: str, day: str, runs: bool) -> None:
    made = Plan(term_from=dt.date.fromisoformat(start) if start else None, term_to=dt.date.fromisoformat(end))
    assert made.is_running(dt.date.fromisoformat(day)) is runs
    with clock.moved_to(clock.at(dt.date.fromisoformat(day), 23, 59)):
        assert made.is_running() is runs


@pytest.mark.parametrize(("body", "is_desk"), [(DESK, True), (LAB, False), ("nowhere", False), ("", False), (None, False)])
def test_one_body_is_the_front_desk(world: World, body: str | None, is_desk: bool) -> None:
    assert is_front_desk(body) is is_desk


def test_published_plans_stand_newest_first_in_one_question(world: World, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert [one.pk for one in published_plans()] == ["hibari-plan"]
    for n in range(3):
        plan(f"p{n}", None, f"20{n}0-03-31")
    world.plan.versions.create(number=2, content=CONTENT, published_at=clock.now())
    with django_assert_num_queries(1):
        rows = [(one.pk, one.front_desk.short, one.lead_party.name, one.predecessor) for one in published_plans()]
    assert [row[0] for row in rows] == ["hibari-plan", "p2", "p1", "p0"]


def test_a_page_asks_once_for_the_plan_and_once_for_its_version(world: World, django_assert_num_queries: Any) -> None:
    content_now()
    with remembering(), django_assert_num_queries(2):
        for _ in range(3):
            assert (current_plan().pk, content_now().clocks["idle"].business_days) == ("hibari-plan", 20)


def test_a_new_version_counts_at_once_for_the_next_page(world: World) -> None:
    with remembering():
        assert content_now().clocks["idle"].business_days == 20
    clocks = CONTENT["clocks"] | {"idle": {"business_days": 7}}
    newest = world.plan.versions.create(number=2, content=CONTENT | {"clocks": clocks}, published_at=clock.now())
    with remembering():
        assert content_now().clocks["idle"].business_days == 7
    assert newest_version(world.plan) == newest


# Who offers what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (None, None, [-400, -1, 0, 1, 400]), (0, None, [0, 1, 400]), (1, None, [1, 400]), (None, 0, [-400, -1, 0]), (None, -1, [-400, -1]),
        (0, 0, [0]), (-1, 1, [-1, 0, 1]), (-400, -1, [-400, -1]), (1, 400, [1, 400]),
    ],
)  # fmt: skip
@pytest.mark.covers("C66")
def test_a_provision_holds_from_its_first_to_its_last_day(world: World, start: int | None, end: int | None, days: list[int]) -> None:
    Provision.objects.filter(service="loan").update(
        valid_from=None if start is None else TODAY + start * DAY, valid_to=None if end is None else TODAY + end * DAY
    )
    assert [n for n in (-400, -1, 0, 1, 400) if providers("loan", TODAY + n * DAY)] == days
    assert bool(providers("loan")) == (0 in days)


def test_providers_stand_in_the_plans_order(world: World) -> None:
    assert [body.pk for body in providers("events")] == [LAB, CENTER]
    Body.objects.filter(pk=CENTER).update(order=0)
    Body.objects.filter(pk=LAB).update(order=9)
    assert [body.pk for body in providers("events")] == [CENTER, LAB]
    assert providers("no-such-service") == []


def test_who_has_left_or_was_taken_out_offers_nothing(world: World) -> None:
    Body.objects.filter(pk=CENTER).update(closed_on=TODAY)
    Provision.objects.filter(service="loan").update(withdrawn=True)
    assert {(one.service_id, one.body_id) for one in provisions_on()} == {
        ("events", LAB), ("equipment-tests", LAB), ("tech-consultation", LAB),
    }  # fmt: skip


def test_the_provisions_of_another_plan_do_not_count(world: World) -> None:
    later = plan("later", "2030-04-01", "2035-03-31")
    Provision.objects.create(plan=later, service_id="loan", body_id=LAB, source="text")
    assert [body.pk for body in providers("loan")] == [BANK]
    assert [body.pk for body in providers("loan", dt.date(2030, 4, 1))] == [LAB]


def test_provisions_take_one_question_however_many(world: World, django_assert_num_queries: Any) -> None:
    current_plan()
    with remembering():
        current_plan()
        with django_assert_num_queries(1):
            assert len([(one.body.short, one.service.name, one.service.stage.short) for one in provisions_on()]) == 8


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=4, unique_by=lambda span: span[0]),
       at=st.integers(-2, 32))  # fmt: skip
def test_a_body_offers_on_a_day_when_one_of_its_spans_holds(world: World, spans: list[tuple[int, int]], at: int) -> None:
    with transaction.atomic():
        Provision.objects.filter(service="loan").delete()
        Provision.objects.bulk_create([
            Provision(plan=world.plan, service_id="loan", body_id=BANK, source="text", valid_from=TODAY + start * DAY,
                      valid_to=TODAY + (start + length) * DAY)
            for start, length in spans
        ])  # fmt: skip
        expected = sum(start <= at <= start + length for start, length in spans)
        assert len(providers("loan", TODAY + at * DAY)) == expected


# Deadlines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CONTENT["clocks"]))
def test_every_clock_is_the_plans(world: World, name: str) -> None:
    assert clock_named(name) == Clock(name, **CONTENT["clocks"][name])


def test_a_clock_the_plan_does_not_set_is_said_by_name(world: World) -> None:
    with pytest.raises(Refused, match="計画に期限「lunch」が決められていません") as refusal:
        clock_named("lunch")
    assert refusal.value.code == "no_clock"


# Who may change it ---------------------------------------------------------------------------------------------------


@pytest.mark.covers("C75")
def test_the_lead_partys_bodies_and_the_system_change_the_plan_and_nobody_else(world: World) -> None:
    may = {body: edits_plan(world.actor(body), world.plan) for body in (DESK, LAB, CENTER, BANK)}
    assert may == {DESK: True, LAB: True, CENTER: True, BANK: False}
    assert edits_plan(SYSTEM, world.plan)
    for stranger in (GUEST, link_holder(world.people[DESK].pk, body=DESK)):
        assert not edits_plan(stranger, world.plan)
        assert refused(require_editor, stranger, world.plan) == "not_allowed"


def test_a_new_lead_party_changes_who_may(world: World) -> None:
    world.plan.lead_party = Party.objects.get(pk="hibari-bank-party")
    assert [edits_plan(world.actor(body), world.plan) for body in (DESK, BANK)] == [False, True]


# What the database refuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "make"),
    [
        ("body_prefix_once", lambda _plan: Body.objects.create(code="x", party_id="hibari", number="9", name="x", short="x", number_prefix="県")),
        ("plan_version_once", lambda plan: plan.versions.create(number=1, content={}, published_at=clock.now())),
        ("provision_once", lambda plan: plan.provisions.create(service_id="loan", body_id=BANK, source="text")),
        ("provision_source", lambda plan: plan.provisions.create(service_id="loan", body_id=LAB, source="rumour")),
        ("provision_ends_after_start", lambda plan: plan.provisions.create(
            service_id="loan", body_id=LAB, source="text", valid_from=TODAY, valid_to=TODAY - DAY)),
    ],
)  # fmt: skip
def test_the_database_itself_refuses(world: World, constraint: str, make: Any) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make(world.plan)


def test_a_provision_of_one_day_and_another_beginning_are_fine(world: World) -> None:
    world.plan.provisions.create(service_id="loan", body_id=BANK, source="text", valid_from=TODAY, valid_to=TODAY)
    world.plan.provisions.create(service_id="loan", body_id=BANK, source="figure", valid_from=TODAY + DAY)
    assert world.plan.provisions.filter(service="loan").count() == 3


def test_a_plan_has_one_draft(world: World) -> None:
    draft = {"content": {}, "based_on": 1, "saved_at": clock.now()}
    first = PlanDraft.objects.create(plan=world.plan, **draft)
    assert (str(first), str(world.plan.versions.get()), str(world.plan)) == ("hibari-plan draft", "hibari-plan 1", "ひばり県連携支援計画")
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanDraft.objects.create(plan=world.plan, **draft)


@pytest.mark.parametrize("row", [Party, Body, Service, Plan])
def test_what_cases_rest_on_cannot_be_deleted(world: World, row: Any) -> None:
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        row.objects.first().delete()


# The content itself --------------------------------------------------------------------------------------------------


def test_an_empty_content_answers_every_question_with_nothing() -> None:
    content = PlanContent({})
    assert (content.section("bodies"), content.vocabulary("themes"), content.clocks, content.targets) == ([], [], {}, [])
    assert (content.outside_contacts, content.closed_days, content.classes_closed_to("bank")) == ([], [], set())
    assert (content.word("themes", "iot"), content.needs_second_person("close")) == ("iot", False)


def test_a_word_the_plan_no_longer_has_is_its_code(world: World) -> None:
    content = content_now()
    assert (content.word("results", "partly"), content.word("results", "gone"), content.word("gone", "x")) == ("一部できた", "gone", "x")
    assert content.classes_closed_to("bank") == {"technical"}
    assert content.classes_closed_to("lab") == set()
    assert content.outside_contacts[0].words == ("労務", "雇用助成")


@pytest.mark.parametrize(
    ("day", "value"),
    [("2020-01-01", "はじめ"), ("2024-03-31", "はじめ"), ("2024-04-01", "二番目"), ("2026-03-31", "二番目"), ("2026-04-01", "三番目"), ("2099-01-01", "三番目")],
)
def test_a_dated_value_holds_until_the_next_begins(day: str, value: str) -> None:
    values = [{"from": None, "value": "はじめ"}, {"from": "2024-04-01", "value": "二番目"}, {"from": "2026-04-01", "value": "三番目"}]
    assert PlanContent({}).dated(values, dt.date.fromisoformat(day))["value"] == value


def test_before_the_first_dated_value_the_first_stands_in() -> None:
    values = [{"from": "2024-04-01", "value": "はじめ"}, {"from": "2026-04-01", "value": "次"}]
    assert PlanContent({}).dated(values, dt.date(2020, 1, 1))["value"] == "はじめ"


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (None, FollowUpRule((6, 12, 24), 14, 60)), ({"months": []}, FollowUpRule((), 14, 60)), ({"months": [3], "note": "試し"}, FollowUpRule((3,), 14, 60)),
        ({"months": [1, 2], "remind_after_days": 7, "wait_days": 30}, FollowUpRule((1, 2), 7, 30)),
    ],
)  # fmt: skip
def test_when_firms_are_asked_again_is_the_plans_or_ours(said: dict[str, Any] | None, rule: FollowUpRule) -> None:
    assert PlanContent({} if said is None else {"follow_up": said}).follow_up == rule


def test_the_shipped_plans_say_it() -> None:
    rules = {code: load(folder).document["follow_up"] for code, folder in builtin_plans().items()}
    assert rules == dict.fromkeys(["chiba", "chiba-next"], {"months": [6, 12, 24], "remind_after_days": 14, "wait_days": 60})
