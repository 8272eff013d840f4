"""The inbox with much in it: what belongs there, ages and clocks, narrowing, and pages."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case
from renkei.desk.intake.inbox import PER_PAGE
from tests.desk.pages import HOSTILE, address, client, seen
from tests.desk.scene import NOW, asked
from tests.desk.waiting import copies, waiting
from tests.world import CENTER, DESK, LAB, World


def inbox(world: World, body: str = DESK, **given: str) -> str:
    with clock.moved_to(NOW):
        return seen(world, "desk-inbox", body, given)


def firms(text: str) -> list[str]:
    return re.findall(r'<a class="t" href="[^"]+">([^<]+)</a>', text)


def test_only_what_is_new_or_owes_an_answer_waits_here(world: World) -> None:
    waiting(world, "新しい製作所")
    waiting(world, "答えを待つ製作所", state="active", next_kind="answer")
    waiting(world, "仕事中の製作所", state="active", next_kind="work")
    closed = waiting(world, "終わった製作所")
    close_case(closed, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
    waiting(world, "試験所の製作所", holder_id=LAB)
    assert sorted(firms(inbox(world))) == ["新しい製作所", "答えを待つ製作所"]
    assert firms(inbox(world, LAB)) == ["試験所の製作所"]


@pytest.mark.parametrize(
    ("days", "words", "late"),
    [(-1, "1営業日超過", True), (-2, "2営業日超過", True), (-5, "2営業日超過", True), (0, "今日", False), (1, "あと1日", False),
     (2, "あと2日", False), (5, "あと3日", False), (6, "", False), (40, "", False)],
)  # fmt: skip
def test_the_clock_counts_business_days(world: World, days: int, words: str, late: bool) -> None:
    waiting(world, "架空製作所", days)
    text = inbox(world)
    due = re.findall(r'<td class="due">(.*?)<span class="sub block">', text)[0]
    assert re.sub(r"<[^>]+>", "", due) == words
    assert ('<tr class="is-late">' in text) == late


@pytest.mark.parametrize(("arrival", "age"), [(clock.at(dt.date(2026, 11, 25), 0), 1), (clock.at(dt.date(2026, 11, 24), 23, 59), 2),
                                              (clock.at(dt.date(2025, 11, 25)), 366)])  # fmt: skip
def test_the_day_of_arrival_is_the_first_in_tokyo_time(world: World, arrival: dt.datetime, age: int) -> None:
    waiting(world, "架空製作所", arrived_at=arrival)
    assert f"{age}日目" in inbox(world)


def test_a_promised_time_stands_beside_the_day(world: World) -> None:
    waiting(world, "架空製作所", next_time=dt.time(15, 30), next_kind="call", next_phone="047-100-0000")
    text = inbox(world)
    assert "11月25日（水） 15時30分" in text
    assert "折返し 047-100-0000" in text


def test_the_first_words_end_with_dots_when_there_are_more(world: World) -> None:
    case = waiting(world, "架空製作所")
    for text, shown in (("あ" * 81, "あ" * 80 + "…"), ("い" * 79, "い" * 79 + "<"), ("一行目\n二行目", "一行目 二行目")):
        case.consultations.update(text=text)
        assert shown in inbox(world)


def test_a_body_that_may_not_read_the_words_sees_the_title(world: World) -> None:
    scene = asked(world)
    Case.objects.filter(pk=scene.case.pk).update(holder=CENTER, next_kind="answer")
    text = inbox(world, CENTER)
    assert "水質計を発売したい" in text
    assert "手のひらに乗る" not in text


@pytest.mark.parametrize("find", ["ｶｸｳ", "カクウ", "株式会社カクウ", "水が漏", "件名の", "8-0001"])
def test_a_word_in_any_writing_narrows_by_firm_title_number_or_words(world: World, find: str) -> None:
    case = waiting(world, "カクウ製作所", title="件名のとおり")
    case.consultations.update(text="水が漏れる。")
    waiting(world, "天狗鼻ばね")
    assert firms(inbox(world, q=find)) == ["カクウ製作所"]


@pytest.mark.parametrize("given", [{"q": "株式会社"}, {"q": " "}, {"q": "\x00"}, {"by": ""}, {}])
def test_what_says_nothing_narrows_nothing(world: World, given: dict[str, str]) -> None:
    waiting(world, "架空製作所")
    assert firms(inbox(world, **given)) == ["架空製作所"]


@pytest.mark.parametrize("given", [{"q": HOSTILE}, {"by": "のろし"}, {"by": HOSTILE}, {"q": "あ" * 5000}, {"late": "1"}])
def test_a_narrowing_that_fits_nothing_offers_the_way_back(world: World, given: dict[str, str]) -> None:
    waiting(world, "架空製作所", 3)
    text = inbox(world, **given)
    assert firms(text) == []
    assert "この絞り込みに合う相談はありません" in text
    assert "1件のうち0件" in text
    assert "<script>alert" not in text


def test_narrowings_join_and_the_form_keeps_them(world: World) -> None:
    waiting(world, "架空製作所", -1)
    waiting(world, "架空造船", 2)
    waiting(world, "天狗鼻ばね", -1)
    text = inbox(world, q="架空", by="電話", late="1")
    assert firms(text) == ["架空製作所"]
    assert "3件のうち1件" in text
    assert "期限超過だけ（2件）" in text
    for kept in ('name="q" type="search" value="架空"', "<option selected>電話", 'name="late" value="1" checked'):
        assert kept in text


def test_only_channels_that_occur_are_offered(world: World) -> None:
    case = waiting(world, "架空製作所")
    assert re.findall(r"<option[^>]*>([^<]+)</option>", inbox(world)) == ["すべて", "電話"]
    case.consultations.update(channel="fax")
    assert re.findall(r"<option[^>]*>([^<]+)</option>", inbox(world)) == ["すべて", "FAX"]


@pytest.mark.parametrize(("count", "pages"), [(PER_PAGE - 1, 1), (PER_PAGE, 2), (2 * PER_PAGE, 3)])
def test_nothing_that_waits_is_out_of_reach(world: World, count: int, pages: int) -> None:
    copies(waiting(world, "架空000"), count)
    whole = [firms(inbox(world, page=str(number))) for number in range(1, pages + 1)]
    names = [name for one in whole for name in one]
    assert names == [f"架空{number:03d}" for number in range(count + 1)]
    assert f"{count + 1}件のうち{count + 1}件" in inbox(world)
    assert ("1 / " in inbox(world)) == (pages > 1)


def test_a_word_finds_what_stands_on_a_later_page(world: World) -> None:
    copies(waiting(world, "架空000"), 2 * PER_PAGE)
    assert firms(inbox(world, q="架空099")) == ["架空099"]


@pytest.mark.parametrize(("page", "first"), [("0", "架空050"), ("-1", "架空050"), ("x", "架空000"), ("99", "架空050"), ("\x00", "架空000")])
def test_a_page_that_is_none_shows_one_that_is(world: World, page: str, first: str) -> None:
    copies(waiting(world, "架空000"), PER_PAGE)
    assert firms(inbox(world, page=page))[0] == first


def test_pages_keep_the_narrowing(world: World) -> None:
    copies(waiting(world, "架空000"), PER_PAGE)
    link = re.findall(r'rel="next" href="\?([^"]+)"', inbox(world, q="架空"))[0]
    assert "q=%E6%9E%B6%E7%A9%BA" in link
    assert "page=2" in link


def test_of_one_deadline_the_older_comes_first(world: World) -> None:
    newer, older = waiting(world, "あとから"), waiting(world, "さきに")
    Case.objects.filter(pk=older.pk).update(arrived_at=newer.arrived_at - dt.timedelta(hours=1))
    assert firms(inbox(world)) == ["さきに", "あとから"]


def test_members_only_and_never_changed_by_looking(world: World) -> None:
    waiting(world, "架空製作所")
    assert client(world, CENTER).get(address("desk-inbox")).status_code == 404
    assert client(world).post(address("desk-inbox")).status_code == 405
