"""Who knows somebody? The call, the answers of bodies, and one click on whom they named [C94]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.answers import decline
from renkei.cases.actions.candidates import Named, name_somebody
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.disclosable import write_public
from renkei.cases.models import Asked, Candidate, Circulation, Inquiry, Match, Need
from renkei.research.models import Bridge
from tests.cases.making import NOON, fresh, offered
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C94")


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


def hard_need(world: World) -> Need:
    """The lab declined, and the firm has confirmed words without its name."""
    support = offered(world)
    decline(support, by=world.lab, reason="no_equipment")
    return write_public(fresh(support.need), title="薄い板の反り", summary="細かく測りたい。", by=world.desk, seen=True)


def called(world: World, *named: Named) -> Circulation:
    sent = circulate(hard_need(world), by=world.desk, place="", sure=True, asks_around=True)
    if named:
        name_somebody(Asked.objects.get(body_id=LAB), list(named), by=world.lab)
    return sent


def sheet_of(need: Need) -> str:
    return reverse("desk-case-match", kwargs={"body": DESK, "case": need.case_id, "need": need.pk})


def test_where_everybody_declined_the_call_is_what_is_offered(world: World) -> None:
    need = hard_need(world)
    client = as_(world, DESK)
    case_page = text(client.get(reverse("desk-case", kwargs={"body": DESK, "case": need.case_id})))
    assert "すべての機関に心当たりを尋ねる・返事を見る" in case_page
    page = reverse("desk-case-need-circulate", kwargs={"body": DESK, "case": need.case_id, "subject": need.pk})
    assert 'value="who"' in text(client.get(page)).split("checked")[0].rsplit("<input", 1)[1]
    assert client.post(page, {"place": "", "about": "who", "to": "all", "due_on": "12月4日", "sure": "on"}).status_code == 302
    assert list(Inquiry.objects.values_list("asks_around", flat=True)) == [True]


def test_a_body_reads_it_and_names_somebody(world: World) -> None:
    sent = called(world)
    client = as_(world, BANK)
    own = Asked.objects.get(body_id=BANK)
    page = reverse("desk-inquiry", kwargs={"body": BANK, "inquiry": own.pk})
    assert page in text(client.get(reverse("desk-requests", kwargs={"body": BANK})))
    shown = text(client.get(page))
    assert ("すべての機関への尋ねです。" in shown, "関心なし" in shown, "狐火" in shown, "心当たりなし" in shown) == (True, False, False, True)
    without = client.post(page, {"answer": "knows", "name1": "空木 教授"})
    assert ("心当たりの人か所を、1つは書いてください。" in text(without), "空木 教授" in text(without)) == (True, True)
    given = {"answer": "knows", "organisation1": "架空大学", "name1": "空木 教授", "organisation3": "ひばり産業センター"}
    assert client.post(page, given).status_code == 302
    assert set(Candidate.objects.values_list("organisation", "name", "to_body_id")) == {("架空大学", "空木 教授", None), ("ひばり産業センター", "", CENTER)}
    again = text(client.get(page))
    assert ("架空大学" in again, 'name="answer"' in again) == (True, False)
    assert sent.ended_at is None


def test_a_body_that_knows_nobody_needs_no_reason(world: World) -> None:
    called(world)
    page = reverse("desk-inquiry", kwargs={"body": BANK, "inquiry": Asked.objects.get(body_id=BANK).pk})
    client = as_(world, BANK)
    assert client.post(page, {"answer": "no"}).status_code == 200  # no answer of a call
    assert client.post(page, {"answer": "nobody"}).status_code == 302
    assert Asked.objects.get(body_id=BANK).answer == "nobody"


def test_answers_stand_beside_each_other_and_who_is_silent_is_named(world: World) -> None:
    sent = called(world, Named("架空大学", "空木 教授", "u@kakuu.example"))
    page = text(as_(world, DESK).get(sheet_of(sent.need)))
    assert [word for word in ("架空大学", "空木 教授", "u@kakuu.example", "まだ返事のない機関：センター、ひばり銀", "橋渡しを始める") if word not in page] == []
    assert ("支援を頼む候補にする" in page, "地域の外に頼む" in page) == (False, False)  # of no body; not on the third rung


@pytest.mark.parametrize(("named", "use"), [(Named("センター"), "support"), (Named("架空大学", "空木 教授"), "bridge")])
def test_one_click_makes_something_of_it_and_a_second_harms_nothing(world: World, named: Named, use: str) -> None:
    sent = called(world, named)
    one, client = Candidate.objects.get(), as_(world, DESK)
    page = reverse("desk-candidate", kwargs={"body": DESK, "case": sent.case_id, "candidate": one.pk})
    for _press in range(2):
        answer = client.post(page, {"use": use})
        assert (answer.status_code, answer["Location"]) == (302, sheet_of(sent.need))
    assert fresh(one).use == use
    made = (list(Match.objects.exclude(why="").values_list("body_id", flat=True)), list(Bridge.objects.values_list("who", "organisation")))
    assert made == {"support": ([CENTER], []), "bridge": ([], [("空木 教授", "架空大学")])}[use]
    assert client.post(page, {"use": "odd"}).status_code == 403
    for body in (LAB, BANK):
        theirs = reverse("desk-candidate", kwargs={"body": body, "case": sent.case_id, "candidate": one.pk})
        assert as_(world, body).post(theirs, {"use": use}).status_code == 404
