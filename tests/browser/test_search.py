"""Searching in a real browser: typed as people type Japanese, by keyboard alone, on a phone; and the catalogue kept on screen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.browser.conftest import Site

LAB = "inou@sanken.example"
NAME = f"玉虫色測定器{os.getpid()}"


def asked(page: Any, part: str) -> list[str]:
    """Note from now on what is looked for while one types: the words of each request that brings a part of the page."""
    words: list[str] = []

    def note(request: Any) -> None:
        if "hx-request" in request.headers and part in request.url:
            words.append(parse_qs(urlsplit(request.url).query, keep_blank_values=True).get("q", [""])[0])

    page.on("request", note)
    return words


def count(page: Any) -> str:
    return str(page.inner_text(".find-count"))


def test_typing_in_the_search_page(site: Site, new_page: Callable[..., Any], no_axe_faults: Callable[[Any], None]) -> None:
    page = new_page(360, 780)
    page.goto(f"{site.address}/find/")
    no_axe_faults(page)
    whole = count(page)
    words = asked(page, "/find/")
    keyboard = page.context.new_cdp_session(page)
    page.focus("#find-q")
    for half in ("ｈ", "ほ", "ほｊ", "ほじょ", "補助"):  # the word is being composed: nothing half typed is looked for
        keyboard.send("Input.imeSetComposition", {"text": half, "selectionStart": len(half), "selectionEnd": len(half)})
        page.wait_for_timeout(300)
    assert (words, count(page)) == ([], whole)
    keyboard.send("Input.insertText", {"text": "補助"})
    page.wait_for_function("whole => document.querySelector('.find-count').innerText !== whole", arg=whole)
    assert set(words) == {"補助"}
    assert "q=%E8%A3%9C%E5%8A%A9" in page.url
    assert page.locator(".rows.found > li").count() >= 1
    assert page.locator(".rows.found em").count() >= 1
    no_axe_faults(page)


def test_facets_synonyms_and_nothing_found(site: Site, new_page: Callable[..., Any], no_axe_faults: Callable[[Any], None]) -> None:
    page = new_page(360, 780)
    page.goto(f"{site.address}/find/?q=%E3%81%B2%E3%81%B3")  # ひび
    no_axe_faults(page)
    chips = page.locator(".find-same .chip:not(.gone)")
    before = chips.count()
    assert before >= 1
    chips.first.click()
    page.wait_for_url("**without=**")
    assert (page.locator(".find-same .chip.gone").count(), chips.count()) == (1, before - 1)
    assert page.input_value("#find-q") == "ひび"
    page.locator(".find-same .chip.gone").click()
    page.wait_for_function("() => !document.querySelector('.find-same .chip.gone')")
    kind = page.locator(".find-by details[open] a").first
    wanted = kind.locator(".n").inner_text()
    kind.click()
    page.wait_for_url("**kind=**")
    assert count(page).startswith(wanted)
    assert page.locator(".find-by a[aria-current=true]").count() == 1
    page.fill("#find-q", "ゑゑゑゑ")
    page.wait_for_selector(".empty")
    assert "見つかりませんでした" in page.inner_text(".empty")
    assert "kind=" in page.url  # what was chosen stays while the words change
    no_axe_faults(page)


def test_by_keyboard_alone(site: Site, new_page: Callable[..., Any]) -> None:
    page = new_page()
    page.goto(f"{site.address}/find/")
    assert page.evaluate("document.activeElement.id") == "find-q"
    page.keyboard.insert_text("補助金")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    page.focus("#find-q")
    for _press in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("!!document.activeElement.closest('.rows.found')"):
            break
    name = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find/**/*")
    assert page.inner_text("h1").strip() == name.strip()


def test_an_entry_is_kept_found_within_a_second_and_retired(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None]
) -> None:
    page = new_page(360, 780)
    sign_in(page, LAB)
    page.goto(f"{site.address}/d/sanken/catalogue/new/equipment/")
    no_axe_faults(page)
    page.fill("input[name=name]", NAME)
    page.fill("[name=summary]", "虹色の膜を測る。")
    page.click("button[type=submit][form=f]")
    page.wait_for_url("**/entry/*/")
    saved, entry = time.monotonic(), str(page.url)
    found = f"{site.address}/d/sanken/entries/?q={NAME[:5]}"
    page.goto(found)
    if NAME not in page.inner_text("#found"):  # a busy machine: within a second, and the time a page takes
        page.wait_for_timeout(max(0, 1 - (time.monotonic() - saved)) * 1000)
        page.goto(found)
    assert NAME in page.inner_text("#found")
    no_axe_faults(page)
    page.goto(f"{entry}withdraw/")
    no_axe_faults(page)
    page.fill("[name=reason]", "装置が壊れた")
    page.click("main button.go[type=submit]")
    page.wait_for_url(entry)
    assert "に取り下げました。" in page.inner_text("main .note.warn")
    no_axe_faults(page)
    page.goto(found)
    assert NAME not in page.inner_text("#found")
