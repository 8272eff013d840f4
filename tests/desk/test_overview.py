"""The overview: every number is what the page it opens shows, to whom it may be shown, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest

from renkei.base import clock
from renkei.cases.models import Case
from renkei.reporting.figures import BY_CODE
from renkei.reporting.months import Month, by_month, last_months, of_month
from renkei.reporting.queries import count
from tests.desk.pages import address, client, seen
from tests.desk.pages import said as text_of
from tests.meetings.making import with_meetings
from tests.reporting.year import Year, a_year, at
from tests.world import BANK, CENTER, DESK, LAB, World

NOVEMBER = at(11, 27)
pytestmark = pytest.mark.covers("C78")


@pytest.fixture
def year(world: World) -> Year:
    return a_year(world)


def look(world: World, name: str, body: str = DESK) -> str:
    with clock.moved_to(NOVEMBER):
        return text_of(client(world, body).get(address("desk-figures-overview", body), {"look": name}))


def looks(text: str) -> list[str]:
    return re.findall(r'\?look=(\w+)"', text)


def test_each_body_has_its_looks_and_the_desk_its_own(world: World, year: Year) -> None:
    found = {body: looks(look(world, "", body)) for body in (DESK, LAB, CENTER, BANK)}
    assert found == {DESK: ["desk", "body", "management"], LAB: ["body", "management"], CENTER: ["body", "management"], BANK: ["body", "management"]}
    assert "主担当の機関" in look(world, "desk") and "主担当の機関" not in look(world, "desk", LAB)  # noqa: PT018
    assert [re.findall(r'\?look=(\w+)" aria-current="page"', look(world, name, LAB)) for name in ("nonsense", "body", "desk", "management")] == [["body"], ["body"], ["body"], ["management"]]


@pytest.mark.parametrize(("name", "body"), [("desk", DESK), ("body", DESK), ("management", DESK), ("body", LAB), ("management", LAB), ("body", BANK)])
def test_every_number_opens_as_many_records_as_it_says(world: World, year: Year, name: str, body: str) -> None:
    """Each number of cases is the length of its list, each figure that of its records; what one may not see is said."""
    text, opened = look(world, name, body), 0
    with clock.moved_to(NOVEMBER):
        one = client(world, body)
        for url, number in re.findall(r'<a (?:class="late" )?href="(/d/[^"]+/cases/\?[^"]*)">(\d+)</a>', text):
            page = text_of(one.get(unescape(url)))
            assert len(set(re.findall(r'/case/([0-9a-f-]{36})/"', page))) == int(number), url
            opened += 1
        for url, number in re.findall(r'<a href="(/d/[^"]+/figures/of/(?!first_answer|body_answer|dwell)[^"]*)">(?:<b>)?(\d+)', text):
            page = text_of(one.get(unescape(url)))
            assert re.search(rf"<b>{number}</b> [件回]", page), url
            hidden = re.search(r"(\d+)件(?:は見ることができません|ありますが)", page)
            shown = len(re.findall(r'<tr>\s*<th scope="row">', page))
            assert shown + (int(hidden[1]) if hidden else 0) == int(number), url
            opened += 1
    assert opened > 20


def test_a_month_shows_what_happened_in_it_and_no_other(world: World, year: Year) -> None:
    figure, months = BY_CODE["consultations"], last_months(NOVEMBER.date())
    with clock.moved_to(NOVEMBER):
        numbers = [int(one.value or 0) for one in by_month(figure, months, as_of=NOVEMBER)]
        whole = count(figure, months[-1].year, as_of=NOVEMBER)
    assert [one.code for one in months] == ["2025-11", "2025-12", *(f"2026-{month:02}" for month in range(1, 12))]
    #        11 12  1  2  3  4  5  6  7  8  9 10 11: 「late」 was said in March; a nuisance and what was taken back are none
    assert numbers == [0, 0, 0, 0, 1, 1, 0, 4, 0, 0, 2, 2, 0]
    assert sum(len(of_month(whole, month).rows) for month in months) == len(whole.rows) == 9


@pytest.mark.parametrize(("text", "wanted"), [("2026-11", dt.date(2026, 11, 1)), ("2026-13", None), ("2026-1", None), ("", None), ("abcdefg", None), ("2026-11-01", None)])
def test_a_month_of_an_address_is_read_or_is_none(text: str, wanted: dt.date | None) -> None:
    month = Month.read(text)
    assert (month.first if month else None) == wanted


@pytest.mark.parametrize(("day", "back", "code"), [(dt.date(2026, 1, 1), 1, "2025-12"), (dt.date(2026, 3, 1), 14, "2025-01"), (dt.date(2026, 12, 1), 0, "2026-12")])
def test_months_before(day: dt.date, back: int, code: str) -> None:
    assert Month(day).before(back).code == code


def test_the_drawing_says_where_a_fiscal_year_begins_and_the_table_which_year_a_month_is_of(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures-overview")
        empty = seen(world, "desk-figures-overview", BANK)
    assert re.findall(r'<li[^>]*>(\w+)<span class="y">([^<]+)<', text) == [("11月", "令和7年度"), ("4月", "令和8年度")]
    months = re.findall(r'<th scope="row">(令和\d年\d+月)</th>', text)
    assert (len(months), months[0], months[5], months[-1]) == (13, "令和7年11月", "令和8年4月", "令和8年11月")
    assert ["この13か月に、数えるものはありません" in one for one in (text, empty)] == [False, True]
    assert (empty.count("flow-fig"), len(re.findall(r'<th scope="row">令和\d年\d+月</th>', empty))) == (0, 13)  # the table stays


def test_a_month_of_records_says_which(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        page = text_of(client(world).get(address("desk-figure", figure="consultations"), {"year": "2026", "month": "2026-06"}))
        odd = text_of(client(world).get(address("desk-figure", figure="consultations"), {"year": "2026", "month": "x"}))
    assert ("6月" in page, page.count("<tr>") - 1, odd.count("<tr>") - 1) == (True, 4, 9)


def test_persons_of_ones_own_body_and_who_has_nobody(world: World, year: Year) -> None:
    text = look(world, "body")
    part = text[text.index("担当者ごとの荷"):]
    names = re.findall(r'<th scope="row">([^<]+)</th>', part[: part.index("</table>")])
    held = Case.objects.open().filter(holder_id=DESK)
    assert set(names) <= {"相川 志保", "まだ担当者がいない"}
    assert ("まだ担当者がいない" in names) is held.filter(holder_person=None).exists()


def test_meetings_stand_against_the_plan(world: World) -> None:
    with_meetings(world)
    text = look(world, "management")
    rows = re.findall(r'<th scope="row">(ひばり[^<]+)</th><td[^>]*><a[^>]*>(\d+)</a></td><td[^>]*>([^<]+)</td>', text)
    assert rows == [("ひばり定例会議", "0", "10"), ("ひばり連携会議", "0", "1"), ("ひばりスマート会議", "0", "定めなし")]


def test_an_empty_house_says_so(world: World) -> None:
    text = look(world, "desk")
    assert text.count("続いている案件はありません。") == 1  # of the bodies; ages and stages stand with their zeros


def test_queries_do_not_grow_with_cases(world: World, year: Year) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            look(world, "desk")
        return len(found)

    asked()
    before = asked()
    with clock.moved_to(NOVEMBER):
        for number in range(5):
            year.case(f"more {number}")
    assert asked() == before
