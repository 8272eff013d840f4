"""Somebody else's matter, from the firm's words to its answer: on the desk's telephone, by keys, in two steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import test_main_job as job
from tests.browser.conftest import Site

FIRM = f"株式会社たにんごと塗装{os.getpid()}"
WORDS = "退職した社員から残業代を求められました。就業規則も古いままで、どこに相談すればよいか分かりません。"


@pytest.mark.covers("C92")
def test_somebody_elses_matter_ends_in_two_steps(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "FIRM", FIRM)
    monkeypatch.setattr(job, "WORDS", WORDS)
    firm, desk = new_page(), new_page(360, 780)
    _number, status_url = job._consult(site, firm, no_axe_faults)
    sign_in(desk, job.DESK)
    desk.goto(f"{site.address}/d/pref/inbox/")
    desk.click(f"text={FIRM}")
    desk.wait_for_url("**/triage/")
    _folded(desk, no_axe_faults)

    desk.click("text=ここを案内して終える")
    desk.wait_for_url("**/aside/?contact=labour")
    no_axe_faults(desk)
    desk.click("button:has-text('対象外として終える')")
    desk.wait_for_url("**/inbox/")
    assert FIRM not in desk.inner_text("main")
    firm.goto(status_url)
    assert "労働局・労働基準監督署" in firm.inner_text("main")


def _folded(desk: Any, no_axe_faults: Callable[[Any], None]) -> None:
    """The contact names the firm's words; candidates are folded, on paper too, until a key opens them."""
    assert "「残業代」「就業規則」" in desk.inner_text(".sent-to .wd")
    fold, candidate = desk.locator("details.fold"), desk.locator("details.fold .cand").first
    assert candidate.is_hidden()
    no_axe_faults(desk)
    desk.emulate_media(media="print")
    assert candidate.is_hidden()
    desk.emulate_media(media="screen")
    fold.locator("> summary").focus()
    desk.keyboard.press("Enter")
    assert candidate.is_visible()
    no_axe_faults(desk)
    desk.emulate_media(media="print")
    assert candidate.is_visible()
    desk.emulate_media(media="screen")
    assert desk.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
