"""Each filter of the list, what it leaves in and out, and the counts beside the list."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.cases.models import Case
from renkei.cases.queries.finding import Facets, Wanted, cases_wanted, facets, read_query, wanted_query
from renkei.companies.models import Company
from renkei.plan.models import Municipality
from tests.desk.scene import arrived, running
from tests.world import BANK, CENTER, DESK, LAB, World


def three(world: World) -> dict[str, Case]:
    """``lab``: held by the lab, tests and sales; ``late``: with the desk, 40 days old, overdue; ``new``: with the desk."""
    scene = running(world)
    late, new = arrived(world, "有限会社浦島製網").case, arrived(world, "竜宮金属株式会社").case
    moment = clock.at(clock.today() - dt.timedelta(days=40), 12)
    Case.objects.filter(pk=late.pk).update(arrived_at=moment, next_on=clock.today() - dt.timedelta(days=1), idle_told_at=moment,
                                           tech_fields=["metal"], support_field="A", holder_person=None, next_person=None)
    Case.objects.filter(pk=new.pk).update(holder_person_id=world.people[DESK].pk)
    Municipality.objects.create(code="999024", name="みなみ市", kana="みなみし", areas=["south"])
    Company.objects.filter(cases=late).update(municipality="999024")
    return {"lab": scene.case, "late": late, "new": new}


def found(made: dict[str, Case], world: World, body: str = DESK, **wanted: str) -> set[str]:
    names = {case.pk: name for name, case in made.items()}
    rows = list(cases_wanted(Wanted(**wanted), world.actor(body)))
    assert len(rows) == len({row.pk for row in rows})
    return {names[row.pk] for row in rows}


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({}, {"lab", "late", "new"}), ({"state": "open"}, {"lab", "late", "new"}), ({"state": "active"}, {"lab"}),
        ({"state": "closed"}, set()), ({"state": "nonsense"}, {"lab", "late", "new"}), ({"by": LAB}, {"lab"}),
        ({"asked": CENTER}, {"lab"}), ({"asked": BANK}, set()), ({"stage": "3"}, {"lab"}), ({"stage": "2"}, set()),
        ({"field": "A"}, {"late"}), ({"tech": "metal"}, {"late"}), ({"tech": "electronics"}, set()), ({"area": "south"}, {"late"}),
        ({"area": "north"}, {"lab", "new"}), ({"age": "30"}, {"lab", "new"}), ({"age": "60"}, {"late"}), ({"age": "61"}, set()),
        ({"late": "on"}, {"late"}), ({"idle": "on"}, {"late"}), ({"who": "mine"}, {"new"}), ({"who": "queue"}, {"late"}),
        ({"who": "no-id"}, {"lab", "late", "new"}), ({"q": "浦島"}, {"late"}), ({"q": "浦"}, {"lab", "late", "new"}),
        ({"company": "no-id"}, {"lab", "late", "new"}), ({"by": DESK, "age": "30"}, {"new"}),
    ],
)  # fmt: skip
def test_each_filter(world: World, wanted: dict[str, str], left: set[str]) -> None:
    made = three(world)
    assert found(made, world, **wanted) == left


def test_a_firm_and_a_person_are_found_by_their_ids(world: World) -> None:
    made = three(world)
    assert found(made, world, company=str(made["late"].company_id)) == {"late"}
    person = Person.objects.create_user("second@people.example", "hibari-secret-1", name="二番 花子")
    Membership.objects.create(person=person, body_id=DESK, role="staff", since=clock.today())
    Case.objects.filter(pk=made["late"].pk).update(next_person=person)
    assert found(made, world, who=str(person.pk)) == {"late"}


def test_a_filter_never_shows_more_than_the_body_may_see(world: World) -> None:
    made = three(world)
    assert found(made, world, LAB) == {"lab"}
    assert found(made, world, LAB, by=DESK) == set()
    assert found(made, world, BANK, state="all") == set()


def test_orders(world: World) -> None:
    made = three(world)
    by = {order: [row.pk for row in cases_wanted(Wanted(order=order), world.desk)] for order in ("due", "old", "new", "odd")}
    assert by["due"][0] == by["old"][0] == by["new"][-1] == by["odd"][0] == made["late"].pk


def test_query_strings_are_read_and_written_the_same_way() -> None:
    text = "page=3&q=%E6%B5%A6%E5%B3%B6&late=on&by=hibari-desk&nothing=1&stage="
    given = read_query(text)
    assert given == {"q": "浦島", "late": "on", "by": "hibari-desk"}
    assert Wanted(**given).query == wanted_query(given) == "q=%E6%B5%A6%E5%B3%B6&by=hibari-desk&late=on"
    assert read_query(Wanted(**given).query) == given
    assert wanted_query({}) == ""


def test_counts_say_what_a_click_would_list(world: World) -> None:
    made = three(world)
    counted = facets(cases_wanted(Wanted(), world.desk), world.desk)
    assert counted == Facets({LAB: 1, DESK: 2}, {"3": 1, "4": 1},
                             {"age=30": 2, "age=60": 1, "late=on": 1, "idle=on": 1, "who=mine": 1, "who=queue": 1})
    for pair, count in counted.others.items():
        name, value = pair.split("=")
        assert len(found(made, world, **{name: value})) == count
    for body, count in counted.bodies.items():
        assert len(found(made, world, by=body)) == count


def test_counts_take_the_same_queries_however_many_cases(world: World, django_assert_num_queries: Any) -> None:
    three(world)
    facets(cases_wanted(Wanted(), world.desk), world.desk)
    for _more in range(2):
        with django_assert_num_queries(4):  # two over the cases; who the front desk is, outside a request, takes the others
            facets(cases_wanted(Wanted(), world.desk), world.desk)
        arrived(world)
