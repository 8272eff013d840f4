"""A real instance (web, worker, database, example region) and a real Chromium. Skips loudly where there is no Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from renkei.run.postgres import free_port

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-default-apps", "--disable-dev-shm-usage", "--disable-domain-reliability", "--metrics-recording-only",
    "--no-pings", "--disable-quic", "--disable-gpu", "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]  # fmt: skip
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
START_SECONDS = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="NO CHROMIUM HERE: browser tests did not run"))


@dataclass
class Site:
    """A running instance."""

    address: str
    home: Path
    log: Path

    def mailbox(self) -> str:
        """Return the page of the on-screen mailbox as text."""
        with urllib.request.urlopen(f"{self.address}/mailbox/", timeout=10) as answer:  # noqa: S310  loopback only
            return str(answer.read().decode())


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Start ``renkei serve`` in an empty home and stop it as a person would, with SIGTERM."""
    home = Path(tempfile.mkdtemp(prefix="rk-browser-", dir="/var/tmp"))
    home.chmod(0o755)
    log = home / "serve.log"
    port = free_port()
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("RENKEI_", "DATABASE_URL", "DJANGO_"))}
    environment = keep | {"PORT": str(port), "RENKEI_HOME": str(home), "RENKEI_EXAMPLE": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "renkei.run.cli", "serve"], env=environment, stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, log)
        yield Site(address, home, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  loopback only
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise AssertionError(f"not serving after {START_SECONDS} s:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for the session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show, when a test fails, where its pages were, what stood on them, and the end of the instance's log."""
    report = yield
    given: dict[str, Any] = getattr(item, "funcargs", {})
    if report.failed and report.when == "call" and "site" in given and "new_page" in given:
        for page in [page for context in given["new_page"].contexts for page in context.pages]:
            report.sections.append((page.url, page.inner_text("body", timeout=3_000)[:1500]))
        report.sections.append(("serve.log", given["site"].log.read_text(errors="replace")[-3000:]))
    return report


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Return a maker of pages, each with its own cookies; script errors and outside requests fail the test."""
    contexts: list[Any] = []
    faults: list[str] = []

    def make(width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="ja-JP",
                                       timezone_id="Asia/Tokyo", **options)
        context.set_default_timeout(30_000)  # a busy machine is no fault of a page
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.append(request.url) if _outside(request.url) else None)
        page.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
        return page

    make.contexts = contexts  # type: ignore[attr-defined]  # read when a test has failed
    yield make
    for context in contexts:
        context.close()
    assert faults == []


def _outside(url: str) -> bool:
    return not re.match(r"(https?://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:)", url)


@pytest.fixture
def no_axe_faults() -> Callable[[Any], None]:
    """Return a check that axe finds no serious or critical fault, and that nothing scrolls sideways, on a page."""

    def check(page: Any) -> None:
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            f"{v['id']}: {[n['html'][:160] for n in v['nodes'][:3]]}"
            for v in found["violations"]
            if v["impact"] in {"serious", "critical"}
        ]
        assert serious == [], f"{page.url}\n" + json.dumps(serious, ensure_ascii=False, indent=1)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} scrolls sideways by {wide} px"

    return check


@pytest.fixture
def sign_in(site: Site) -> Callable[[Any, str], None]:
    """Return a function that signs a page in as one of the example people (by mail address)."""
    from renkei.example.files import PASSWORD

    def enter(page: Any, email: str) -> None:
        page.goto(f"{site.address}/accounts/login/")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state()
        assert "/accounts/login" not in page.url, page.inner_text("main")[:500]

    return enter
