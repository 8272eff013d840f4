"""One hard case up all three rungs and back with a result: declined, put up at a meeting, sought outside the region [C36, C93, C95]."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import test_main_job as job
from tests.browser.conftest import Site

FIRM = f"株式会社のぼり測定{os.getpid()}"
WHY = "県内の設備では幅が足りない。"


@pytest.mark.covers("C36", "C37", "C77", "C93", "C95")
def test_a_case_climbs_all_three_rungs_and_comes_back_with_a_result(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "FIRM", FIRM)
    firm, desk, lab = new_page(360, 780), new_page(), new_page()
    number, status_url = job._consult(site, firm, no_axe_faults)
    sign_in(desk, job.DESK)
    case_url = _ask_the_lab(site, desk)
    job._let_the_recall_window_pass(site)
    job._decline_by_telephone(desk, case_url, no_axe_faults)
    _let_read(firm, status_url, "sanken")

    title = _put_up(desk, case_url, no_axe_faults)
    assert "会議で相談することになりました" in job._status(firm)
    no_axe_faults(firm)
    _hold_and_decide(site, desk, title, no_axe_faults)
    _wait(desk, case_url, "地域の外に頼む機関に引き継ぐ")  # the worker brings the decision into the case
    assert "地域の外の機関に、支援を求めることになりました" in job._status(firm)

    sign_in(lab, job.LAB)
    lab_case = _take_the_lead(desk, lab, case_url)
    _ask_outside(lab, lab_case, no_axe_faults)
    firm.goto(status_url)
    firm.locator("a[href*='/opening/']").first.click()
    no_axe_faults(firm)
    firm.check("input[name=answer][value=yes]", force=True)
    firm.click("main form button.go")
    _write_the_result(lab, lab_case, no_axe_faults)
    assert "支援できる所が見つかりました" in job._status(firm)
    assert number in firm.inner_text("body")


def _put_up(desk: Any, case_url: str, no_axe_faults: Callable[[Any], None]) -> str:
    """Put the declined need up at the next meeting, for the lab alone; returns its title."""
    desk.goto(case_url)
    assert "頼んだ機関はどこも引き受けられませんでした" in desk.inner_text("main")
    desk.click("a:has-text('会議に諮る')")
    no_axe_faults(desk)
    title = str(desk.input_value("[name=title]"))
    desk.click("label:has-text('定例会議')")
    desk.click("main form button.go")
    assert "ここを書いてください" in desk.inner_text("main")  # no reason yet
    desk.fill("[name=reason]", WHY)
    desk.check("input[name=level][value=named]", force=True)
    desk.check("input[name=bodies][value=sanken]", force=True)
    desk.click("main form button.go")
    desk.wait_for_url(case_url)
    assert "会議に諮る（" in desk.inner_text("main")
    return title


def _take_the_lead(desk: Any, lab: Any, case_url: str) -> str:
    """Hand the case over to the body that leads outside, which accepts like anyone else."""
    desk.goto(f"{case_url}handover/")
    desk.select_option("[name=to_body]", "sanken")
    desk.fill("[name=reason]", "地域の外に求めるため")
    desk.click("main form button.go")
    desk.wait_for_url(case_url)
    lab_case = case_url.replace("/d/pref/", "/d/sanken/")
    lab.goto(lab_case)
    lab.locator("a[href*='/handover-accept/']").first.click()
    lab.click("main form button.go")
    lab.wait_for_url(lab_case)
    return lab_case


def _ask_outside(lab: Any, lab_case: str, no_axe_faults: Callable[[Any], None]) -> None:
    no_axe_faults(lab)
    lab.click("a:has-text('地域の外に頼む')")
    no_axe_faults(lab)
    lab.fill("[name=name]", "隣野 花子")
    lab.fill("[name=email]", "hanako@tonari.example")
    lab.click("main form button.go")
    lab.wait_for_url(lab_case)
    assert "会社の返事待ち" in lab.inner_text("main")


def _write_the_result(lab: Any, lab_case: str, no_axe_faults: Callable[[Any], None]) -> None:
    lab.goto(lab_case)
    lab.click("a[href*='/outside-answer/']")
    lab.check("input[name=accepts][value=yes]", force=True)
    lab.fill("[name=words]", "来週なら測れるとのこと。")
    lab.click("main form button.go")
    lab.wait_for_url(lab_case)
    lab.click("a[href*='/outside-end/']")
    lab.fill("[name=result]", "反りは0.02ミリと分かった。")
    lab.check("input[name=helped][value=yes]", force=True)
    lab.click("main form button.go")
    lab.wait_for_url(lab_case)
    assert "会社に結果を伝える" in lab.inner_text("main")
    no_axe_faults(lab)


def _ask_the_lab(site: Site, desk: Any) -> str:
    desk.goto(f"{site.address}/d/pref/inbox/")
    desk.click(f"text={FIRM}")
    desk.wait_for_url("**/triage/")
    job._pick(desk, "tech-consultation|sanken")
    for box in desk.locator("input[name=pick]:checked").all():
        if box.get_attribute("data-body") != "sanken":
            box.uncheck()
    desk.click("button[name=do][value=send]")
    desk.wait_for_load_state()
    assert "取り消せます" in desk.inner_text("main")
    return str(desk.url.removesuffix("triage/"))


def _let_read(firm: Any, status_url: str, body: str) -> None:
    firm.goto(status_url)
    firm.goto(f"{status_url}share/{body}/")
    for box in firm.locator("main input[type=checkbox]").all():
        box.check()
    firm.click("main form button.go")
    firm.wait_for_load_state()
    firm.goto(status_url)


def _hold_and_decide(site: Site, desk: Any, title: str, no_axe_faults: Callable[[Any], None]) -> None:
    """Bring the meeting forward to today, hold it, write the decision."""
    desk.goto(f"{site.address}/d/pref/meetings/")
    no_axe_faults(desk)
    desk.locator("section:has(h2:has-text('定例会議')) li:has-text('開催前') a.t").first.click()
    desk.wait_for_load_state()
    meeting = desk.url
    desk.goto(f"{meeting}edit/")
    desk.fill("[name=held_on]", "今日")
    desk.click("main form button.go")
    desk.goto(f"{meeting}move/held/")
    desk.click("main form button.go")
    desk.wait_for_url(meeting)
    no_axe_faults(desk)
    desk.locator(f"a.t:has-text('{title}')").first.click()
    desk.wait_for_load_state()
    no_axe_faults(desk)
    desk.fill("[name=notes]", "どの機関も測れる所を知らない。")
    desk.click("button:has-text('議事を保存する')")
    desk.wait_for_load_state()
    desk.check("input[name=outcome][value=outside]", force=True)
    desk.fill("[name=decision]", "地域の外に求める。")
    desk.click("button:has-text('決めたことを保存する')")
    desk.wait_for_load_state()
    assert "保存しました" in desk.inner_text("main")


def _wait(page: Any, url: str, words: str) -> None:
    for _turn in range(100):
        page.goto(url)
        if words in page.inner_text("main"):
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"the worker did not bring it: {words}")
