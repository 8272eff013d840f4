"""Take the pictures of the docs and the guide from a running example instance: ``python -m bench.pictures ADDRESS``.

The browser tests call the same functions, so a picture that the pages no longer give fails a test.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renkei.example.files import PASSWORD

REPO = Path(__file__).parent.parent
DOCS = REPO / "docs" / "pictures"
GUIDE = REPO / "renkei" / "public" / "static" / "renkei" / "guide"
DESK, LAB = ("aikawa@pref.example", "pref"), ("inou@sanken.example", "sanken")
SIZES = ((1280, 860), (360, 780))
FOR_DOCS = ("desk-today", "desk-call", "desk-triage", "desk-case", "desk-board", "plan-figure", "public-home")
FOR_GUIDE = ("desk-today", "desk-call", "desk-triage", "desk-requests", "desk-handover", "desk-consent", "desk-register",
             "company-status", "company-sharing")  # fmt: skip
TO_WEBP = """async (png) => {
  const image = new Image(); image.src = "data:image/png;base64," + png; await image.decode();
  const canvas = document.createElement("canvas"); canvas.width = image.width; canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.8).split(",")[1];
}"""


def sign_in(page: Any, address: str, email: str) -> None:
    """Sign in as a person of the example region."""
    page.goto(f"{address}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile("^(?!.*accounts/login)"))


def _first(page: Any, url: str, selector: str) -> str:
    page.goto(url)
    return str(page.locator(selector).first.get_attribute("href"))


def shots(browser: Any, address: str, width: int, height: int) -> Iterator[tuple[str, Any]]:
    """Yield the name of each picture with the page that shows it, at one width."""

    def new(most: int = 1280) -> Any:
        size = {"width": min(width, most), "height": height}
        return browser.new_context(viewport=size, locale="ja-JP", reduced_motion="reduce").new_page()

    page, at = new(), f"{address}/d/{DESK[1]}"
    sign_in(page, address, DESK[0])
    triage = _first(page, f"{at}/inbox/", "main a[href*='/triage/']:has-text('狐火')")
    case = _first(page, f"{at}/cases/?q=まぼろし", "main a[href*='/case/']")
    places = {
        "desk-today": f"{at}/", "desk-call": f"{at}/call/", "desk-triage": f"{address}{triage}", "desk-case": f"{address}{case}",
        "desk-board": f"{at}/board/", "desk-register": f"{at}/register/", "desk-handover": f"{address}{case}handover/",
        "desk-consent": f"{address}{case}consent/", "plan-figure": f"{address}/plan/figure/", "public-home": f"{address}/",
    }  # fmt: skip
    for name, url in places.items():
        yield _shown(page, name, url)
    lab = new()
    sign_in(lab, address, LAB[0])
    yield _shown(lab, "desk-requests", f"{address}/d/{LAB[1]}/requests/")
    firm = new(800)  # pages of firms are narrow; a wide window would make their words small
    firm.goto(f"{address}/mailbox/")
    status = re.search(r"http://\S+?(/status/[^/\s\"<]+/)", firm.content())
    assert status is not None, "no mail of the example region holds a link to a firm's page"
    yield _shown(firm, "company-status", address + status[1])
    firm.locator("#sight, #share, section:has-text('だれに何を見せているか')").last.scroll_into_view_if_needed()
    yield "company-sharing", firm


def _shown(page: Any, name: str, url: str) -> tuple[str, Any]:
    answer = page.goto(url)
    assert answer.status == 200, (name, url, answer.status)
    page.wait_for_timeout(200)
    return name, page


def take(browser: Any, address: str, docs: Path, guide: Path) -> None:
    """Write every picture: PNG for the docs, small WebP for the guide."""
    tool = browser.new_page()
    for width, height in SIZES:
        for name, page in shots(browser, address, width, height):
            picture = page.screenshot(full_page=width > 400 and name == "desk-today")
            if name in FOR_DOCS:
                (docs / f"{name}-{width}.png").write_bytes(picture)
            if name in FOR_GUIDE:
                webp = tool.evaluate(TO_WEBP, base64.b64encode(page.screenshot()).decode())
                (guide / f"{name}-{width}.webp").write_bytes(base64.b64decode(webp))


def main(address: str) -> None:
    """Take the pictures into the repository."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        take(browser, address, DOCS, GUIDE)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
