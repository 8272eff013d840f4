"""A circulation from its agenda to confirmed minutes: ordered by dragging, voted on and confirmed from a phone, written by two at once [C77, C89, C91]."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import test_main_job as job
from tests.browser.conftest import Site

HOST, DESK, BANK = "ookido@ccjc.example", "aikawa@pref.example", "soudan@keiyobank.example"
TITLES = [f"{what}{os.getpid()}" for what in ("規約の改正", "来年度の日程", "分科会の名")]


@pytest.mark.covers("C77", "C89", "C91")
def test_an_agenda_is_dragged_voted_on_by_phone_written_by_two_and_confirmed_by_phone(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None]
) -> None:
    host, desk, phone = new_page(), new_page(), new_page(360, 740, has_touch=True, is_mobile=True)
    sign_in(host, HOST)
    sign_in(desk, DESK)
    meeting = _call(site, host)
    first = _order(host, meeting, no_axe_faults)

    host.goto(meeting)
    number = re.findall(r"第\d+回", host.inner_text("h1"))[0]
    host.click("button:has-text('各機関に回す')")
    host.wait_for_load_state()
    _vote(phone, _link(site, phone, "round", number), no_axe_faults)
    host.goto(meeting)
    assert "賛成1機関（1者）" in host.inner_text("main")

    _write_at_once(host, desk, f"{meeting}item/{first}/", meeting.replace("/d/ccjc/", "/d/pref/") + f"item/{first}/")
    _decide(host, meeting)
    host.click("button:has-text('議事録を送')")
    host.wait_for_load_state()
    _ask_for_a_change(phone, _link(site, phone, "minutes", number), no_axe_faults)
    host.goto(f"{meeting}minutes/1/")
    assert all(words in host.inner_text("main") for words in ("京葉 花子", "直してほしい", "日付は4日です。"))


def _call(site: Site, host: Any) -> str:
    """Call a circulation and put three items on it; returns its address."""
    host.goto(f"{site.address}/d/ccjc/meetings/")
    host.locator("main a[href*='/meetings/new/']").first.click()
    host.check("input[name=kind][value=circulation]", force=True)
    host.fill("[name=held_on]", "明日")
    host.click("main form button.go")
    host.wait_for_url(re.compile(r"/meeting/[0-9a-f-]{36}/$"))
    meeting = str(host.url)
    for title in TITLES:
        host.goto(f"{meeting}item/")
        host.fill("[name=title]", title)
        host.click("main form button.go")
        host.wait_for_url(meeting)
    return meeting


def _order(host: Any, meeting: str, no_axe_faults: Callable[[Any], None]) -> str:
    """Drag the first item to the end, bring it back one by its keys, save; returns the id of what stands first."""
    host.goto(f"{meeting}agenda/")
    no_axe_faults(host)
    rows = host.locator("[data-order] > li")
    grip, last = host.locator("[data-grip]").first.bounding_box(), rows.last.bounding_box()
    at = (grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    host.mouse.move(*at)
    host.mouse.down()
    host.mouse.move(at[0], last["y"] + last["height"] * 0.9, steps=8)
    host.mouse.up()
    assert [one.inner_text() for one in rows.locator("b").all()] == [f"{n}　{title}" for n, title in enumerate([TITLES[1], TITLES[2], TITLES[0]], 1)]
    host.keyboard.press("ArrowUp")
    assert "2番目に動かしました" in host.inner_text("#moved")
    host.click("button:has-text('順番と時間を保存する')")
    host.wait_for_load_state()
    assert [one.inner_text() for one in rows.locator("b").all()] == [f"{n}　{title}" for n, title in enumerate([TITLES[1], TITLES[0], TITLES[2]], 1)]
    return str(rows.first.get_attribute("id")).removeprefix("i-")


def _link(site: Site, page: Any, kind: str, number: str) -> str:
    """Let a night go by, for the one mail a day; return the link the bank got about a meeting of that number."""
    job._let_the_recall_window_pass(site)
    for _turn in range(60):
        page.goto(f"{site.address}/mailbox/")
        for mail in page.locator("article.mail").all():
            text = mail.inner_text()
            found = re.search(rf"http://\S+/{kind}/\S+/", text)
            if found and BANK in text and f" {number}」" in text and TITLES[0] not in text:
                return str(found[0])
        page.wait_for_timeout(1000)
    raise AssertionError(f"no link of kind {kind} to {BANK} in the mailbox")


def _vote(phone: Any, link: str, no_axe_faults: Callable[[Any], None]) -> None:
    phone.goto(link)
    no_axe_faults(phone)
    for choice in phone.locator("input[type=radio][value=agree]").all():
        choice.check(force=True)
    phone.fill("[name=answered_by]", "京葉 花子")
    phone.click("button:has-text('この答えを送る')")
    phone.wait_for_load_state()
    assert "答えを受け取りました" in phone.inner_text("main")


def _write_at_once(host: Any, desk: Any, of_host: str, of_desk: str) -> None:
    """Both have the item open and write: the second is shown the first one's words and loses none of its own."""
    host.goto(of_host)
    desk.goto(of_desk)
    host.fill("[name=notes]", "主催：来年は5月に始める。")
    desk.fill("[name=notes]", "窓口：会場は県が取る。")
    host.click("button:has-text('議事を保存する')")
    host.wait_for_load_state()
    desk.click("button:has-text('議事を保存する')")
    desk.wait_for_load_state()
    assert "ほかの人が先に書きました" in desk.inner_text("main")
    assert "主催：来年は5月に始める。" in desk.inner_text("main")
    assert desk.input_value("[name=notes]") == "窓口：会場は県が取る。"
    desk.fill("[name=notes]", "主催：来年は5月に始める。窓口：会場は県が取る。")
    desk.click("button:has-text('議事を保存する')")
    desk.wait_for_load_state()
    host.goto(of_host)
    assert host.input_value("[name=notes]") == "主催：来年は5月に始める。窓口：会場は県が取る。"


def _decide(host: Any, meeting: str) -> None:
    host.goto(meeting)
    for place in {str(one.get_attribute("href")) for one in host.locator("a:has-text('議事を書く')").all()}:
        host.goto(meeting.split("/d/", maxsplit=1)[0] + place)
        host.check("input[name=outcome][value=noted]", force=True)
        host.fill("[name=decision]", "そのとおりに決めた。")
        host.click("button:has-text('決めたことを保存する')")
        host.wait_for_load_state()
    host.goto(meeting)


def _ask_for_a_change(phone: Any, link: str, no_axe_faults: Callable[[Any], None]) -> None:
    """Words are asked for beside the field, what was typed stays, and the change is taken."""
    phone.goto(link)
    no_axe_faults(phone)
    assert "窓口：会場は県が取る。" in phone.inner_text("main")
    phone.check("input[name=agrees][value=no]", force=True)
    phone.fill("[name=name]", "京葉 花子")
    phone.click("button:has-text('この答えを送る')")
    phone.wait_for_load_state()
    assert "直してほしいところを書いてください。" in phone.inner_text("main")
    phone.fill("[name=words]", "日付は4日です。")
    phone.click("button:has-text('この答えを送る')")
    phone.wait_for_load_state()
    assert "答えを受け取りました" in phone.inner_text("main")
    no_axe_faults(phone)
