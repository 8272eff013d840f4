"""Judgments become lessons: the last word on an entry, in the words of the need; too few of them teach nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases import teaching
from renkei.cases.actions.answers import accept
from renkei.cases.actions.offers import send_offers
from renkei.cases.models import Need, Support
from renkei.cases.teaching import Lesson, lessons, run_learning
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.learnactions import Outcome, ask_learning
from renkei.matching.learnmodels import LearnedModel
from renkei.matching.models import Judgment
from tests.cases.making import NOON, arrived, leave, need_of, pick, summarise
from tests.world import LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def need(world: World) -> Need:
    kinds = {"EQ1": "equipment", "EQ2": "equipment", "SD1": "seed"}
    put_entries([EntryRow(id=one, kind=kind, name=one) for one, kind in kinds.items()], kept_by="t", by=SYSTEM)
    return need_of(arrived(world).case, world)


def judged(need: uuid.UUID, entry: str | None, origin: str = "marked", *, fits: bool = True, later: int = 0) -> None:
    Judgment.objects.create(need=need, service_id="tech-consultation", body_id=LAB, judged_body_id=LAB, entry_id=entry, fits=fits,
                            origin=origin, judged_at=NOON + dt.timedelta(hours=later))  # fmt: skip


def test_a_lesson_is_the_needs_words_and_the_last_word_on_each_entry(need: Need) -> None:
    judged(need.pk, "EQ1", fits=False)
    judged(need.pk, "EQ1", "accepted", later=1)
    judged(need.pk, "EQ2", "chosen")
    judged(need.pk, "SD1", later=0)
    judged(need.pk, "SD1", "declined", fits=False, later=2)
    judged(need.pk, None, "accepted")
    [one] = lessons()
    assert (one.need, one.grades) == (need.pk, {"EQ1": 3, "EQ2": 2, "SD1": 0})
    assert one.text.startswith(f"{need.title}\n")
    assert len(one.text) > len(need.title) + 1
    assert [lesson.grades for lesson in lessons("equipment")] == [{"EQ1": 3, "EQ2": 2}]


def test_a_need_that_is_gone_or_that_nothing_fits_teaches_nothing(need: Need) -> None:
    judged(uuid.uuid4(), "EQ1")
    judged(need.pk, "EQ1", fits=False)
    judged(need.pk, "EQ2", "declined", fits=False)
    assert lessons() == []


def test_too_few_are_told_and_nothing_is_asked_of_the_learner(world: World, need: Need) -> None:
    judged(need.pk, "EQ1")
    asked = ask_learning(by=world.desk)
    assert run_learning(lambda _found: pytest.fail("too few to learn from")) == 1
    told = LearnedModel.objects.get(pk=asked.pk)
    assert (told.state, told.why_not) == ("failed", "台帳の項目への答えがある課題は、いま1件です。30件から学べます。")
    assert run_learning() == 0


def test_enough_of_them_are_learned_from(world: World, need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "FEWEST", 1)
    judged(need.pk, "EQ1")
    given: list[Lesson] = []

    def learn(found: Sequence[Lesson]) -> Outcome:
        given.extend(found)
        return Outcome({"name": "learned"}, len(found), 0.5, 0.6, 0.01, 0.2)

    ask_learning(by=world.desk)
    assert run_learning(learn) == 1
    assert [one.grades for one in given] == [{"EQ1": 3}]
    assert LearnedModel.objects.values_list("state", "examples", "after").get() == ("ready", 1, 0.6)


def test_what_was_answered_just_now_is_learned_from_too(world: World, need: Need) -> None:
    summarise(need.case, world)
    [one] = send_offers(need.case, [pick(need, LAB, "tech-consultation", entries=["EQ1"])], by=world.desk)
    leave(one)
    accept(Support.objects.get(pk=one.pk), by=world.lab)
    ask_learning(by=world.desk)
    run_learning()
    assert [lesson.grades for lesson in lessons()] == [{"EQ1": 3}]
    assert "いま1件です" in LearnedModel.objects.get().why_not


def test_a_learner_that_cannot_says_why(world: World, need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "FEWEST", 1)
    judged(need.pk, "EQ1")

    def learn(found: Sequence[Lesson]) -> Outcome:
        raise ValueError("候補がありません")

    ask_learning(by=world.desk)
    run_learning(learn)
    assert LearnedModel.objects.get().why_not == "学べませんでした（候補がありません）。"
    assert LearnedModel.objects.get().state == "failed"
