"""Two firms that look alike are two: said once, seen by who knows both, taken back; the proposal does not come again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.companies.actions import (
    Profile,
    know_company,
    mark_distinct,
    merge_companies,
    register_company,
    unmark_distinct,
    unmerge_companies,
)
from renkei.companies.models import Company, Distinct, Merge
from renkei.companies.queries import alike_pairs, distinct_pairs
from renkei.plan.models import Body
from tests.cases.making import refuses
from tests.world import BANK, DESK, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"


def firm(world: World, name: str = "株式会社まぼろし計測", by: str = DESK, **more: Any) -> Company:
    return register_company(Profile(name=name, **more), by=world.actor(by))


def pairs(actor: Actor, company: Company | None = None) -> set[frozenset[Any]]:
    return {frozenset({one.first.pk, one.second.pk}) for one in alike_pairs(actor=actor, company=company)}


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


class TestDeciding:
    def test_the_pair_is_proposed_no_more_and_the_others_are(self, world: World) -> None:
        one, two, three = firm(world), firm(world, "まぼろし計測"), firm(world, "まぼろし計測（有）")
        assert len(pairs(world.desk)) == 3
        mark = mark_distinct(two, one, by=world.desk, why="親会社と子会社")
        assert pairs(world.desk) == {frozenset({one.pk, three.pk}), frozenset({two.pk, three.pk})}
        assert pairs(world.desk, company=one) == {frozenset({one.pk, three.pk})}
        first, second = sorted([one, two], key=lambda firm: firm.pk)
        row = Distinct.objects.values("first", "second", "why", "decided_by", "decided_body", "ended_at", "ended_by").get()
        assert row == {"first": first.pk, "second": second.pk, "why": "親会社と子会社", "decided_by": world.desk.person,
                       "decided_body": DESK, "ended_at": None, "ended_by": None}  # fmt: skip
        event = Event.objects.get(verb="company.distinct")
        assert (event.person, event.body, event.objects_touched) == (world.desk.person, DESK, [
            f"companies.distinct:{mark.pk}", f"companies.company:{first.pk}", f"companies.company:{second.pk}"])  # fmt: skip

    def test_either_way_round_and_twice_is_one_decision(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測")
        marks = {mark_distinct(a, b, by=by, why=why).pk for a, b, by, why in (
            (one, two, world.desk, "最初のわけ"), (two, one, world.desk, "あとのわけ"), (one, two, SYSTEM, ""))}
        assert (len(marks), Distinct.objects.get().why, Event.objects.filter(verb="company.distinct").count()) == (1, "最初のわけ", 1)

    def test_taken_back_the_pair_comes_again_and_can_be_decided_again(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測")
        mark_distinct(one, two, by=world.desk)
        for _turn in range(2):  # the second press finds nothing to take back
            unmark_distinct(two, one, by=world.desk)
        assert pairs(world.desk) == {frozenset({one.pk, two.pk})}
        ended = Distinct.objects.get()
        assert (ended.ended_by_id, ended.ended_at is not None) == (world.desk.person, True)
        assert Event.objects.filter(verb="company.distinct_end").count() == 1
        assert mark_distinct(one, two, by=world.desk).pk != ended.pk
        assert (pairs(world.desk), Distinct.objects.count()) == (set(), 2)

    def test_words_are_kept_and_too_many_are_refused(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測")
        with refuses("too_long", "why"):
            mark_distinct(one, two, by=world.desk, why="あ" * 201)
        assert not Distinct.objects.exists()
        said = "<b>髙﨑</b>&\u200b‘' OR 1=1 --" + "𠮷" * 100
        assert mark_distinct(one, two, by=world.desk, why=f"  {said}\x00 ").why == said.replace("\u200b", "")

    @pytest.mark.parametrize("deed", [mark_distinct, unmark_distinct])
    def test_who_may_not(self, world: World, deed: Any) -> None:
        one, two, theirs = firm(world), firm(world, "まぼろし計測"), firm(world, "まぼろし計測三", by=LAB)
        with refuses("same_company"):
            deed(one, one, by=world.desk)
        for actor, pair in ((GUEST, (one, two)), (world.bank, (one, two)), (world.lab, (one, theirs)),
                            (Actor(ActorKind.COMPANY, person=world.people[DESK].pk), (one, two))):  # fmt: skip
            with refuses("not_allowed"):
                deed(*pair, by=actor)
        assert not Distinct.objects.exists()

    @pytest.mark.parametrize("deed", [mark_distinct, unmark_distinct])
    def test_a_firm_that_is_no_more_is_not_decided_on(self, world: World, deed: Any) -> None:
        one, two, three = firm(world), firm(world, "まぼろし計測"), firm(world, "まぼろし計測三")
        merge_companies(one, two, by=world.desk)
        with refuses("merged"):
            deed(two, three, by=world.desk)
        Company.objects.filter(pk=three.pk).update(withdrawn_at=clock.now())
        with refuses("merged"):
            deed(one, three, by=world.desk)

    def test_the_database_holds_the_pair(self, world: World) -> None:
        first, second = sorted([firm(world), firm(world, "まぼろし計測")], key=lambda one: one.pk)
        given = {"decided_at": clock.now()}
        Distinct.objects.create(first=first, second=second, **given)
        for name, pair in (("distinct_once_a_pair", (first, second)), ("distinct_pair_in_order", (second, first)),
                           ("distinct_pair_in_order", (first, first))):  # fmt: skip
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                Distinct.objects.create(first=pair[0], second=pair[1], **given)


class TestAndMerging:
    def test_what_was_decided_is_not_merged_until_it_is_taken_back(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測")
        mark_distinct(one, two, by=world.desk)
        for pair in ((one, two), (two, one)):
            with refuses("two_firms"):
                merge_companies(*pair, by=world.desk)
        assert not Merge.objects.exists()
        unmark_distinct(one, two, by=world.desk)
        assert merge_companies(one, two, by=world.desk).other_id == two.pk

    def test_marks_stay_with_their_entries_and_come_back_with_them(self, world: World) -> None:
        one, two, three = firm(world), firm(world, "まぼろし計測"), firm(world, "まぼろし計測（有）")
        mark_distinct(two, three, by=world.desk)
        merge = merge_companies(one, two, by=world.desk)
        assert (pairs(world.desk), list(distinct_pairs(actor=world.desk))) == ({frozenset({one.pk, three.pk})}, [])
        unmerge_companies(merge, by=world.desk)
        assert frozenset({two.pk, three.pk}) not in pairs(world.desk)
        assert [one.other_than(two) for one in distinct_pairs(actor=world.desk, company=two)] == [three]


class TestWhoSeesIt:
    def test_only_who_knows_both(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測")
        know_company(one, Body.objects.get(pk=BANK), by=world.desk)
        for company in (one, two):
            know_company(company, Body.objects.get(pk=LAB), by=world.desk)
        mark_distinct(one, two, by=world.desk)
        seen = {code: Distinct.objects.visible_to(world.actor(code)).count() for code in (DESK, LAB, BANK)}
        assert seen == {DESK: 1, LAB: 1, BANK: 0}
        assert [Distinct.objects.visible_to(actor).count() for actor in (SYSTEM, GUEST)] == [1, 0]
        unmark_distinct(one, two, by=world.lab)  # who knows both may say otherwise
        assert Distinct.objects.get().ended_by_id == world.lab.person

    def test_one_and_three_cost_the_same(self, world: World) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as queries:
                told = [(one.first.name, one.second.name, one.decided_body, one.decided_by) for one in distinct_pairs(actor=world.desk)]
                assert all(told[0])
                alike_pairs(actor=world.desk)
            return len(queries)

        mark_distinct(firm(world, "甲"), firm(world, "（株）甲"), by=world.desk)
        first = asked()
        for name in ("乙", "丙"):
            mark_distinct(firm(world, name), firm(world, f"（株）{name}"), by=world.desk)
        assert (first, asked()) == (6, 6)


def test_under_the_real_logins(committed_world: World, login: Any) -> None:
    world = committed_world
    one, two = firm(world), firm(world, "まぼろし計測")
    know_company(one, Body.objects.get(pk=BANK), by=world.desk)
    for company in (one, two):
        know_company(company, Body.objects.get(pk=LAB), by=world.desk)
    with login("web"):
        with acting(world.lab):
            mark_distinct(one, two, by=world.lab)
            with pytest.raises(Exception, match="permission denied"), transaction.atomic():
                Distinct.objects.all().delete()
        for actor, count in ((world.desk, 1), (world.lab, 1), (world.bank, 0), (world.center, 0), (GUEST, 0)):
            with acting(actor):
                assert (Distinct.objects.count(), Distinct.objects.visible_to(actor).count()) == (count, count)
        with acting(world.bank), pytest.raises(Exception, match="row-level security"), transaction.atomic():
            first, second = sorted([one, two], key=lambda firm: firm.pk)
            Distinct.objects.create(first=first, second=second, decided_at=clock.now(), ended_at=clock.now())
        with acting(world.desk):
            unmark_distinct(one, two, by=world.desk)
            assert merge_companies(one, two, by=world.desk).into_id == one.pk
    with login("worker"), acting(SYSTEM):
        assert Distinct.objects.get().ended_at is not None
