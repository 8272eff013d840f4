"""Calls of jGrants: recorded answers in the documented shape, read into programmes with windows in Japan's days [C49]."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.matching import jgrants
from renkei.matching.actions_harvest import Wish, read_harvest, save_harvest, take_reading
from renkei.matching.jgrants import JGrants, first_day, keywords_of, last_day, read_calls
from renkei.matching.jobs import run_harvests
from renkei.matching.models import CREDIT, CatalogueRun, Entry, Harvest, Window
from renkei.matching.outside_lists import entry_id
from tests.world import World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
WISH = Wish("国と自治体の補助金", "jgrants", "設備投資、研究開発", "programme", "国・自治体", {}, {"area": "ひばり県", "is_public": True, "service": "rd-subsidy"},
            7, is_on=True)  # fmt: skip


def listed(pk: str, title: str, **more: Any) -> dict[str, Any]:
    """A record of the list."""
    return {
        "id": pk, "name": "S-00000001", "title": title, "target_area_search": "全国", "subsidy_max_limit": 5_000_000,
        "acceptance_start_datetime": "2026-11-01T15:00:00.000Z", "acceptance_end_datetime": "2026-12-18T08:00:00.000Z",
        "target_number_of_employees": "従業員の制約なし",
    } | more  # fmt: skip


def whole(call: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record of the detail."""
    return call | {
        "subsidy_catch_phrase": "試作から量産まで", "detail": "<h2>目的</h2><p>中小企業の<b>新しい製品</b>の開発を助けます。</p><script>alert(1)</script><ul><li>機械装置費</li></ul>",
        "use_purpose": "新たな事業を行いたい / 設備整備・IT導入をしたい", "industry": "製造業 / 情報通信業", "target_area_detail": "", "subsidy_rate": "2/3以内",
        "project_end_deadline": "2027-12-31T14:59:00.000Z", "request_reception_presence": "有", "is_enable_multiple_request": True,
        "front_subsidy_detail_page_url": f"https://www.jgrants-portal.go.jp/subsidy/{call['id']}",
        "application_guidelines": [{"name": "公募要領.pdf", "data": base64.b64encode(b"x" * 1000).decode()}], "outline_of_grant": [], "application_form": [],
    } | more  # fmt: skip


NATION = listed("a0WJ200000CDTH0MAP", "ものづくり試作補助金")
LOCAL = listed("a0WJ200000CDTLOCAL", "ひばり県の研究開発助成", target_area_search="ひばり県", target_number_of_employees="20名以下 / 300名以下",
               acceptance_end_datetime="2026-12-31T15:00:00.000Z", subsidy_max_limit=0)  # fmt: skip
OTHER = listed("a0WJ200000CDTOTHER", "となりの県の助成", target_area_search="となりの県 / よその県")
PAST = listed("a0WJ200000CDTPAST0", "終わった助成", acceptance_end_datetime="2026-11-24T14:59:00.000Z")


class Portal:
    """The service on loopback: lists by keyword, details by id, and what it was asked."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {"設備投資": [NATION, OTHER, PAST], "研究開発": [NATION, LOCAL]}
        self.details = {one["id"]: [whole(one)] for one in (NATION, LOCAL, OTHER, PAST)}
        self.status: dict[str, int] = {}
        self.bodies: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                last, asked = parts.path.rsplit("/", 1)[1], parse_qs(parts.query)
                portal.asked.append((parts.path, asked))
                found = portal.lists.get(asked["keyword"][0], []) if last == "subsidies" else portal.details.get(last, [])
                self.send_response(portal.status.get(last, 200))
                self.end_headers()
                answer = {"metadata": {"type": parts.path, "resultset": {"count": len(found)}}, "result": found}
                self.wfile.write(portal.bodies.get(last, json.dumps(answer).encode()))

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # who has gone hears no answer


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def portal(settings: Any) -> Iterator[Portal]:
    one = Portal()
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.RENKEI_JGRANTS_ADDRESS = f"http://127.0.0.1:{one.server.server_port}/exp/v1/public/"
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join()


@pytest.fixture
def harvest(world: World) -> Harvest:
    return save_harvest(None, WISH, by=world.desk)


@pytest.mark.covers("C49")
def test_calls_become_programmes_with_the_credit_line(portal: Portal, harvest: Harvest) -> None:
    run = take_reading(harvest, read_harvest(harvest), by=SYSTEM)
    assert run is not None
    assert (run.counts, run.refused, run.fault) == ({"new": 2, "changed": 0, "back": 0, "same": 0, "gone": 0, "refused": 0}, [], "")
    entry = Entry.objects.get(name="ものづくり試作補助金")
    assert (entry.pk, entry.kind, entry.source, entry.source_on, entry.last_checked, entry.url, entry.service_id, entry.owner_name, entry.is_public) == (
        entry_id(harvest, NATION["id"]), "programme", CREDIT, TODAY, TODAY, "https://www.jgrants-portal.go.jp/subsidy/a0WJ200000CDTH0MAP", "rd-subsidy",
        "国・自治体", True)  # fmt: skip
    assert entry.summary == "試作から量産まで\n目的\n中小企業の新しい製品の開発を助けます。\n機械装置費"
    assert "設備整備・IT導入をしたい" in entry.text
    assert entry.facts == {"jgrants_id": "a0WJ200000CDTH0MAP", "rate": "2/3以内", "cap_yen": 5_000_000, "eligible": {"jsic": ["E", "G"]}}
    local = Entry.objects.get(name="ひばり県の研究開発助成")
    assert local.facts["eligible"] == {"in_prefecture": True, "max_employees": 300, "jsic": ["E", "G"]}
    assert "cap_yen" not in local.facts
    windows = {window.entry_id: (window.kind, window.opens, window.closes) for window in Window.objects.all()}
    assert windows == {
        entry.pk: ("call", dt.date(2026, 11, 2), dt.date(2026, 12, 18)), local.pk: ("call", dt.date(2026, 11, 2), dt.date(2026, 12, 31))}  # fmt: skip


def test_only_what_still_stands_and_is_for_here_is_asked_for(portal: Portal, harvest: Harvest) -> None:
    read_calls(harvest)
    lists = [asked for path, asked in portal.asked if path.endswith("/subsidies")]
    assert lists == [
        {"keyword": [word], "sort": ["acceptance_end_datetime"], "order": ["DESC"], "acceptance": ["0"]} for word in ("設備投資", "研究開発")]  # fmt: skip
    assert {path.rsplit("/", 1)[1] for path, _asked in portal.asked if "/id/" in path} == {NATION["id"], LOCAL["id"]}
    assert {path for path, _asked in portal.asked if "/id/" in path} == {f"/exp/v1/public/subsidies/id/{one['id']}" for one in (NATION, LOCAL)}


def test_an_area_narrows_the_list_of_one_keyword(portal: Portal) -> None:
    JGrants(f"http://127.0.0.1:{portal.server.server_port}").calls("設備投資", "ひばり県")
    assert portal.asked[0][1]["target_area_search"] == ["ひばり県"]


def test_the_same_calls_again_change_nothing_and_what_vanished_ends(portal: Portal, harvest: Harvest) -> None:
    take_reading(harvest, read_harvest(harvest), by=SYSTEM)
    for counts in ({"same": 2}, {"same": 1, "gone": 1}):
        Harvest.objects.update(next_on=TODAY)
        run = take_reading(harvest, read_harvest(harvest), by=SYSTEM)
        assert run is not None
        assert {name: count for name, count in run.counts.items() if count} == counts
        portal.lists = {"設備投資": [NATION]}
    assert Entry.objects.get(withdrawn_on__isnull=False).name == "ひばり県の研究開発助成"


def test_each_round_is_a_window(portal: Portal, harvest: Harvest) -> None:
    second = whole(NATION, acceptance_start_datetime="2027-01-10T00:00:00.000Z", acceptance_end_datetime="2027-02-10T15:00:00.000Z")
    without = whole(NATION, acceptance_start_datetime=None, acceptance_end_datetime=None)
    portal.details[NATION["id"]] = [second, whole(NATION), without]
    entry = next(row for _number, row in read_calls(harvest).rows if row.facts["jgrants_id"] == NATION["id"])
    assert [(one.opens, one.closes) for one in entry.windows] == [
        (dt.date(2026, 11, 2), dt.date(2026, 12, 18)), (dt.date(2027, 1, 10), dt.date(2027, 2, 10))]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "first", "last"),
    [
        ("2026-12-18T08:00:00.000Z", (2026, 12, 18), (2026, 12, 18)),  # five in the afternoon
        ("2026-12-17T15:00:00.000Z", (2026, 12, 18), (2026, 12, 17)),  # midnight: opens on the 18th, closes with the 17th
        ("2026-12-18T14:59:59.000Z", (2026, 12, 18), (2026, 12, 18)),
        ("2026-12-31T15:00:00Z", (2027, 1, 1), (2026, 12, 31)),
        ("2026-12-18T00:00:00+09:00", (2026, 12, 18), (2026, 12, 17)),
        ("2026-12-18T20:00:00", (2026, 12, 19), (2026, 12, 19)),  # nothing said: UTC
    ],
)  # fmt: skip
def test_days_are_those_of_japan(moment: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    assert (first_day(moment), last_day(moment)) == (dt.date(*first), dt.date(*last))


@pytest.mark.parametrize(
    ("text", "heads"),
    [("従業員の制約なし", None), ("20名以下", 20), ("5名以下 / 50名以下", 50), ("300名以下 / 901名以上", None), ("", None), ("不明", None)],
)  # fmt: skip
def test_limits_of_heads(text: str, heads: int | None) -> None:
    assert jgrants._most_heads(text) == heads


@pytest.mark.parametrize(
    ("text", "letters"),
    [("製造業", ["E"]), ("農業、林業 / 漁業", ["A", "B"]), ("", []), ("製造業 / 宇宙業", []), ("サービス業（他に分類されないもの）", ["R"])],
)  # fmt: skip
def test_trades_are_divisions(text: str, letters: list[str]) -> None:
    assert jgrants._trades(text) == letters


def test_every_trade_is_no_condition() -> None:
    from renkei.companies.industries import classes

    assert jgrants._trades(" / ".join(one.name for one in classes() if not one.group)) == []


@pytest.mark.parametrize(
    ("broken", "why"),
    [([], "答えを読めません。"), ([{}], "答えを読めません。"), ([whole(NATION, title=" ")], "答えを読めません。"),
     ([whole(NATION, acceptance_end_datetime="soon")], "答えを読めません。")],
)  # fmt: skip
def test_a_call_that_cannot_be_read_is_refused_alone(portal: Portal, harvest: Harvest, broken: list[dict[str, Any]], why: str) -> None:
    portal.details[NATION["id"]] = broken
    reading = read_calls(harvest)
    assert [row.name for _number, row in reading.rows] == ["ひばり県の研究開発助成"]
    assert reading.refused == [(1, f"{NATION['id']}：{why}")]
    assert entry_id(harvest, NATION["id"]) in reading.ids  # what was known of it stays


def test_a_detail_that_does_not_come_is_refused_alone(portal: Portal, harvest: Harvest) -> None:
    portal.status[NATION["id"]] = 500
    assert read_calls(harvest).refused == [(1, f"{NATION['id']}：Jグランツから受け取れませんでした（相手の答え：500）。")]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(429, None, "busy"), (500, None, "unreachable"), (302, None, "unreachable"), (200, b"<html>", "unreadable"), (200, b"[]", "unreadable"),
     (200, b'{"result": {}}', "unreadable"), (200, b'{"result": [1]}', "unreadable"), (200, b"", "unreadable")],
)  # fmt: skip
def test_a_list_that_does_not_come_touches_nothing(portal: Portal, harvest: Harvest, status: int, body: bytes | None, code: str) -> None:
    take_reading(harvest, read_harvest(harvest), by=SYSTEM)
    portal.status["subsidies"] = status
    if body is not None:
        portal.bodies["subsidies"] = body
    with pytest.raises(Refused) as refusal:
        read_calls(harvest)
    assert refusal.value.code == code
    Harvest.objects.update(next_on=TODAY)
    assert run_harvests() == 1
    assert CatalogueRun.objects.exclude(fault="").get().fault == refusal.value.message
    assert Entry.objects.filter(withdrawn_on__isnull=True).count() == 2


def test_nobody_is_asked_unless_the_installation_says_so(world: World, settings: Any) -> None:
    settings.RENKEI_JGRANTS_ADDRESS = ""
    with pytest.raises(Refused) as refusal:
        read_calls(Harvest(way="jgrants", place="設備"))
    assert refusal.value.code == "not_configured"


def test_hostile_answers_stay_words(portal: Portal, harvest: Harvest) -> None:
    portal.lists = {"設備投資": [NATION, listed("../../etc/passwd", "x"), listed("", "y"), listed("a" * 19, "z")]}
    portal.details[NATION["id"]] = [whole(NATION, title="<b>題</b>", detail="<img src=x onerror=alert(1)>文", front_subsidy_detail_page_url="javascript:alert(1)",
                                          subsidy_max_limit="lots", industry=None, target_number_of_employees=None)]  # fmt: skip
    reading = read_calls(harvest)
    ((_number, row),) = reading.rows
    assert (row.name, row.url, row.summary, row.facts) == ("<b>題</b>", "", "試作から量産まで\n文", {"jgrants_id": NATION["id"], "rate": "2/3以内"})
    assert [path for path, _asked in portal.asked if "passwd" in path] == []


@pytest.mark.parametrize(("place", "words"), [("設備、研究 開発", ["設備", "研究", "開発"]), ("あ、設備", ["設備"]), ("設備、設備", ["設備"])])
def test_keywords(place: str, words: list[str]) -> None:
    assert keywords_of(place) == words
