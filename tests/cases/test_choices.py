"""The counts of choices by body: what is counted, and who may count whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, decline, finish_support
from renkei.cases.actions.offers import recall, save_picks, send_offers
from renkei.cases.models import Case, Support
from renkei.cases.queries.choices import Chosen, Shares, shares
from tests.cases.making import NOON, arrived, leave, need_of, pick, summarise
from tests.world import CENTER, LAB, World

DAY = NOON.astimezone(clock.JST).date()
ADVICE = "tech-consultation"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def asked(world: World, *bodies: str, place: dict[str, int] | None = None, first: str = LAB) -> list[Support]:
    """Ask bodies for advice on one need; ``place`` tells where the proposal had them."""
    case = arrived(world).case
    summarise(case, world)
    need = need_of(case, world)
    known = place or {}
    picks = [replace(pick(need, body, ADVICE), place=known.get(body), put_first=first if body in known else None) for body in bodies]
    return leave_all(send_offers(case, picks, by=world.desk))


def leave_all(supports: list[Support]) -> list[Support]:
    leave(*supports)
    return supports


def counted(world: World, service: str = ADVICE, since: dt.date = DAY, until: dt.date = DAY) -> dict[str, Chosen]:
    found = next((one for one in shares(world.desk, since, until) if one.service.pk == service), None)
    return {row.body.pk: row for row in found.bodies} if found else {}


@pytest.mark.covers("C67")
def test_each_choice_is_counted_as_first_later_or_beside_the_proposal(world: World) -> None:
    asked(world, LAB, place={LAB: 1})
    asked(world, LAB, CENTER, place={LAB: 1, CENTER: 2})
    asked(world, CENTER, place={CENTER: 2})
    asked(world, CENTER)
    found = counted(world)
    lab, center = found[LAB], found[CENTER]
    assert (lab.asked, lab.as_first, lab.as_later, lab.beside, lab.passed_over) == (2, 2, 0, 0, 1)
    assert (center.asked, center.as_first, center.as_later, center.beside, center.passed_over) == (3, 0, 2, 1, 0)
    assert (lab.waiting, center.waiting, lab.last_on, center.last_on) == (2, 3, DAY, DAY)


def test_a_body_that_was_only_passed_over_is_counted_and_called_forgotten(world: World) -> None:
    asked(world, CENTER, place={CENTER: 2})
    [advice] = [one for one in shares(world.desk, DAY, DAY) if one.service.pk == ADVICE]
    assert [(row.body.pk, row.asked, row.passed_over) for row in advice.bodies] == [(CENTER, 1, 0), (LAB, 0, 1)]
    assert (advice.asked, [row.body.pk for row in advice.forgotten], advice.forgotten_names) == (1, [LAB], "工業試験所")


def test_what_became_of_each_request_is_counted(world: World) -> None:
    [done], [said_no], [silent] = asked(world, LAB), asked(world, LAB), asked(world, LAB)
    with clock.moved_to(NOON + dt.timedelta(days=3)):
        accept(done, by=world.lab)
        finish_support(done, by=world.lab, text="測った。")
        Support.objects.filter(pk=done.pk).update(helped=True)
    with clock.moved_to(NOON + dt.timedelta(days=1)):
        decline(said_no, by=world.lab, reason="busy", text="手一杯です")
    Support.objects.filter(pk=silent.pk).update(state="expired")
    lab = counted(world)[LAB]
    assert (lab.asked, lab.accepted, lab.declined, lab.silent, lab.waiting, lab.helped, lab.days) == (3, 1, 1, 1, 0, 1, 1)


def test_drafts_and_what_was_taken_back_at_once_are_not_counted(world: World) -> None:
    case = arrived(world).case
    summarise(case, world)
    need = need_of(case, world)
    save_picks(case, [pick(need, CENTER, ADVICE)], by=world.desk)
    [sent] = send_offers(Case.objects.get(pk=case.pk), [pick(need, LAB, ADVICE)], by=world.desk)
    recall(sent, by=world.desk)
    assert [row.asked for row in counted(world).values()] == [0, 0]
    assert Shares(sent.service, list(counted(world).values())).forgotten == []  # nobody was asked: nobody was forgotten


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [(0, 0, 1), (-5, 5, 1), (1, 9, 0), (-9, -1, 0), (0, -1, 0)],
)
def test_a_span_holds_both_its_days(world: World, since: int, until: int, count: int) -> None:
    asked(world, LAB)
    assert counted(world, since=DAY + dt.timedelta(days=since), until=DAY + dt.timedelta(days=until))[LAB].asked == count


def test_the_day_is_that_of_japan(world: World) -> None:
    [one] = asked(world, LAB)
    Support.objects.filter(pk=one.pk).update(offered_at=clock.at(DAY + dt.timedelta(days=1), 0))
    assert counted(world)[LAB].asked == 0
    assert counted(world, until=DAY + dt.timedelta(days=1))[LAB].asked == 1


def test_a_draft_that_is_chosen_again_from_elsewhere_forgets_its_place(world: World) -> None:
    case = arrived(world).case
    need = need_of(case, world)
    chosen = pick(need, LAB, ADVICE)
    [one] = save_picks(case, [replace(chosen, place=2, put_first=CENTER)], by=world.desk)
    assert (one.place, one.put_first_id) == (2, CENTER)
    [again] = save_picks(Case.objects.get(pk=case.pk), [chosen], by=world.desk)
    assert (again.pk, again.place, again.put_first_id) == (one.pk, None, None)


Login = Callable[[str], AbstractContextManager[None]]


def test_the_front_desk_counts_every_body_and_a_body_itself_alone(committed_world: World, login: Login) -> None:
    asked(committed_world, LAB, CENTER, place={LAB: 1, CENTER: 2})
    seen = {}
    with login("web"):
        for name in ("desk", "lab", "center", "bank"):
            actor = getattr(committed_world, name)
            with acting(actor):
                seen[name] = {(one.service.pk, row.body.pk, row.asked) for one in shares(actor, DAY, DAY) for row in one.bodies if row.asked}
    one, other = (ADVICE, LAB, 1), (ADVICE, CENTER, 1)
    assert seen == {"desk": {one, other}, "lab": {one}, "center": {other}, "bank": set()}


def test_others_are_not_even_named_to_a_body(committed_world: World, login: Login) -> None:
    lab = committed_world.lab
    asked(committed_world, CENTER)
    with login("web"), acting(lab):
        assert {row.body.pk for one in shares(lab, DAY, DAY) for row in one.bodies} == {LAB}
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM case_choices(%s, %s)", [DAY, DAY])
            assert cursor.fetchall() == []
