"""Who of a body has a request in hand: passed on in every state, by everybody who may not, to everybody who cannot."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from renkei.accounts.models import Absence, Membership
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.cases.actions.answers import accept, decline, finish_support, start_work, withdraw_support
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.offers import recall
from renkei.cases.actions.passing import pass_on, pass_to_team
from renkei.cases.actions.reminding import REST, free_from, remind_bodies
from renkei.cases.models import Consent, Support
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.linking import firm, web
from tests.cases.making import NOON, events, fresh, offered, refuses, steps
from tests.cases.moving import acts, join
from tests.cases.test_offers import token_of
from tests.cases.trying import tried
from tests.world import DESK, LAB, World

METAL = "金属チーム"
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def waiting(support: Support) -> list[tuple[str, str]]:
    """To whom the request's mails wait to go, and whether their link opens."""
    rows = Mail.objects.filter(about=support.pk, purpose="offer", state="waiting").order_by("made_at")
    return [(one.to, "open" if open_link(one.text.split("/answer/")[1].split("/")[0]) else "shut") for one in rows]


def gone(support: Support) -> Support:
    withdraw_consent(Consent.objects.get(case=support.case, body=LAB, klass="summary"), by=firm(support.case), how="link")
    return fresh(support)


def working(support: Support, world: World) -> Support:
    accept(support, by=world.lab)
    return fresh(support)


def begun(support: Support, world: World) -> Support:
    start_work(working(support, world), by=world.lab)
    return fresh(support)


def done(support: Support, world: World) -> Support:
    finish_support(working(support, world), by=world.lab, text="異常なし", done_on=NOON.date())
    return fresh(support)


def declined(support: Support, world: World) -> Support:
    decline(support, by=world.lab, reason="busy")
    return fresh(support)


def withdrawn(support: Support, world: World) -> Support:
    withdraw_support(working(support, world), by=world.desk, reason="要らなくなった")
    return fresh(support)


# Where the request stands; what becomes of passing it on, and of laying it into a team's queue.
STATES: list[tuple[str, Any, str, str]] = [
    ("offered", lambda support, _world: support, "ok", "ok"), ("accepted", working, "ok", "wrong_state"), ("under_way", begun, "ok", "wrong_state"),
    ("done", done, "wrong_state", "wrong_state"), ("declined", declined, "wrong_state", "wrong_state"),
    ("withdrawn", withdrawn, "wrong_state", "wrong_state"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "come", "person", "team"), STATES, ids=[one[0] for one in STATES])
def test_in_every_state(world: World, state: str, come: Any, person: str, team: str) -> None:
    ito = join(LAB, "ito")
    Membership.objects.filter(pk=ito.pk).update(team=METAL)
    support = come(offered(world), world)
    assert support.state == state
    assert tried(lambda: pass_on(support, by=world.lab, person=ito.person_id), Support) == person
    assert tried(lambda: pass_to_team(support, by=world.lab, team=METAL), Support) == team


def test_by_nobody_but_the_body_that_was_asked(world: World) -> None:
    ito = join(LAB, "ito")
    Membership.objects.filter(pk=ito.pk).update(team=METAL)
    support = offered(world)
    by_mail = open_link(token_of(support))
    assert by_mail is not None
    strangers = {"desk": world.desk, "center": world.center, "bank": world.bank, "firm": firm(support.case), "guest": GUEST}
    for name, by in strangers.items():
        assert (name, tried(lambda by=by: pass_on(support, by=by, person=ito.person_id), Support)) == (name, "not_allowed")
        assert (name, tried(lambda by=by: pass_to_team(support, by=by, team=METAL), Support)) == (name, "not_allowed")
    assert tried(lambda: pass_on(support, by=world.lab, person=ito.person_id), Support) == "ok"
    assert tried(lambda: pass_on(support, by=acts(ito), person=ito.person_id), Support) == "ok"


def test_to_nobody_who_is_not_there_today(world: World) -> None:
    over, desk = join(LAB, "over", until=NOON.date() - DAY), join(DESK, "desk")
    today, later = join(LAB, "today", until=NOON.date()), join(LAB, "later")
    Membership.objects.filter(pk=later.pk).update(since=NOON.date() + DAY)
    support = offered(world)
    people = {"over": over.person_id, "another body": desk.person_id, "not yet": later.person_id, "nobody": uuid.uuid4(), "last day": today.person_id}
    said = {name: tried(lambda person=person: pass_on(support, by=world.lab, person=person), Support) for name, person in people.items()}
    assert said == {"over": "not_a_member", "another body": "not_a_member", "not yet": "not_a_member", "nobody": "not_a_member", "last day": "ok"}
    with refuses("not_a_member", "person"):
        pass_on(support, by=world.lab, person=over.person_id)


def test_the_request_its_day_and_its_link_go_along(world: World) -> None:
    ito = join(LAB, "ito")
    support = offered(world)
    former = token_of(support)
    passed = pass_on(support, by=world.lab, person=ito.person_id)
    assert (passed.person_id, passed.state, passed.due_on, fresh(support.case).next_person_id) == (ito.person_id, "offered", support.due_on, ito.person_id)
    assert (open_link(former), waiting(support)[-1]) == (None, ("ito@people.example", "open"))
    assert "小出 渉さんから渡されました。" in Mail.objects.filter(about=support.pk, to="ito@people.example").get().text
    assert (steps(support.case)[-1], events("support.pass_on")) == (("passed_on", "", ""), 1)
    back = pass_on(fresh(support), by=acts(ito), person=world.lab.person)
    assert (back.person_id, Link.objects.filter(subject=support.pk, closed_at=None).count()) == (world.lab.person, 1)
    assert events("support.pass_on") == 2


def test_what_is_worked_on_goes_without_a_mail(world: World) -> None:
    ito = join(LAB, "ito")
    support = working(offered(world), world)
    before = Mail.objects.count(), Link.objects.filter(closed_at=None).count()
    assert pass_on(support, by=world.lab, person=ito.person_id).person_id == ito.person_id
    assert (Mail.objects.count(), Link.objects.filter(closed_at=None).count()) == before


def test_whoever_stands_in_gets_the_mail_and_the_request_stays_whose_it_is(world: World) -> None:
    ito, kono = join(LAB, "ito"), join(LAB, "kono")
    Absence.objects.create(person=ito.person, body_id=LAB, since=NOON.date(), until=NOON.date() + DAY, substitute=kono.person, made_at=NOON)
    support = offered(world)
    passed = pass_on(support, by=world.lab, person=ito.person_id)
    assert (passed.person_id, waiting(support)[-1]) == (ito.person_id, ("kono@people.example", "open"))


def test_a_request_that_was_taken_back_is_passed_on_no_more(world: World) -> None:
    ito = join(LAB, "ito")
    back = offered(world, left=False)
    recall(back, by=world.desk)
    with refuses("wrong_state"):
        pass_on(fresh(back), by=world.lab, person=ito.person_id)
    assert events("support.pass_on") == 0


def test_what_the_firm_has_shut_is_passed_on_no_more(committed_world: World, login: Any) -> None:
    ito = join(LAB, "ito")
    shut = gone(offered(committed_world))
    with web(login, committed_world.lab), refuses("no_consent"):
        pass_on(shut, by=committed_world.lab, person=ito.person_id)
    with web(login, committed_world.lab), refuses("no_consent"):
        pass_to_team(shut, by=committed_world.lab, team="")
    assert (events("support.pass_on"), fresh(shut).person_id) == (0, shut.person_id)


def test_passing_on_rests_nobody_from_reminders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ito = join(LAB, "ito")
    support = offered(world)
    first = free_from(support)
    pass_on(support, by=world.lab, person=ito.person_id)
    assert free_from(fresh(support)) == first == NOON.date() + REST * DAY
    monkeypatch.setattr(clock, "now", lambda: NOON + REST * DAY)
    assert [one.pk for one in remind_bodies(support.case, by=world.desk)] == [LAB]
    assert fresh(support).person_id == ito.person_id


@pytest.mark.parametrize(
    ("left", "free"),
    [
        (dt.date(2026, 11, 25), dt.date(2026, 11, 27)), (dt.date(2026, 11, 26), dt.date(2026, 11, 30)), (dt.date(2026, 11, 27), dt.date(2026, 12, 1)),
        (dt.date(2026, 11, 20), dt.date(2026, 11, 25)),  # over a weekend and a holiday
        (dt.date(2026, 12, 28), dt.date(2027, 1, 5)),  # over the closure
    ],
)  # fmt: skip
def test_a_body_rests_two_business_days(world: World, left: dt.date, free: dt.date) -> None:
    support = offered(world)
    for hour in (0, 12, 23):
        support.leaves_at, support.reminded_at = clock.at(left, hour), None
        assert free_from(support) == free
        support.leaves_at, support.reminded_at = clock.at(left - 7 * DAY, hour), clock.at(left, hour)
        assert free_from(support) == free  # the last of both counts


def test_a_system_that_acts_for_nobody_passes_nothing_on(world: World) -> None:
    ito = join(LAB, "ito")
    support = offered(world)
    outcomes: dict[str, Actor] = {"system": SYSTEM, "desk": world.desk}
    for by in outcomes.values():
        assert tried(lambda by=by: pass_to_team(support, by=by, team="ない班"), Support) in {"not_allowed", "unknown_team"}
    assert fresh(support).person_id != ito.person_id
