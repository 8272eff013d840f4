"""What lies in the queue of a body until somebody takes it: seen, narrowed to, taken once; and lists narrowed together."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from renkei.accounts.actions.absences import enter_absence
from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept
from renkei.cases.actions.holding import take_case
from renkei.cases.actions.saved import ViewWords, save_view
from renkei.cases.actions.triage import add_need
from renkei.cases.models import Case, Export, Support
from renkei.cases.queries.finding import Wanted, cases_wanted
from renkei.companies.models import Company
from renkei.desk.answers.page import MINE, QUEUE, inbox_of
from tests.cases.making import events, fresh, refuses
from tests.cases.moving import acts, join
from tests.cases.test_exports import rows_of
from tests.desk.pages import address, client, said, seen
from tests.desk.scene import arrived, asked
from tests.world import DESK, LAB, World

WAITING = "引き受けて担当になる"


def of(who: Membership) -> Client:
    one = Client()
    one.force_login(who.person)
    return one


@pytest.fixture
def case(world: World) -> Case:
    """A case of the desk's queue."""
    Case.objects.filter(pk=(found := arrived(world).case).pk).update(holder_person=None, next_person=None)
    return fresh(found)  # type: ignore[no-any-return]


@pytest.mark.covers("C32")
def test_the_first_takes_it_and_the_second_is_told_who(world: World, case: Case) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    page = said(of(sato).get(address("desk-case", case=case.pk)))
    assert (WAITING in page, "担当はまだ決まっていません" in page) == (True, True)
    take = address("desk-case-take", case=case.pk)
    assert of(sato).post(take, {"person": str(sato.person_id), "was": ""}).status_code == 302
    late = said(of(ito).post(take, {"person": str(ito.person_id), "was": ""}))
    assert "先にsato 一さんが担当になりました。" in late
    assert fresh(case).holder_person_id == sato.person_id
    page = said(of(ito).get(address("desk-case", case=case.pk)))
    assert (WAITING in page, "sato 一" in page) == (False, True)
    was = re.search(r'name="was" value="([^"]*)"', late)
    assert was is not None
    assert of(ito).post(take, {"person": str(ito.person_id), "was": was[1]}).status_code == 302  # knowing it, the second may
    assert (fresh(case).holder_person_id, events("case.take")) == (ito.person_id, 2)


def test_taking_twice_is_once_and_a_page_without_the_mark_still_works(world: World, case: Case) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    for _turn in range(2):  # a double click
        take_case(case, by=acts(sato), person=sato.person_id, was="")
    assert events("case.take") == 1
    with refuses("taken_meanwhile", "person"):
        take_case(case, by=acts(ito), person=ito.person_id, was="")
    assert take_case(case, by=acts(ito), person=ito.person_id).holder_person_id == ito.person_id
    assert take_case(case, by=acts(sato), person=sato.person_id, was=str(ito.person_id)).holder_person_id == sato.person_id


def test_two_at_once_under_the_real_login(committed_world: World, login: Any) -> None:
    world = committed_world
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(holder_person=None, next_person=None)
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    take = address("desk-case-take", case=case.pk)
    with login("web"):
        assert of(sato).post(take, {"person": str(sato.person_id), "was": ""}).status_code == 302
        assert "先にsato 一さんが担当になりました。" in said(of(ito).post(take, {"person": str(ito.person_id), "was": ""}))
    assert fresh(case).holder_person_id == sato.person_id


def numbers(page: str) -> set[str]:
    return set(re.findall(r"/requests/([0-9a-f-]{36})/", page))


def test_requests_are_narrowed_to_the_own_and_to_the_queue(world: World) -> None:
    in_queue, mine, others = (asked(world).supports[0] for _turn in range(3))
    sato, ito = join(LAB, "sato"), join(LAB, "ito")
    Support.objects.filter(pk=mine.pk).update(person=sato.person)
    Support.objects.filter(pk=others.pk).update(person=ito.person)
    where = address("desk-requests", LAB)
    page = said(of(sato).get(where))
    assert numbers(page) == {str(one.pk) for one in (in_queue, mine, others)}
    assert (page.count("<b>未担当</b>"), "担当 ito" in page) == (1, True)
    assert numbers(said(of(sato).get(f"{where}?who={QUEUE}"))) == {str(in_queue.pk)}
    assert numbers(said(of(sato).get(f"{where}?who={MINE}"))) == {str(mine.pk)}
    assert numbers(said(of(sato).get(f"{where}?who=nobody"))) == {str(one.pk) for one in (in_queue, mine, others)}
    today = clock.today()
    enter_absence(ito, since=today, until=today, substitute=sato.person_id, by=acts(ito))
    assert {one.support.pk for one in inbox_of(acts(sato), who=MINE).waiting} == {mine.pk, others.pk}


def test_who_answers_a_request_is_responsible_and_the_second_is_told(world: World) -> None:
    support = asked(world).supports[0]
    sato, ito = join(LAB, "sato"), join(LAB, "ito")
    where = address("desk-request", LAB, support=support.pk)
    assert of(sato).post(where, {"answer": "accept", "person": str(sato.person_id)}).status_code == 302
    late = of(ito).post(where, {"answer": "accept", "person": str(ito.person_id)}, follow=True)
    assert fresh(support).person_id == sato.person_id
    assert "sato" in said(late)
    with pytest.raises(Refused, match="先にsato 一さんが引き受けました。"):
        accept(fresh(support), by=acts(ito))


@pytest.mark.parametrize("name", ["stage", "field", "by", "area", "tech", "age", "who"])
def test_every_filter_narrows_by_itself_and_all_of_them_together(world: World, name: str) -> None:
    """One case fits everything; a twin differs in this one thing."""
    fit, twin = arrived(world).case, arrived(world, "有限会社浦島製網").case
    sato = join(DESK, "sato")
    Case.objects.filter(pk__in=[fit.pk, twin.pk]).update(support_field="A", tech_fields=["metal"], holder_person=sato.person)
    for one in (fit, twin):
        add_need(fresh(one), title="試験", stage="3", by=world.desk)
    everything = {"stage": "3", "field": "A", "by": DESK, "area": "north", "tech": "metal", "age": "30", "who": str(sato.person_id)}
    change: dict[str, Any] = {
        "field": {"support_field": "B"}, "by": {"holder": LAB}, "tech": {"tech_fields": ["electronics"]},
        "age": {"arrived_at": clock.now() - dt.timedelta(days=45)}, "who": {"holder_person": None, "next_person": None},
    }  # fmt: skip
    if name == "stage":
        twin.needs.update(stage_id="4")
    elif name == "area":
        Company.objects.filter(pk=twin.company_id).update(municipality=None)
    else:
        Case.objects.filter(pk=twin.pk).update(**change[name])
    assert {one.pk for one in cases_wanted(Wanted(**{name: everything[name]}), world.desk)} == {fit.pk}
    assert {one.pk for one in cases_wanted(Wanted(**everything), world.desk)} == {fit.pk}
    view = save_view(Wanted(**everything).query, ViewWords("ぜんぶ"), by=world.desk)
    page = seen(world, "desk-cases", given=dict(pair.split("=") for pair in view.query.split("&")))
    assert (fit.number in page, twin.number in page, view.query == Wanted(**everything).query) == (True, False, True)


def test_the_queue_of_cases_is_a_filter_too(world: World, case: Case) -> None:
    taken = arrived(world, "有限会社浦島製網").case
    Case.objects.filter(pk=taken.pk).update(holder_person=world.people[DESK])
    page = seen(world, "desk-cases", given={"who": "queue"})
    assert (case.number in page, taken.number in page) == (True, False)


def test_chosen_rows_alone_are_written_out_and_stand_on_record(world: World) -> None:
    chosen, left = arrived(world).case, arrived(world, "有限会社浦島製網").case
    where, desk = address("desk-export", what="chosen"), client(world)
    assert where in seen(world, "desk-cases", given={"state": "open"})
    ask = said(desk.post(where, {"case": [str(chosen.pk)], "row": [str(chosen.pk), str(left.pk)]}))
    assert ("1行をエクセルの表にします。" in ask, chosen.number in ask, left.number in ask, Export.objects.count()) == (True, True, False, 0)
    answer = desk.post(where, {"case": [str(chosen.pk)], "stage": "do"})
    rows = rows_of(answer.content)
    assert (len(rows), chosen.number in str(rows), left.number in str(rows)) == (2, True, False)
    made = Export.objects.get()
    assert (made.what, made.query, made.count, events("list.export")) == ("chosen", chosen.number, 1, 1)
    assert "選んだ案件" in seen(world, "desk-exports")
    every = said(desk.post(where, {"every": "on", "row": [str(chosen.pk), str(left.pk)]}))
    assert "2行をエクセルの表にします。" in every
    assert "書き出す行がありません" in said(desk.post(where, {"stage": "do"}))
    assert "書き出す行がありません" in said(client(world, LAB).post(address("desk-export", LAB, what="chosen"), {"case": [str(chosen.pk)], "stage": "do"}))
    assert Export.objects.count() == 1
