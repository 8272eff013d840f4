"""The simulated quarter: small here, and able to fail. Each rule is taken out once and its number must rise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from bench import quarter
from bench.simulate import Plot, simulate
from renkei.base import clock
from renkei.cases.actions.answers import accept, answer_question, ask
from renkei.cases.models import Case, Move, MovePack, Transition, Verb
from renkei.post import daily
from renkei.post.daily import put_digests
from renkei.post.jobs import send_due
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, arrived, offered
from tests.world import DESK, LAB, World

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _watched(transactional_db: None, settings: Any) -> Iterator[None]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    quarter.watch(NOON.date())
    yield
    quarter.unwatch()


def at(hour: int, minute: int = 0) -> Any:
    return clock.moved_to(NOON.replace(hour=hour, minute=minute))


def figures() -> tuple[int, int, int]:
    found = quarter.measure()
    return found.most_mails, found.about_answered, found.unheld


def test_a_small_quarter_keeps_what_was_promised() -> None:
    said: list[str] = []
    plot = Plot(needs=40, staff=24, days=8, day_of_moves=1, moves_at_once=0.5, away_a_day=0.05)
    found = simulate(plot, said.append)
    quarter.watch(NOON.date())
    assert said[-1] == "mails per person and day: max 1; about answered things: 0; unheld at any commit: 0"
    assert str(found) == said[-1]
    left = dict(Mail.objects.filter(state="sent").values_list("purpose", "state"))
    assert set(left) == {"receipt", "offer", "company", "digest", "move", "fell"}  # there was something to count
    assert Nudge.objects.filter(settled_at__isnull=False).exists()
    # People moved and were away: packs were accepted, cases that nobody took fell into a queue, somebody stood in.
    assert {"accepted"} <= set(MovePack.objects.values_list("state", flat=True))
    assert Move.objects.filter(lapsed_at__isnull=False).exists()
    assert Transition.objects.filter(verb=Verb.SUBSTITUTED).exists()


def test_two_mails_a_day_are_seen(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "had_mail_today", lambda _address: False)
    for hour in (12, 15):
        with at(hour):
            offered(committed_world)
        with at(hour, 30):
            send_due()
    assert figures()[0] == 2


def test_two_days_are_two(committed_world: World) -> None:
    for day in (0, 1):
        with clock.moved_to(NOON + dt.timedelta(days=day)):
            offered(committed_world)
        with clock.moved_to(NOON + dt.timedelta(days=day, hours=1)):
            send_due()
    assert figures() == (1, 0, 0)


def _question_answered(world: World) -> None:
    with at(12):
        support = offered(world)
        Mail.objects.update(state="cancelled")
    with at(13):
        ask(support, by=world.lab, question="数は？")
    with at(14):
        answer_question(support, by=world.desk, text="百個")
        Mail.objects.update(state="cancelled")
    with at(17):
        put_digests()
        send_due()


def test_news_of_what_was_answered_is_seen(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.cases.models.transition.settle", lambda *_a, **_k: None)
    _question_answered(committed_world)
    assert figures()[1] == 1


def test_what_was_answered_is_not_mailed(committed_world: World) -> None:
    _question_answered(committed_world)
    assert figures()[1] == 0


def test_a_request_that_leaves_after_its_answer_is_seen(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.cases.actions.answers.close_offer", lambda _support, **_k: 0)
    with at(12):
        support = offered(committed_world)
    with at(12, 4):
        accept(support, by=committed_world.lab)
    with at(12, 30):
        send_due()
    assert figures()[1] == 1


def test_a_case_without_a_next_step_is_seen(committed_world: World) -> None:
    case = arrived(committed_world).case
    check = next(one for one in Case._meta.constraints if one.name == "case_open_has_next_step")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Case, check)
    try:
        Case.objects.filter(pk=case.pk).update(next_step="")
        assert figures()[2] == 1
    finally:
        Case.objects.filter(pk=case.pk).update(next_step="決める")
        with connection.schema_editor() as editor:
            editor.add_constraint(Case, check)


def _end(world: World, until: dt.date) -> None:
    """End the desk's member as the rows say, whatever the actions and triggers of leaving would refuse."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_membership DISABLE TRIGGER USER; ALTER TABLE accounts_membership ENABLE TRIGGER quarter_member")
        try:
            cursor.execute("UPDATE accounts_membership SET until = %s WHERE person_id = %s", [until, world.desk.person])
        finally:
            cursor.execute("ALTER TABLE accounts_membership ENABLE TRIGGER USER")


@pytest.mark.parametrize("column", ["holder_person_id", "next_person_id"])
def test_a_person_who_left_with_cases_in_hand_is_seen(committed_world: World, column: str) -> None:
    world = committed_world
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(holder_person=None, next_person=None)
    Case.objects.filter(pk=case.pk).update(**{column: world.people[DESK].pk})
    assert figures()[2] == 0
    _end(world, NOON.date() - dt.timedelta(days=1))
    assert figures()[2] == 1


def test_whom_the_turn_of_the_day_makes_a_stranger_is_seen_without_any_commit(committed_world: World) -> None:
    world = committed_world
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(holder_person=world.people[DESK], next_person=None)
    _end(world, NOON.date())  # today is the last day
    quarter.look()
    assert figures()[2] == 0
    quarter.begin(NOON.date() + dt.timedelta(days=1))
    quarter.look()
    assert figures()[2] == 1


def test_a_case_given_to_a_stranger_is_seen(committed_world: World) -> None:
    case = arrived(committed_world).case
    Case.objects.filter(pk=case.pk).update(holder_person=committed_world.people[LAB])
    assert figures()[2] == 1
