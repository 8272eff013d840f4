"""Wherever a body or a person is chosen, what they carry and whether anybody is there stands beside the name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.actions.absences import enter_absence
from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.era import screen_date
from renkei.cases.jobs import push_loads
from renkei.cases.queries.colleagues import Manned, manned
from renkei.desk.colleagues import body_choices, manned_words
from renkei.matching.models import Load
from renkei.plan.models import Body
from tests.cases.moving import acts, held, join
from tests.desk.pages import address, client, said, seen
from tests.desk.scene import arrived, running
from tests.world import BANK, CENTER, DESK, LAB, World

DAY = dt.timedelta(days=1)


def away(who: Membership, days: int = 0, instead: Membership | None = None) -> None:
    today = clock.today()
    enter_absence(who, since=today, until=today + days * DAY, substitute=instead.person_id if instead else None, by=acts(who))


def boss(world: World, body: str) -> Membership:
    return Membership.objects.get(person=world.people[body])


def test_a_body_is_counted_without_a_look_into_its_cases(world: World) -> None:
    running(world)
    push_loads()
    Load.objects.create(body_id=LAB, service_id="tech-consultation", open_count=3)
    join(LAB, "sato")
    gone = join(LAB, "ito", until=clock.today() - DAY)
    away(boss(world, LAB), 2)
    there = manned()
    assert there[LAB] == Manned(4, {"equipment-tests": 1, "tech-consultation": 3}, 2, 1, clock.today() + 3 * DAY)
    assert there[BANK] == Manned(people=1)
    assert (set(there), gone.body_id in there) == ({DESK, LAB, CENTER, BANK}, True)
    assert (there[LAB].is_empty, Manned().is_empty) == (False, False)


@pytest.mark.parametrize(
    ("one", "service", "words"),
    [
        (None, "", ""), (Manned(), "", "動いている支援なし"), (Manned(5, {"x": 5}, 3), "y", "動いている支援5件"),
        (Manned(5, {"x": 4}, 3), "x", "動いている支援5件（うちこれ4件）"), (Manned(0, {}, 8, 2, None), "", "動いている支援なし、8人のうち2人が不在"),
    ],
)  # fmt: skip
def test_its_words(one: Manned | None, service: str, words: str) -> None:
    assert manned_words(one, service) == words


def test_a_body_with_nobody_there_says_until_when(world: World) -> None:
    away(boss(world, LAB))
    today = screen_date(clock.today(), clock.today())
    assert manned_words(manned()[LAB]) == f"動いている支援なし、{today}まで全員が不在"
    labels = dict(body_choices(Body.objects.filter(pk__in=[LAB, BANK])))
    assert labels == {LAB: f"② ひばり県工業試験所（動いている支援なし、{today}まで全員が不在）", BANK: "④ ひばり銀行（動いている支援なし）"}


@pytest.mark.usefixtures("given_proposal")
def test_triage_shows_it_with_every_line_that_can_be_asked(world: World) -> None:
    case = arrived(world).case
    Load.objects.create(body_id=LAB, service_id="equipment-tests", open_count=7)
    join(LAB, "sato")
    away(boss(world, LAB))
    text = seen(world, "desk-triage", case=case.pk)
    assert "動いている支援7件（うちこれ7件）、2人のうち1人が不在" in text
    assert "動いている支援なし" in text


def test_handing_a_case_over_and_giving_one_away_show_it_too(world: World) -> None:
    scene = running(world)
    Load.objects.create(body_id=BANK, service_id="loan", open_count=12)
    case = scene.case.pk
    shown = said(scene.client(LAB).get(address("desk-case-handover", LAB, case=case)))
    assert "④ ひばり銀行（動いている支援12件）" in shown
    leaver = join(DESK, "sato")
    held(world, leaver)
    client(world).post(address("desk-move-new"), {"person": str(leaver.person_id), "on": "令和19年3月31日", "reason": "leaves"})
    from renkei.cases.models import Move

    assert "④ ひばり銀行（動いている支援12件）" in seen(world, "desk-move", move=Move.objects.get().pk)


def test_people_chosen_for_many_cases_show_load_speciality_and_absence(world: World) -> None:
    sato, ito = join(DESK, "sato", specialities=("めっき",)), join(DESK, "ito")
    cases = held(world, ito, each=2)
    away(sato, 0, ito)
    answer: Any = client(world).post(address("desk-bulk"), {"deed": "assign", "case": [str(one.pk) for one in cases]})
    text = said(answer)
    assert "ito 一（案件2" in text
    today = screen_date(clock.today(), clock.today())
    assert f"sato 一（不在（{today}まで、代わり ito）、手持ちなし、めっき）" in text
