"""The call screen while the telephone rings: three kana, one sentence, a number to say aloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site

DESK = "aikawa@pref.example"


@pytest.mark.covers("C92")
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 780)])
def test_three_kana_find_the_firm_and_one_sentence_saves(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None],
    width: int, height: int,
) -> None:  # fmt: skip
    page = new_page(width, height)
    sign_in(page, DESK)
    page.goto(f"{site.address}/d/pref/call/")
    no_axe_faults(page)
    page.fill("#id_find", "まぼろ")
    page.wait_for_selector("#firm :text('株式会社まぼろし計測')")
    assert "まぼろし精機株式会社" in page.inner_text("#firm")  # homonyms stand beside each other, with their city
    assert "船橋市" in page.inner_text("#firm")
    page.locator("#firm label:has-text('株式会社まぼろし計測')").first.click()
    page.wait_for_timeout(500)
    no_axe_faults(page)
    page.fill("#id_text", "水質計のふたの爪が折れる。26日に持ってくる。")
    page.click("button[name=do][value=save]")
    page.wait_for_url("**/saved/")
    no_axe_faults(page)
    assert page.inner_text(".receipt-no").startswith("県 ")
    assert "株式会社まぼろし計測" in page.inner_text("main")


def test_what_was_typed_survives_an_error(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None]
) -> None:
    page = new_page()
    sign_in(page, DESK)
    page.goto(f"{site.address}/d/pref/call/")
    page.fill("[name=person_given]", "古川 様")
    page.click("button[name=do][value=save]")
    page.wait_for_load_state()
    assert "書いてください" in page.inner_text("#id_text_error")
    assert page.input_value("[name=person_given]") == "古川 様"
    no_axe_faults(page)


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 780)])
def test_no_axe_fault_and_no_sideways_scroll_on_the_pages_of_a_day(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None],
    width: int, height: int,
) -> None:  # fmt: skip
    page = new_page(width, height)
    for path in ("/", "/help/", "/plan/", "/plan/figure/", "/plans/", "/privacy/", "/accessibility/", "/accounts/login/"):
        page.goto(f"{site.address}{path}")
        no_axe_faults(page)
    sign_in(page, DESK)
    for path in ("", "inbox/", "call/", "cases/", "board/", "requests/", "companies/", "search/?q=めっき", "notices/",
                 "notices/new/", "register/", "plan/"):  # fmt: skip
        page.goto(f"{site.address}/d/pref/{path}")
        no_axe_faults(page)
    page.goto(f"{site.address}/mailbox/")
    no_axe_faults(page)
