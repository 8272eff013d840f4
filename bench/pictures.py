"""Take the pictures of the docs and the guide from a running example instance: ``python -m bench.pictures ADDRESS``.

The browser tests call the same functions. A picture whose page is gone, refuses or speaks other words than the picture fails a test.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import stage
from renkei.example.files import PASSWORD

REPO = Path(__file__).parent.parent
DOCS = REPO / "docs" / "pictures"
GUIDE = REPO / "renkei" / "public" / "static" / "renkei" / "guide"
WORDS = REPO / "tests" / "browser" / "pictures.json"  # what each page of the guide said when its picture was taken
DESK, LAB, CENTER = ("aikawa@pref.example", "pref"), ("inou@sanken.example", "sanken"), ("ookido@ccjc.example", "ccjc")
SIZES = ((1280, 860), (360, 780))
FOR_DOCS = ("desk-today", "desk-call", "desk-triage", "desk-case", "desk-board", "plan-figure", "public-home")
# The pictures of the guide, and the name of the page that each one shows.
FOR_GUIDE = {
    "desk-today": "desk-today", "desk-call": "desk-call", "desk-triage": "desk-triage", "desk-requests": "desk-requests",
    "desk-handover": "desk-case-handover", "desk-consent": "desk-case-consent", "desk-register": "desk-register-import",
    "company-status": "portal-status", "company-sharing": "portal-status", "desk-match": "desk-case-match",
    "desk-inquiry": "desk-inquiry", "desk-letter": "desk-letter", "desk-openings": "desk-openings", "desk-move": "desk-move",
    "desk-absences": "desk-absences", "desk-views": "desk-views", "desk-export": "desk-export", "desk-mails": "desk-mails",
    "desk-nudges": "desk-nudges", "desk-people": "desk-people", "desk-company": "desk-company", "own-settings": "my-settings",
    "desk-catalogue": "desk-catalogue", "desk-entries": "desk-entries", "desk-route": "desk-route", "desk-meetings": "desk-meetings", "desk-words": "desk-words",
    "desk-gaps": "desk-gaps", "desk-coordinators": "desk-coordinators", "desk-overview": "desk-figures-overview", "desk-figures": "desk-figures",
    "desk-report": "desk-report", "desk-plan": "desk-plan", "desk-learning": "desk-learning", "desk-choices": "desk-choices", "public-find": "public-find",
    "firm-home": "portal-home", "firm-sight": "portal-sight", "sign-in": "account_login",
}  # fmt: skip
SPOKEN = "main h1, main h2, main th, main label, main legend, main button, main .btn, main dt, nav.beside a"
TO_WEBP = """async (png) => {
  const image = new Image(); image.src = "data:image/png;base64," + png; await image.decode();
  const canvas = document.createElement("canvas"); canvas.width = image.width; canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.7).split(",")[1];
}"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the pages stand that the pictures show, and who has signed in on them: the desk, a body, a firm."""

    desk: dict[str, str]
    lab: dict[str, str]
    firm: dict[str, str]
    guest: dict[str, str]
    signed_in: dict[str, Any]  # cookies, so that nobody signs in once a picture


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


def set_up(browser: Any, address: str) -> Stage:
    """Make what the pictures show, once, and find where it stands."""
    desk, lab, center, firm = (browser.new_context(locale="ja-JP").new_page() for _turn in range(4))
    for page, (email, _body) in ((desk, DESK), (lab, LAB), (center, CENTER)):
        sign_in(page, address, email)
    firm.goto(f"{address}/mailbox/")
    status = re.search(r"http://\S+?(/status/[^/\s\"<]+/)", firm.content())
    assert status is not None, "no mail of the example region holds a link to a firm's page"
    home = stage.enter_firm(firm, address)
    at, body = f"{address}/d/{DESK[1]}", f"{address}/d/{LAB[1]}"
    triage = _first(desk, f"{at}/inbox/", "main a[href*='/triage/']:has-text('狐火')")
    case = stage.case_page(desk, at, "まぼろし")
    places = {
        "desk-today": f"{at}/", "desk-call": f"{at}/call/", "desk-triage": f"{address}{triage}", "desk-case": case,
        "desk-board": f"{at}/board/", "desk-register": f"{at}/register/", "desk-handover": f"{case}handover/",
        "desk-consent": f"{case}consent/", "plan-figure": f"{address}/plan/figure/", "public-home": f"{address}/",
        "desk-match": stage.ask_without_a_name(desk, case), "desk-letter": stage.letter(desk, case),
        "desk-openings": stage.opening(desk, case), "desk-absences": stage.absence(desk, at), "desk-views": stage.saved_view(desk, at),
        "desk-export": f"{at}/exports/cases/", "desk-mails": f"{at}/mails/", "desk-nudges": f"{at}/nudges/",
        "desk-people": f"{at}/people/", "own-settings": f"{address}/accounts/settings/",
        "desk-catalogue": f"{at}/catalogue/", "desk-entries": f"{at}/entries/?q={quote('サビ')}", "desk-route": stage.route(desk, case),
        "desk-meetings": f"{at}/meetings/", "desk-words": f"{at}/words/", "desk-learning": f"{at}/learning/", "desk-choices": f"{at}/choices/",
        "desk-gaps": f"{at}/gaps/", "desk-coordinators": f"{at}/coordinators/", "desk-overview": f"{at}/figures/overview/",
        "desk-figures": f"{at}/figures/", "desk-report": stage.report(desk, at), "desk-plan": f"{at}/plan/",
        "desk-company": address + _first(desk, f"{at}/companies/?q=まぼろし", "main a[href*='/company/']"),
    }  # fmt: skip
    stage.show_interest(center, stage.inquiry(center, f"{address}/d/{CENTER[1]}"))
    asked = stage.inquiry(lab, body)
    bodies = {"desk-requests": f"{body}/requests/", "desk-inquiry": asked, "desk-move": stage.move(lab, body, "三枝")}
    firms = {"company-status": address + status[1], "company-sharing": address + status[1], "firm-home": home, "firm-sight": f"{home}sight/"}
    guests = {"sign-in": f"{address}/accounts/login/", "public-find": f"{address}/find/?q={quote('めっき')}"}
    cookies = {name: page.context.storage_state() for name, page in (("desk", desk), ("lab", lab), ("firm", firm))}
    for page in (desk, lab, center, firm):
        page.context.close()
    return Stage(places, bodies, firms, guests, cookies)


def shots(browser: Any, made: Stage, width: int, height: int) -> Iterator[tuple[str, Any]]:
    """Yield the name of each picture with the page that shows it, at one width."""
    for who in ("desk", "lab", "firm", "guest"):
        wide = min(width, 800 if who in {"firm", "guest"} else width)  # their pages are narrow; a wide window would make the words small
        context = browser.new_context(viewport={"width": wide, "height": height}, locale="ja-JP", reduced_motion="reduce",
                                      storage_state=made.signed_in.get(who))  # fmt: skip
        page = context.new_page()
        for name, url in getattr(made, who).items():
            answer = page.goto(url)
            assert (answer.status, page.url) == (200, url), (name, url, answer.status, page.url)
            page.wait_for_timeout(200)
            if name == "desk-inquiry":  # the fields of an answer stand there once it is chosen
                page.check("[name=answer][value=interested]", force=True)
            if name == "company-sharing":
                page.locator("#sight, #share, section:has-text('だれに何を見せているか')").last.scroll_into_view_if_needed()
            yield name, page
        context.close()


def spoken(page: Any) -> list[str]:
    """Return the words of the house on a page: heads, labels and buttons, without numbers."""
    found = page.locator(SPOKEN).all_inner_texts()
    return sorted({re.sub(r"[\d\s]+", " ", text).strip() for text in found} - {""})


def take(browser: Any, address: str, docs: Path, guide: Path) -> dict[str, list[str]]:
    """Write every picture, PNG for the docs and small WebP for the guide; return what the pages of the guide said."""
    tool, made = browser.new_page(), set_up(browser, address)
    said: dict[str, list[str]] = {}
    for width, height in SIZES:
        for name, page in shots(browser, made, width, height):
            if name in FOR_DOCS:
                picture = page.screenshot(full_page=width > 400 and name == "desk-today")
                (docs / f"{name}-{width}.png").write_bytes(picture)
            if name in FOR_GUIDE:
                webp = tool.evaluate(TO_WEBP, base64.b64encode(page.screenshot()).decode())
                (guide / f"{name}-{width}.webp").write_bytes(base64.b64decode(webp))
                said.setdefault(name, spoken(page))
    return said


def main(address: str) -> None:
    """Take the pictures into the repository."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        said = take(browser, address, DOCS, GUIDE)
        WORDS.write_text(json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
