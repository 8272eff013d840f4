"""The pages of people, letters and news, and a firm's own pages from the link to the account: whole, on a desk and a telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.stage import PASSWORD, join
from tests.browser.conftest import Site
from tests.browser.test_main_job import _owner

STAFF = ["people/", "people/invite/", "people/review/", "moves/", "moves/new/", "moves/received/", "absences/", "templates/",
         "templates/fields/", "exports/", "mails/", "mails/in/", "nudges/", "views/", "views/new/", "companies/alike/",
         "companies/import/", "register/export/"]  # fmt: skip
OWN = ["accounts/settings/", "accounts/sessions/", "me/nudges/", "me/calendar/"]
FIRM = ["", "questions/", "sight/", "profile/", "people/", "archive/", "new/"]


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
    with _owner(site) as owner:
        letters = "".join(text for (text,) in owner.execute(  # to people without an account
            'SELECT text FROM post_screenmail m WHERE NOT EXISTS (SELECT 1 FROM accounts_person p WHERE p.email = m."to") ORDER BY sent_at DESC'
        ).fetchall())
    page.goto(join(page, site.address, letters))
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
