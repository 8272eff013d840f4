"""(c) Two entries of one firm: found, compared, made one, taken apart; at a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site

DESK = "aikawa@pref.example"


@pytest.mark.covers("C87")
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 780)])
def test_two_entries_become_one_and_two_again(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None],
    width: int, height: int,
) -> None:  # fmt: skip
    page = new_page(width, height)
    sign_in(page, DESK)
    name = f"株式会社ふたえ工業{width}"
    for typed, heads in ((name, "12"), (name.replace("株式会社", "㈱"), "15")):
        page.goto(f"{site.address}/d/pref/companies/new/")
        page.fill("#id_name", typed)
        page.fill("#id_employees", heads)
        page.fill("#id_phone", f"000-{width:04}-0001")
        page.click("button:has-text('登録する')")
        page.wait_for_selector("#id_anyway, #cs")
        if page.locator("#id_anyway").count():
            page.check("#id_anyway")
            page.click("button:has-text('登録する')")
        page.wait_for_selector("#cs")
    gone = page.url
    page.goto(f"{site.address}/d/pref/companies/alike/?decided=1")  # whoever registers it all the same says that it is another one
    no_axe_faults(page)
    page.locator("tr", has_text=f"ふたえ工業{width}").get_by_role("button", name="取り消す").click()
    page.wait_for_load_state()
    page.goto(f"{site.address}/d/pref/companies/alike/")
    no_axe_faults(page)
    page.locator("tr", has_text=f"ふたえ工業{width}").get_by_role("link", name="見比べる").click()
    page.wait_for_selector("text=残す値を選ぶ")
    if page.url.split("/merge/")[0].rstrip("/") == gone.rstrip("/"):
        page.click("text=残す会社を入れ替える")
    no_axe_faults(page)
    page.get_by_role("radio", name="従業員数：15").check()
    page.click("button:has-text('まとめる')")
    page.wait_for_selector("text=まとめました")
    no_axe_faults(page)
    kept = page.url
    assert "15名" in page.inner_text("aside")
    page.goto(gone)  # a bookmark of the other one
    assert page.url == kept
    assert "まとめてあります" in page.inner_text("main") + page.inner_text("body")
    page.get_by_role("button", name="元に戻す").click()
    page.wait_for_selector("text=元に戻しました")
    assert "12名" in page.inner_text("aside")
    page.goto(gone)
    assert page.url == gone
    assert "15名" in page.inner_text("aside")
    no_axe_faults(page)
