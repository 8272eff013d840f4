"""Take the pictures of the docs from a running example instance: ``python -m bench.pictures ADDRESS``."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from renkei.example.files import PASSWORD
from tests.browser.conftest import CHROMIUM, FLAGS

OUT = Path(__file__).parent.parent / "docs" / "pictures"
DESK = ("aikawa@pref.example", "pref")


def main(address: str) -> None:
    """Walk the pages that matter at desktop and phone width."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width, height in ((1280, 860), (360, 780)):
            page = browser.new_context(viewport={"width": width, "height": height}, locale="ja-JP").new_page()
            page.goto(f"{address}/accounts/login/")
            page.fill("input[name=login]", DESK[0])
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit]")
            page.wait_for_load_state()
            at = f"{address}/d/{DESK[1]}"
            page.goto(f"{at}/inbox/")
            triage = page.locator("main a[href*='/triage/']:has-text('狐火')").first.get_attribute("href")
            page.goto(f"{at}/cases/?q=まぼろし")
            case = page.locator("main a[href*='/case/']").first.get_attribute("href")
            shots = {"desk-today": f"{at}/", "desk-call": f"{at}/call/", "desk-triage": f"{address}{triage}", "desk-case":
                     f"{address}{case}", "desk-board": f"{at}/board/", "plan-figure": f"{address}/plan/figure/",
                     "public-home": f"{address}/"}  # fmt: skip
            for name, url in shots.items():
                page.goto(url)
                page.wait_for_timeout(300)
                page.screenshot(path=str(OUT / f"{name}-{width}.png"), full_page=width > 400 and name == "desk-today")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
