"""``make bench``: page speed at the size of a large region, over HTTP, with the real web, worker and database.

Prints the machine, the sizes and, for each page, median and p95 in milliseconds, beside a page that asks the database next to nothing
(the public home page, in the same run) so that a slow machine does not look like a slow page.
"""

from __future__ import annotations

import http.cookiejar
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from bench.yardstick import yardstick
from renkei.run.postgres import free_port

ROUNDS = 60
SETTLE_SECONDS = 30  # the worker follows ten thousand new entries into the index first
LIMITS = {"triage": 300, "lookup": 200, "case": 300, "entries as typed": 50, "public as typed": 50}
TYPED = ("塗料がはがれる", "電波を測る機器", "めっき厚の測定", "3Dプリンタ", "補助金 締切", "さびを防ぎたい")
LIST_LIMIT = 150


class Browser:
    """A signed-in client with cookies, and nothing else."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open

    def get(self, path: str, *, part: bool = False) -> str:
        """Return a page; with ``part`` only what changes while one types."""
        wanted = urllib.request.Request(self.address + path, headers={"HX-Request": "true"} if part else {})
        with self.open(wanted, timeout=30) as answer:
            return str(answer.read().decode())

    def sign_in(self, email: str, password: str) -> None:
        page = self.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        data = urllib.parse.urlencode({"login": email, "password": password, "csrfmiddlewaretoken": token[1]}).encode()
        self.open(urllib.request.Request(self.address + "/accounts/login/", data, {"Referer": self.address}), timeout=30)

    def times(self, paths: list[str]) -> list[float]:
        """Return the milliseconds of ROUNDS requests over ``paths``, after a first one of each."""
        for path in paths:
            self.get(path)
        return [self._time(paths[turn % len(paths)]) for turn in range(ROUNDS)]

    def typed(self, path: str) -> list[float]:
        """Return the milliseconds of what a search page asks for while the words of TYPED are typed, letter by letter, twice."""
        letters = [path + urllib.parse.quote(text[:end]) for text in TYPED for end in range(1, len(text) + 1)]
        for one in letters[:: len(letters) // 6]:
            self.get(one, part=True)
        return [self._time(one, part=True) for one in letters * 2]

    def _time(self, path: str, *, part: bool = False) -> float:
        begun = time.perf_counter()
        self.get(path, part=part)
        return (time.perf_counter() - begun) * 1000


def main() -> int:
    """Start an instance, fill it, measure, stop it. Returns 1 when a figure misses its limit."""
    home = Path(tempfile.mkdtemp(prefix="rk-bench-", dir="/var/tmp"))
    home.chmod(0o755)
    port = free_port()
    environment = os.environ | {"PORT": str(port), "RENKEI_HOME": str(home), "RENKEI_EXAMPLE": "1"}
    with (home / "serve.log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "renkei.run.cli", "serve"], env=environment, stdout=out, stderr=out)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address)
        subprocess.run([sys.executable, "-m", "bench.fill_home"], env=environment, check=True)
        time.sleep(SETTLE_SECONDS)
        return _measure(address)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait(address: str) -> None:
    for _turn in range(240):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    raise SystemExit("the instance does not answer")


def _measure(address: str) -> int:
    from renkei.example.files import PASSWORD, rows

    desk = next(row for row in rows("staff.jsonl") if row["admin"] and "窓口" in row["title"])
    helper = next(row for row in rows("staff.jsonl") if row["admin"] and row["role"] == "engineer")
    browser, other = Browser(address), Browser(address)
    browser.sign_in(desk["email"], PASSWORD)
    other.sign_in(helper["email"], PASSWORD)
    at = f"/d/{desk['body']}"
    inbox = browser.get(f"{at}/inbox/")
    triage = sorted(set(re.findall(rf'href="({at}/case/[0-9a-f-]+/triage/)"', inbox)))[:12]
    cases = [path.removesuffix("triage/") for path in triage]
    pages = {
        "home (peer)": ["/"], "today": [f"{at}/"], "inbox": [f"{at}/inbox/"],
        "board": [f"{at}/board/"], "cases": [f"{at}/cases/"], "case": cases, "triage": triage,
        "lookup": [f"{at}/call/lookup/?find={urllib.parse.quote(text)}" for text in ("アイウ", "カキク", "043", "まぼろし", "7100")],
        "search": [f"{at}/search/?q={urllib.parse.quote(text)}" for text in ("塗料", "電波", "めっき")],
    }  # fmt: skip
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {ROUNDS} requests a page")
    missed, before = 0, yardstick()
    print(f"{'page':<16}{'median ms':>10}{'p95 ms':>9}{'limit':>7}")
    for name, paths in pages.items():
        missed += _line(name, browser.times(paths))
    missed += _line("requests", other.times([f"/d/{helper['body']}/requests/"]))
    missed += _line("entries as typed", browser.typed(f"{at}/entries/?q="))
    missed += _line("public as typed", Browser(address).typed("/find/?q="))
    print(f"yardstick {before:.0f} ms before, {yardstick():.0f} after; load {os.getloadavg()[0]:.1f}")
    return 1 if missed else 0


def _line(name: str, times: list[float]) -> bool:
    limit = LIMITS.get(name, LIST_LIMIT)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{name:<16}{statistics.median(times):>10.0f}{p95:>9.0f}{limit:>7}{'  MISSED' if p95 > limit else ''}")
    return p95 > limit


if __name__ == "__main__":
    sys.exit(main())
