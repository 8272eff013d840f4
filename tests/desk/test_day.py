"""The day of a body: what stands in which list, in which order, how late, and what was done."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import renkei
from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Contact
from renkei.cases.queries.today import MOST_ARRIVALS, MOST_COMING, MOST_ROWS
from renkei.post.models import Notice, NoticeReceipt, ScreenMail
from tests.desk.pages import HOSTILE, address, client, part, said, seen
from tests.desk.scene import NOW, arrived, running
from tests.desk.waiting import copies, waiting
from tests.world import BANK, CENTER, DESK, LAB, World

DAY = NOW.date()


def today(world: World, body: str = DESK, moment: dt.datetime = NOW) -> str:
    with clock.moved_to(moment):
        return seen(world, "desk-today", body)


def section(text: str, name: str) -> str:
    return part(text, f'<h2 id="{name}">', "</section>")


def firms(text: str) -> list[str]:
    return re.findall(r'<a class="t" href="[^"]+">([^<]+)</a>', text)


def counts(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"<b>(\d+)<span class=\"s\">件", text)]


def active(world: World, name: str, days: int = 0, **more: Any) -> Case:
    return waiting(world, name, days, **{"state": "active", "next_kind": "work"} | more)


# ---- in which list


@pytest.mark.parametrize(
    ("days", "more", "places"),
    [
        (-1, {}, ["late"]), (0, {}, ["due"]), (1, {}, ["wk"]), (21, {}, ["wk"]), (22, {}, []),
        (0, {"next_kind": "call", "next_phone": "047-1"}, ["calls"]), (-1, {"next_kind": "call", "next_phone": "047-1"}, ["late"]),
        (1, {"next_kind": "call", "next_phone": "047-1"}, ["wk"]), (0, {"next_kind": "wait"}, ["due"]),
        (1, {"state": "arrived"}, ["new"]), (0, {"state": "arrived"}, ["due", "new"]), (-1, {"state": "arrived"}, ["late", "new"]),
    ],
)  # fmt: skip
def test_where_a_case_stands(world: World, days: int, more: dict[str, Any], places: list[str]) -> None:
    active(world, "架空製作所", days, **more)
    text = today(world)
    assert [one for one in ("late", "calls", "due", "new", "wk") if "架空製作所" in section(text, one)] == places
    expected = [places.count(one) for one in ("late", "calls", "due", "new")]
    assert counts(text) == expected


def test_closed_cases_stand_nowhere(world: World) -> None:
    for days in (-1, 0, 3):
        case = active(world, "架空製作所", days)
        close_case(case, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
    assert "架空製作所" not in today(world)


def test_a_body_sees_what_it_holds_and_where_it_moves(world: World) -> None:
    active(world, "試験所が持つ", holder_id=LAB, next_body_id=CENTER, at_desk=False)
    active(world, "試験所が動く", holder_id=CENTER, next_body_id=LAB, at_desk=False)
    active(world, "窓口が持つ")
    shown = {body: sorted(firms(section(today(world, body), "due"))) for body in (DESK, LAB, BANK)}
    assert shown == {DESK: ["窓口が持つ"], LAB: ["試験所が持つ"], BANK: []}


def test_the_front_desk_sees_what_was_sent_to_it_though_another_holds_it(world: World) -> None:
    active(world, "試験所が持つ", holder_id=LAB, next_body_id=LAB)
    row = section(today(world), "due")
    assert firms(row) == ["試験所が持つ"]
    assert "工業試験所" in row


# ---- in which order


def test_the_latest_first_then_by_time_then_by_arrival(world: World) -> None:
    for name, days, time in (("き", -1, dt.time(15)), ("い", -3, None), ("え", -1, dt.time(9)), ("あ", -30, None)):
        active(world, name, days, next_time=time)
    assert firms(section(today(world), "late")) == ["あ", "い", "え", "き"]


def test_what_comes_stands_by_day_with_its_time(world: World) -> None:
    active(world, "あとで", 9, next_step="納品を見る")
    active(world, "さきに", 1, next_step="訪ねる", next_time=dt.time(13, 30))
    found = re.findall(r"<dt>([^<]+)</dt><dd><a[^>]+>([^<]+)</a>　([^<]+)</dd>", section(today(world), "wk"))
    assert found == [("11月26日（木） 13時30分", "さきに", "訪ねる"), ("12月4日（金）", "あとで", "納品を見る")]


def test_calls_made_today_go_below_the_open_ones(world: World) -> None:
    done = active(world, "かけた会社", next_kind="call", next_phone="047-1", next_time=dt.time(9))
    active(world, "約束の会社", next_kind="call", next_phone="047-2", next_time=dt.time(16))
    active(world, "今日中の会社", next_kind="call", next_phone="047-3")
    with clock.moved_to(NOW):
        client(world).post(address("desk-call-back", case=done.pk), {"do": "talked"})
    calls = section(today(world), "calls")
    assert re.findall(r'<p class="who2"><b>([^<]+)', calls) == ["約束の会社", "今日中の会社", "かけた会社"]
    assert "あと2件" in calls
    assert re.findall(r'<p class="at">([^<]+)<small>([^<]+)', calls) == [("16:00", "約束"), ("今日中", "折返し"), ("9:20", "済み")]
    assert counts(today(world))[1] == 2


def test_calls_of_yesterday_of_others_and_by_other_ways_are_not_todays(world: World) -> None:
    cases = [active(world, name, 5, arrived_at=NOW - dt.timedelta(days=9)) for name in ("昨日", "よそ", "訪問", "不在")]
    with clock.moved_to(NOW - dt.timedelta(days=1)):
        log_contact(cases[0], by=world.desk, channel="phone", text="話した", outcome="talked")
    with clock.moved_to(NOW):
        Contact.objects.create(case=cases[1], channel="phone", text="話した", outcome="talked", author_body_id=LAB,
                               author=world.people[LAB], happened_at=NOW, recorded_at=NOW)
        log_contact(cases[2], by=world.desk, channel="visit", text="話した", outcome="talked")
        log_contact(cases[3], by=world.desk, channel="phone", text="", outcome="absent")
    assert "かける電話はありません" in section(today(world), "calls")


@pytest.mark.parametrize(("days", "count"), [(0, 1), (13, 1), (15, 0)])
def test_attempts_of_two_weeks_are_counted(world: World, days: int, count: int) -> None:
    case = active(world, "架空製作所", next_kind="call", next_phone="047-1", arrived_at=NOW - dt.timedelta(days=30))
    with clock.moved_to(NOW - dt.timedelta(days=days)):
        log_contact(case, by=world.desk, channel="phone", text="", outcome="absent")
    Case.objects.filter(pk=case.pk).update(next_on=DAY)
    assert section(today(world), "calls").count("1回かけて不在") == count


# ---- how late, over weekends and the year end


@pytest.mark.parametrize(
    ("moment", "due", "words"),
    [
        (dt.date(2027, 1, 4), dt.date(2026, 12, 28), "1営業日超過"),  # nobody works from 29 December to 3 January
        (dt.date(2027, 1, 5), dt.date(2026, 12, 28), "2営業日超過"),
        (dt.date(2026, 12, 27), dt.date(2026, 12, 26), "期限切れ"),  # a Saturday, seen on Sunday
        (dt.date(2026, 12, 31), dt.date(2026, 12, 28), "期限切れ"),
        (dt.date(2028, 3, 1), dt.date(2028, 2, 28), "2営業日超過"),  # over the leap day
    ],
)
def test_lateness_counts_only_days_of_work(world: World, moment: dt.date, due: dt.date, words: str) -> None:
    active(world, "架空製作所", (due - DAY).days)
    late = section(today(world, moment=clock.at(moment, 9)), "late")
    assert re.findall(r'<span class="late-t nw">([^<]+)', late) == [words]


def test_midnight_in_tokyo_makes_it_late(world: World) -> None:
    active(world, "架空製作所")
    for moment, late in ((clock.at(DAY, 23, 59), 0), (clock.at(DAY + dt.timedelta(days=1), 0), 1)):
        assert counts(today(world, moment=moment))[0] == late


# ---- long lists


def test_long_lists_are_cut_but_counted_whole(world: World) -> None:
    with clock.moved_to(NOW):
        copies(waiting(world, "架空000", -MOST_ROWS - 5), MOST_ROWS + 4)
    text = today(world)
    assert len(firms(section(text, "late"))) == MOST_ROWS
    assert counts(text)[0] == MOST_ROWS + 5
    assert counts(text)[3] == MOST_ROWS + 5 > MOST_ARRIVALS
    assert section(text, "new").count('<p class="top">') == 8
    assert firms(section(text, "late"))[0] == "架空000"


def test_what_comes_is_six_lines_at_most(world: World) -> None:
    copies(active(world, "架空000", 1), MOST_COMING + 2)
    assert section(today(world), "wk").count("<dt>") == MOST_COMING


def test_the_day_takes_no_more_queries_with_every_list_filled(world: World) -> None:
    one, seen_queries = client(world), []
    with clock.moved_to(NOW):
        for rounds in range(2):
            for days, more in ((-1, {}), (0, {}), (3, {}), (0, {"next_kind": "call", "next_phone": "047-1"}), (1, {"state": "arrived"})):
                for copy in range(1 + rounds):
                    active(world, f"架空{rounds}{copy}{days}", days, **more)
            one.get(address("desk-today"))
            with CaptureQueriesContext(connection) as queries:
                one.get(address("desk-today"))
            seen_queries.append(len(queries))
    assert seen_queries[0] == seen_queries[1]


# ---- beside the lists


def test_only_unread_notices_of_ones_own_body_stand_there(world: World) -> None:
    for title, body, read in (("読んだ", DESK, NOW), ("まだ", DESK, None), ("よそ", LAB, None)):
        notice = Notice.objects.create(from_body=CENTER, by_person=world.people[CENTER].pk, title=title + HOSTILE, text="出欠を。",
                                       sent_at=NOW, asks_answer=True, due_on=DAY + dt.timedelta(days=1))
        NoticeReceipt.objects.create(notice=notice, body=body, read_at=read)
    notices = section(today(world), "nt")
    assert re.findall(r"<b>(\w+)&quot;", notices) == ["まだ"]
    assert "あと1日" in notices
    assert "<script>alert" not in notices


def test_the_head_says_day_era_and_body(world: World) -> None:
    text = part(today(world), '<div class="page-head">', "</div>")
    assert "11月25日（水）" in text
    assert "令和8年11月25日　ひばり県産業課" in text
    assert "data-print" in today(world)


def test_paper_shows_no_buttons_and_no_navigation() -> None:
    sheets = [one.read_text(encoding="utf-8") for one in Path(renkei.__file__).parent.rglob("*.css")]
    printed = "".join(found for sheet in sheets for found in re.findall(r"@media print\s*\{.*", sheet, re.DOTALL))
    assert "display:none" in printed.replace(" ", "")


def test_links_lead_where_the_work_is_done(world: World) -> None:
    rows = {"call": active(world, "電話", -1, next_kind="call", next_phone="047-1"), "new": waiting(world, "新着", -1),
            "work": active(world, "仕事", -1)}  # fmt: skip
    links = dict(zip(rows, ("desk-call-back", "desk-triage", "desk-case"), strict=True))
    late = section(today(world), "late")
    for name, case in rows.items():
        assert f'href="{address(links[name], case=case.pk)}"' in late


def test_a_helper_sees_the_holders_firm_by_its_given_name(world: World) -> None:
    scene = running(world)
    Case.objects.filter(pk=scene.case.pk).update(next_on=DAY, next_body_id=LAB)
    assert firms(section(today(world, LAB), "due")) == ["株式会社まぼろし計測"]
    assert firms(section(today(world, CENTER), "due")) == []


# ---- the example region's mailbox


@pytest.mark.parametrize("find", ["", "firm.example", "FIRM", " a@firm ", "a@firm\x00"])
def test_mails_are_found_by_a_part_of_the_address(db: None, find: str) -> None:
    ScreenMail.objects.create(to="a@firm.example", subject="受付のお知らせ", text="本文", sent_at=NOW)
    assert "受付のお知らせ" in said(Client().get(reverse("desk-mailbox"), {"q": find}))


@pytest.mark.parametrize("find", ["nobody@", HOSTILE, "%", "x" * 5000])
def test_no_mail_says_so(db: None, find: str) -> None:
    ScreenMail.objects.create(to="a@firm.example", subject="受付のお知らせ", text="本文", sent_at=NOW)
    text = said(Client().get(reverse("desk-mailbox"), {"q": find}))
    assert "メールはまだありません" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize(("page", "shown"), [("", 30), ("2", 1), ("99", 1), ("x", 30)])
def test_mails_come_in_pages_newest_first(db: None, page: str, shown: int) -> None:
    for number in range(31):
        ScreenMail.objects.create(to="a@firm.example", subject=f"第{number}便", text="本文", sent_at=NOW + dt.timedelta(minutes=number))
    subjects = re.findall(r"第(\d+)便", said(Client().get(reverse("desk-mailbox"), {"page": page} if page else {})))
    assert len(subjects) == shown
    assert [int(one) for one in subjects] == sorted(map(int, subjects), reverse=True)


def test_arrivals_of_a_body_are_its_own(world: World) -> None:
    with clock.moved_to(NOW):
        arrived(world, "窓口の新着")
    assert "窓口の新着" in section(today(world), "new")
    assert "窓口の新着" not in today(world, LAB)
