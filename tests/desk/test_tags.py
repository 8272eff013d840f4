"""Deadlines in words, the navigation, and the small filters of the staff's pages."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base import clock, routes
from renkei.desk.context import desk_nav, place_of
from renkei.desk.templatetags.desk import due_words, field, moment_words, split
from tests.desk.pages import client, part, said, seen
from tests.desk.scene import NOW, arrived
from tests.desk.sorting import url
from tests.world import BANK, DESK, LAB, World

CLOSED = [(12, 29, 1, 3)]


def words(today: dt.date, day: dt.date | None, *, dated: bool = False) -> str:
    """What the tag says, without its tags; the plan's closures are given, so no database is asked."""
    context: dict[str, Any] = {"request": SimpleNamespace(closed_days=CLOSED)}
    with clock.moved_to(clock.at(today, 9)):
        return re.sub(r"<[^>]+>", "", str(due_words(context, day, dated=dated)))


@pytest.mark.parametrize(
    ("today", "day", "expected"),
    [
        (dt.date(2026, 11, 25), dt.date(2026, 11, 25), "今日"),
        (dt.date(2026, 11, 25), dt.date(2026, 11, 26), "あと1日"),
        (dt.date(2026, 11, 27), dt.date(2026, 11, 30), "あと1日"),  # Friday to Monday
        (dt.date(2026, 11, 27), dt.date(2026, 11, 28), "あと1日"),  # to a Saturday: it is no longer far
        (dt.date(2026, 11, 25), dt.date(2026, 11, 30), "あと3日"),
        (dt.date(2026, 11, 25), dt.date(2026, 12, 1), ""),
        (dt.date(2026, 12, 28), dt.date(2027, 1, 4), "あと1日"),  # the offices are closed between
        (dt.date(2026, 12, 28), dt.date(2027, 1, 5), "あと2日"),
        (dt.date(2026, 12, 25), dt.date(2027, 1, 5), "あと3日"),
        (dt.date(2026, 12, 25), dt.date(2027, 1, 6), ""),
        (dt.date(2027, 4, 28), dt.date(2027, 5, 7), "あと3日"),  # the holidays of May
        (dt.date(2026, 11, 20), dt.date(2026, 11, 24), "あと1日"),  # 23 November is a holiday
        (dt.date(2026, 11, 25), dt.date(2026, 11, 24), "1営業日超過"),
        (dt.date(2026, 11, 24), dt.date(2026, 11, 20), "1営業日超過"),
        (dt.date(2027, 1, 3), dt.date(2026, 12, 28), "期限切れ"),
        (dt.date(2027, 1, 4), dt.date(2026, 12, 28), "1営業日超過"),
    ],
)
def test_deadlines_are_told_in_business_days(today: dt.date, day: dt.date, expected: str) -> None:
    assert words(today, day) == expected


@pytest.mark.parametrize(("day", "expected"), [(dt.date(2026, 12, 10), "12月10日（木）"), (dt.date(2027, 4, 12), "来年4月12日"), (None, "")])
def test_what_is_far_off_is_dated_when_asked(day: dt.date | None, expected: str) -> None:
    assert words(NOW.date(), day, dated=True) == expected
    assert words(NOW.date(), day) == ""


@settings(max_examples=50)
@given(st.dates(dt.date(2026, 1, 1), dt.date(2028, 12, 31)), st.integers(-40, 40))
def test_late_soon_and_today_never_mix(today: dt.date, away: int) -> None:
    said_words = words(today, today + dt.timedelta(days=away), dated=True)
    assert ("超過" in said_words or "期限切れ" in said_words) == (away < 0)
    assert (said_words == "今日") == (away == 0)
    assert away > 0 or "あと" not in said_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2026-11-25T00:20:00+00:00", "11月25日（水）9時20分"), ("2026-11-24T15:00:00+00:00", "11月25日（水）0時"),
     ("いつか", "いつか"), ("", ""), ("2026-13-40", "2026-13-40")],
)  # fmt: skip
def test_a_kept_moment_is_shown_in_tokyo_time_and_other_text_as_it_is(text: str, shown: str) -> None:
    with clock.moved_to(NOW):
        assert moment_words(text) == shown


def test_small_filters() -> None:
    class One(forms.Form):
        name = forms.CharField()

    assert split(" a  b c ") == ["a", "b", "c"]
    assert field(One(), "name").name == "name"
    with pytest.raises(KeyError):
        field(One(), "nothing")


# ---- the navigation


def lit(text: str) -> list[str]:
    return re.findall(r'aria-current="page">([^<]+)', part(text, '<nav class="nav"', "</nav>"))


@pytest.mark.parametrize(
    ("name", "entry"),
    [("desk-today", "今日"), ("desk-inbox", "受付箱"), ("desk-call", "電話"), ("desk-cases", "案件"), ("desk-board", "一覧表"),
     ("desk-requests", "依頼"), ("desk-notices", "お知らせ"), ("desk-plan", "計画"), ("desk-search", "検索"), ("desk-companies", "案件")],
)  # fmt: skip
@pytest.mark.parametrize("body", [DESK, LAB])
def test_each_page_lights_its_entry(world: World, name: str, entry: str, body: str) -> None:
    assert lit(seen(world, name, body)) == [entry]


@pytest.mark.parametrize(
    ("name", "entry"),
    [("desk-triage", "受付箱"), ("desk-set-aside", "受付箱"), ("desk-keep", "受付箱"), ("desk-call-back", "電話"), ("desk-call-done", "電話"),
     ("desk-case", "案件")],
)  # fmt: skip
def test_pages_of_a_case_light_the_entry_one_came_from(world: World, name: str, entry: str) -> None:
    assert lit(said(client(world).get(url(arrived(world).case, name=name)))) == [entry]


def test_counts_are_those_of_the_acting_body(world: World) -> None:
    for _ in range(3):
        arrived(world)
    counted = {body: re.findall(r'([^>]+)<span class="n">(\d+)', part(seen(world, "desk-search", body), '<nav class="nav"', "</nav>"))
               for body in (DESK, LAB, BANK)}  # fmt: skip
    assert counted == {DESK: [("受付箱", "3")], LAB: [], BANK: []}


def test_every_link_of_the_navigation_opens_for_its_member(world: World) -> None:
    one = client(world, LAB)
    links = re.findall(r'<a href="([^"]+)"', part(seen(world, "desk-today", LAB), '<nav class="nav"', "</nav>"))
    assert len(links) == 11
    assert {one.get(link).status_code for link in links} == {200}


def test_who_acts_for_no_body_has_no_navigation() -> None:
    request: Any = SimpleNamespace()
    assert desk_nav(request) == {}


def beside(text: str) -> list[tuple[str, str]]:
    """The pages beside the one shown: mark of the one shown, and label."""
    if '<nav class="beside"' not in text:
        return []
    return re.findall(r'<a href="[^"]+"( aria-current="page")?>([^<]+)', part(text, '<nav class="beside"', "</nav>"))


@pytest.mark.parametrize(
    ("name", "label", "others"),
    [("desk-people", "人", {"担当替え", "不在の予定", "文書のひな形"}), ("desk-moves", "担当替え", {"人", "不在の予定", "文書のひな形"}),
     ("desk-absences", "不在の予定", {"人", "担当替え", "文書のひな形"}), ("desk-companies", "会社", {"案件", "保存した条件", "台帳の取込み"}),
     ("desk-cases", "案件", {"会社", "保存した条件", "台帳の取込み"})],
)  # fmt: skip
def test_pages_side_by_side_show_the_way_to_each_other(world: World, name: str, label: str, others: set[str]) -> None:
    shown = beside(seen(world, name, DESK))
    assert [one for mark, one in shown if mark] == [label]
    assert others <= {one for mark, one in shown if not mark}


@pytest.mark.parametrize("name", ["desk-today", "desk-call", "desk-requests"])
def test_a_page_that_stands_alone_shows_none(world: World, name: str) -> None:
    assert beside(seen(world, name, DESK)) == []


def test_every_page_beside_opens(world: World) -> None:
    one = client(world, DESK)
    links = [link for name in ("desk-people", "desk-cases")
             for link in re.findall(r'<a href="([^"]+)"', part(seen(world, name, DESK), '<nav class="beside"', "</nav>"))]
    assert {one.get(link).status_code for link in links} == {200}


def test_every_page_of_the_desk_lights_up_one_entry_of_the_navigation() -> None:
    dark = {name for route in routes.all_routes() if (name := route.name).startswith("desk-") and place_of(name) is None}
    assert dark == {"desk-nudges", "desk-nudges-read", "desk-mailbox"}  # the bell's own, and the example's mailbox


@pytest.mark.parametrize(("page", "place"), [
    ("desk-case-match", "desk-cases"), ("desk-call-back", "desk-call"), ("desk-mail-in", "desk-people"), ("desk-inquiry", "desk-requests"),
    ("desk-export", "desk-people"), ("my-calendar", None), ("", None),
])  # fmt: skip
def test_a_page_belongs_to_the_entry_with_the_longest_beginning(page: str, place: str | None) -> None:
    assert place_of(page) == place
