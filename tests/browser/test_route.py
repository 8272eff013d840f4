"""A support route in a real browser: made, edited, sent to the firm, and planned anew when a body declines."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import test_main_job as job
from tests.browser.conftest import Site

FIRM = f"株式会社みちすじ表面{os.getpid()}"
DESK, LAB = "aikawa@pref.example", "inou@sanken.example"


@pytest.mark.covers("C49", "C66", "C67")
def test_a_route_is_edited_and_planned_anew_after_a_no(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "FIRM", FIRM)
    firm, desk, phone, lab = new_page(360, 780), new_page(), new_page(360, 780), new_page()
    _number, status_url = job._consult(site, firm, no_axe_faults)
    sign_in(desk, DESK)
    route_url = _asked_and_made(site, desk, no_axe_faults)
    sign_in(phone, DESK)
    phone.goto(route_url)
    no_axe_faults(phone)
    assert phone.locator(".route-fig").is_hidden()  # on a phone the table alone says it
    _edit(desk, route_url, no_axe_faults)
    _send(desk, route_url, no_axe_faults)
    _firm_agrees(firm, status_url, no_axe_faults)
    _lab_declines(site, sign_in, lab)
    _see_the_new_plan(desk, phone, route_url, no_axe_faults)


def _asked_and_made(site: Site, desk: Any, no_axe_faults: Callable[[Any], None]) -> str:
    """The desk asks the lab, lets five minutes go by, and makes the route."""
    desk.goto(f"{site.address}/d/pref/inbox/")
    desk.click(f"text={FIRM}")
    desk.wait_for_url("**/triage/")
    case_url = str(desk.url).removesuffix("triage/")
    job._pick(desk, "tech-consultation|sanken")
    desk.click("button[name=do][value=send]")
    desk.wait_for_load_state()
    job._let_the_recall_window_pass(site)
    desk.goto(f"{case_url}route/")
    no_axe_faults(desk)
    assert "支援ルートはまだありません" in desk.inner_text("main")
    desk.click("button[value=make]")
    desk.wait_for_load_state()
    no_axe_faults(desk)
    assert desk.locator(".route-fig rect").count() >= 1
    assert "予定" not in _asked(desk).inner_text()
    return f"{case_url}route/"


def _asked(page: Any) -> Any:
    """The row of the step that the lab was asked for."""
    return page.locator(".route-table tbody tr:has-text('回答待ち'):has-text('産技研')").first


def _edit(desk: Any, route_url: str, no_axe_faults: Callable[[Any], None]) -> None:
    """An end that is agreed goes in; a Saturday is refused beside its field and nothing typed is lost."""
    _asked(desk).locator("a:has-text('直す・ほかの案')").click()
    no_axe_faults(desk)
    today = dt.date.today()  # noqa: DTZ011  the instance's own clock, far from midnight's edge
    saturday = today + dt.timedelta(days=(5 - today.weekday()) % 7 + 700)
    agreed = saturday + dt.timedelta(days=10)
    desk.fill("[name=begin]", _era(saturday))
    desk.click("main form button.go")
    desk.wait_for_load_state()
    assert "機関が開いていない日です" in desk.inner_text("main")
    assert desk.input_value("[name=begin]") == _era(saturday)
    no_axe_faults(desk)
    desk.fill("[name=begin]", "")
    desk.fill("[name=end]", _era(agreed))
    desk.click("main form button.go")
    desk.wait_for_url(route_url)
    assert f"{agreed.month}月{agreed.day}日" in _asked(desk).inner_text()


def _era(day: dt.date) -> str:
    return f"令和{day.year - 2018}年{day.month}月{day.day}日"


def _send(desk: Any, route_url: str, no_axe_faults: Callable[[Any], None]) -> None:
    desk.click("main a:has-text('会社に送る')")
    no_axe_faults(desk)
    desk.fill("[name=text]", "まず技術相談から始めます。")
    desk.click("main form button.go")
    desk.wait_for_url(route_url)
    assert "この版を会社に送りました" in desk.inner_text("main")


def _firm_agrees(firm: Any, status_url: str, no_axe_faults: Callable[[Any], None]) -> None:
    firm.goto(status_url)
    firm.click("#route a")
    no_axe_faults(firm)
    assert "まず技術相談から始めます。" in firm.inner_text("main")
    firm.check("input[name=answer][value=yes]", force=True)
    firm.click("main form button.go")
    firm.wait_for_load_state()
    assert "お返事を受け取りました" in firm.inner_text("main")
    no_axe_faults(firm)


def _lab_declines(site: Site, sign_in: Callable[[Any, str], None], lab: Any) -> None:
    sign_in(lab, LAB)
    lab.goto(f"{site.address}/d/sanken/requests/")
    lab.locator(f"main a:has-text('{FIRM}')").first.click()
    lab.wait_for_url("**/requests/**-**/")
    lab.check("input[name=answer][value=decline]", force=True)
    if lab.locator("input[name=reason]").count():
        lab.check("input[name=reason][value=busy]", force=True)
    else:
        lab.select_option("select[name=reason]", "busy")
    lab.fill(".pan-decline textarea", "いまは手がいっぱいです。年明けならお手伝いできます。")
    lab.click(".pan-decline button.go")
    lab.wait_for_load_state()


def _see_the_new_plan(desk: Any, phone: Any, route_url: str, no_axe_faults: Callable[[Any], None]) -> None:
    desk.goto(route_url)
    no_axe_faults(desk)
    assert "次の案を選んでください" in desk.inner_text("main")
    assert "会社の返事：進めてよい" in desk.inner_text("main")
    option = desk.locator(".replan .option").first
    assert "全体" in option.inner_text()  # what it costs in time
    phone.goto(route_url)
    no_axe_faults(phone)
    option.locator("button:has-text('この案に替える')").click()
    desk.wait_for_load_state()
    text = desk.inner_text("main")
    assert "段取りを替えて、日を計算し直しました" in text
    assert "次の案を選んでください" not in text
    assert "会社が見ているのは第2版です" in text  # until the desk sends the new one
    no_axe_faults(desk)
    desk.click("button[value=undo]")
    desk.wait_for_load_state()
    assert "次の案を選んでください" in desk.inner_text("main")
