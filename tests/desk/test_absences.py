"""The calendar of absences, and that being away and what is carried stands wherever people are chosen."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from renkei.accounts.actions.absences import enter_absence
from renkei.accounts.models import Absence
from renkei.base import clock
from tests.cases.making import NOON, offered
from tests.cases.moving import acts, held, join
from tests.desk.test_moves import client_of, text_of
from tests.world import DESK, LAB, World

TODAY = NOON.date()
URL = f"/d/{DESK}/absences/"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def words(person: Any, **more: Any) -> dict[str, Any]:
    return {"person": str(person), "since": "12月1日", "until": "12月4日", "substitute": "", "note": "", **more}


def test_an_absence_is_entered_and_called_off(world: World) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    client = client_of(sato)
    assert "不在の予定はありません" in text_of(client.get(URL))
    answer = client.post(URL, words(sato.person_id, substitute=str(ito.person_id), note="通院"))
    assert answer.status_code == 302
    made = Absence.objects.get()
    assert (made.since, made.until, made.substitute_id) == (dt.date(2026, 12, 1), dt.date(2026, 12, 4), ito.person_id)
    page = text_of(client.get(URL))
    assert "通院" in page
    assert f"end:{made.pk}" in page
    theirs = text_of(client_of(ito).get(URL))
    assert "sato 一" in theirs
    assert "通院" not in theirs
    assert "end:" not in theirs
    client.post(URL, {"do": f"end:{made.pk}"})
    assert "不在の予定はありません" in text_of(client.get(URL))
    assert "もうありません" in text_of(client.post(URL, {"do": f"end:{made.pk}"}, follow=True))


def test_what_is_wrong_stands_beside_its_field_and_stays(world: World) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    client = client_of(sato)
    page = text_of(client.post(URL, words(sato.person_id, since="12月4日", until="12月1日", note="覚え")))
    assert 'id="id_until_error"' in page
    assert 'value="覚え"' in page
    own = text_of(client.post(URL, words(sato.person_id, substitute=str(sato.person_id))))
    assert 'id="id_substitute_error"' in own
    other = client.post(URL, words(ito.person_id))
    assert (other.status_code, Absence.objects.count()) == (200, 0)  # another's absence is an administrator's act


def test_an_administrator_enters_one_for_somebody_else(world: World) -> None:
    sato = join(DESK, "sato")
    client = Client()
    client.force_login(world.people[DESK])
    assert client.post(URL, words(sato.person_id)).status_code == 302
    assert Absence.objects.get().person_id == sato.person_id


@pytest.mark.covers("C42")
def test_load_speciality_and_absence_stand_where_people_are_chosen(world: World) -> None:
    sato, ito = join(DESK, "sato", specialities=("電源装置", "販路")), join(DESK, "ito")
    case = held(world, ito, each=2)[0]
    enter_absence(ito, since=TODAY, until=TODAY, substitute=sato.person_id, by=acts(ito))
    client = client_of(sato)
    page = text_of(client.get(f"/d/{DESK}/case/{case.pk}/take/"))
    assert "◎電源装置" in page
    assert "案件2" in page
    assert "不在（" in page
    assert page.index("sato 一") < page.index("ito 一")
    shown = text_of(client.get(f"/d/{DESK}/case/{case.pk}/"))
    assert "代わり sato" in shown
    lab = Client()
    lab.force_login(world.people[LAB])
    support = offered(world)
    assert "手持ちなし" in text_of(lab.get(f"/d/{LAB}/requests/{support.pk}/"))
