"""Merged into what is merged again, split and joined, taken out in any order: each case comes back as it was."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from renkei.base import clock
from renkei.cases.actions.answers import accept, finish_support
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.holding import set_next_step, take_case
from renkei.cases.actions.merging import merge_cases, split_case, unmerge, unsplit
from renkei.cases.actions.triage import settle_need
from renkei.cases.models import Case, Need, Regrouping, Transition
from renkei.cases.steps import NextStep
from renkei.companies.models import Company
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, company, events, fresh, need_of, offered, refuses, steps
from tests.storm.racing import at_once, codes
from tests.world import LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def known(world: World) -> Company:
    return company()


@pytest.fixture
def three(world: World, known: Company) -> list[Case]:
    """Three cases of one firm with a need each; the first went into the second, that into the third."""
    cases = [arrived(world, company=known).case for _turn in range(3)]
    for case in cases:
        need_of(case, world, title=f"課題{case.number}")
    merge_cases(cases[1], cases[0], by=world.desk)
    merge_cases(cases[2], cases[1], by=world.desk)
    return cases


def places(cases: list[Case]) -> list[set[str]]:
    """The numbers in the titles of the needs of each case: where each need came from."""
    return [{need.title.removeprefix("課題") for need in Need.objects.filter(case=case)} for case in cases]


class TestChains:
    def test_all_lead_to_the_last_and_all_the_work_is_there(self, world: World, three: list[Case]) -> None:
        first, second, third = three
        assert [fresh(case).merged_into_id for case in three] == [third.pk, third.pk, None]
        assert places(three) == [set(), set(), {first.number, second.number, third.number}]
        assert [need.order for need in Need.objects.filter(case=third).order_by("order")] == [1, 2, 3]

    def test_the_first_comes_out_with_its_own_need_although_it_was_carried_on(self, world: World, three: list[Case]) -> None:
        first, second, third = three
        unmerge(first, by=world.desk)
        assert [fresh(case).merged_into_id for case in three] == [None, third.pk, None]
        assert places(three) == [{first.number}, set(), {second.number, third.number}]
        assert steps(third)[-1] == ("unmerged", first.number, "")

    @pytest.mark.parametrize("order", list(permutations([0, 1])))
    def test_taken_out_in_any_order_everything_is_as_before(self, world: World, three: list[Case], order: tuple[int]) -> None:
        for place in order:
            unmerge(three[place], by=world.desk)
        assert [fresh(case).state for case in three] == ["arrived"] * 3
        assert [fresh(case).merged_into_id for case in three] == [None] * 3
        assert not Regrouping.objects.filter(undone_at__isnull=True).exists()
        assert places(three) == [{case.number} for case in three]

    def test_each_firms_link_reads_the_whole_chain(self, world: World, three: list[Case]) -> None:
        assert [set(Case.objects.visible_to(firm(case))) for case in three] == [set(three)] * 3
        unmerge(three[0], by=world.desk)
        assert set(Case.objects.visible_to(firm(three[0]))) == {three[0]}
        assert set(Case.objects.visible_to(firm(three[1]))) == set(three[1:])

    def test_nobody_merges_into_what_is_merged_itself(self, world: World, known: Company, three: list[Case]) -> None:
        fourth = arrived(world, company=known).case
        for closed in three[:2]:
            with refuses("merged", "other"):
                merge_cases(closed, fourth, by=world.desk)
            with refuses("merged", "other"):
                merge_cases(fourth, closed, by=world.desk)
        assert fresh(fourth).is_open

    def test_a_merged_case_is_not_reopened_but_taken_out(self, world: World, three: list[Case]) -> None:
        for case in three[:2]:
            with refuses("merged"):
                reopen_case(case, by=world.desk, reason="また")
        assert [fresh(case).state for case in three] == ["closed", "closed", "arrived"]

    def test_what_is_in_a_split_case_follows_when_that_is_joined_again(self, world: World, known: Company) -> None:
        origin, other = (arrived(world, company=known).case for _turn in range(2))
        first, _rest = need_of(origin, world), need_of(origin, world, title="残る課題")
        need = need_of(other, world, title="もとは別の案件")
        part = split_case(origin, needs=[first], title="分けた", by=world.desk)
        merge_cases(part, other, by=world.desk)
        unsplit(part, by=world.desk)
        assert (fresh(other).merged_into_id, fresh(need).case_id) == (origin.pk, origin.pk)
        assert set(Case.objects.visible_to(firm(other))) >= {origin, part, other}
        unmerge(other, by=world.desk)
        assert (fresh(other).merged_into_id, fresh(need).case_id) == (None, other.pk)


class TestAsItWas:
    def test_the_next_step_comes_back_whole(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        step = NextStep("部品の値段を聞く", dt.date(2026, 12, 3), kind="call", at=dt.time(13, 30), phone="04-7100-9999",
                        body=LAB, person=world.lab.person)
        set_next_step(gone, step, by=world.desk)
        merge_cases(keeper, gone, by=world.desk)
        back = unmerge(gone, by=world.desk)
        assert (back.next_step, back.next_on, back.next_kind, back.next_time, back.next_phone, back.next_body_id,
                back.next_person_id) == (
            step.what, step.on, step.kind, step.at, step.phone, step.body, step.person)

    def test_a_day_that_passed_meanwhile_is_not_made_younger(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        merge_cases(keeper, gone, by=world.desk)
        with clock.moved_to(NOON + dt.timedelta(days=40)):
            back = unmerge(gone, by=world.desk)
            assert back.next_on == dt.date(2026, 11, 27)
            assert back.is_late

    def test_holder_and_person_stay_with_it(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        take_case(gone, by=world.desk, person=world.people["hibari-desk"].pk)
        merge_cases(keeper, gone, by=world.desk)
        back = unmerge(gone, by=world.desk)
        assert (back.holder_id, back.holder_person_id) == (gone.holder_id, world.desk.person)

    def test_the_earlier_of_both_steps_is_kept_and_a_later_one_is_not(self, world: World, known: Company) -> None:
        for day, kept in ((dt.date(2026, 11, 26), "早いほう"), (dt.date(2026, 11, 30), "残すほう")):
            keeper, gone = (arrived(world, company=known).case for _turn in range(2))
            set_next_step(keeper, NextStep("残すほう", dt.date(2026, 11, 27)), by=world.desk)
            set_next_step(gone, NextStep("早いほう", day), by=world.desk)
            assert merge_cases(keeper, gone, by=world.desk).next_step == kept

    def test_settled_needs_stay_where_they_were_settled(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        done, open_one = need_of(gone, world, title="済んだ"), need_of(gone, world, title="まだ")
        settle_need(done, state="settled", by=world.desk)
        merge_cases(keeper, gone, by=world.desk)
        assert (fresh(done).case_id, fresh(open_one).case_id) == (gone.pk, keeper.pk)

    def test_needs_settled_meanwhile_come_back_settled(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        need = need_of(gone, world)
        merge_cases(keeper, gone, by=world.desk)
        close_case(fresh(keeper), by=world.desk, reason="solved", words="済", needs="settled")
        back = unmerge(gone, by=world.desk)
        assert (back.is_open, fresh(need).case_id, fresh(need).state, fresh(keeper).state) == (
            True, gone.pk, "settled", "closed")

    def test_twice_merged_and_taken_out_tells_every_step(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        for _turn in range(2):
            merge_cases(fresh(keeper), fresh(gone), by=world.desk)
            unmerge(gone, by=world.desk)
        assert [verb for verb, _b, _a in steps(gone)] == ["received", "merged", "unmerged", "merged", "unmerged"]
        assert (events("case.merge"), events("case.unmerge")) == (2, 2)
        assert Regrouping.objects.filter(case=gone, undone_at=NOON).count() == 2

    def test_a_support_that_ended_stays_where_it_was_done(self, world: World, known: Company) -> None:
        keeper, gone = (arrived(world, company=known).case for _turn in range(2))
        support = finish_support(accept(offered(world, case=gone), by=world.lab), by=world.lab, text="測った")
        merge_cases(keeper, fresh(gone), by=world.desk)
        assert fresh(support).case_id == gone.pk
        assert unmerge(gone, by=world.desk).needs.get() == support.need


class TestSplitting:
    def test_a_split_case_splits_again_and_each_joins_its_own_origin(self, world: World, known: Company) -> None:
        origin = arrived(world, company=known).case
        needs = [need_of(origin, world, title=f"課題{n}") for n in range(3)]
        part = split_case(origin, needs=needs[1:], title="分けた", by=world.desk)
        deeper = split_case(part, needs=[needs[2]], title="もっと分けた", by=world.desk)
        assert [case.split_from_id for case in (part, deeper)] == [origin.pk, part.pk]
        assert [fresh(need).case_id for need in needs] == [origin.pk, part.pk, deeper.pk]
        unsplit(deeper, by=world.desk)
        unsplit(part, by=world.desk)
        assert {fresh(need).case_id for need in needs} == {origin.pk}
        assert {fresh(case).merged_into_id for case in (part, deeper)} == {origin.pk}
        assert set(Case.objects.visible_to(firm(origin))) >= {origin, part}

    def test_a_joined_case_is_neither_joined_again_nor_taken_out(self, world: World, known: Company) -> None:
        origin = arrived(world, company=known).case
        first, _second = need_of(origin, world), need_of(origin, world, title="残る課題")
        part = split_case(origin, needs=[first], title="分けた", by=world.desk)
        unsplit(part, by=world.desk)
        with refuses("not_split"):
            unsplit(part, by=world.desk)
        with refuses("not_merged"):
            unmerge(part, by=world.desk)

    def test_the_new_case_is_held_dated_and_found(self, world: World, known: Company) -> None:
        origin = arrived(world, company=known).case
        first, _second = need_of(origin, world), need_of(origin, world, title="残る課題")
        part = split_case(origin, needs=[first, first], title=" 春の\x00見本市 ", by=world.desk)
        assert (part.holder_id, part.next_on, part.next_kind, part.title, part.company, part.number) == (
            origin.holder_id, dt.date(2026, 11, 27), "choose", "春の見本市", known, "県 8-0002")
        assert Case.objects.containing("見本市").get() == part
        assert set(Transition.objects.filter(case=part).values_list("verb", "happened_on")) == {
            ("split", clock.today())}


class TestDatabase:
    @pytest.mark.parametrize(
        ("statement", "name"),
        [
            ("UPDATE cases_regrouping SET root_id = case_id", "regrouping_of_two_cases"),
            ("UPDATE cases_regrouping SET case_id = (SELECT id FROM cases_case ORDER BY number LIMIT 1)", "regrouping_one_open_per_case"),
            ("UPDATE cases_regrouping SET case_id = NULL", "case_id"),
            ("UPDATE cases_regrouping SET before = NULL", "before"),
            ("UPDATE cases_case SET merged_into_id = gen_random_uuid()", "merged_into_id"),
            ("UPDATE cases_case SET split_from_id = gen_random_uuid()", "split_from_id"),
            ("DELETE FROM cases_case WHERE merged_into_id IS NULL", "foreign key"),
        ],
    )  # fmt: skip
    def test_refuses(self, world: World, three: list[Case], statement: str, name: str) -> None:
        with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class TestAtOnce:
    @pytest.mark.storm
    def test_two_merge_crosswise_and_one_of_them_wins(self, committed_world: World, login: Any) -> None:
        world, known = committed_world, company()
        one, two = (arrived(world, company=known).case for _turn in range(2))
        with login("web"):
            got = at_once((world.desk, lambda: merge_cases(one, two, by=world.desk)),
                          (world.desk, lambda: merge_cases(two, one, by=world.desk)))  # fmt: skip
        assert codes(got) == ["merged", "ok"]
        assert Case.objects.open().count() == 1
        assert Regrouping.objects.count() == 1

    def test_a_holder_takes_out_of_the_middle_under_its_own_sight(self, committed_world: World, login: Any) -> None:
        world, known = committed_world, company()
        cases = [arrived(world, company=known).case for _turn in range(3)]
        with web(login, world.desk):
            need = need_of(cases[0], world)
            merge_cases(cases[1], cases[0], by=world.desk)
            merge_cases(cases[2], fresh(cases[1]), by=world.desk)
        with web(login, world.lab), refuses("not_merged"):
            unmerge(cases[0], by=world.lab)
        with web(login, world.desk):
            unmerge(cases[0], by=world.desk)
        assert (fresh(need).case_id, fresh(cases[0]).is_open) == (cases[0].pk, True)
