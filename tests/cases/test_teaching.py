"""Judgments become lessons: the last word on an entry, in the words of the need; too few of them teach nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
import yaml

from renkei.audit.models import Event
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
from renkei.plan.queries import content_now
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


def judged(need: uuid.UUID, entry: str | None, origin: str = "marked", *, fits: bool = True, later: int = 0, reason: str = "") -> None:
    Judgment.objects.create(need=need, service_id="tech-consultation", body_id=LAB, judged_body_id=LAB, entry_id=entry, fits=fits,
                            origin=origin, reason=reason, judged_at=NOON + dt.timedelta(hours=later))  # fmt: skip


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
    assert [one.grades for one in given] == [{"EQ1": 3}, {"EQ1": 3}]  # for all kinds, and for machines alone
    assert list(LearnedModel.objects.values_list("state", "examples", "after")) == [("ready", 1, 0.6)] * 2


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


def test_a_no_for_full_hands_says_nothing_of_the_fit(need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    content = replace(content_now(), raw={"cues": {"reasons_aside": ["busy"]}})
    monkeypatch.setattr(teaching, "content_now", lambda: content)
    judged(need.pk, "EQ1")
    for entry, reason in (("EQ1", "busy"), ("EQ2", "busy"), ("SD1", "not_our_field")):
        judged(need.pk, entry, "declined", fits=False, later=1, reason=reason)
    assert [one.grades for one in lessons()] == [{"EQ1": 3, "SD1": 0}]
    judged(need.pk, "EQ2", fits=False, later=2, reason="busy")  # somebody marked it: that is a word on the entry
    assert [one.grades for one in lessons()] == [{"EQ1": 3, "SD1": 0, "EQ2": 0}]


def test_a_plan_that_names_no_reasons_takes_every_no_as_a_word_on_the_fit(need: Need) -> None:
    judged(need.pk, "EQ1")
    judged(need.pk, "EQ2", "declined", fits=False, reason="busy")
    assert [one.grades for one in lessons()] == [{"EQ1": 3, "EQ2": 0}]


def test_the_shipped_plan_names_reasons_that_there_are() -> None:
    folder = files("renkei.plans") / "chiba"
    cues, words = (yaml.safe_load((folder / name).read_text("utf-8")) for name in ("cues.yaml", "words.yaml"))
    aside = set(cues["cues"]["reasons_aside"])
    assert aside
    assert aside < {term["code"] for term in words["vocabularies"]["decline_reasons"]}


def test_a_kind_with_enough_needs_of_its_own_learns_beside_the_common_weights(
    world: World, need: Need, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "FEWEST", 1)
    judged(need.pk, "EQ1")
    judged(need.pk, "SD1", fits=False)
    given: list[list[dict[str, int]]] = []

    def learn(found: Sequence[Lesson]) -> Outcome:
        given.append([one.grades for one in found])
        return Outcome({"name": f"of {len(given)}"}, len(found), 0.5, [0.6, 0.4][len(given) - 1], -0.2, 0.2)

    asked = ask_learning(by=world.desk)
    assert run_learning(learn) == 1
    assert given == [[{"EQ1": 3, "SD1": 0}], [{"EQ1": 3}]]  # no seed fits anything: nothing to learn for seeds
    rows = LearnedModel.objects.order_by("kind").values_list("kind", "state", "weights", "after", "asked_at", "asked_by")
    assert list(rows) == [
        ("", "ready", {"name": "of 1"}, 0.6, asked.asked_at, world.desk.person),
        ("equipment", "ready", {"name": "of 2"}, 0.4, asked.asked_at, world.desk.person),
    ]
    assert Event.objects.filter(verb="learning.learned").count() == 2
    assert run_learning(learn) == 0
    assert LearnedModel.objects.count() == 2


def test_who_asks_for_one_kind_gets_that_kind_only(world: World, need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "FEWEST", 1)
    judged(need.pk, "EQ1")
    judged(need.pk, "SD1")
    ask_learning("seed", by=world.desk)
    run_learning(lambda found: Outcome({"grades": [one.grades for one in found]}, 1, 0.5, 0.6, 0.01, 0.2))
    assert list(LearnedModel.objects.values_list("kind", "weights")) == [("seed", {"grades": [{"SD1": 3}]})]


def test_a_kind_that_cannot_learn_leaves_the_others_alone(world: World, need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "FEWEST", 1)
    judged(need.pk, "EQ1")
    judged(need.pk, "SD1")

    def learn(found: Sequence[Lesson]) -> Outcome:
        if list(found[0].grades) == ["EQ1"]:
            raise ValueError("候補がありません")
        return Outcome({}, 1, 0.5, 0.6, 0.01, 0.2)

    ask_learning(by=world.desk)
    run_learning(learn)
    assert list(LearnedModel.objects.order_by("kind").values_list("kind", "state")) == [("", "ready"), ("seed", "ready")]
