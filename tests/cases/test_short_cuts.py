"""What is spared where the answer is known shows nobody a row more or less: on random worlds, for every kind of actor (P2)."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.db import models

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.context import acting
from renkei.base.memo import remembering
from renkei.cases import models as m
from renkei.cases.models.case import of_inside, reaches_all
from renkei.cases.queries.counts import nav_counts
from renkei.cases.states import DisclosureClass, SupportState
from tests.cases.making import offered
from tests.cases.test_policies import BODIES, TABLES, Random, seen_by_code
from tests.world import BANK, DESK, LAB, World


def asked_of_every_row(actor: Actor) -> models.Q:
    return models.Q(case__in=m.Case.objects.inside(actor))


def without_short_cuts(patch: pytest.MonkeyPatch) -> None:
    """Ask of every row whether its case is among those the actor reaches, in each module but the one that says which these are."""
    for name, module in list(sys.modules.items()):
        if name.startswith("renkei.") and getattr(module, "of_inside", None) is of_inside:
            patch.setattr(module, "of_inside", asked_of_every_row)
        if name.startswith("renkei.") and name != "renkei.cases.models.case" and getattr(module, "reaches_all", None) is reaches_all:
            patch.setattr(module, "reaches_all", lambda _actor: False)


def seen_by_all(made: Random) -> dict[tuple[int, str, str], set[Any]]:
    """Return the rows of each table that each actor sees."""
    seen = {}
    for number, (name, actor) in enumerate(made.actors):
        with acting(actor):
            seen.update({(number, name, table.__name__): seen_by_code(table, actor) for table in TABLES})
    return seen


def test_every_actor_sees_the_same_with_the_short_cut_and_without(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Random(committed_world, 1)
    assert [name for name, actor in made.actors if reaches_all(actor)] == [DESK]
    for part in ("owner", "web"):  # by the code alone, and with the policies beneath it
        with login(part):
            quick = seen_by_all(made)
            with monkeypatch.context() as patch:
                without_short_cuts(patch)
                assert seen_by_all(made) == quick


@pytest.mark.parametrize("seed", range(2))
def test_what_a_body_is_asked_is_what_it_sees_of_it(committed_world: World, login: Any, seed: int) -> None:
    made = Random(committed_world, seed)
    with login("web"):
        for name, actor in made.actors:
            with acting(actor):
                asked = set(m.Support.objects.asked_of(actor).values_list("pk", flat=True))
                left = m.Support.objects.visible_to(actor).filter(body_id=actor.body, leaves_at__lte=clock.now())
                left = left.exclude(state__in=[SupportState.PROPOSED, SupportState.RECALLED])
                waiting = set(m.Asked.objects.waiting_at(actor).values_list("pk", flat=True))
                own = m.Asked.objects.visible_to(actor).filter(body_id=actor.body, inquiry__in=m.Inquiry.objects.visible_to(actor).open())
                assert asked == (set(left.values_list("pk", flat=True)) if actor.is_staff else set()), name
                assert waiting == (set(own.values_list("pk", flat=True)) if actor.is_staff else set()), name
                assert not actor.is_staff or m.Support.objects.filter(pk__in=asked).count() == len(asked)


@pytest.mark.parametrize("seed", range(2))
def test_letters_of_cases_one_sees_are_those_one_reads(committed_world: World, seed: int) -> None:
    made = Random(committed_world, seed)
    for case in made.cases:
        for number, body in enumerate(BODIES * 2):
            state = ["draft", "decided"][number // len(BODIES)]
            m.Letter.objects.create(
                case=case, kind="reply", klass=made.chance.choice(DisclosureClass.values), title="手紙", author_body_id=body, state=state,
                author=committed_world.people[body], made_at=made.now, decided_at=made.now, dated_on=made.now.date(), sha256="0" * 64,
            )  # fmt: skip
    for name, actor in made.actors:
        cases = list(m.Case.objects.visible_to(actor))
        for asked in [cases, *([one] for one in cases)]:
            rows = set(m.Letter.objects.visible_to(actor, asked).values_list("pk", flat=True))
            assert rows == set(m.Letter.objects.visible_to(actor).filter(case__in=asked).values_list("pk", flat=True)), name


def test_what_a_page_remembers_is_one_actors_alone(world: World) -> None:
    offered(world)
    actors = [(world.actor(body), body) for body in (DESK, LAB, BANK)]
    alone = [nav_counts(actor, body) for actor, body in actors]
    with remembering():
        assert [nav_counts(actor, body) for actor, body in actors] == alone
        assert nav_counts(world.bank, LAB).requests == 0
    assert len(set(alone)) > 1
