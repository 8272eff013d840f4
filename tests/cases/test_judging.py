"""Answers and choices are taken up as judgments: each once, however it came, ids only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, correct_answer, decline, record_answer
from renkei.cases.actions.offers import recall, send_offers
from renkei.cases.judging import take_up_judgments
from renkei.cases.models import Support
from renkei.matching.actions import EntryRow, judge, put_entries
from renkei.matching.learned import Judged, judged
from renkei.matching.models import Judgment, JudgmentOrigin
from tests.cases.making import NOON, arrived, events, leave, need_of, pick, summarise
from tests.world import CENTER, DESK, LAB, World

ADVICE = "tech-consultation"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def asked(world: World, *bodies: str, place: int | None = None, entries: tuple[str, ...] = ()) -> list[Support]:
    """Ask bodies for advice on one need, beside the proposal unless ``place`` says where it had them."""
    case = arrived(world).case
    summarise(case, world)
    need = need_of(case, world)
    first = bodies[0] if place == 1 else None
    picks = [replace(pick(need, body, ADVICE), place=place, put_first=first, entries=list(entries)) for body in bodies]
    supports = send_offers(case, picks, by=world.desk)
    leave(*supports)
    return [Support.objects.get(pk=one.pk) for one in supports]


def rows(**which: Any) -> list[tuple[str, str, bool, str, str | None]]:
    found = Judgment.objects.filter(**which).order_by("origin", "body", "entry")
    return list(found.values_list("origin", "body_id", "fits", "reason", "entry_id"))


def test_an_acceptance_and_a_refusal_with_its_reason(world: World) -> None:
    put_entries([EntryRow(id=one, kind="equipment", name=one) for one in ("EQ1", "EQ2")], kept_by="t", by=SYSTEM)
    [yes] = asked(world, LAB, place=1, entries=("EQ1", "EQ2", "gone", "EQ1"))
    [no] = asked(world, LAB, place=1)
    accept(yes, by=world.lab)
    decline(no, by=world.lab, reason="busy")
    assert take_up_judgments() == 3
    assert rows() == [("accepted", LAB, True, "", "EQ1"), ("accepted", LAB, True, "", "EQ2"), ("declined", LAB, False, "busy", None)]
    one = Judgment.objects.filter(origin="declined").get()
    assert (one.need, one.support, one.judged_body_id, one.service_id) == (no.need_id, no.pk, LAB, ADVICE)
    assert events("proposal.judgments") == 2


def test_twice_is_once_and_what_waits_says_nothing(world: World) -> None:
    asked(world, LAB, place=1)
    assert take_up_judgments() == 0
    [one] = asked(world, LAB, place=1)
    accept(one, by=world.lab)
    assert [take_up_judgments(), take_up_judgments()] == [1, 0]
    assert events("proposal.judgments") == 1


def test_who_was_chosen_beside_the_proposal_counts_at_once_and_again_when_it_answers(world: World) -> None:
    [one] = asked(world, CENTER)
    assert take_up_judgments() == 1
    assert rows() == [("chosen", CENTER, True, "", None)]
    chosen = Judgment.objects.get()
    assert (chosen.judged_body_id, chosen.judged_by) == (DESK, world.desk.person)
    decline(one, by=world.center, reason="busy")
    assert take_up_judgments() == 1
    assert rows() == [("chosen", CENTER, True, "", None), ("declined", CENTER, False, "busy", None)]


def test_a_recalled_choice_says_nothing(world: World) -> None:
    case = arrived(world).case
    summarise(case, world)
    [one] = send_offers(case, [pick(need_of(case, world), LAB, ADVICE)], by=world.desk)
    assert take_up_judgments() == 0
    recall(one, by=world.desk)
    leave(one)
    assert take_up_judgments() == 0


def test_an_answer_by_telephone_counts_and_a_corrected_one_counts_anew(world: World) -> None:
    [one] = asked(world, LAB, place=1)
    record_answer(one, by=world.desk, answer="decline", reason="busy", answered_by="小出")
    take_up_judgments()
    assert rows() == [("declined", LAB, False, "busy", None)]
    correct_answer(Support.objects.get(pk=one.pk), by=world.lab, answer="accept")
    take_up_judgments()
    assert [row[0] for row in rows()] == ["accepted", "declined"]


def test_each_of_the_four_is_counted_for_staff_and_for_nobody_else(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"), acting(world.lab):
        judge(need=Judgment().pk, by=world.lab, service=ADVICE, body=LAB, fits=False)
    [yes], [no], _beside = asked(world, LAB, place=1), asked(world, LAB, place=1), asked(world, CENTER)
    accept(yes, by=world.lab)
    decline(no, by=world.lab, reason="busy")
    with login("worker"):
        take_up_judgments()
    with login("web"):
        with acting(world.center):
            found = judged()
            assert Judgment.objects.count() == 0  # counts only: the rows of others stay theirs
        with acting(GUEST):
            assert judged() == [Judged(origin) for origin in JudgmentOrigin]
    assert [(one.origin, one.fits, one.fits_not, one.needs, one.with_entry) for one in found] == [
        ("accepted", 1, 0, 1, 0), ("declined", 0, 1, 1, 0), ("chosen", 1, 0, 1, 0), ("marked", 0, 1, 1, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["judgment_once", "judgment_origin"])
def test_the_database_takes_a_word_once_and_of_a_known_origin(world: World, name: str) -> None:
    [one] = asked(world, CENTER)
    take_up_judgments()
    kept = Judgment.objects.get()
    more = {"origin": "eaten"} if name == "judgment_origin" else {}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Judgment.objects.create(**{
            "need": one.need_id, "service_id": ADVICE, "body_id": CENTER, "fits": True, "origin": kept.origin, "support": one.pk,
            "judged_body_id": DESK, **more,
        })  # fmt: skip
