"""What the pictures need beyond the example region, made through the pages as people make it.

Each deed takes a signed-in page, returns where its page stands, and leaves alone what an earlier run has made.
"""

from __future__ import annotations

import re
from typing import Any

SAVED, PARTNER, PASSWORD = "急ぐもの", "西崎 澪", "kaisha-no-angou-7"


def press(page: Any) -> None:
    """Press the main button and wait for the answer; a page that comes back with faults is a fault here."""
    page.locator("main form button.go").first.click()
    page.wait_for_load_state()
    faults = page.locator("main .errors, main .err")
    assert faults.count() == 0, (page.url, faults.first.inner_text())


def _first(page: Any, selector: str) -> str:
    """Return the value of the first option, or the address of the first link, that is not empty."""
    found = [one.get_attribute("value") or one.get_attribute("href") for one in page.locator(selector).all()]
    return next(str(one) for one in found if one)


def _root(address: str) -> str:
    return "/".join(address.split("/")[:3])


def case_page(page: Any, base: str, words: str) -> str:
    """Return the address of the first case of a body that is found by these words."""
    page.goto(f"{base}/cases/?q={words}")
    return _root(base) + _first(page, "main a[href*='/case/']")


def ask_without_a_name(page: Any, case: str) -> str:
    """Write the first need of a case so that nobody is named, ask all bodies, and return the table of partners."""
    page.goto(case)
    need = re.findall(r"[0-9a-f-]{36}", _first(page, "main a[href*='/match/']"))[-1]
    sheet = f"{case}match/{need}/"
    page.goto(sheet)
    if page.locator("a[href*='/circulation-end/']").count():
        return sheet
    page.goto(f"{case}need-public/{need}/")
    page.fill("[name=title]", "製品の表面に出る細かい傷の原因調べ")
    page.fill("[name=summary]", "部品の表面に細かい傷が出ます。原因を調べ、出にくくする方法を探しています。")
    page.check("[name=seen]")
    page.check("[name=sure]")
    press(page)
    page.goto(f"{case}need-circulate/{need}/")
    for name in ("place", "trade", "size"):
        if not page.input_value(f"[name={name}]"):
            page.select_option(f"[name={name}]", _first(page, f"[name={name}] option"))
    page.check("[name=sure]")
    press(page)
    return sheet


def inquiry(page: Any, base: str) -> str:
    """Return the page of the first question without a name that a body was asked."""
    page.goto(f"{base}/requests/")
    return _root(base) + _first(page, "main a[href*='/inquiries/']")


def show_interest(page: Any, where: str) -> None:
    """Say what one could do for a firm one does not know."""
    page.goto(where)
    if page.locator("[name=offer]").count() == 0:
        return
    page.check("[name=answer][value=interested]", force=True)
    page.fill("[name=offer]", "断面と表面の分析をお手伝いできます。見本を2、3点お預かりし、一週間ほどで見立てをお返しします。")
    page.fill("[name=who]", "表面の係")
    press(page)


def letter(page: Any, case: str, kind: str = "reply") -> str:
    """Write a letter, hand it to the first who may decide and the last who may take note, and return its page."""
    page.goto(f"{case}letters/")
    if page.locator("main a.t[href*='/letters/']").count():
        return _root(case) + _first(page, "main a.t[href*='/letters/']")
    page.goto(f"{case}letters/new/{kind}/")
    page.fill("[name=本文]", "ご相談いただいた件につき、下記のとおり回答します。")
    page.fill("[name=回答]", "試験は令和8年12月中に、資金は年内にご相談いただけます。担当から日程をお電話します。")
    press(page)
    where = str(page.url)
    page.goto(f"{where}ask/")
    page.select_option("[name=approver0]", _first(page, "[name=approver0] option"))
    page.locator("[name=readers]").last.check()
    press(page)
    return where


def move(page: Any, base: str, name: str) -> str:
    """Start handing over a person's cases, and return the page of the move."""
    page.goto(f"{base}/moves/")
    if page.locator(f"main a[href*='/moves/']:has-text('{name}')").count():
        return _root(base) + _first(page, f"main a[href*='/moves/']:has-text('{name}')")
    page.goto(f"{base}/moves/new/")
    page.select_option("[name=person]", _first(page, f"[name=person] option:has-text('{name}')"))
    page.fill("[name=on]", page.evaluate("new Date(Date.now() + 20 * 864e5).toISOString().slice(0, 10)"))
    press(page)
    return str(page.url)


def absence(page: Any, base: str) -> str:
    """Enter an absence of one's own with a substitute, and return the calendar of absences."""
    where = f"{base}/absences/"
    page.goto(where)
    if page.locator("main button[value^='end:']").count():
        return where
    days = page.evaluate("[3, 7].map((n) => new Date(Date.now() + n * 864e5).toISOString().slice(0, 10))")
    page.fill("[name=since]", days[0])
    page.fill("[name=until]", days[1])
    page.select_option("[name=substitute]", page.locator("[name=substitute] option").last.get_attribute("value"))  # not oneself
    press(page)
    return where


def opening(page: Any, case: str) -> str:
    """Propose an outside partner to the firm, and return the page of the openings."""
    where = f"{case}openings/"
    page.goto(where)
    if page.locator(f"main li:has-text('{PARTNER}')").count():
        return where
    page.check("[name=kind][value=outside]")
    page.fill("[name=name]", PARTNER)
    page.fill("[name=organisation]", "架空大学 材料研究室")
    page.fill("[name=email]", "nishizaki@univ.example")
    page.fill("[name=purpose]", "傷の出かたの見立て")
    press(page)
    return where


def saved_view(page: Any, base: str) -> str:
    """Save a set of filters that tells what is new, and return the list of saved views."""
    where = f"{base}/views/"
    page.goto(where)
    if page.locator(f"main li:has-text('{SAVED}')").count() == 0:
        page.goto(f"{where}new/?late=1")
        page.fill("[name=name]", SAVED)
        page.check("[name=alert]")
        press(page)
    return where


def route(page: Any, case: str) -> str:
    """Make a support route for a case that has none, and return its page."""
    where = f"{case}route/"
    page.goto(where)
    if make := page.locator("main button[value=make]:visible").all():
        make[0].click()
        page.wait_for_load_state()
    return where


def report(page: Any, base: str) -> str:
    """Begin the first report that can be written, or find the one begun, and return its page."""
    page.goto(f"{base}/reports/")
    if page.locator("main th a[href*='/reports/']").count() == 0:
        page.select_option("[name=which]", _first(page, "[name=which] option"))
        press(page)
        page.goto(f"{base}/reports/")
    return _root(base) + _first(page, "main th a[href*='/reports/']")


def join(page: Any, address: str, letters: str = "") -> str:
    """Ask for an account on the first status page whose firm is on record, and return the address that the mail brings.

    ``letters``: where to look for status pages; by default the mailbox, which shows only the newest.
    """
    page.goto(f"{address}/mailbox/")
    known = set(re.findall(r"/join/[\w-]+/", page.content()))
    for link in dict.fromkeys(re.findall(r"/status/[\w-]+/", letters or page.content())):
        page.goto(f"{address}{link}")
        ask = page.locator("button:has-text('会社のアカウントを作る')")
        if not ask.count():
            continue
        ask.click()
        page.wait_for_load_state()
        if "メールを送りました" not in page.inner_text("body"):
            continue
        for _turn in range(40):
            page.goto(f"{address}/mailbox/")
            if found := set(re.findall(r"/join/[\w-]+/", page.content())) - known:
                return f"{address}{found.pop()}"
            page.wait_for_timeout(1000)
    raise AssertionError("no firm could ask for an account")


def enter_firm(page: Any, address: str) -> str:
    """Open an account for a firm as its link bids, or enter the one it has, and return the firm's own page."""
    page.goto(join(page, address))
    if known := re.search(r"\S+@\S+", page.inner_text("main")) if page.locator("main input[type=password]").count() == 0 else None:
        page.click("main a.btn.go")
        page.fill("input[name=login]", known[0])
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url("**/join/**")
    for one in page.locator("main input[type=password]").all():
        one.fill(PASSWORD)
    page.click("main button.go")
    page.wait_for_url("**/firm/**-**/")
    return str(page.url)
