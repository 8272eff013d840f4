"""The invitation to a meeting: who gets it, what stands in it, what does not, and when it is refused [C87]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.context import acting
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import change_meeting, move_meeting
from renkei.meetings.actions.inviting import invite
from renkei.meetings.models import Meeting
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.cases.making import fresh
from tests.meetings.making import MEETING_DAY, NOON, held, meeting, no, trail, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

Login = Callable[[str], AbstractContextManager[None]]
HIDDEN = "名指しの議題"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def called(region: World) -> Meeting:
    """A working meeting with an item for all and one for some."""
    found = meeting(region, starts=dt.time(14), ends=dt.time(16), place="ひばり館", chair="露崎 遥")
    add_item(found, by=region.center, wording=Wording("景況の報告", minutes=20), kind="report")
    add_item(found, by=region.center, wording=Wording(HIDDEN, level="named", bodies=(LAB,)), kind="other")
    return fresh(found)


def mails() -> list[Mail]:
    return list(Mail.objects.filter(purpose="meeting_invitation").order_by("made_at", "to_body"))


def test_every_other_body_gets_when_where_and_what_is_for_all(region: World) -> None:
    found = called(region)
    Nudge.objects.all().delete()
    assert invite(found, by=region.center, version=found.version) == 3
    assert [(one.to_body, one.to, one.subject) for one in mails()] == [
        (body, Body.objects.get(pk=body).mail, "会議の案内：ひばり定例会議 第1回、12月9日（水）") for body in (BANK, DESK, LAB)]  # fmt: skip
    name, short = Body.objects.get(pk=BANK).name, Body.objects.get(pk=CENTER).short
    lines = mails()[0].text.splitlines()
    assert lines[:-1] == [
        f"{name} 御中", "", "「ひばり定例会議 第1回」の案内をお送りします。", "", "日時　12月9日（水） 14:00～16:00", "場所　ひばり館", "議長　露崎 遥", "",
        "議題", f"1　景況の報告（{short}、20分）", "", "資料と、名指しした機関だけの議題は、連携の画面で読めます："]  # fmt: skip
    assert lines[-1].endswith(reverse("desk-meeting", kwargs={"body": BANK, "meeting": found.pk}))
    secret = meeting(region)
    add_item(secret, by=region.center, wording=Wording(HIDDEN, level="named", bodies=(LAB,)), kind="other")
    invite(fresh(secret), by=region.center, version=fresh(secret).version)
    assert "日時　12月9日（水）\n\n資料と、名指しした" in Mail.objects.get(about=secret.pk, to_body=LAB).text
    assert [one.to_body for one in mails() if HIDDEN in one.text] == []  # not even in the mail of the body it names
    assert sorted(Nudge.objects.filter(case=found.pk).values_list("body", "kind", "title", "words", "address")) == [
        (body, "meeting", "会議の案内が届きました", "12月9日（水） 14:00～16:00　ひばり館", "") for body in (BANK, DESK, LAB)]  # fmt: skip
    assert trail("meeting.invite") == [("meeting.invite", "staff", CENTER, ["meeting"])] * 2
    assert fresh(found).invited_at == clock.now()


def test_pressed_twice_it_goes_once_and_after_a_change_it_goes_anew(region: World) -> None:
    found = called(region)
    invite(found, by=region.center, version=found.version)
    twice = ("sent_already", None, "案内はもう送ってあります。内容を確かめて、要るときだけもう一度送ってください。")
    assert (no(lambda: invite(found, by=region.center, version=found.version)), len(mails())) == (twice, 3)
    now = fresh(found)
    changed = change_meeting(now, by=region.center, version=now.version, held_on=MEETING_DAY, starts=dt.time(15), place="別館")
    invite(changed, by=region.desk, version=changed.version)
    again = [one for one in mails() if "あらためて" in one.subject]
    assert len(mails()) == 6
    assert {(one.to_body, one.subject) for one in again} == {(body, "会議の案内（あらためて）：ひばり定例会議 第1回、12月9日（水）") for body in (BANK, CENTER, LAB)}
    assert all("日時　12月9日（水） 15:00\n場所　別館\n\n議題" in one.text for one in again)
    assert Nudge.objects.filter(title="会議の案内が、あらためて届きました").count() == 3


def test_what_cannot_be_invited_to_is_refused_in_words(region: World) -> None:
    found, empty, round_robin, off = called(region), meeting(region), meeting(region, kind="circulation"), meeting(region)
    move_meeting(off, by=region.center, state="off", reason="大雪")
    taken_place = held(region, meeting(region))
    ahead = ("wrong_state", None, "案内を送れるのは、これから集まる会議だけです。")
    for one in [fresh(each) for each in (round_robin, off, taken_place)]:
        assert no(lambda one=one: invite(one, by=region.center, version=one.version)) == ahead
    assert no(lambda: invite(empty, by=region.center, version=empty.version)) == (
        "agenda_empty", None, "議題がまだありません。議題を足してから、案内を送ってください。")  # fmt: skip
    assert no(lambda: invite(found, by=region.center, version=found.version + 1))[0] == "changed_meanwhile"
    for by in (region.lab, region.bank):
        assert no(lambda by=by: invite(found, by=by, version=found.version))[0] == "not_allowed"
    with clock.moved_to(clock.at(MEETING_DAY + dt.timedelta(days=1), 9)):
        assert no(lambda: invite(found, by=region.center, version=found.version))[0] == "over"
    assert (mails(), trail("meeting.invite"), fresh(found).invited_at) == ([], [], None)


def test_the_page_offers_it_to_who_runs_the_meeting_and_says_when_it_went(region: World) -> None:
    found = called(region)
    page, button = reverse("desk-meeting", kwargs={"body": CENTER, "meeting": found.pk}), reverse("desk-meeting-invite", kwargs={"body": CENTER, "meeting": found.pk})
    client, lab = Client(), Client()
    client.force_login(region.people[CENTER])
    lab.force_login(region.people[LAB])
    assert (button in client.get(page).content.decode(), "案内 " in client.get(page).content.decode()) == (True, False)
    done = client.post(button, {"version": found.version}, follow=True).content.decode()
    assert [words in done for words in ("各機関に案内を送りました。", "案内 11月25日（水）12時に送りました", "案内をもう一度送る")] == [True] * 3
    again = client.post(button, {"version": found.version}, follow=True).content.decode()
    assert ("案内はもう送ってあります。" in again, len(mails())) == (True, 3)
    seen = lab.get(reverse("desk-meeting", kwargs={"body": LAB, "meeting": found.pk})).content.decode()
    assert ("案内 11月25日（水）12時に送りました" in seen, "案内をもう一度送る" in seen) == (True, False)
    assert lab.post(reverse("desk-meeting-invite", kwargs={"body": LAB, "meeting": found.pk}), {"version": 9}).status_code == 403
    empty = meeting(region)
    assert reverse("desk-meeting-invite", kwargs={"body": CENTER, "meeting": empty.pk}) not in client.get(reverse("desk-meeting", kwargs={"body": CENTER, "meeting": empty.pk})).content.decode()


@pytest.mark.django_db(transaction=True)
def test_it_goes_under_the_login_of_the_pages(committed_world: World, login: Login) -> None:
    found = called(with_meetings(committed_world))
    with login("web"), acting(committed_world.center), transaction.atomic():
        assert invite(found, by=committed_world.center, version=found.version) == 3
    assert (len(mails()), fresh(found).invited_at) == (3, clock.now())
