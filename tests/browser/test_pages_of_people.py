"""The pages of people, letters and news, and a firm's own pages from the link to the account: whole, on a desk and a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site

STAFF = ["people/", "people/invite/", "people/review/", "moves/", "moves/new/", "moves/received/", "absences/", "templates/",
         "templates/fields/", "exports/", "mails/", "mails/in/", "nudges/", "views/", "views/new/", "companies/alike/",
         "companies/import/", "register/export/"]  # fmt: skip
OWN = ["accounts/settings/", "accounts/sessions/", "me/nudges/", "me/calendar/"]
FIRM = ["", "questions/", "sight/", "profile/", "people/", "archive/", "new/"]
PASSWORD = "kaisha-no-angou-7"


@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_of_people_are_whole(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None], width: int
) -> None:
    page = new_page(width)
    sign_in(page, "aikawa@pref.example")
    for path in [*(f"d/pref/{one}" for one in STAFF), *OWN]:
        assert page.goto(f"{site.address}/{path}").status == 200, path
        no_axe_faults(page)


def test_a_firm_opens_an_account_from_its_link(site: Site, new_page: Callable[..., Any], no_axe_faults: Callable[[Any], None]) -> None:
    page = new_page(360)
    page.goto(_join(site, page))
    no_axe_faults(page)
    for one in page.locator("main input[type=password]").all():
        one.fill(PASSWORD)
    page.click("main button.go")
    page.wait_for_url("**/firm/**-**/")
    home = page.url
    for path in FIRM:
        assert page.goto(home + path).status == 200, path
        assert page.locator(".who a").inner_text().strip()
        no_axe_faults(page)
    page.click(".who a")
    page.click("text=サインアウトする")
    page.wait_for_load_state()
    page.goto(home)
    assert "/accounts/login/" in page.url


def _join(site: Site, page: Any) -> str:
    """Ask for an account on the first status page whose firm is on record, and return the address that the mail brings."""
    page.goto(f"{site.address}/mailbox/")
    for link in dict.fromkeys(re.findall(r"/status/[\w-]+/", page.content())):
        page.goto(f"{site.address}{link}")
        ask = page.locator("button:has-text('会社のアカウントを作る')")
        if not ask.count():
            continue
        ask.click()
        page.wait_for_load_state()
        if "メールを送りました" not in page.inner_text("body"):
            continue
        for _turn in range(40):
            page.goto(f"{site.address}/mailbox/")
            if found := re.search(r"/join/[\w-]+/", page.content()):
                return f"{site.address}{found[0]}"
            page.wait_for_timeout(1000)
    raise AssertionError("no firm could ask for an account")
