"""Two entries of one firm made one: what goes over, who sees it, what is refused, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import Said, bind_company, claimed_company, receive
from renkei.cases.actions.merging import merge_cases, split_case
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.triage import add_need
from renkei.cases.models import Case, RegionalProject
from renkei.companies import relations
from renkei.companies.actions import (
    Profile,
    add_person,
    end_sight,
    know_company,
    merge_companies,
    register_company,
    unmerge_companies,
    update_company,
)
from renkei.companies.actions.merging import CHOICES, pair_mark, what_moves
from renkei.companies.models import Company, Merge, MergeMove, Sight
from renkei.companies.queries import alike_pairs, lookup, possible_duplicates, successor_of
from renkei.companies.relations import Deed, Relation
from renkei.plan.models import Body, Field
from renkei.post.models import Link
from tests.world import BANK, CENTER, DESK, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
OTHER = f"{corporate_check_digit('040001000002')}040001000002"


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def firm(world: World, name: str = "株式会社まぼろし計測", by: str = DESK, **more: Any) -> Company:
    return register_company(Profile(name=name, **more), by=world.actor(by))


def case_of(world: World, company: Company, by: str = DESK, **more: Any) -> Case:
    said = Said(text="水質計を発売したい。", channel="phone", company=company, phone="000-000-0011", **more)
    return receive(said, by=world.actor(by), body=body(by), to_desk=by == DESK).case


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def sights(company: Company) -> list[tuple[str, bool]]:
    """Bodies with a sight of the firm, and whether it is open."""
    return sorted((s.body_id, s.ended_on is None) for s in Sight.objects.filter(company=company))


def code_of(deed: Any) -> str:
    with pytest.raises(Refused) as refused:
        deed()
    assert refused.value.message.endswith("。")
    return refused.value.code


class TestGoingOver:
    @pytest.mark.covers("C87")
    def test_everything_that_was_declared_goes_over_and_nothing_is_lost(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし計測", by=LAB, corporate_number=NUMBER)
        person = add_person(gone, name="髙梨 芽衣", phone="000-000-0022", by=world.lab)
        case = case_of(world, gone, by=LAB)
        merge = merge_companies(keeper, gone, by=world.desk)
        assert fresh(case).company_id == keeper.pk
        assert fresh(person).company_id == keeper.pk
        assert (fresh(gone).merged_into_id, fresh(gone).corporate_number, fresh(keeper).corporate_number) == (keeper.pk, None, NUMBER)
        assert (sights(keeper), sights(gone)) == ([(DESK, True), (LAB, True)], [])
        assert set(MergeMove.objects.filter(merge=merge).values_list("of_table", "deed")) == {
            ("cases_case", "moved"), ("companies_companyperson", "moved"), ("companies_sight", "moved"), ("companies_sight", "stood"),
        }  # fmt: skip
        assert "高梨芽衣" in fresh(keeper).find_text

    def test_the_audit_names_both(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし計測二")
        merge = merge_companies(keeper, gone, keep=["kana"], by=world.desk)
        event = Event.objects.get(verb="company.merge")
        assert event.objects_touched == [f"companies.company:{keeper.pk}", f"companies.company:{gone.pk}"]
        assert (event.person, event.body) == (world.desk.person, DESK)
        unmerge_companies(merge, by=world.desk)
        assert Event.objects.get(verb="company.unmerge").objects_touched == event.objects_touched

    def test_the_chosen_values_come_from_the_other(self, world: World) -> None:
        keeper = firm(world, employees=19, phone="000-000-0011", products="水質計")
        gone = firm(world, "まぼろし計測二", employees=33, phone="000-000-0099", municipality="999016")
        merge = merge_companies(keeper, gone, keep=["employees", "municipality_id"], by=world.desk)
        now = fresh(keeper)
        assert (now.employees, now.phone, now.products, now.municipality_id) == (33, "000-000-0011", "水質計", "999016")
        assert (merge.before, merge.after) == ({"employees": 19, "municipality_id": None}, {"employees": 33, "municipality_id": "999016"})

    def test_who_knew_both_knows_the_merged_firm_once(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし計測二")
        merge_companies(keeper, gone, by=world.desk)
        assert (sights(keeper), sights(gone)) == ([(DESK, True)], [(DESK, False)])

    def test_an_ended_sight_does_not_come_to_life(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし計測二")
        know_company(gone, body(LAB), by=world.desk)
        end_sight(gone, body(LAB), by=world.desk)
        merge_companies(keeper, gone, by=world.desk)
        assert sights(keeper) == [(DESK, True)]
        assert (LAB, False) in sights(gone)

    def test_a_firm_merged_earlier_follows(self, world: World) -> None:
        first, second, third = firm(world), firm(world, "まぼろし二"), firm(world, "まぼろし三")
        merge_companies(second, third, by=world.desk)
        merge_companies(first, second, by=world.desk)
        assert {fresh(second).merged_into_id, fresh(third).merged_into_id} == {first.pk}

    def test_approved_plans_go_over(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし計測二")
        case = case_of(world, gone)
        record_project(case, number="2-1", approved_on=clock.today(), field=Field.objects.get(pk="A"), title="水質計", bodies=[body(LAB)], by=world.desk)
        merge_companies(keeper, gone, by=world.desk)
        assert list(RegionalProject.objects.values_list("company", flat=True)) == [keeper.pk]

    def test_links_show_what_they_showed(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし計測二")
        link = Link.objects.create(purpose="status", token_hash="x" * 64, company=gone.pk, made_at=clock.now(), expires_at=clock.now())
        merge_companies(keeper, gone, by=world.desk)
        assert fresh(link).company == gone.pk

    def test_the_count_before_names_what_would_go(self, world: World) -> None:
        gone = firm(world)
        add_person(gone, name="髙梨 芽衣", by=world.desk)
        add_person(gone, name="本郷 理恵", by=world.desk)
        case_of(world, gone)
        assert {count.relation.key: count.rows for count in what_moves(gone)} == {
            "companies_companyperson.company_id": 2, "companies_sight.company_id": 1, "cases_case.company_id": 1,
        }  # fmt: skip


class TestAfterwards:
    def test_the_merged_firm_cannot_be_chosen_any_more(self, world: World) -> None:
        keeper, gone = firm(world, phone="000-000-0011"), firm(world, "きえた工業", phone="000-000-0099")
        free = receive(Said(text="相談", channel="web", company_given="だれか"), by=world.desk, body=body(DESK)).case
        merge_companies(keeper, gone, by=world.desk)
        gone = fresh(gone)
        assert [hit.company for hit in lookup("きえた", actor=world.desk)] == [keeper]  # its old name leads to the successor
        assert possible_duplicates(name="きえた工業", phone="000-000-0099", actor=world.desk) == []
        assert code_of(lambda: bind_company(free, gone, by=world.desk)) == "not_visible"
        assert code_of(lambda: update_company(gone, Profile(name="きえた工業"), by=world.desk)) == "merged"
        assert code_of(lambda: add_person(gone, name="だれか", by=world.desk)) == "merged"
        assert code_of(lambda: know_company(gone, body(LAB), by=world.desk)) == "merged"

    def test_its_number_and_its_old_name_lead_to_the_successor(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "きえた工業", corporate_number=NUMBER)
        merge_companies(keeper, gone, by=world.desk)
        claimed = claimed_company(NUMBER, "㈱きえた工業")
        assert claimed is not None
        assert claimed.pk == keeper.pk
        assert firm(world, "きえた工業", corporate_number=NUMBER).pk == keeper.pk

    def test_a_case_written_for_it_goes_to_the_successor(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "きえた工業")
        merge_companies(keeper, gone, by=world.desk)
        assert fresh(case_of(world, gone)).company_id == keeper.pk

    def test_old_addresses_lead_on_for_who_knows_the_successor(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "きえた工業")
        assert successor_of(gone.pk, actor=world.desk) is None
        merge_companies(keeper, gone, by=world.desk)
        assert successor_of(gone.pk, actor=world.desk) == keeper
        assert successor_of(keeper.pk, actor=world.desk) is None


class TestRefused:
    def test_what_cannot_be_merged(self, world: World) -> None:
        keeper, gone, third = firm(world), firm(world, "まぼろし二"), firm(world, "まぼろし三")
        assert code_of(lambda: merge_companies(keeper, keeper, by=world.desk)) == "same_company"
        assert code_of(lambda: merge_companies(keeper, gone, keep=["name_key"], by=world.desk)) == "unknown_field"
        assert code_of(lambda: merge_companies(keeper, gone, keep=["corporate_number"], by=world.desk)) == "unknown_field"
        merge_companies(keeper, gone, by=world.desk)
        assert code_of(lambda: merge_companies(keeper, gone, by=world.desk)) == "merged"
        assert code_of(lambda: merge_companies(gone, third, by=world.desk)) == "merged"
        assert Merge.objects.count() == 1

    def test_two_numbers_are_two_firms(self, world: World) -> None:
        keeper, gone = firm(world, corporate_number=NUMBER), firm(world, "まぼろし二", corporate_number=OTHER)
        assert code_of(lambda: merge_companies(keeper, gone, by=world.desk)) == "two_numbers"
        assert not MergeMove.objects.exists()

    def test_only_who_knows_both(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二", by=LAB)
        for actor in (world.lab, world.bank, GUEST):
            assert code_of(lambda actor=actor: merge_companies(keeper, gone, by=actor)) == "not_allowed"
        know_company(keeper, body(LAB), by=world.desk)
        assert merge_companies(keeper, gone, by=world.lab).done_body_id == LAB
        assert merge_companies(keeper, firm(world, "まぼろし三"), by=SYSTEM).done_by_id is None

    def test_what_was_compared_must_still_be_so(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        mark = pair_mark(keeper, gone)
        update_company(gone, Profile(name="まぼろし二", employees=5), by=world.desk)
        assert code_of(lambda: merge_companies(keeper, gone, by=world.desk, seen=mark)) == "changed_meanwhile"
        assert merge_companies(keeper, gone, by=world.desk, seen=pair_mark(fresh(keeper), fresh(gone)))


class TestRelations:
    def test_every_relation_there_is_was_declared(self, world: World) -> None:
        """A new table that points to a firm: declare in its package's apps.py what a merge does with it."""
        assert relations.unknown() == []
        assert relations.real() == {one.key for one in relations.declared()}

    @pytest.mark.parametrize(
        ("made", "name"),
        [
            ("CREATE TABLE made_up (id uuid, firm_id uuid REFERENCES companies_company)", "made_up.firm_id"),
            ("CREATE TABLE made_up (id uuid, company uuid)", "made_up.company"),
            ("ALTER TABLE cases_need ADD company_id uuid", "cases_need.company_id"),
        ],
    )
    def test_a_relation_nobody_declared_stops_the_merge_and_is_named(self, world: World, made: str, name: str) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        with connection.cursor() as cursor:
            cursor.execute(made)
        with pytest.raises(Refused, match=name) as refused:
            merge_companies(keeper, gone, by=world.desk)
        assert refused.value.code == "unknown_relation"
        assert not Merge.objects.exists()
        assert fresh(gone).merged_into_id is None

    def test_a_relation_taken_out_of_the_list_is_missed(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(relations._DECLARED, "cases_case.company_id")
        assert relations.unknown() == ["cases_case.company_id"]

    def test_rows_of_a_refused_relation_stop_the_merge(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        key = "companies_companyperson.company_id"
        monkeypatch.setitem(relations._DECLARED, key, Relation("companies_companyperson", "company_id", Deed.REFUSED, "担当の方"))
        add_person(gone, name="髙梨 芽衣", by=world.desk)
        with pytest.raises(Refused, match="担当の方がある会社は") as refused:
            merge_companies(keeper, gone, by=world.desk)
        assert refused.value.code == "cannot_move"

    def test_the_mover_takes_relations_only(self, world: World) -> None:
        merge = merge_companies(firm(world), firm(world, "まぼろし二"), by=world.desk)
        for table, column in (("cases_case", "holder_id"), ("companies_merge", "into_id"), ("pg_class", "oid"), ("nothing", "x")):
            with pytest.raises(Exception, match="no relation"), connection.cursor() as cursor:
                cursor.execute("SAVEPOINT one")
                try:
                    cursor.execute("SELECT company_merge_rows(%s, %s, %s, %s)", [merge.pk, table, column, clock.today()])
                finally:
                    cursor.execute("ROLLBACK TO SAVEPOINT one")


class TestTakingBack:
    def test_exactly_what_moved_goes_back(self, world: World) -> None:
        keeper = firm(world, employees=19)
        gone = firm(world, "まぼろし二", by=LAB, corporate_number=NUMBER, employees=33)
        know_company(gone, body(DESK), by=world.lab)
        theirs, ours = add_person(gone, name="髙梨 芽衣", by=world.lab), add_person(keeper, name="本郷 理恵", by=world.desk)
        moved, stays = case_of(world, gone, by=LAB), case_of(world, keeper)
        before = (sights(keeper), sights(gone))
        merge = merge_companies(keeper, gone, keep=["employees"], by=world.desk)
        later = case_of(world, keeper)
        assert unmerge_companies(merge, by=world.desk) == gone
        assert [fresh(one).company_id for one in (theirs, ours, moved, stays, later)] == [gone.pk, keeper.pk, gone.pk, keeper.pk, keeper.pk]
        assert (sights(keeper), sights(gone)) == before
        assert (fresh(gone).merged_into_id, fresh(gone).corporate_number, fresh(keeper).corporate_number) == (None, NUMBER, None)
        assert (fresh(keeper).employees, fresh(gone).employees) == (19, 33)
        assert "高梨芽衣" not in fresh(keeper).find_text
        assert (fresh(merge).undone_at is not None, fresh(merge).undone_by_id) == (True, world.desk.person)

    def test_a_value_somebody_has_changed_since_stays(self, world: World) -> None:
        keeper, gone = firm(world, employees=19, products="水質計"), firm(world, "まぼろし二", employees=33, products="計器")
        merge = merge_companies(keeper, gone, keep=["employees", "products"], by=world.desk)
        update_company(keeper, Profile(name=keeper.name, employees=40, products="計器"), by=world.desk)
        unmerge_companies(merge, by=world.desk)
        assert (fresh(keeper).employees, fresh(keeper).products) == (40, "水質計")

    def test_twice_is_refused_and_it_can_be_merged_anew(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        merge = merge_companies(keeper, gone, by=world.desk)
        unmerge_companies(merge, by=world.desk)
        assert code_of(lambda: unmerge_companies(merge, by=world.desk)) == "undone"
        merge_companies(gone, keeper, by=world.desk)
        assert fresh(keeper).merged_into_id == gone.pk

    def test_the_outer_merge_comes_first(self, world: World) -> None:
        first, second, third = firm(world), firm(world, "まぼろし二"), firm(world, "まぼろし三")
        inner = merge_companies(second, third, by=world.desk)
        outer = merge_companies(first, second, by=world.desk)
        assert code_of(lambda: unmerge_companies(inner, by=world.desk)) == "merged_again"
        unmerge_companies(outer, by=world.desk)
        assert fresh(third).merged_into_id == second.pk
        unmerge_companies(inner, by=world.desk)
        assert fresh(third).merged_into_id is None

    def test_a_body_that_came_to_know_the_firm_since_stands_against_it(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        merge = merge_companies(keeper, gone, by=world.desk)
        know_company(keeper, body(CENTER), by=world.desk)
        with pytest.raises(Refused, match="センター") as refused:
            unmerge_companies(merge, by=world.desk)
        assert refused.value.code == "known_since"
        end_sight(keeper, body(CENTER), by=world.desk)
        unmerge_companies(merge, by=world.desk)

    def test_a_sight_the_firm_has_closed_meanwhile_stays_closed(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        for one in (keeper, gone):
            know_company(one, body(LAB), by=world.desk)
        merge = merge_companies(keeper, gone, by=world.desk)
        end_sight(keeper, body(LAB), by=world.desk)
        unmerge_companies(merge, by=world.desk)
        assert sights(gone) == [(DESK, True), (LAB, False)]

    @pytest.mark.parametrize("way", ["merged", "split", "speaker", "project"])
    def test_work_across_both_stands_against_it(self, world: World, way: str) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二")
        person = add_person(gone, name="髙梨 芽衣", by=world.desk)
        moved, stays = case_of(world, gone), case_of(world, keeper)
        merge = merge_companies(keeper, gone, by=world.desk)
        number = moved.number
        if way == "merged":
            merge_cases(fresh(stays), fresh(moved), by=world.desk)
        elif way == "split":
            needs = [add_need(fresh(moved), title=title, stage="3", by=world.desk) for title in ("落下", "振動")]
            number = split_case(fresh(moved), needs=needs[:1], title="落下の試験", by=world.desk).number
        elif way == "speaker":
            number = case_of(world, keeper, person=person).number
        else:
            record_project(fresh(moved), number="2-1", approved_on=clock.today(), field=Field.objects.get(pk="A"), title="水質計", bodies=[body(LAB)], by=world.desk)
        with pytest.raises(Refused, match=number) as refused:
            unmerge_companies(merge, by=world.desk)
        assert refused.value.code == "tied"
        assert fresh(gone).merged_into_id == keeper.pk

    def test_only_the_desk_or_the_body_that_merged(self, world: World) -> None:
        keeper, gone = firm(world), firm(world, "まぼろし二", by=LAB)
        know_company(keeper, body(LAB), by=world.desk)
        know_company(keeper, body(BANK), by=world.desk)
        merge = merge_companies(keeper, gone, by=world.lab)
        for actor in (world.bank, world.center, GUEST):
            assert code_of(lambda actor=actor: unmerge_companies(merge, by=actor)) == "not_allowed"
        unmerge_companies(merge, by=world.lab)


class TestUnderTheWebLogin:
    """P2 under the real login: nobody who knew neither learns of the firm; a body sees the merged firm, not the old entry."""

    def test_sight_follows_the_firm_and_widens_to_nobody(self, committed_world: World, login: Any) -> None:
        world = committed_world
        keeper = firm(world, strengths="小型化", products="水質計")
        gone = firm(world, "まぼろし二", by=BANK, products="古い記録")
        know_company(keeper, body(LAB), by=world.desk)
        case = case_of(world, gone, by=BANK)
        with login("web"):
            with acting(world.desk):
                merge = merge_companies(keeper, gone, by=world.desk)
            seen = {}
            for name, actor in (("lab", world.lab), ("bank", world.bank), ("center", world.center)):
                with acting(actor):
                    seen[name] = set(Company.objects.values_list("pk", flat=True))
                    assert set(Company.objects.visible_to(actor).values_list("pk", flat=True)) == seen[name]
                    assert Merge.objects.count() == (0 if name == "center" else 1)
                    assert set(Case.objects.values_list("pk", flat=True)) == ({case.pk} if name == "bank" else set())
                    led = successor_of(gone.pk, actor=actor)
                    assert (led.pk if led else None) == (None if name == "center" else keeper.pk)
            # The bank entered the old one itself and keeps its own entry; the laboratory never sees it.
            assert seen == {"lab": {keeper.pk}, "bank": {keeper.pk, gone.pk}, "center": set()}
            with acting(world.desk):
                unmerge_companies(merge, by=world.desk)
            for actor, expected in ((world.lab, {keeper.pk}), (world.bank, {gone.pk})):
                with acting(actor):
                    assert set(Company.objects.values_list("pk", flat=True)) == expected

    def test_a_body_that_knows_both_moves_also_what_it_does_not_see(self, committed_world: World, login: Any) -> None:
        world = committed_world
        keeper, gone = firm(world, by=LAB), firm(world, "まぼろし二", by=LAB)
        know_company(gone, body(BANK), by=world.lab)
        theirs = case_of(world, gone, by=BANK)
        with login("web"):
            with acting(world.lab):
                assert {count.relation.key for count in what_moves(gone)} == {"companies_sight.company_id"}
                merge = merge_companies(keeper, gone, by=world.lab)
                assert not Case.objects.filter(pk=theirs.pk).exists()
            with acting(world.bank):
                assert Case.objects.get(pk=theirs.pk).company_id == keeper.pk
                assert code_of(lambda: unmerge_companies(merge, by=world.bank)) == "not_allowed"
            with acting(world.lab):
                assert unmerge_companies(merge, by=world.lab).name == "まぼろし二"
            with acting(world.bank):
                assert Case.objects.get(pk=theirs.pk).company_id == gone.pk

    def test_nobody_else_can_call_the_functions(self, committed_world: World, login: Any) -> None:
        world = committed_world
        merge = merge_companies(firm(world), firm(world, "まぼろし二"), by=world.desk)
        with login("web"):
            for statement in ("SELECT company_merge_back(%s)", "SELECT company_merge_rows(%s, 'cases_case', 'company_id', now()::date)"):
                with pytest.raises(Exception, match="not a merge of the caller"), acting(world.bank), connection.cursor() as cursor:
                    cursor.execute(statement, [merge.pk])
            with acting(world.bank), connection.cursor() as cursor:
                cursor.execute("SELECT company_merge_since(%s), case_merge_ties(%s)", [merge.pk, merge.pk])
                assert cursor.fetchall() == []
            for statement in ("UPDATE companies_mergemove SET deed = 'moved'", "DELETE FROM companies_mergemove"):
                with pytest.raises(Exception, match="permission denied"), acting(world.desk), connection.cursor() as cursor:
                    cursor.execute(statement)


class TestAlike:
    def test_pairs_with_their_reasons_the_strongest_first(self, world: World) -> None:
        one = firm(world, "株式会社まぼろし計測", kana="マ", phone="04-7100-0002", address="ひばり市北町1-2-3")
        two = firm(world, "まぼろし計測㈱", kana="マ", phone="0471000002", address="ひばり市北町１－２－３")
        three = firm(world, "つばめ工業", kana="ツ", phone="047100-0002")
        firm(world, "かもめ工業", phone="000-000-0001")
        pairs = [({pair.first, pair.second}, pair.reasons) for pair in alike_pairs(actor=world.desk)]
        whole = ("会社名が同じです（株式会社などの違いを除く）。", "電話番号が同じです。", "所在地が同じです。")
        assert pairs[0] == ({one, two}, whole)
        assert {(frozenset(firms), reasons) for firms, reasons in pairs[1:]} == {
            (frozenset({one, three}), whole[1:2]), (frozenset({two, three}), whole[1:2])}
        assert len(pairs) == 3
        assert {frozenset({p.first, p.second}) for p in alike_pairs(actor=world.desk, company=three)} == {
            frozenset({one, three}), frozenset({two, three})}

    def test_two_numbers_merged_ones_and_strangers_make_no_pair(self, world: World) -> None:
        firm(world, "まぼろし計測", corporate_number=NUMBER)
        other = firm(world, "㈱まぼろし計測", corporate_number=OTHER)
        assert alike_pairs(actor=world.desk) == []
        third = firm(world, "まぼろし計測（株）")
        assert len(alike_pairs(actor=world.desk)) == 2
        assert alike_pairs(actor=world.bank) == []
        merge_companies(other, third, by=world.desk)
        assert alike_pairs(actor=world.desk) == []

    def test_a_telephone_of_a_whole_building_says_nothing(self, world: World) -> None:
        for number in range(9):
            firm(world, f"店子{number}", phone="04-7100-0002")
        assert alike_pairs(actor=world.desk) == []


def test_every_field_of_the_profile_can_be_chosen() -> None:
    kept = {"id", "corporate_number", "withdrawn_at", "changed_by_company_at", "entered_by", "entered_at", "merged_into", "name_key", "find_text", "municipality"}
    assert {f.attname for f in Company._meta.concrete_fields if f.name not in kept} | {"municipality_id"} == set(CHOICES)


def test_the_journal_is_never_changed(world: World) -> None:
    merge_companies(firm(world), firm(world, "まぼろし二"), by=world.desk)
    with pytest.raises(Exception, match="append-only|never"):
        MergeMove.objects.update(deed="ended")


