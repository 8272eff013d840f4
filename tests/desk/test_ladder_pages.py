"""Needs that may climb, and what was missing: lists, the one button, the sheet, and where a gap is asked for [C33, C37]."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.answers import decline
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.escalation import climb, end_rung
from renkei.cases.actions.gaps import Missing, record_gap
from renkei.cases.models import Case, Escalation, Gap, Need, RungEnd
from tests.cases.making import NOON, arrived, fresh, need_of, offered
from tests.meetings.making import meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C33", "C37")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def as_(world: World, body: str) -> Client:
    client = Client()
    client.force_login(world.people[body])
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


def url(name: str, body: str, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


def declined(world: World) -> Need:
    support = offered(world)
    decline(support, by=world.lab, reason="no_equipment")
    return fresh(support.need)


# Climbing


def test_the_front_desk_is_told_today_and_climbs_with_one_button(world: World) -> None:
    need, client = declined(world), as_(world, DESK)
    assert "会議に上げる候補の課題が1件あります。" in text(client.get(url("desk-today", DESK)))
    page = text(client.get(url("desk-climbs", DESK)))
    assert [word for word in ("雷サージの試験", "工業試験所", "設備がない", url("desk-climb", DESK, need=need.pk)) if word not in page] == []
    for _press in range(2):
        assert client.post(url("desk-climb", DESK, need=need.pk)).status_code == 302
    assert [(one.rung, one.end, one.is_proposed, one.reason) for one in Escalation.objects.filter(need=need)] == [
        (1, "higher", True, "頼んだ機関がどこも引き受けられなかった：工業試験所（設備がない）"), (2, "", True, "頼んだ機関がどこも引き受けられなかった：工業試験所（設備がない）"),
    ]  # fmt: skip
    assert "上げる候補はありません" in text(client.get(url("desk-climbs", DESK)))
    assert "会議に上げる候補の課題が" not in text(client.get(url("desk-today", DESK)))


def test_who_lets_a_need_climb_is_led_to_where_its_meeting_is_chosen(world: World) -> None:
    region = with_meetings(world)
    need, client = declined(region), as_(region, DESK)
    meeting(region, held_on=clock.today() + dt.timedelta(days=14))
    answer = client.post(url("desk-climb", DESK, need=need.pk), follow=True)
    assert answer.redirect_chain == [(url("desk-case-put-up", DESK, case=need.case_id, subject=need.pk), 302)]
    assert "会議の段に上げました。どの会議に諮るかを決めてください。" in text(answer)
    assert client.post(url("desk-climb", DESK, need=need.pk)).url == url("desk-climbs", DESK)  # refused: it has climbed
    assert Escalation.objects.filter(need=need, rung=2).count() == 1


def test_nobody_else_climbs_for_a_body(world: World) -> None:
    need = declined(world)
    for body in (LAB, BANK):
        assert "上げる候補はありません" in text(as_(world, body).get(url("desk-climbs", body)))
        assert as_(world, body).post(url("desk-climb", body, need=need.pk)).status_code in {403, 404}
    Case.objects.filter(pk=need.case_id).update(holder_id=CENTER, at_desk=False)
    shown = text(as_(world, DESK).get(url("desk-climbs", DESK)))
    assert ("雷サージの試験" in shown, url("desk-climb", DESK, need=need.pk) in shown) == (True, False)
    assert as_(world, DESK).post(url("desk-climb", DESK, need=need.pk)).status_code == 403
    assert Escalation.objects.count() == 0


def test_a_need_that_is_being_asked_about_is_refused_in_words(world: World) -> None:
    need = offered(world).need
    answer = as_(world, DESK).post(url("desk-climb", DESK, need=need.pk), follow=True)
    assert "まだ返事を待っているか、対応中の機関があります。" in text(answer)
    assert Escalation.objects.count() == 0


def test_a_body_reads_today_that_it_is_asked_without_a_name(world: World) -> None:
    need = write_public(declined(world), title="薄い板の反り", summary="細かく測りたい。", by=world.desk, seen=True)
    circulate(need, by=world.desk, place="", sure=True, asks_around=True)
    shown = {body: "薄い板の反り" in text(as_(world, body).get(url("desk-today", body))) for body in (LAB, BANK)}
    assert shown == {LAB: True, BANK: True}


# What was missing


def test_the_years_list_its_sheet_and_what_is_behind_a_line(world: World) -> None:
    need = declined(world)
    made = record_gap(need, Missing("equipment", "大きな恒温槽", "metal", "入る槽がない。", 12_000_000), by=world.desk)
    record_gap(need_of(arrived(world).case, world), Missing("equipment", "大きな恒温槽"), by=world.desk)
    page = text(as_(world, BANK).get(url("desk-gaps", BANK)))
    assert [word for word in ("大きな恒温槽", "金属", "産業課", "1,200万円", "<b>2</b>", url("desk-gap", BANK, gap=Gap.objects.first().pk)) if word not in page] == []  # type: ignore[union-attr]
    assert "狐火" not in page
    assert "この年度の記録は、まだありません" in text(as_(world, BANK).get(url("desk-gaps", BANK), {"year": "2025"}))
    sheet = openpyxl.load_workbook(io.BytesIO(as_(world, BANK).get(url("desk-gaps-xlsx", BANK)).content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[:4] for row in rows[-1:]] == [["設備・機器", "大きな恒温槽", 2, 2]]
    own, other = (text(as_(world, body).get(url("desk-gap", body, gap=made.pk))) for body in (DESK, BANK))
    number = need.case.number
    assert ((number in own, "見えません" in own), (number in other, "うち2件の案件は、あなたの機関からは見えません" in other)) == ((True, False), (False, True))


@pytest.mark.parametrize("year", ["", "x", "1999", "２０２５", "20255"])
def test_any_year_is_answered(world: World, year: str) -> None:
    for name in ("desk-gaps", "desk-gaps-xlsx"):
        assert as_(world, LAB).get(url(name, LAB), {"year": year}).status_code == 200


def test_a_need_outside_the_region_asks_what_was_missing_until_it_is_said(world: World) -> None:
    need = declined(world)
    below = climb(need, by=world.desk, reason="断られた")
    end_rung(Escalation.objects.open().get(need=need), by=world.desk, end=RungEnd.HIGHER, words="県外に求める")
    client, page = as_(world, DESK), url("desk-case", DESK, case=need.case_id)
    asked = "この地域に何が足りなかったのかを、まだ記録していません。"
    assert asked in text(client.get(page))
    form = url("desk-case-gap", DESK, case=need.case_id, subject=need.pk)
    assert client.post(form, {"kind": "skill", "what": "測り方"}).status_code == 302
    assert (asked in text(client.get(page)), Gap.objects.count(), below.rung) == (False, 1, 2)


@pytest.mark.parametrize(("reason", "asks"), [("not_possible", True), ("solved", False)])
def test_an_end_that_could_not_be_done_leads_to_the_question(world: World, reason: str, asks: bool) -> None:
    need = declined(world)
    page = url("desk-case-close", DESK, case=need.case_id)
    answer = as_(world, DESK).post(page, {"reason": reason, "words": "できなかった。", "result": "no", "needs": "dropped"})
    form = url("desk-case-gap", DESK, case=need.case_id, subject=need.pk)
    assert (answer.status_code, answer["Location"] == form) == (302, asks)
    assert as_(world, DESK).get(form).status_code == 200


@pytest.mark.parametrize(("state", "asks"), [("dropped", True), ("settled", False)])
def test_a_hard_need_given_up_leads_to_the_question(world: World, state: str, asks: bool) -> None:
    need = declined(world)
    answer = as_(world, DESK).post(url("desk-case-need-settle", DESK, case=need.case_id, subject=need.pk), {"state": state})
    form = url("desk-case-gap", DESK, case=need.case_id, subject=need.pk)
    assert (answer.status_code, answer["Location"] == form) == (302, asks)


def test_a_need_nobody_declined_is_given_up_without_a_question(world: World) -> None:
    need = need_of(arrived(world).case, world)
    answer = as_(world, DESK).post(url("desk-case-need-settle", DESK, case=need.case_id, subject=need.pk), {"state": "dropped"})
    assert answer["Location"] == url("desk-case", DESK, case=need.case_id)


def test_a_gap_that_names_the_firm_is_sent_back(world: World) -> None:
    need = declined(world)
    form = url("desk-case-gap", DESK, case=need.case_id, subject=need.pk)
    answer = as_(world, DESK).post(form, {"kind": "skill", "what": "狐火エレクトロの測り方", "sure": "on"})
    assert ("会社の名前が入っています。" in text(answer), Gap.objects.count()) == (True, 0)
