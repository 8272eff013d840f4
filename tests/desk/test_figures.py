"""The pages of figures: numbers, their records, closing a year, the sheet."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import openpyxl
import pytest

from renkei.base import clock
from renkei.cases.actions.intake import receive
from renkei.plan.models import Body, PlanVersion
from renkei.reporting.figures import FIGURES
from renkei.reporting.models import ClosedPeriod
from tests.cases.making import company, said
from tests.desk.pages import HOSTILE, address, client, fault, part, seen
from tests.desk.pages import said as text_of
from tests.reporting.year import Year, a_year, at
from tests.world import BANK, CENTER, DESK, LAB, World

NOVEMBER, MAY = at(11, 27), clock.at(dt.date(2027, 5, 31), 15)


@pytest.fixture
def year(world: World) -> Year:
    return a_year(world)


def plain(text: str) -> str:
    """What a reader reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def section(text: str, code: str) -> str:
    return part(text, f'id="{code}"', "</section>")


def lines(text: str, code: str) -> dict[str, str]:
    """The numbers of a figure by name, as read."""
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td class="num">(.*?)</td>', section(text, code).split('<div class="fig-cross">')[0])
    return {name: plain(value) for name, value in rows}


def total(text: str, code: str) -> str:
    return plain(part(section(text, code), '<p class="fig-total">', "</b>"))


def links(text: str) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(r'href="(/d/[^"]*/figures/of/[^"]*)"', text)]


@pytest.mark.covers("C07", "C10", "C38", "C39", "C40", "C78")
def test_the_desk_sees_every_figure_by_part_and_by_body(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures")
    assert re.findall(r'<section class="sec fig-one" aria-labelledby="h-(\w+)"', text) == [one.code for one in FIGURES]
    assert "令和8年度の数字" in text
    assert {code: total(text, code) for code in ("consultations", "first_answer", "open", "areas", "dwell")} == {
        "consultations": "9", "first_answer": "4", "open": "9", "areas": "9", "dwell": "23"}  # fmt: skip
    assert lines(text, "consultations") == {"ウェブ": "9", "産業課": "8", "工業試験所": "1"}
    assert lines(text, "areas") == {"ひばり県北部": "7", "ひばり湾岸": "3", "内陸の団地": "4", "地域の外・分からない": "2", "産業課": "8", "工業試験所": "1"}
    assert lines(text, "supports") == {"資金": "1", "開発・試験": "1", "産業課": "0", "工業試験所": "1", "センター": "1"}
    assert "重なりがあるので、足し合わせられません。" in section(text, "areas")
    assert "1件のうち0件が、期限の2営業日まで" in plain(section(text, "first_answer"))
    crossed = re.findall(r"<tr>(.*?)</tr>", part(section(text, "supports"), '<div class="fig-cross">', "</table>"))
    assert [plain(row) for row in crossed] == ["機関 資金 開発・試験", "工業試験所 0 1", "センター 1 0"]
    assert "fig-cross" not in section(text, "consultations")  # one part only: the bodies say the same
    targets = plain(part(text, 'aria-labelledby="h-targets"', "</section>"))
    assert "令和7・8年度［令和7年度・令和8年度］ 2 2 工業試験所 1.6 、 センター 0.4 令和9年度 1 0 ―" in targets


def test_a_list_at_the_head_leads_to_every_figure_and_says_its_total(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures")
    listed = re.findall(r'<li><a href="#(\w+)">([^<]+)</a>　<b>([^<]*)</b>', part(text, '<nav class="fig-index', "</nav>"))
    assert listed == [(one.code, one.name, total(text, one.code)) for one in FIGURES]


def test_answers_are_held_against_the_deadline_there_was_on_the_day_asked_for(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        newest = PlanVersion.objects.order_by("-number")[0]
        clocks = newest.content["clocks"] | {"first_answer": {"business_days": 9}}
        PlanVersion.objects.create(plan=newest.plan, number=newest.number + 1, content=newest.content | {"clocks": clocks}, published_at=clock.now())
        found = [plain(section(seen(world, "desk-figures", given=given), "first_answer")) for given in ({"on": "2026-11-26"}, {})]
    assert [re.findall("期限の.営業日まで", one) for one in found] == [["期限の2営業日まで"], ["期限の9営業日まで"]]


def test_a_body_sees_the_plans_totals_and_its_own_column_only(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        desk, lab = seen(world, "desk-figures"), seen(world, "desk-figures", LAB)
    assert {code: total(lab, code) for code in ("consultations", "open")} == {code: total(desk, code) for code in ("consultations", "open")}
    assert lines(lab, "consultations") == {"ウェブ": "9", "工業試験所": "1"}
    assert lines(lab, "open") == {"工業試験所": "2"}
    assert "計画全体と、あなたの機関の数字です。" in lab
    assert "センター" not in part(lab, 'aria-labelledby="h-targets"', "</main>")


def test_every_number_opens_as_many_records_as_it_says(world: World, year: Year) -> None:
    """Each link of the page, for the desk, which may see them all: distinct records behind it are the number (P5)."""
    with clock.moved_to(NOVEMBER):
        desk = client(world)
        text = text_of(desk.get(address("desk-figures")))
        counts = re.findall(r'<a href="(/d/[^"]*/figures/of/(?!first_answer|body_answer|dwell)[^"]*)">(?:<b>)?(\d+)</', text)
        assert len(counts) > 40
        for url, number in counts:
            page = text_of(desk.get(url.replace("&amp;", "&")))
            shown = re.findall(r'<tr>\s*<th scope="row">(.*?)</th>', page, re.DOTALL)
            assert "見ることができません" not in page
            assert re.search(rf"<b>{number}</b> [件回]", page)
            assert len(shown) == len(set(shown)) == int(number), url
        areas = text_of(desk.get(address("desk-figure", figure="areas"), {"year": "2026"}))
        assert (areas.count("ひばり県北部、ひばり湾岸"), areas.count("ひばり県北部、内陸の団地")) == (3, 4)


@pytest.mark.covers("C38")
def test_what_one_may_not_see_is_counted_and_not_shown(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        lab = seen(world, "desk-figure", LAB, {"year": "2026"}, figure="consultations")
        bank = seen(world, "desk-figure", BANK, {"year": "2026"}, figure="consultations")
        none = seen(world, "desk-figure", BANK, {"year": "2024"}, figure="consultations")
        projects = seen(world, "desk-figure", BANK, {"years": "2025-2026"}, figure="projects")
        whole = seen(world, "desk-figure", DESK, {"years": "2025-2026"}, figure="projects")
    mine = {"given", "moved", "twice", "silent", "withdrawn"}  # taken, held, or asked about with consent
    numbers = {name: year.cases[name].number for name in year.cases}
    assert {name for name, number in numbers.items() if number in lab} == mine
    assert "ほか4件は見ることができません" in lab
    assert "9件ありますが、見ることができません" in bank
    assert not any(number in bank for number in numbers.values())
    assert ("ありません" in none, "見ることができません" in none) == (True, False)
    assert ("2件ありますが、見ることができません" in projects, "牽引-" in projects) == (True, False)
    assert ("牽引-1" in whole, "牽引-2" in whole, "令和7年度・令和8年度" in whole) == (True, True, True)


def test_another_bodys_column_is_not_there_for_a_body(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        for by, status in ((LAB, 200), (DESK, 404), (CENTER, 404), ("nobody", 404)):
            assert client(world, LAB).get(address("desk-figure", LAB, figure="supports"), {"by": by}).status_code == status
        assert client(world).get(address("desk-figure", figure="nothing")).status_code == 404


def test_a_number_of_an_earlier_way_of_counting_opens_by_it_and_a_made_up_one_is_not_found(world: World, year: Year) -> None:
    del year
    desk = client(world)
    with clock.moved_to(NOVEMBER):
        found = {v[:6]: desk.get(address("desk-figure", figure="projects"), {"v": v}).status_code for v in ("", "1", "2", "3", "x", "１", "9" * 5_000)}
        bodies = [re.findall(r"\d+%", text_of(desk.get(address("desk-figure", figure="projects"), {"year": "2026", "v": v}))) for v in ("1", "2")]
    assert found == {"": 200, "1": 200, "2": 200, "3": 404, "x": 200, "１": 200, "999999": 404}
    assert (bodies[0], max(bodies[1])) == ([], "60%")


def test_a_past_day_is_counted_as_it_was_known(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures", DESK, {"year": "2026", "on": "令和8年4月30日"})
        opened = text_of(client(world).get(next(one for one in links(text) if "/consultations/" in one)))
    assert (total(text, "consultations"), total(text, "open"), "令和8年4月30日までに記録されたもの" in text) == ("2", "3", True)
    assert (year.cases["undone"].number in opened, year.cases["wrong"].number in opened) == (True, False)
    assert "on=2026-04-30" in links(text)[0]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"year": "1066"}, "その年度は数えられません"),
        ({"year": "x'; --"}, "その年度は数えられません"),
        ({"on": "きのうではない"}, "日付は「11月27日」"),
        ({"on": "2027-01-01"}, "まだ来ていない日です"),
        ({"on": HOSTILE}, "日付は「11月27日」"),
    ],
)
def test_what_cannot_be_read_is_said_and_this_year_is_shown(world: World, given: dict[str, str], problem: str) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures", DESK, given)
        assert client(world).get(address("desk-figure", figure="open"), {"years": "20x-1", "page": "x", **given}).status_code == 200
        assert client(world).get(address("desk-figures-sheet"), given).status_code == 200
    assert problem in part(text, 'class="note warn"', "</p>")
    assert ("令和8年度の数字" in text, HOSTILE in text) == (True, False)


def test_definitions_say_how_each_figure_is_counted(world: World) -> None:
    text = seen(world, "desk-figures-definitions", BANK)
    for one in FIGURES:
        section_of = plain(section(text, one.code))
        assert all(str(words) in section_of for words in (one.name, one.what, one.when, one.once, one.unit, f"第{one.version}版"))


def sheet(answer: Any) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True))


def test_the_sheet_holds_the_same_numbers_and_no_firm(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        answer = client(world).get(address("desk-figures-sheet"), {"year": "2026"})
        mine = sheet(client(world, LAB).get(address("desk-figures-sheet", LAB)))
    rows = sheet(answer)
    assert 'filename="suuji-hibari-desk-2026-20261127.xlsx"' in answer["Content-Disposition"]
    assert rows[0] == ("数字", "区分", "値", "単位", "締めたときの値", "数え方の版", "数えた日")
    found = {row[:2]: row[2] for row in rows[1:]}
    assert (found["受け付けた相談", "すべて"], found["受け付けた相談", "工業試験所"], found["目標（令和7・8年度［令和7年度・令和8年度］、2件）", "すべて"]) == (9, 1, 2)
    assert {row[1] for row in mine[1:]} & {"産業課", "センター"} == set()
    assert not any("株式会社" in str(cell) or "製作所" in str(cell) for row in rows for cell in row)


def test_the_desk_closes_a_year_and_later_changes_show_with_their_records(world: World, year: Year) -> None:
    where = address("desk-figures-close") + "?year=2026"
    with clock.moved_to(MAY):
        desk = client(world)
        assert f'href="{where}"' in text_of(desk.get(address("desk-figures"), {"year": "2026"}))
        wrong = desk.post(where, {"on": "32月1日"})
        assert (fault(wrong, "on") != "", "印を付けて" in fault(wrong, "sure"), 'value="32月1日"' in text_of(wrong)) == (True, True, True)
        early = desk.post(where, {"on": "2027-03-01", "sure": "on"})
        assert "年度の終わりより前の日です" in fault(early, "on")
        assert not ClosedPeriod.objects.exists()
        done = desk.post(where, {"on": "2027-04-30", "sure": "on"}, follow=True)
        assert "令和8年度を締めました。" in text_of(done)
        assert "締めたあとに変わった数字はありません。" in text_of(done)
        again = desk.post(where, {"on": "2027-04-30", "sure": "on"}, follow=True)
        assert "もう締めてあります" in text_of(again)
        assert ClosedPeriod.objects.get().as_of == clock.at(dt.date(2027, 5, 1), 0) - dt.timedelta(microseconds=1)
        firm = company(name="遅れた株式会社")
        late = receive(said(company=firm, consulted_at=clock.at(dt.date(2027, 3, 20), 10)), by=world.desk, body=Body.objects.get(pk=DESK)).case
        text = seen(world, "desk-figures", DESK, {"year": "2026"})
        changes = seen(world, "desk-figures-changes", DESK, {"year": "2026"})
        hidden = seen(world, "desk-figures-changes", BANK, {"year": "2026"})
    assert (total(text, "consultations"), "締めたとき 9" in plain(section(text, "consultations"))) == ("10", True)
    assert plain(part(changes, 'aria-labelledby="h-consultations"', "</section>")).endswith(
        f"締めたとき 9 件、いま数えると 10 件 加わったもの {late.title} {late.number} 遅れた株式会社")  # fmt: skip
    assert ("見ることのできないもの 1件" in plain(hidden), late.number in hidden) == (True, False)


def test_a_year_is_closed_by_the_desk_alone_and_only_when_it_is_over(world: World) -> None:
    with clock.moved_to(NOVEMBER):
        assert [client(world, LAB).get(address("desk-figures-close", LAB)).status_code,
                client(world, LAB).post(address("desk-figures-close", LAB), {"on": "2026-11-01", "sure": "on"}).status_code] == [403, 403]  # fmt: skip
        assert "この年度を締める" not in seen(world, "desk-figures", LAB, {"year": "2025"})
        assert "この年度を締める" not in seen(world, "desk-figures", DESK, {"year": "2026"})
        refused = client(world).post(address("desk-figures-close") + "?year=2026", {"on": "2026-11-27", "sure": "on"})
        assert "この年度はまだ終わっていません" in text_of(refused)
        assert client(world).get(address("desk-figures-changes"), {"year": "2025"}).status_code == 404
    assert not ClosedPeriod.objects.exists()


def test_bars_need_no_script_and_no_style_and_are_hidden_from_readers(world: World, year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures")
    bars = re.findall(r"<svg class=\"fig-bar\".*?</svg>", text)
    assert len(bars) > 30
    assert all('aria-hidden="true"' in bar and "style=" not in bar for bar in bars)
    assert 'width="100" height="8"></rect></svg>' in section(text, "consultations")


def test_the_pages_stand_beside_the_plan(world: World) -> None:
    with clock.moved_to(NOVEMBER):
        text = seen(world, "desk-figures", LAB)
    assert re.findall(r'href="(/d/hibari-lab/(?:plan|figures)/[a-z/]*)"', part(text, 'class="beside"', "</nav>")) == [
        address("desk-plan", LAB), address("desk-figures-overview", LAB), address("desk-figures", LAB), address("desk-figures-shares", LAB),
        address("desk-figures-definitions", LAB)]  # fmt: skip
