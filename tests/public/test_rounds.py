"""The page a body answers a circulation from, without signing in: whose it is, what it shows, what it refuses, when it is over [C91]."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import move_meeting
from renkei.meetings.actions.going_round import Said, cast_votes, remind_of_round, send_round
from renkei.meetings.actions.minuting import decide, send_out
from renkei.meetings.ballot import ballot, read_ballot
from renkei.meetings.models import AgendaItem, Meeting, Vote
from renkei.plan.models import Body
from renkei.post.limits import ANSWERS_AN_HOUR
from renkei.post.links import make_link, open_link
from renkei.post.models import Link, LinkPurpose, Mail
from tests.cases.making import fresh
from tests.meetings.making import MEETING_DAY, NOON, TODAY, meeting, trail, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C91")
OVER = "この持ち回りは、もう締め切りました。変わったことは、開いた機関に伝えてください。"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def going(region: World, *titles: str) -> tuple[Meeting, list[AgendaItem]]:
    found = meeting(region, kind="circulation")
    items = [add_item(found, by=region.center, wording=Wording(title, "直してよいですか。")) for title in titles or ("規約",)]
    return send_round(found, by=region.center, version=0), items


def page_of(body: str, found: Meeting) -> str:
    text = Mail.objects.get(to_body=body, purpose="round", about=found.pk).text
    return f"/round/{re.findall(r'/round/([^/]+)/', text)[0]}/"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def given(item: AgendaItem, stance: str = "agree", words: str = "", name: str = "小出 渉") -> dict[str, str]:
    return {f"s-{item.pk}": stance, f"w-{item.pk}": words, "answered_by": name}


# What the mail says


def test_the_mail_of_a_circulation_word_for_word(region: World) -> None:
    found, _items = going(region, "規約", "予算")
    secret = meeting(region, kind="circulation")
    add_item(secret, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))
    send_round(secret, by=region.desk, version=0)
    mail = Mail.objects.get(to_body=LAB, purpose="round", about=found.pk)
    assert mail.subject == "持ち回りのお願い（ひばり定例会議 第1回、回答は12月9日（水）まで）"
    lines = re.sub(r"https?://\S+", "ADDRESS", mail.text).split("\n")
    assert lines == [
        "ひばり県工業試験所 御中", "", "「ひばり定例会議 第1回」を持ち回りで諮ります。議題は2件、回答の期限は12月9日（水）です。",
        "賛成、条件を付けて賛成、反対、棄権のどれか、または回答だけを、ひとことと一緒にお答えください。", "",
        "連携の画面では「会議」から答えられます。名指しした機関だけの議題は、画面で読めます。",
        "入らずに答えるページ（ほかの人に渡さないでください）：", "ADDRESS", "",
    ]  # fmt: skip
    named = {one.to_body: "/round/" in one.text for one in Mail.objects.filter(purpose="round", about=secret.pk)}
    assert named == {LAB: False, DESK: False}, "only who reads it is asked, and no link opens what is for some"
    assert Link.objects.count() == 4


def test_who_sends_it_round_need_not_read_all_of_it(region: World) -> None:
    """The centre runs the meeting and does not read what the desk asks the lab: both are asked about it all the same."""
    found, only = meeting(region, kind="circulation"), meeting(region, kind="circulation")
    add_item(found, by=region.center, wording=Wording("規約"))
    for one in (found, only):
        add_item(one, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))
        send_round(one, by=region.center, version=0)
    told = {(one.about, one.to_body): (re.findall(r"議題は(\d)件", one.text), "/round/" in one.text) for one in Mail.objects.filter(purpose="round")}
    assert told == {
        (found.pk, DESK): (["2"], True), (found.pk, LAB): (["2"], True), (found.pk, CENTER): (["1"], True), (found.pk, BANK): (["1"], True),
        (only.pk, DESK): (["1"], False), (only.pk, LAB): (["1"], False),
    }  # fmt: skip


def test_a_link_answers_so_often_an_hour(region: World) -> None:
    found, (item,) = going(region)
    page, link = page_of(LAB, found), open_link(page_of(LAB, found).split("/")[2])
    assert link is not None
    cache.set(f"answers:{link.id}", ANSWERS_AN_HOUR, 60)
    answer = Client().post(page, given(item, "against", "早い。"))
    assert (answer.status_code, "続けて何度も答えが送られました。" in text(answer), "早い。" in text(answer), Vote.objects.count()) == (422, True, True, 0)
    cache.clear()


def test_the_reminder_word_for_word_and_to_whom(region: World) -> None:
    found, items = going(region)
    cast_votes(found, {items[0].pk: Said("agree")}, by=region.lab)
    assert remind_of_round(found.pk, by=SYSTEM) == 3
    mail = Mail.objects.get(to_body=BANK, purpose="round_reminder")
    assert (mail.subject, mail.text) == ("持ち回りの回答をお待ちしています", (
        "ひばり銀行 御中\n\n持ち回り「ひばり定例会議 第1回」の回答を、12月9日（水）までにお願いしています。\n"
        "先にお送りしたメールのページか、連携の画面の「会議」からお答えください。\n"))  # fmt: skip
    assert trail("meeting.remind_round") == [("meeting.remind_round", "system", "", ["meeting"])]


# Whose page it is


def test_each_link_answers_for_its_own_body_and_shows_no_others_words(region: World) -> None:
    found, (item,) = going(region)
    pages = {body: page_of(body, found) for body in (LAB, BANK)}
    assert Client().post(pages[LAB], given(item, "against", "費用が分からない。")).status_code == 200
    bank = text(Client().get(pages[BANK]))
    assert ("費用が分からない。" in bank, "ひばり銀行" in bank, "工業試験所" in bank) == (False, True, False)
    Client().post(pages[BANK], given(item, name="古川 靖") | {"body": LAB, "body_id": LAB})
    assert sorted((one.body_id, one.stance, one.said_name, one.said_by_id) for one in Vote.objects.all()) == [
        (BANK, "agree", "古川 靖", None), (LAB, "against", "小出 渉", None)]  # fmt: skip
    assert trail("meeting.vote") == [("meeting.vote", "link", body, ["meeting", "vote"]) for body in (LAB, BANK)]


def test_a_link_made_for_something_else_opens_no_circulation(region: World) -> None:
    found, _items = going(region)
    strange = make_link(by=region.desk, purpose=LinkPurpose.OFFER, expires_at=NOON + dt.timedelta(days=9), subject=found.pk, body=LAB, recipient_email="x@x.example")
    nowhere = make_link(by=region.desk, purpose=LinkPurpose.ROUND, expires_at=NOON + dt.timedelta(days=9), subject=uuid.uuid4(), body=LAB, recipient_email="x@x.example")
    statuses = [Client().get(f"/round/{token}/").status_code for token in (strange, nowhere)]
    assert statuses == [404, 404]
    good = page_of(LAB, found)
    broken = [Client().get(one).status_code for one in (good[:-3] + "/", f"{good[:-1]}x/", "/round/%00/", f"/round/{'x' * 5000}/")]
    assert set(broken) <= {400, 404, 410}
    assert Vote.objects.count() == 0


def test_a_link_of_one_circulation_says_nothing_to_the_items_of_another(region: World) -> None:
    first, (item,) = going(region)
    second, (other,) = going(region, "予算")
    answer = Client().post(page_of(LAB, first), given(other))
    assert (answer.status_code, "議題ごとに、賛成・反対などを選んでください。" in text(answer)) == (422, True)
    both = Client().post(page_of(LAB, first), given(other) | given(item))
    assert (both.status_code, [one.item_id for one in Vote.objects.all()]) == (200, [item.pk])
    assert "予算" not in text(Client().get(page_of(LAB, first)))
    assert second.is_going_round


# Odd input


def test_a_page_that_is_only_opened_answers_nothing(region: World) -> None:
    found, (item,) = going(region)
    page = page_of(LAB, found)
    for method in ("get", "head"):
        assert getattr(Client(), method)(page, given(item)).status_code == 200
    assert Client(enforce_csrf_checks=True).post(page, given(item)).status_code == 403
    assert Vote.objects.count() == 0


@pytest.mark.parametrize(("stance", "words", "name", "sentence"), [
    ("", "", "小出 渉", "議題ごとに、賛成・反対などを選んでください。"), ("", "ことばだけ", "小出 渉", "賛成・反対などを1つ選んでください。"),
    ("odd", "", "小出 渉", "賛成・反対などを1つ選んでください。"), ("against", "", "小出 渉", "条件・反対・回答は、ひとことを書いてください：規約"),
    ("agree", "長" * 10_000, "小出 渉", "400字までです（いま10,000字）。短くするか、ファイルで付けてください。"), ("agree", "", "", "お名前を入れてください。"),
    ("agree", "", "\u3000\x00", "お名前を入れてください。"), ("agree", "", "長" * 101, "100字までです（いま101字）。短くするか、ファイルで付けてください。"),
])  # fmt: skip
def test_what_the_page_refuses_is_said_and_what_was_typed_stays(region: World, stance: str, words: str, name: str, sentence: str) -> None:
    found, (item,) = going(region)
    answer = Client().post(page_of(LAB, found), given(item, stance, words, name))
    shown = text(answer)
    assert (answer.status_code, sentence in shown, words in shown, Vote.objects.count()) == (422, True, True, 0)
    assert name.strip("\u3000\x00") in shown


@pytest.mark.parametrize(("stance", "words", "name", "wrong"), [
    ("", "ことばだけ", "小出 渉", "s-{}"), ("against", "", "小出 渉", "w-{}"), ("agree", "", "", "answered_by"), ("", "", "小出 渉", None)])  # fmt: skip
def test_the_sentence_stands_beside_its_field_here_and_on_the_desk(region: World, stance: str, words: str, name: str, wrong: str | None) -> None:
    found, items = going(region, "規約", "予算")
    field = wrong.format(items[1].pk) if wrong else None
    desk = Client()
    desk.force_login(region.people[LAB])
    here = text(Client().post(page_of(LAB, found), given(items[1], stance, words, name)))
    there = text(desk.post(f"/d/{LAB}/meeting/{found.pk}/round/", given(items[1], stance, words, name)))
    for page in (here, *([] if field == "answered_by" else [there])):
        assert re.findall(r'<p class="err" id="([^"]+)_error">', page) == ([field] if field else [])
        assert re.findall(r'aria-describedby="([^"]+)_error"', page) == ([field] if field else [])
        assert re.findall(r'<div class="errors" role="alert"><h2>[^<]+</h2>\s*<p>(?:<a href="#([^"]+)">)?', page) == [field or ""]
        assert field is None or f'id="{field}"' in page


def test_markup_and_nul_in_words_and_name_are_kept_as_text(region: World) -> None:
    found, (item,) = going(region)
    page = page_of(LAB, found)
    answer = Client().post(page, given(item, "against", f"早\x00い{MARKUP}", f"小出\x00\n{MARKUP}"))
    vote = Vote.objects.get()
    assert (answer.status_code, vote.words, vote.said_name) == (200, f"早い{MARKUP}", f"小出 {MARKUP}")
    client = Client()
    client.force_login(region.people[BANK])
    shown = [text(answer), text(Client().get(page)), text(client.get(f"/d/{BANK}/meeting/{found.pk}/"))]
    assert [MARKUP in one for one in shown] == [False, False, False]


def test_a_form_of_which_nothing_came_is_refused_and_shown_again(region: World) -> None:
    found, items = going(region, "規約", "予算")
    answer = Client().post(page_of(LAB, found), {})
    shown = text(answer)
    assert (answer.status_code, [one.title in shown for one in items], "お名前を入れてください。" in shown) == (422, [True, True], True)
    for strange in ({"s-": "agree"}, {"s-x": "agree"}, {f"S-{items[0].pk}": "agree"}, {f"s-{uuid.uuid4()}": "agree"}):
        assert Client().post(page_of(LAB, found), {**strange, "answered_by": "小出 渉"}).status_code == 422
    assert Vote.objects.count() == 0


# Twice, and the end


def test_the_newest_answer_counts_and_every_one_stays_on_record(region: World) -> None:
    found, items = going(region, "規約", "予算")
    page = page_of(LAB, found)
    Client().post(page, given(items[0], "against", "早い。"))
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        Client().post(page, given(items[0], "condition", "来年度から。") | given(items[1], "abstain"))
    said = [(one.item.title, one.stance, one.words) for one in Vote.objects.select_related("item").order_by("said_at", "stance")]
    assert said == [("規約", "against", "早い。"), ("予算", "abstain", ""), ("規約", "condition", "来年度から。")]
    shown = text(Client().get(page))
    assert ("来年度から。" in shown, "早い。" in shown, shown.count(" checked")) == (True, False, 2)


def test_the_page_stays_readable_and_takes_nothing_once_it_is_over(region: World) -> None:
    found, (item,) = going(region)
    page = page_of(LAB, found)
    decide(item, by=region.center, outcome="noted", decision="改正する。", version=0)
    late = Client().post(page, given(item))
    assert (late.status_code, OVER in text(late) or "議題ごとに" in text(late)) == (422, True)
    send_out(fresh(found), by=region.center)
    shown = Client().get(page)
    assert (shown.status_code, OVER in text(shown), "改正する。" in text(shown)) == (200, True, False)
    late = Client().post(page, given(item, "against", "間に合わなかった理由。"))
    assert (late.status_code, OVER in text(late), Vote.objects.count()) == (422, True, 0)
    with clock.moved_to(clock.at(MEETING_DAY + dt.timedelta(days=30), 23, 58)):
        assert Client().get(page).status_code == 200
    with clock.moved_to(clock.at(MEETING_DAY + dt.timedelta(days=31), 0, 1)):
        assert Client().get(page).status_code in {404, 410}


def test_over_the_years_end_the_day_is_said_with_its_year(region: World) -> None:
    with clock.moved_to(clock.at(dt.date(2026, 12, 28), 12)):
        found = meeting(region, kind="circulation", held_on=dt.date(2027, 1, 5))
        item = add_item(found, by=region.center, wording=Wording("規約"))
        found = send_round(found, by=region.center, version=0)
        mail = Mail.objects.get(to_body=LAB, purpose="round", about=found.pk)
        assert "回答は1月5日（火）まで" in mail.subject
        shown = text(Client().get(page_of(LAB, found)))
        assert [re.sub(r"<[^>]+>", "", one) for one in re.findall(r"回答の期限.*", shown)] == ["回答の期限 来年1月5日"]
    with clock.moved_to(clock.at(dt.date(2027, 1, 5), 23, 50)):
        assert Client().post(page_of(LAB, found), given(item)).status_code == 200, "until the end of the day"
    assert (found.fiscal_year, found.number) == (2026, 1)


def test_a_circulation_is_reached_by_its_link_only_while_it_was_sent(region: World) -> None:
    """What was called off before it went round has no link; what is asked later than its day is refused."""
    found = meeting(region, kind="circulation")
    add_item(found, by=region.center, wording=Wording("規約"))
    move_meeting(found, by=region.center, state="off", reason="要らない。")
    assert (Link.objects.count(), Mail.objects.count()) == (0, 0)
    Meeting.objects.filter(pk=found.pk).update(state="planned", held_on=TODAY)
    sent = send_round(fresh(found), by=region.center, version=1)
    assert {one.expires_at for one in Link.objects.all()} == {clock.at(TODAY + dt.timedelta(days=30), 23, 59)}
    assert sent.held_at == sent.round_at == NOON


# Other bodies, other languages, many items


def test_the_page_in_english_keeps_the_words_of_the_house_and_says_the_rest_in_english(region: World) -> None:
    found, (item,) = going(region, "Rules")
    AgendaItem.objects.filter(pk=item.pk).update(question="May we?")
    page = page_of(LAB, found)
    shown = text(Client().get(page, HTTP_ACCEPT_LANGUAGE="en"))
    for words in ("回答の期限", "この答えを送る", "答える方のお名前", "賛成", "反対", "棄権"):
        assert words not in shown, words
    assert 'lang="en"' in shown
    refused = text(Client().post(page, given(item, "against", "", "Koide"), HTTP_ACCEPT_LANGUAGE="en"))
    assert "条件・反対・回答は" not in refused
    assert Client().post(page, given(item, "against", "Too early.", "Koide"), HTTP_ACCEPT_LANGUAGE="en").status_code == 200
    assert Vote.objects.get().words == "Too early."


def test_the_page_asks_as_much_for_three_items_as_for_one(region: World) -> None:
    asked = []
    for titles in (("一",), ("一", "二", "三")):
        found, items = going(region, *titles)
        page = page_of(LAB, found)
        for one in items:
            Client().post(page, given(one))
        with CaptureQueriesContext(connection) as queries:
            assert Client().get(page).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_a_ballot_holds_what_is_undecided_with_what_the_body_said_last(region: World) -> None:
    found, items = going(region, "一", "二", "三")
    cast_votes(found, {items[0].pk: Said("against", "早い。"), items[2].pk: Said("agree")}, by=region.lab)
    decide(items[2], by=region.center, outcome="noted", decision="改正する。", version=0)
    lines = ballot(found, region.lab)
    assert [(one.item.title, one.stance, one.words, one.known is not None) for one in lines] == [("一", "against", "早い。", True), ("二", "", "", False)]
    typed = {f"s-{items[1].pk}": "agree", f"w-{items[0].pk}": " ", f"s-{items[2].pk}": "agree"}
    assert read_ballot(typed, lines) == {items[1].pk: Said("agree", "")}
    assert [(one.stance, one.words) for one in ballot(found, region.lab, typed)] == [("", " "), ("agree", "")], "as typed, not as it was"
    assert [one.stance for one in ballot(found, region.bank)] == ["", ""]


def test_a_closed_body_is_not_asked(region: World) -> None:
    Body.objects.filter(pk=BANK).update(closed_on=TODAY)
    going(region)
    assert sorted(Mail.objects.filter(purpose="round").values_list("to_body", flat=True)) == sorted([DESK, LAB, CENTER])
