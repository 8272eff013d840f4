"""What was learned is compared, switched on only when it is better on needs not seen, and put back; each step on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.audit.models import Event
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching.learnactions import Outcome, ask_learning, keep_for_kind, keep_learned, roll_back, switch_on
from renkei.matching.learned import in_use
from renkei.matching.learnmodels import LearnedModel
from tests.world import World

BETTER = Outcome({"name": "learned", "weights": {"bm25": [1, 0, 0]}}, 40, 0.5, 0.6, 0.02, 0.18)


def learned(world: World, outcome: Outcome | None = BETTER, **more: Any) -> LearnedModel:
    return keep_learned(ask_learning(by=world.desk), outcome, by=SYSTEM, **more)


def refused(attempt: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as told:
        attempt()
    assert told.value.message
    return told.value.code


def verbs() -> list[str]:
    return list(Event.objects.filter(verb__startswith="learning.").order_by("at", "id").values_list("verb", flat=True))


def test_asked_learned_switched_on_and_put_back(world: World) -> None:
    asked = ask_learning(by=world.desk)
    assert (asked.state, asked.asked_by_id) == ("asked", world.desk.person)
    assert refused(lambda: ask_learning(by=world.desk)) == "waiting"
    ready = keep_learned(asked, BETTER, by=SYSTEM)
    assert (ready.state, ready.examples, ready.before, ready.after, ready.gain_low) == ("ready", 40, 0.5, 0.6, 0.02)
    assert ready.gain == pytest.approx(0.1)
    assert in_use() is None
    used = switch_on(ready, by=world.desk)
    assert in_use() == in_use("equipment") == BETTER.weights
    assert refused(lambda: switch_on(used, by=world.desk)) == "not_ready"
    assert roll_back(by=world.desk) is None
    assert in_use() is None
    assert refused(lambda: roll_back(by=world.desk)) == "shipped"
    assert sorted(verbs()) == ["learning.asked", "learning.learned", "learning.rolled_back", "learning.switched_on"]


def test_going_back_brings_the_one_before(world: World) -> None:
    first, second = (learned(world, replace(BETTER, weights={"name": name})) for name in ("first", "second"))
    switch_on(first, by=world.desk)
    switch_on(second, by=world.desk)
    assert in_use() == {"name": "second"}
    before = roll_back(by=world.desk)
    assert before is not None
    assert before.pk == first.pk
    assert in_use() == {"name": "first"}
    assert list(LearnedModel.objects.order_by("asked_at").values_list("state", flat=True)) == ["in_use", "retired"]
    switch_on(second, by=world.desk)
    assert in_use() == {"name": "second"}


@pytest.mark.parametrize("after", [0.5, 0.4])
def test_what_is_not_better_is_never_used(world: World, after: float) -> None:
    worse = learned(world, replace(BETTER, after=after))
    assert refused(lambda: switch_on(worse, by=world.desk)) == "no_gain"
    with pytest.raises(IntegrityError, match="learned_is_better"), transaction.atomic():
        LearnedModel.objects.filter(pk=worse.pk).update(state="in_use")
    assert in_use() is None


def test_what_could_not_be_learned_says_why(world: World) -> None:
    failed = learned(world, None, why_not="答えが足りません。" * 100)
    assert (failed.state, failed.why_not[:9], len(failed.why_not)) == ("failed", "答えが足りません。", 200)
    assert refused(lambda: switch_on(failed, by=world.desk)) == "not_ready"
    assert refused(lambda: keep_learned(failed, BETTER, by=SYSTEM)) == "not_waiting"


def test_a_kind_of_its_own_goes_before_all_kinds(world: World) -> None:
    switch_on(learned(world), by=world.desk)
    own = keep_learned(ask_learning("equipment", by=world.desk), replace(BETTER, weights={"name": "own"}), by=SYSTEM)
    switch_on(own, by=world.desk)
    assert (in_use("equipment"), in_use("seed")) == ({"name": "own"}, BETTER.weights)
    roll_back("equipment", by=world.desk)
    assert in_use("equipment") == BETTER.weights


def test_weights_of_a_kind_are_kept_beside_the_common_ones_by_the_worker_only(world: World) -> None:
    asked = ask_learning(by=world.desk)
    assert refused(lambda: keep_for_kind(asked, "seed", BETTER, by=world.desk)) == "not_allowed"
    own = keep_for_kind(asked, "seed", replace(BETTER, examples=31), by=SYSTEM)
    assert (own.kind, own.state, own.examples, own.before, own.after) == ("seed", "ready", 31, 0.5, 0.6)
    assert (own.asked_at, own.asked_by_id) == (asked.asked_at, world.desk.person)
    assert own.learned_at is not None
    assert (own.kind_words, asked.kind_words) == ("シーズ", "全種類に共通")
    assert verbs() == ["learning.asked", "learning.learned"]
    switch_on(own, by=world.desk)
    assert (in_use("seed"), in_use("equipment")) == (BETTER.weights, None)
    worse = keep_for_kind(asked, "seed", replace(BETTER, after=0.4), by=SYSTEM)
    assert refused(lambda: switch_on(worse, by=world.desk)) == "no_gain"


def test_only_the_desk_and_the_lead_party_handle_it(world: World) -> None:
    asked = ask_learning(by=world.desk)
    for actor in (world.bank, GUEST):
        attempts: list[Callable[[], Any]] = [
            lambda actor=actor: ask_learning("seed", by=actor), lambda actor=actor: switch_on(asked, by=actor),
            lambda actor=actor: roll_back(by=actor), lambda actor=actor: keep_learned(asked, BETTER, by=actor),
        ]  # fmt: skip
        assert [refused(attempt) for attempt in attempts] == ["not_allowed"] * 4
    assert refused(lambda: keep_learned(asked, BETTER, by=world.desk)) == "not_allowed"


def test_the_public_search_reads_the_weights_and_the_worker_writes_them(committed_world: World, login: Any) -> None:
    with login("web"), acting(committed_world.desk):
        asked = ask_learning(by=committed_world.desk)
    with login("worker"), acting(SYSTEM):
        ready = keep_learned(asked, BETTER, by=SYSTEM)
    with login("web"):
        with acting(committed_world.desk):
            switch_on(ready, by=committed_world.desk)
        with acting(GUEST):
            assert in_use() == BETTER.weights


@pytest.mark.parametrize(("change", "name"), [
    ({"state": "eaten"}, "learned_state"), ({"state": "ready"}, "learned_has_figures"), ({"state": "asked"}, "learned_one_asked"),
])  # fmt: skip
def test_the_database_says_no(world: World, change: dict[str, str], name: str) -> None:
    ask_learning(by=world.desk)
    failed = LearnedModel.objects.create(kind="", state="failed", asked_at=LearnedModel.objects.get().asked_at)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        LearnedModel.objects.filter(pk=failed.pk).update(**change)


def test_one_of_a_kind_is_in_use(world: World) -> None:
    switch_on(learned(world), by=world.desk)
    other = learned(world)
    with pytest.raises(IntegrityError, match="learned_one_in_use"), transaction.atomic():
        LearnedModel.objects.filter(pk=other.pk).update(state="in_use")
