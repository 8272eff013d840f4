"""What is looked up afterwards, at its edges: many letters, made-up pages and states, other bodies, who read and how often."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.cases.models import Letter
from renkei.cases.models.letters import LetterState
from tests.cases.lettering import letter
from tests.cases.making import fresh
from tests.desk.pages import HOSTILE, address, client, said
from tests.desk.scene import Scene, running
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture
def scene(world: World) -> Scene:
    return running(world)


def listed(world: World, body: str = DESK, **given: Any) -> list[str]:
    answer = client(world, body).get(address("desk-letter-register", body), given)
    assert answer.status_code == 200
    return [one.title for one, _kind, _names in answer.context["rows"]]


def many(world: World, scene: Scene, count: int) -> None:
    first = letter(world, scene.case, 件名="第0")
    fields = {one.attname: getattr(first, one.attname) for one in Letter._meta.concrete_fields if one.attname != "id"}
    Letter.objects.bulk_create([Letter(**fields | {"title": f"第{n}"}) for n in range(1, count)])


def test_fifty_a_page_and_the_rest_on_the_next(world: World, scene: Scene) -> None:
    many(world, scene, 53)
    pages = [listed(world, page=page) for page in ("1", "2")]
    assert [len(page) for page in pages] == [50, 3]
    assert {title for page in pages for title in page} == {f"第{n}" for n in range(53)}


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 3000, "\x00", "1e9", "２"])
def test_a_made_up_page_is_some_page(world: World, scene: Scene, page: str) -> None:
    letter(world, scene.case, 件名="一通だけ")
    assert listed(world, page=page) == ["一通だけ"]


@pytest.mark.parametrize("state", ["", "nonsense", HOSTILE, "\x00", "DRAFT"])
def test_a_made_up_state_narrows_nothing_and_stays_words(world: World, scene: Scene, state: str) -> None:
    letter(world, scene.case, 件名="一通だけ")
    answer = client(world).get(address("desk-letter-register"), {"state": state})
    assert [one.title for one, *_rest in answer.context["rows"]] == ["一通だけ"]
    assert "<script>alert" not in said(answer)


def test_each_state_lists_its_own(world: World, scene: Scene) -> None:
    letter(world, scene.case, 件名="案")
    assert {state: listed(world, state=state) for state in LetterState.values} == {state: ["案"] if state == "draft" else [] for state in LetterState.values}


def test_another_bodys_letters_are_not_in_the_register(world: World, scene: Scene) -> None:
    letter(world, scene.case, 件名="窓口の文書")
    letter(world, scene.case, by=world.lab, 件名="試験所の文書")
    assert {body: listed(world, body) for body in (DESK, LAB, CENTER, BANK)} == {
        DESK: ["窓口の文書"], LAB: ["試験所の文書"], CENTER: [], BANK: []}


def test_hostile_titles_stay_words(world: World, scene: Scene) -> None:
    letter(world, scene.case, 件名=HOSTILE)
    assert "<script>alert" not in said(client(world).get(address("desk-letter-register")))


def test_the_register_asks_as_often_for_fifty_as_for_one(world: World, scene: Scene) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            listed(world)
        return len(asked)

    letter(world, scene.case, 件名="一通")
    queries()
    one = queries()
    many(world, scene, 40)
    assert queries() == one


def test_readings_are_for_who_runs_the_case(world: World, scene: Scene) -> None:
    status = {body: client(world, body).get(address("desk-case-readings", body, case=scene.case.pk)).status_code for body in (DESK, LAB, CENTER, BANK)}
    assert (status[DESK], status[LAB], status[BANK]) == (200, 200, 404)
    assert status[CENTER] in {403, 404}  # it was asked and declined
    assert client(world).post(address("desk-case-readings", case=scene.case.pk)).status_code == 405


def test_looking_at_who_read_is_no_reading(world: World, scene: Scene) -> None:
    where = address("desk-case-readings", case=scene.case.pk)
    client(world).get(where)
    assert client(world).get(where).context["rows"] == []
    client(world).get(address("desk-case", case=scene.case.pk))
    assert [(one.person, classes) for one, classes in client(world).get(where).context["rows"]] != []
    assert {one.person for one, _classes in client(world).get(where).context["rows"]} == {fresh(world.people[DESK]).name}
