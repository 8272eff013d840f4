"""What somebody looks up afterwards: who read a case, and the letters of a body with those who decided them."""

from __future__ import annotations

import re
from dataclasses import replace
from unittest.mock import patch

import pytest

from renkei.base import clock
from renkei.cases.models import LetterStep
from renkei.cases.queries.readers import Reading
from renkei.plan.models import Body
from tests.cases.lettering import colleague, letter, letters_plan
from tests.cases.making import fresh
from tests.desk.pages import address, client, part, said, seen
from tests.desk.scene import Scene, running
from tests.desk.test_letters import at, of
from tests.world import BANK, DESK, LAB, World


@pytest.fixture
def scene(world: World) -> Scene:
    return running(world)


def rows(text: str) -> list[list[str]]:
    """The cells of the table of a page, as read."""
    body = part(text, "<tbody>", "</tbody>") if "<tbody>" in text else ""
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]  # fmt: skip


def test_who_read_a_case_is_listed_for_those_who_run_it(world: World, scene: Scene) -> None:
    where = address("desk-case-readings", LAB, case=scene.case.pk)
    assert "まだだれも読んでいません" in said(client(world, LAB).get(where))
    client(world, LAB).get(address("desk-case", LAB, case=scene.case.pk))
    client(world).get(address("desk-case", DESK, case=scene.case.pk))
    listed = rows(said(client(world, LAB).get(where)))
    assert {row[1] for row in listed} == set(Body.objects.filter(pk__in=[LAB, DESK]).values_list("name", flat=True))
    assert {row[2] for row in listed} == {world.people[LAB].name, world.people[DESK].name}
    assert all(row[0] and row[3] for row in listed)
    assert f'href="{where}"' in said(client(world, LAB).get(address("desk-case", LAB, case=scene.case.pk)))


def test_what_was_shown_is_said_and_an_older_reading_says_what_could_be_read(world: World, scene: Scene) -> None:
    where = address("desk-case-readings", LAB, case=scene.case.pk)
    client(world).get(address("desk-case", DESK, case=scene.case.pk))
    page = said(client(world, LAB).get(where))
    assert ("見せたもの" in page, "そのとき読めた区分" in page) == (True, False)
    shown = [row[3] for row in rows(page)]
    read = Reading(clock.now(), "ひばり大学", "研究 花子", ["summary"])
    with patch("renkei.desk.records.views.readings", return_value=[read, replace(read, was_recorded=True)]):
        older, recorded = (row[3] for row in rows(said(client(world, LAB).get(where))))
    assert (older, recorded) == ("要約 （そのとき見られたもの）", "要約")
    assert shown
    assert all("記録がない" not in one for one in shown)


def test_who_does_not_run_the_case_is_not_told(world: World, scene: Scene) -> None:
    assert client(world, BANK).get(address("desk-case-readings", BANK, case=scene.case.pk)).status_code == 404


def test_a_body_without_letters_says_how_to_begin(world: World, scene: Scene) -> None:
    assert "文書はまだありません" in seen(world, "desk-letter-register")


def test_the_letters_of_a_body_show_number_and_who_decided(world: World, scene: Scene) -> None:
    letters_plan({"code": "reply", "steps": [""]})
    chief = colleague("長谷 章")
    one, other = letter(world, scene.case, 件名="試験の回答"), letter(world, scene.case, 件名="途中の案")
    desk = client(world)
    assert desk.post(at("desk-letter-ask", one), {"approver0": str(chief.person)}).status_code == 302
    step = LetterStep.objects.get(letter=one)
    assert of(chief).post(at("desk-letter-step", one, turn=step.pk), {"deed": "approve"}).status_code == 302
    listed = {row[1].split(" ")[0]: row for row in rows(seen(world, "desk-letter-register"))}
    assert set(listed) == {"試験の回答", "途中の案"}
    assert fresh(one).number
    assert listed["試験の回答"][0].startswith(fresh(one).number)
    assert listed["試験の回答"][4].startswith("長谷 章")
    assert (listed["途中の案"][0], listed["途中の案"][4]) == ("決裁のときに付きます", "―")
    assert listed["試験の回答"][2].startswith(scene.case.number)
    assert [row[1].split(" ")[0] for row in rows(seen(world, "desk-letter-register", given={"state": "decided"}))] == ["試験の回答"]
    assert [row[1].split(" ")[0] for row in rows(seen(world, "desk-letter-register", given={"state": "draft"}))] == ["途中の案"]
    assert len(rows(seen(world, "desk-letter-register", given={"state": "nonsense"}))) == 2
    assert rows(seen(world, "desk-letter-register", LAB)) == []
    assert other.pk != one.pk
