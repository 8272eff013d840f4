"""The page a body confirms minutes from, without signing in: what the mail says, what it shows, takes and refuses, the one reminder [C89]."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder
from renkei.base.context import acting
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import move_meeting
from renkei.meetings.actions.confirming import confirm, lock_minutes, remind_of_minutes
from renkei.meetings.actions.minuting import decide, send_out, write_notes
from renkei.meetings.jobs import remind_of_unconfirmed, settle_news
from renkei.meetings.models import AgendaItem, Attendance, Confirmation, Meeting, Minutes, MinutesItem, Vote
from renkei.plan.models import Body
from renkei.post.limits import ANSWERS_AN_HOUR
from renkei.post.links import make_link, open_link
from renkei.post.models import Link, LinkPurpose, Mail, Nudge
from tests.cases.making import fresh, refuses
from tests.meetings.making import NOON, TODAY, held, meeting, trail, with_meetings
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.covers("C89")
Login = Callable[[str], AbstractContextManager[None]]
DUE = dt.date(2026, 12, 2)  # five business days on
LOCKED = "この議事録は、もう確定しました。変わったことは、開いた機関に伝えてください。"
REOPENED = "この議事録は、いま直しています。新しい版ができたら、またメールでお願いします。"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    cache.clear()  # what is counted against a limit
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def sent(region: World) -> tuple[Meeting, Minutes]:
    """Minutes with an item for all and one for the lab, sent out by the centre."""
    found = meeting(region, held_on=TODAY)
    item = add_item(found, by=region.center, wording=Wording("景況の報告", "どう見ますか。"))
    secret = add_item(found, by=region.desk, wording=Wording("内々の相談", level="named", bodies=(LAB,)))
    held(region, found)
    write_notes(item, by=region.center, notes="持ち直している。", version=0)
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=1)
    decide(secret, by=region.desk, outcome="noted", decision="内々に決めた。", version=0)
    return found, send_out(fresh(found), by=region.center)


def page_of(body: str, minutes: Minutes) -> str:
    text = Mail.objects.get(to_body=body, purpose="minutes", about=minutes.pk).text
    return f"/minutes/{re.findall(r'/minutes/([^/]+)/', text)[0]}/"


def by_link(body: str, minutes: Minutes) -> Actor:
    link = open_link(page_of(body, minutes).split("/")[2])
    assert link is not None
    return link_holder(link.id, link.body)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def given(agrees: str = "yes", words: str = "", name: str = "小出 渉", number: str = "1") -> dict[str, str]:
    return {"agrees": agrees, "words": words, "name": name, "number": number}


def words() -> list[tuple[str, bool, str, str, object]]:
    return [(one.body_id, one.agrees, one.words, one.said_name, one.said_by_id) for one in Confirmation.objects.order_by("said_at")]


# The mail


def test_every_other_body_gets_one_mail_with_its_own_link(region: World) -> None:
    found, minutes = sent(region)
    mails = {one.to_body: one for one in Mail.objects.filter(purpose="minutes")}
    assert {body: (one.to, one.about, one.daily) for body, one in mails.items()} == {
        body: (Body.objects.get(pk=body).mail, minutes.pk, True) for body in (DESK, LAB, BANK)}, "who sends them out wrote them"  # fmt: skip
    assert mails[LAB].subject == "議事録の確認のお願い（ひばり定例会議 第1回、12月2日（水）まで）"
    assert re.sub(r"https?://\S+", "ADDRESS", mails[LAB].text).split("\n") == [
        "ひばり県工業試験所 御中", "", "「ひばり定例会議 第1回」の議事録（第1版）ができました。12月2日（水）までに、このままでよいか、直してほしいところがあるかを答えてください。", "",
        "連携の画面では「会議」から答えられます。名指しした機関だけの議題は、画面で読めます。", "入らずに答えるページ（ほかの人に渡さないでください）：", "ADDRESS", "",
    ]  # fmt: skip
    links = list(Link.objects.values_list("purpose", "body", "subject", "expires_at"))
    assert sorted(links) == [("minutes", body, found.pk, clock.at(DUE + dt.timedelta(days=30), 23, 59)) for body in sorted(mails)]
    tokens = {page_of(body, minutes) for body in mails}
    assert (len(tokens), any(one.token_hash in page for one in Link.objects.all() for page in tokens)) == (3, False)
    assert set(Nudge.objects.filter(kind="minutes").values_list("body", "address")) == {(DESK, ""), (LAB, ""), (BANK, "")}, "one mail, not two"


def test_a_body_without_an_address_is_asked_on_its_list_alone(region: World) -> None:
    Body.objects.filter(pk=BANK).update(mail="")
    sent(region)
    assert set(Mail.objects.filter(purpose="minutes").values_list("to_body", flat=True)) == {DESK, LAB}
    assert (Link.objects.filter(body=BANK).count(), Nudge.objects.filter(kind="minutes", body=BANK).count()) == (0, 1)


# The page


def test_the_page_shows_what_all_read_and_takes_the_word(region: World) -> None:
    found, minutes = sent(region)
    page = page_of(LAB, minutes)
    shown = text(Client().get(page))
    here = {word: word in shown for word in ("景況の報告", "持ち直している。", "聞いた。", "露崎 遥", "確認の期限 ", "内々", "ひばり銀行")}
    assert here == {"景況の報告": True, "持ち直している。": True, "聞いた。": True, "露崎 遥": True, "確認の期限 ": True, "内々": False, "ひばり銀行": False}
    for method in ("get", "head"):
        assert getattr(Client(), method)(page, given()).status_code == 200
    assert Client(enforce_csrf_checks=True).post(page, given()).status_code == 403
    assert (words(), Link.objects.filter(opened_at__isnull=False).count()) == ([], 0), "who only opens it says nothing"
    done = text(Client().post(page, given("no", "幅は5ミリ。") | {"body": BANK, "body_id": BANK}))
    assert ("答えを受け取りました" in done, "幅は5ミリ。" in done) == (True, True)
    assert words() == [(LAB, False, "幅は5ミリ。", "小出 渉", None)]
    assert trail("meeting.confirm") == [("meeting.confirm", "link", LAB, ["confirmation", "minutes"])]
    again, bank = text(Client().get(page)), text(Client().get(page_of(BANK, minutes)))
    assert ("幅は5ミリ。" in again, "小出 渉" in again, "幅は5ミリ。" in bank) == (True, True, False), "one's own word stands there, no other body's"
    with refuses("change_asked"):
        lock_minutes(found, by=region.center, version=fresh(found).version)
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        assert Client().post(page, given()).status_code == 200
    client = Client()
    client.force_login(region.people[BANK])
    desk = text(client.get(reverse("desk-meeting-minutes", kwargs={"body": BANK, "meeting": found.pk, "number": 1})))
    assert ("小出 渉" in desk, "幅は5ミリ。" in desk, Confirmation.objects.count()) == (True, False, 2), "the newest counts, both stay"
    lock_minutes(found, by=region.center, version=fresh(found).version)


@pytest.mark.parametrize(("typed", "sentence"), [
    ({}, "答えを1つ選んでください。"), (given("odd"), "一覧にないものです。選び直してください。"), (given("no"), "直してほしいところを書いてください。"),
    (given("no", "\u3000\x00"), "直してほしいところを書いてください。"), (given(name=""), "お名前を入れてください。"), (given(name="\x00 "), "お名前を入れてください。"),
    (given(name="長" * 101), "100字までです（いま101字）。短くするか、ファイルで付けてください。"),
    (given(words="長" * 1001), "1,000字までです（いま1,001字）。短くするか、ファイルで付けてください。"),
])  # fmt: skip
def test_what_the_page_refuses_stands_beside_the_field_and_what_was_typed_stays(region: World, typed: dict[str, str], sentence: str) -> None:
    _found, minutes = sent(region)
    answer = Client().post(page_of(LAB, minutes), typed)
    shown = text(answer)
    assert (answer.status_code, sentence in shown, "景況の報告" in shown, words()) == (422, True, True, [])
    assert typed.get("words", "").strip("\u3000\x00") in shown


def test_markup_is_kept_as_text(region: World) -> None:
    found, minutes = sent(region)
    done = Client().post(page_of(LAB, minutes), given("no", f"早\x00い{MARKUP}", f"小出\n{MARKUP}"))
    assert words() == [(LAB, False, f"早い{MARKUP}", f"小出 {MARKUP}", None)]
    client = Client()
    client.force_login(region.people[BANK])
    page = reverse("desk-meeting-minutes", kwargs={"body": BANK, "meeting": found.pk, "number": 1})
    assert [MARKUP in text(one) for one in (done, Client().get(page_of(LAB, minutes)), client.get(page))] == [False] * 3


def test_an_older_mail_opens_the_newest_minutes_and_a_word_on_older_ones_is_not_taken_for_them(region: World) -> None:
    found, first = sent(region)
    page = page_of(LAB, first)
    with clock.moved_to(NOON + dt.timedelta(hours=1)):
        second = send_out(fresh(found), by=region.center)
    late = Client().post(page, given("no", "幅は5ミリ。", number="1"))
    shown = text(late)
    assert (late.status_code, "新しい議事録が送られています。新しいほうを確かめてください。" in shown, "幅は5ミリ。" in shown, words()) == (422, True, True, [])
    assert re.findall(r'name="number" value="(\d+)"', shown) == ["2"]
    assert Client().post(page, given(number="2")).status_code == 200
    assert list(Confirmation.objects.values_list("minutes", flat=True)) == [second.pk]


def test_a_page_that_is_over_says_why_and_keeps_what_was_typed(region: World) -> None:
    found, minutes = sent(region)
    page = page_of(LAB, minutes)
    seen = []
    lock_minutes(found, by=region.center, version=fresh(found).version)
    for sentence in (LOCKED, REOPENED):
        got, late = Client().get(page), Client().post(page, given("no", "間に合わなかった理由。"))
        seen.append((got.status_code, sentence in text(got), "持ち直している。" in text(got), late.status_code, "間に合わなかった理由。" in text(late)))
        if sentence == LOCKED:
            move_meeting(found, by=region.center, state="held", reason="名前の間違い。")
    assert (seen, words()) == ([(200, True, False, 422, True)] * 2, [])
    with clock.moved_to(clock.at(DUE + dt.timedelta(days=30), 23, 58)):
        assert Client().get(page).status_code == 200
    with clock.moved_to(clock.at(DUE + dt.timedelta(days=31), 0, 1)):
        assert Client().get(page).status_code in {404, 410}


def test_a_link_for_something_else_opens_no_minutes_and_this_one_opens_nothing_else(region: World) -> None:
    found, minutes = sent(region)
    ends = NOON + dt.timedelta(days=9)
    strange = [make_link(by=region.desk, purpose=purpose, expires_at=ends, subject=subject, body=LAB) for purpose, subject in (
        (LinkPurpose.ROUND, found.pk), (LinkPurpose.OFFER, found.pk), (LinkPurpose.MINUTES, minutes.pk), (LinkPurpose.MINUTES, meeting(region).pk))]  # fmt: skip
    assert [Client().get(f"/minutes/{one}/").status_code for one in strange] == [404] * 4
    assert Client().get(page_of(LAB, minutes).replace("/minutes/", "/round/")).status_code == 404
    with refuses("not_allowed"):
        confirm(minutes, by=link_holder(Link.objects.get(purpose="round").pk, LAB), agrees=True, name="小出 渉")
    assert words() == []


def test_a_link_answers_so_often_an_hour(region: World) -> None:
    _found, minutes = sent(region)
    page = page_of(LAB, minutes)
    cache.set(f"answers:{by_link(LAB, minutes).link}", ANSWERS_AN_HOUR - 1, 60)
    assert [Client().post(page, given()).status_code for _time in range(2)] == [200, 422]
    last = Client().post(page, given("no", "もう一度。"))
    assert ("続けて何度も答えが送られました。" in text(last), "もう一度。" in text(last), len(words())) == (True, True, 1)
    assert Client().post(page_of(BANK, minutes), given()).status_code == 200, "each link for itself"


def test_the_page_in_english(region: World) -> None:
    _found, minutes = sent(region)
    shown = text(Client().get(page_of(LAB, minutes), HTTP_ACCEPT_LANGUAGE="en"))
    left = [word for word in ("確認の期限", "この議事録でよいですか", "このままでよい", "直してほしい", "答える方のお名前", "この答えを送る", "送るまでは", "出席者") if word in shown]
    assert (left, 'lang="en"' in shown) == ([], True)


# The reminder


def test_who_has_said_nothing_is_reminded_once_before_the_day(region: World) -> None:
    found, minutes = sent(region)
    confirm(minutes, by=region.bank, agrees=True)
    asked = {}
    for day in (TODAY, DUE - dt.timedelta(days=2), DUE - dt.timedelta(days=1), DUE):
        with clock.moved_to(clock.at(day, 9, 15)):
            asked[day.isoformat()] = (remind_of_unconfirmed(), remind_of_unconfirmed())
    assert asked == {"2026-11-25": (0, 0), "2026-11-30": (0, 0), "2026-12-01": (2, 0), "2026-12-02": (0, 0)}
    mails = {one.to_body: one for one in Mail.objects.filter(purpose="minutes_reminder")}
    assert (set(mails), {one.about for one in mails.values()}) == ({DESK, LAB}, {minutes.pk}), "who answered, and who wrote them, is left alone"
    assert (mails[LAB].subject, mails[LAB].text) == ("議事録の確認をお待ちしています", (
        "ひばり県工業試験所 御中\n\n「ひばり定例会議 第1回」の議事録の確認を、12月2日（水）までにお願いしています。\n"
        "先にお送りしたメールのページか、連携の画面の「会議」からお答えください。\n"))  # fmt: skip
    assert trail("meeting.remind_minutes") == [("meeting.remind_minutes", "system", "", ["minutes", "meeting"])]
    with clock.moved_to(clock.at(DUE, 10)):
        second = send_out(fresh(found), by=region.center)
    with clock.moved_to(clock.at(dt.date(2026, 12, 8), 9, 15)):
        assert (remind_of_unconfirmed(), second.due_on) == (3, dt.date(2026, 12, 9)), "sent anew, asked anew"
    assert remind_of_minutes(found.pk, by=SYSTEM) == 0


def test_nobody_is_reminded_of_what_is_locked_over_or_of_today(region: World) -> None:
    found, _minutes = sent(region)
    with clock.moved_to(clock.at(DUE + dt.timedelta(days=1), 9)):
        assert remind_of_unconfirmed() == 0, "a worker that stood still does not ask for a day that is gone"
    with clock.moved_to(clock.at(DUE - dt.timedelta(days=1), 8)):
        lock_minutes(found, by=region.center, version=fresh(found).version)
        assert (remind_of_unconfirmed(), remind_of_minutes(found.pk, by=SYSTEM)) == (0, 0)
    assert Mail.objects.filter(purpose="minutes_reminder").count() == 0


def test_no_mail_leaves_about_what_was_said_replaced_or_locked(region: World) -> None:
    found, first = sent(region)

    def waiting() -> set[tuple[str, int]]:
        numbers = dict(Minutes.objects.values_list("pk", "number"))
        return {(one.to_body, numbers[one.about]) for one in Mail.objects.filter(purpose="minutes", state="waiting") if one.about}

    confirm(first, by=by_link(LAB, first), agrees=True, name="小出 渉")
    settle_news()
    assert waiting() == {(DESK, 1), (BANK, 1)}
    with clock.moved_to(NOON + dt.timedelta(hours=1)):
        send_out(fresh(found), by=region.center)
    settle_news()
    assert waiting() == {(DESK, 2), (BANK, 2), (LAB, 2)}
    lock_minutes(found, by=region.center, version=fresh(found).version)
    settle_news()
    assert waiting() == set()


# What the database holds


def test_a_word_has_somebody_who_said_it(region: World) -> None:
    _found, minutes = sent(region)
    with pytest.raises(IntegrityError, match="confirmation_has_name"), transaction.atomic():
        Confirmation.objects.create(minutes=minutes, body_id=LAB, agrees=True, said_at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_what_a_link_reads_and_writes_under_the_real_logins(committed_world: World, login: Login) -> None:
    """The policies say what ``visible_to`` says: its meeting, its minutes, what all read of them, its own words; and nothing else is written."""
    region = with_meetings(committed_world)
    found, minutes = sent(region)
    other = meeting(region)
    link, ended = by_link(LAB, minutes), by_link(BANK, minutes)
    Link.objects.filter(pk=ended.link).update(closed_at=clock.now())
    with login("web"), acting(region.desk), transaction.atomic():
        confirm(minutes, by=region.desk, agrees=True)
    with login("web"), acting(link), transaction.atomic():
        confirm(minutes, by=link, agrees=False, words="幅は5ミリ。", name="小出 渉")
    tables = (Meeting, AgendaItem, Attendance, Minutes, MinutesItem, Confirmation, Vote)
    seen = {}
    for name, actor in (("link", link), ("ended", ended), ("guest", GUEST), ("lab", region.lab), ("bank", region.bank)):
        with login("web"), acting(actor):
            for table in tables:
                assert set(table.objects.visible_to(actor)) == set(table.objects.all()), (name, table)
            seen[name] = tuple(table.objects.count() for table in tables)
    assert seen == {"link": (1, 0, 0, 1, 1, 1, 0), "ended": (0,) * 7, "guest": (0,) * 7, "lab": (2, 2, 1, 1, 2, 2, 0), "bank": (2, 1, 1, 1, 1, 2, 0)}
    row = {"minutes": minutes, "agrees": True, "said_at": clock.now(), "said_name": "x"}
    for actor, body in ((link, BANK), (ended, BANK), (GUEST, LAB), (region.bank, LAB)):
        with login("web"), acting(actor), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Confirmation.objects.create(body_id=body, **row)
    with login("web"), acting(link), transaction.atomic():
        assert (Meeting.objects.update(place="x"), Attendance.objects.update(name="x")) == (0, 0)
    for actor, about in ((link, other), (ended, found), (GUEST, found)):
        with login("web"), acting(actor), pytest.raises(DatabaseError, match="not a meeting of the caller"), transaction.atomic(), \
                transaction.get_connection().cursor() as cursor:  # fmt: skip
            cursor.execute("SELECT meeting_hold(%s)", [about.pk])
    with login("worker"), clock.moved_to(clock.at(DUE - dt.timedelta(days=1), 9)):
        assert (remind_of_unconfirmed(), remind_of_unconfirmed()) == (1, 0)
        settle_news()
    assert set(Mail.objects.filter(state="waiting", purpose__startswith="minutes").values_list("to_body", "purpose")) == {(BANK, "minutes"), (BANK, "minutes_reminder")}
