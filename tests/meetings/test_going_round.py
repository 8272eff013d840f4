"""A circulation goes round in writing: asked by mail, answered on screen or by link, reminded of once, counted, decided, in the minutes [C91]."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder
from renkei.base.context import acting
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import change_meeting, move_meeting
from renkei.meetings.actions.confirming import lock_minutes
from renkei.meetings.actions.going_round import (
    Said,
    cast_votes,
    remind_of_round,
    send_round,
    silent_bodies,
)
from renkei.meetings.actions.minuting import decide, send_out
from renkei.meetings.jobs import remind_of_rounds, settle_news
from renkei.meetings.models import AgendaItem, Meeting, MinutesItem, Stance, Vote
from renkei.meetings.votes import rounds_waiting, tallies
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.making import events, fresh, refuses
from tests.meetings.making import MEETING_DAY, NOON, TODAY, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C91")
Login = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def prepared(region: World) -> tuple[Meeting, AgendaItem, AgendaItem]:
    """A circulation with an item for all and one for the lab, not sent round yet."""
    found = meeting(region, kind="circulation", held_on=MEETING_DAY)
    return (found, add_item(found, by=region.center, wording=Wording("規約の改正", "第3条を直してよいですか。")),
            add_item(found, by=region.desk, wording=Wording("内々の相談", level="named", bodies=(LAB,))))  # fmt: skip


def going(region: World) -> tuple[Meeting, AgendaItem, AgendaItem]:
    found, item, secret = prepared(region)
    return send_round(found, by=region.center, version=0), item, secret


def token_of(body: str) -> str:
    """The token in the mail a body got."""
    text = Mail.objects.get(to_body=body, purpose="round").text
    return str(re.findall(r"/round/([^/]+)/", text)[0])


def by_link(body: str) -> Actor:
    found = open_link(token_of(body))
    assert found is not None
    return link_holder(found.id, found.body)


AGREE = Said("agree")


# Sending round


def test_every_body_gets_one_mail_with_its_own_link_and_no_words_of_the_items(region: World) -> None:
    found, _item, _secret = going(region)
    assert (found.state, found.round_at, found.held_at, events("meeting.send_round")) == ("held", NOON, NOON, 1)
    mails = {one.to_body: one for one in Mail.objects.filter(purpose="round")}
    assert {body: (one.to, one.about, one.daily) for body, one in mails.items()} == {
        body: (Body.objects.get(pk=body).mail, found.pk, True) for body in (DESK, LAB, CENTER, BANK)}  # fmt: skip
    assert mails[BANK].subject == "持ち回りのお願い（ひばり定例会議 第1回、回答は12月9日（水）まで）"
    assert all("規約" not in one.text and "内々" not in one.text for one in mails.values())
    assert len({token_of(body) for body in mails}) == 4
    assert {(one.purpose, one.body, one.subject, one.expires_at) for one in Link.objects.all()} == {
        ("round", body, found.pk, clock.at(MEETING_DAY + dt.timedelta(days=30), 23, 59)) for body in mails}  # fmt: skip


def test_what_sending_round_needs(region: World) -> None:
    found = meeting(region, kind="circulation", held_on=MEETING_DAY)
    with refuses("no_items"):
        send_round(found, by=region.center, version=0)
    add_item(found, by=region.center, wording=Wording("規約"))
    with refuses("not_allowed"):
        send_round(found, by=region.lab, version=0)
    with refuses("changed_meanwhile"):
        send_round(found, by=region.center, version=7)
    with refuses("no_round"):
        send_round(meeting(region), by=region.center, version=0)
    with refuses("wrong_state"):
        move_meeting(found, by=region.center, state="held")
    Meeting.objects.filter(pk=found.pk).update(held_on=TODAY - dt.timedelta(days=1))
    with refuses("due_past", "held_on"):
        send_round(found, by=region.center, version=0)
    assert (Mail.objects.count(), Link.objects.count()) == (0, 0)
    Meeting.objects.filter(pk=found.pk).update(held_on=TODAY)
    sent = send_round(found, by=region.desk, version=0)
    with refuses("wrong_state"):
        send_round(sent, by=region.desk, version=sent.version)
    assert Mail.objects.count() == 4


# Answering


def test_votes_are_counted_by_body_and_by_party_and_the_newest_counts(region: World) -> None:
    found, item, secret = going(region)
    cast_votes(found, {item.pk: Said("against", "費用が分からない。")}, by=region.lab)
    with clock.moved_to(NOON + dt.timedelta(hours=1)):
        cast_votes(found, {item.pk: Said("condition", "来年度からなら。"), secret.pk: AGREE}, by=region.lab)
    cast_votes(found, {item.pk: AGREE}, by=region.desk)
    cast_votes(found, {item.pk: AGREE}, by=region.bank)
    counted = tallies([item, secret], region.desk)
    shown = {key: ([(one.stance, one.bodies, one.parties) for one in tally.counts], [one.pk for one in tally.silent]) for key, tally in counted.items()}
    parties = len({Body.objects.get(pk=body).party_id for body in (DESK, BANK)})
    assert shown == {
        item.pk: ([("agree", 2, parties), ("condition", 1, 1)], [CENTER]), secret.pk: ([("agree", 1, 1)], [DESK]),
    }  # fmt: skip
    assert counted[item.pk].in_words == f"賛成2機関（{parties}者）、条件を付けて賛成1機関（1者）、返事なし1機関"
    assert (Vote.objects.count(), events("meeting.vote")) == (5, 4)
    assert tallies([item], region.desk)[item.pk].votes[0].said_name == region.desk.name


@pytest.mark.parametrize(("said", "code"), [
    (Said("", "ことばだけ"), "unknown_stance"), (Said("odd"), "unknown_stance"), (Said("against"), "words_empty"), (Said("condition", " "), "words_empty"),
    (Said("answer"), "words_empty"),
])  # fmt: skip
def test_an_answer_says_what_and_nothing_is_half_said(region: World, said: Said, code: str) -> None:
    found, item, secret = going(region)
    with refuses(code, f"{'w' if code == 'words_empty' else 's'}-{item.pk}"):
        cast_votes(found, {secret.pk: AGREE, item.pk: said}, by=region.lab)
    with refuses("too_long", f"w-{item.pk}"):
        cast_votes(found, {item.pk: Said("agree", "長" * 401)}, by=region.lab)
    with refuses("nothing_said"):
        cast_votes(found, {}, by=region.lab)
    with refuses("unknown_item"):
        cast_votes(found, {item.pk: AGREE, secret.pk: AGREE}, by=region.bank)
    for nobody in (GUEST, SYSTEM):
        with refuses("not_allowed"):
            cast_votes(found, {item.pk: AGREE}, by=nobody)
    assert Vote.objects.count() == 0


def test_who_answers_by_link_says_who_they_are(region: World) -> None:
    found, item, secret = going(region)
    link = by_link(BANK)
    with refuses("name_empty", "answered_by"):
        cast_votes(found, {item.pk: AGREE}, by=link)
    with refuses("unknown_item"):
        cast_votes(found, {secret.pk: AGREE}, by=by_link(LAB), name="小出 渉")
    (vote,) = cast_votes(found, {item.pk: AGREE}, by=link, name="古川 靖")
    assert (vote.body_id, vote.said_by_id, vote.said_name) == (BANK, None, "古川 靖")


def test_nothing_is_said_before_after_or_to_what_is_decided(region: World) -> None:
    found, item, secret = prepared(region)
    with refuses("not_round"):
        cast_votes(found, {item.pk: AGREE}, by=region.lab)
    found = send_round(found, by=region.center, version=0)
    decide(item, by=region.center, outcome="noted", decision="改正する。", version=0)
    with refuses("decided", f"s-{item.pk}"):
        cast_votes(found, {item.pk: AGREE}, by=region.lab)
    decide(secret, by=region.desk, outcome="noted", decision="聞いた。", version=0)
    send_out(fresh(found), by=region.center)
    with refuses("not_round"):
        cast_votes(found, {item.pk: AGREE}, by=region.lab)


# From the votes to the minutes


def test_the_result_is_decided_and_stands_in_the_minutes_without_anybody_having_come(region: World) -> None:
    found, item, secret = going(region)
    cast_votes(found, {item.pk: Said("against", "早すぎる。")}, by=region.lab)
    cast_votes(found, {item.pk: AGREE}, by=region.desk)
    with clock.moved_to(NOON + dt.timedelta(hours=1)):
        cast_votes(found, {item.pk: Said("condition", "来年度からなら。")}, by=region.lab)
    for one, by in ((item, region.center), (secret, region.desk)):
        decide(one, by=by, outcome="noted", decision="改正する。", version=0)
    minutes = send_out(fresh(found), by=region.center)
    frozen = MinutesItem.objects.get(minutes=minutes, title="規約の改正")
    assert frozen.said["votes"] == [
        {"body": DESK, "stance": "agree", "words": "", "name": region.desk.name},
        {"body": LAB, "stance": "condition", "words": "来年度からなら。", "name": region.lab.name},
    ]  # fmt: skip
    lock_minutes(found, by=region.center, version=fresh(found).version)
    assert (fresh(found).state, list(Meeting.objects.counted())) == ("locked", []), "what goes round in writing is no meeting held"


# Reminding


def test_who_has_said_nothing_is_reminded_once_the_day_before(region: World) -> None:
    found, item, secret = going(region)
    cast_votes(found, {item.pk: AGREE}, by=region.bank)
    cast_votes(found, {item.pk: AGREE}, by=region.lab)
    with clock.moved_to(clock.at(MEETING_DAY - dt.timedelta(days=2), 9)):
        assert remind_of_rounds() == 0
    with clock.moved_to(clock.at(MEETING_DAY - dt.timedelta(days=1), 9)):
        assert [one.pk for one in silent_bodies(found)] == [DESK, LAB, CENTER], "the lab has not answered the item that names it"
        assert (remind_of_rounds(), remind_of_rounds(), remind_of_round(found.pk, by=SYSTEM)) == (3, 0, 0)
    reminders = Mail.objects.filter(purpose="round_reminder")
    assert {one.to_body for one in reminders} == {DESK, LAB, CENTER}
    assert all("規約" not in one.text and "/round/" not in one.text for one in reminders)
    assert (fresh(found).reminded_at is not None, events("meeting.remind_round"), secret.level) == (True, 1, "named")


def test_no_mail_leaves_about_what_is_answered_or_over(region: World) -> None:
    found, item, secret = going(region)

    def waiting() -> set[str]:
        return set(Mail.objects.filter(purpose="round", state="waiting").values_list("to_body", flat=True))

    cast_votes(found, {item.pk: AGREE}, by=region.bank)
    cast_votes(found, {item.pk: AGREE}, by=region.lab)
    settle_news()
    assert waiting() == {DESK, LAB, CENTER}
    for one, by in ((item, region.center), (secret, region.desk)):
        decide(one, by=by, outcome="noted", decision="改正する。", version=0)
    send_out(fresh(found), by=region.center)
    settle_news()
    assert waiting() == set()


def test_the_day_cannot_be_moved_once_it_goes_round(region: World) -> None:
    found, _item, _secret = going(region)
    with refuses("held"):
        change_meeting(found, by=region.center, version=found.version, held_on=MEETING_DAY)


# Pages


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def url(name: str, body: str, found: Meeting, **more: object) -> str:
    return reverse(name, kwargs={"body": body, "meeting": found.pk, **more})


def test_from_the_button_to_the_count_through_the_pages(region: World) -> None:
    found, item, secret = prepared(region)
    center = as_(region, CENTER)
    assert "各機関に回す" in center.get(url("desk-meeting", CENTER, found)).content.decode()
    assert as_(region, LAB).post(url("desk-meeting-round-send", LAB, found)).status_code == 403
    for strange in ("", "x", "9" * 20, "²"):
        center.post(url("desk-meeting-round-send", CENTER, found), {"version": strange})
    assert fresh(found).round_at is None
    center.post(url("desk-meeting-round-send", CENTER, found), {"version": "0"})
    assert fresh(found).is_going_round
    lab, page = as_(region, LAB), url("desk-meeting-round", LAB, found)
    shown = lab.get(page).content.decode()
    assert all(words in shown for words in ("規約の改正", "第3条を直してよいですか。", "内々の相談", "条件を付けて賛成"))
    bad = lab.post(page, {f"s-{item.pk}": "against", f"w-{secret.pk}": "ことばだけ"})
    assert (bad.status_code, "ことばだけ" in bad.content.decode(), Vote.objects.count()) == (422, True, 0)
    assert lab.post(page, {f"s-{item.pk}": "against", f"w-{item.pk}": "早すぎる。"}).status_code == 302
    meeting_page = as_(region, BANK).get(url("desk-meeting", BANK, found)).content.decode()
    assert ("反対1機関（1者）、返事なし3機関" in meeting_page, "早すぎる。" in meeting_page, "内々" in meeting_page) == (True, True, False)
    assert "反対1機関" in center.get(url("desk-meeting-item", CENTER, found, item=item.pk)).content.decode()
    assert as_(region, LAB).get(url("desk-meeting-round", LAB, meeting(region))).status_code == 404


def test_today_says_what_waits_for_an_answer(region: World) -> None:
    found, item, secret = going(region)
    waiting = {body: [one.pk for one in rounds_waiting(region.actor(body))] for body in (DESK, LAB, BANK)}
    assert waiting == {DESK: [found.pk], LAB: [found.pk], BANK: [found.pk]}
    today = as_(region, BANK).get(reverse("desk-today", kwargs={"body": BANK})).content.decode()
    listed = as_(region, BANK).get(reverse("desk-meetings", kwargs={"body": BANK})).content.decode()
    assert (url("desk-meeting-round", BANK, found) in today, "回答を待っている持ち回り" in listed) == (True, True)
    cast_votes(found, {item.pk: AGREE}, by=region.bank)
    cast_votes(found, {item.pk: AGREE}, by=region.lab)
    assert (rounds_waiting(region.bank), rounds_waiting(GUEST), [one.pk for one in rounds_waiting(region.lab)]) == ([], [], [found.pk])
    cast_votes(found, {secret.pk: AGREE}, by=region.lab)
    assert rounds_waiting(region.lab) == []


def test_the_page_of_the_link_shows_what_all_read_and_takes_the_answer(region: World) -> None:
    _found, item, secret = going(region)
    page = f"/round/{token_of(LAB)}/"
    shown = Client().get(page)
    text = shown.content.decode()
    assert (shown.status_code, "規約の改正" in text, "内々" in text, Body.objects.get(pk=LAB).name in text) == (200, True, False, True)
    given = {f"s-{item.pk}": "condition", f"w-{item.pk}": "来年度からなら。"}
    bad = Client().post(page, given)
    assert (bad.status_code, "来年度からなら。" in bad.content.decode(), "お名前を入れてください。" in bad.content.decode()) == (422, True, True)
    assert Client().post(page, {f"s-{secret.pk}": "agree", "answered_by": "小出 渉"}).status_code == 422, "as if it were not there"
    good = Client().post(page, {**given, "answered_by": "小出 渉"})
    assert (good.status_code, "答えを受け取りました" in good.content.decode()) == (200, True)
    again = Client().get(page).content.decode()
    assert "来年度からなら。" in again, "what was said stands in the fields"
    assert [(one.body_id, one.stance, one.said_name) for one in Vote.objects.all()] == [(LAB, "condition", "小出 渉")]
    for one, by in ((item, region.center), (secret, region.desk)):
        decide(one, by=by, outcome="noted", decision="改正する。", version=0)
    over = Client().get(page)
    assert (over.status_code, "もう締め切りました" in over.content.decode()) == (200, True)
    assert Client().get("/round/made-up/").status_code in {404, 410}


# What the database holds


def test_named_rules_of_votes(region: World) -> None:
    _found, item, _secret = going(region)
    rows = {"vote_stance": {"stance": "odd", "words": "x"}, "vote_says_why": {"stance": "against"}, "vote_has_name": {"said_name": ""}}
    for name, values in rows.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Vote.objects.create(**{"item": item, "body_id": LAB, "stance": "agree", "said_at": clock.now(), "said_name": "x", **values})
    Vote.objects.create(item=item, body_id=LAB, stance="agree", said_at=clock.now(), said_name="x")
    for act in (lambda: Vote.objects.update(stance="abstain"), lambda: Vote.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    assert set(Stance.values) == {"agree", "condition", "against", "abstain", "answer"}


@pytest.mark.django_db(transaction=True)
def test_what_each_reads_and_says_under_the_real_logins(committed_world: World, login: Login) -> None:
    """A link reads its circulation, what all read of it, and its own body's words; a body votes for itself only, and the policies say the same."""
    region = with_meetings(committed_world)
    other = meeting(region)
    with login("web"), acting(region.center), transaction.atomic():
        found = meeting(region, kind="circulation", held_on=MEETING_DAY)
        item = add_item(found, by=region.center, wording=Wording("規約の改正"))
    with login("web"), acting(region.desk), transaction.atomic():
        secret = add_item(found, by=region.desk, wording=Wording("内々の相談", level="named", bodies=(LAB,)))
    with login("web"), acting(region.center), transaction.atomic():
        send_round(found, by=region.center, version=0)
    link = by_link(LAB)
    with login("web"), acting(link), transaction.atomic():
        cast_votes(found, {item.pk: AGREE}, by=link, name="小出 渉")
    with login("web"), acting(region.lab), transaction.atomic():
        cast_votes(found, {secret.pk: AGREE}, by=region.lab)
    with login("web"), acting(region.bank), transaction.atomic():
        cast_votes(found, {item.pk: Said("abstain")}, by=region.bank)
    seen = {}
    for name, actor in (("link", link), ("lab", region.lab), ("bank", region.bank), ("guest", GUEST)):
        with login("web"), acting(actor):
            sizes = []
            for table in (Meeting, AgendaItem, Vote):
                assert set(table.objects.visible_to(actor)) == set(table.objects.all()), (name, table)
                sizes.append(table.objects.count())
            seen[name] = tuple(sizes)
    assert seen == {"link": (1, 1, 1), "lab": (2, 2, 3), "bank": (2, 1, 2), "guest": (0, 0, 0)}
    forged = {"stance": "agree", "said_at": clock.now(), "said_name": "x"}
    tries: list[tuple[Actor, AgendaItem, str]] = [(region.bank, item, LAB), (region.bank, secret, BANK), (link, item, BANK), (link, secret, LAB), (GUEST, item, LAB)]
    for actor, about, body in tries:
        with login("web"), acting(actor), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Vote.objects.create(item=about, body_id=body, **forged)
    with login("web"), acting(link), transaction.atomic():
        assert (Meeting.objects.update(place="x"), AgendaItem.objects.update(title="x")) == (0, 0)
    with login("worker"), clock.moved_to(clock.at(MEETING_DAY, 9)):
        assert (remind_of_rounds(), settle_news()) == (2, 0)
    assert other.state == "planned"
    assert set(Mail.objects.filter(purpose="round", state="waiting").values_list("to_body", flat=True)) == {DESK, CENTER}
    decide(item, by=region.center, outcome="noted", decision="改正する。", version=0)
    with login("web"), acting(link), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Vote.objects.create(item=item, body_id=LAB, **forged)
