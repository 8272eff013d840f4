"""The pages in English: no Japanese word of ours is left on any page of the register.

The data of the walk is Japanese and stays so. Every text of the database is collected first; a run of Japanese letters on
a page is the data's when it stands in the database as a whole run, and ours otherwise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from renkei.base import routes
from renkei.companies.industries import classes
from tests.repo.everyone import Everyone, gather
from tests.repo.test_everyone_everywhere import _path
from tests.world import World

REPO = Path(__file__).parents[2]
RUN = re.compile(r"[ぁ-ゖァ-ヺー一-龯々〆ヶ]+")
SHOWN = {"alt", "title", "aria-label", "value", "placeholder", "data-l", "data-kept", "data-some", "data-none", "data-done", "content"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Japanese that belongs on an English page, and why.
ALLOWED = {
    "日本語": "the name of the other language, in the switch",
    "株式会社": "how a company's name is written: the example beside the field",
    "まぼろし計測": "the same example", "株式会社まぼろし計測": "the same example", "理事長": "a post as it is written in the plan: an example",
    "残業代": "words of a Japanese consultation: an example", "就業規則": "the same example",
    "相談票": "a kind of document, named as the plan names it where the plan says nothing", "引継書": "the same",
    "製造業その他": "an industry as the law on small firms names it, where the plan says nothing",
    "をお送りします": "a message to the firm, which reads the language of the house", "添付の書類をご覧ください": "the same",
    "可": "what the list of machines says of use from outside, kept as a code behind its words", "不可": "the same", "要相談": "the same",
    "サビ": "a word to search for: the example under the box",
    "案": "what a letter carries until it is decided: the paper is Japanese",
    "号": "the number of a letter, as the plan writes it", "試回第": "the same",
    "対応中": "words of the register's columns, which are Japanese like the files", "終了": "the same",
}


class _Words(HTMLParser):
    """Every text a reader meets: between the tags and in the attributes that are shown or read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[bool] = []  # of each open element: whether it says that it is Japanese

    def handle_data(self, data: str) -> None:
        if not any(self.inside):
            self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag not in VOID:
            self.inside.pop()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.inside.append(dict(attrs).get("lang") == "ja" and tag != "html")
        kind = dict(attrs).get("type")
        self.found += [value or "" for name, value in attrs if name in SHOWN and not (name == "value" and kind in {"hidden", "radio", "checkbox"})]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


def data_runs() -> set[str]:
    """Every run of Japanese letters in the database, of the national classification and of the shipped synonyms: none has English."""
    found = {run for one in classes() for run in RUN.findall(one.name)}
    found |= set(RUN.findall((REPO / "renkei" / "matching" / "data" / "synonyms.txt").read_text(encoding="utf-8")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
                       " AND data_type IN ('text', 'character varying', 'jsonb', 'ARRAY')")
        for table, column, kind in cursor.fetchall():
            cursor.execute(f'SELECT DISTINCT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')
            for (text,) in cursor.fetchall():
                plain = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text) if kind == "jsonb" else text
                found |= set(RUN.findall(plain))
    return found


def ours(html: str, data: set[str]) -> set[str]:
    """Return the runs of Japanese letters of a page that no data explains."""
    words = _Words()
    words.feed(html.replace("<wbr>", ""))  # a name that may break between its words is one
    runs = {run for text in words.found for run in RUN.findall(text)}
    return {run for run in runs if run not in data and run not in ALLOWED and not _is_cut(run, data)}


def _is_cut(run: str, data: set[str]) -> bool:
    """Long texts are shortened on lists, and names stand side by side."""
    if len(run) >= 6 and any(run in one for one in data):
        return True
    return any(run.startswith(one) and (run[len(one) :] in data) for one in data if len(one) < len(run))


@pytest.fixture
def everyone(world: World) -> Everyone:
    return gather(world)


def _visits(everyone: Everyone, route: routes.Route) -> list[tuple[str, str]]:
    """Return by whom and where a route is opened until one shows a page."""
    if route.audience is routes.Audience.LINK:
        tokens = [everyone.tokens[name] for name in ("status", "offer", "consent", "draft")]
        paths = [("outsider", _path(route, everyone.own, body="", token=token)) for token in tokens]
    elif route.audience is routes.Audience.STAFF:
        paths = [(actor, _path(route, everyone.own, body=body, token="")) for actor, body in (("desk", "hibari-desk"), ("holder", "hibari-lab"))]
    else:
        paths = [(actor, _path(route, everyone.own, body="hibari-desk", token="")) for actor in ("desk", "guest")]
    return [(actor, path) for actor, path in paths if path]


def _read(client: Client, method: str, path: str) -> str:
    with transaction.atomic():
        answer = client.generic(method, path, HTTP_ACCEPT_LANGUAGE="en", content_type="application/x-www-form-urlencoded")
        html = "" if answer.status_code in {404, 405} or answer.streaming or "html" not in answer.headers.get("Content-Type", "") else answer.content.decode()
        transaction.set_rollback(True)
    for closer in answer._resource_closers:  # not answer.close(): that would close this test's connection
        closer()
    return html


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_page_leaves_a_japanese_word_of_ours(everyone: Everyone, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = True
    data, left, opened = data_runs(), {}, 0
    for route in routes.all_routes():
        for method in ("GET", "POST") if route.changes else ("GET",):
            for actor, path in _visits(everyone, route):
                html = _read(everyone.clients.get(actor, Client()), method, path)
                assert not html or "<html" not in html or '<html lang="en">' in html, route.name
                for run in ours(html, data):
                    left.setdefault(run, f"{method} {route.name} as {actor}")
                if html:
                    opened += 1
                    break
    assert opened > 100
    assert left == {}, "\n".join(f"{run}  {where}" for run, where in sorted(left.items()))


def test_what_is_ours_is_told_from_what_is_data() -> None:
    page = '<p title="窓口">会社名 株式会社まぼろし計測</p><input value="直す"><input type="hidden" value="隠し"><b>センサーの誤差が大き…</b>'
    assert ours(page, {"株式会社まぼろし計測", "センサーの誤差が大きい"}) == {"窓口", "会社名", "直す"}


def test_a_page_says_its_language(db: None) -> None:
    english = Client().get("/", HTTP_ACCEPT_LANGUAGE="en-GB,en;q=0.8")
    japanese = Client().get("/", HTTP_ACCEPT_LANGUAGE="ja")
    assert '<html lang="en">' in english.content.decode()
    assert '<html lang="ja">' in japanese.content.decode()


def test_the_switch_keeps_the_language_whatever_the_browser_says(db: None) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="ja")
    answer = client.post("/language/", {"language": "en"}, HTTP_REFERER="http://testserver/privacy/")
    assert (answer.status_code, answer["Location"]) == (302, "http://testserver/privacy/")
    page = client.get("/").content.decode()
    assert '<html lang="en">' in page
    assert '<button class="link" type="submit" name="language" value="ja" lang="ja">日本語</button>' in page
    client.post("/language/", {"language": "ja", "next": "/"})
    assert '<html lang="ja">' in client.get("/").content.decode()


def test_the_switch_goes_nowhere_else(db: None) -> None:
    answer = Client().post("/language/", {"language": "en", "next": "https://elsewhere.example/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_the_switch_knows_two_languages(db: None) -> None:
    client = Client()
    client.post("/language/", {"language": "fr", "next": "/"})
    assert '<html lang="ja">' in client.get("/").content.decode()


def _inside(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[str]:
    """Yield the names of the calls a call stands in, and ``raise``."""
    while node in parents:
        node = parents[node]
        if isinstance(node, ast.Raise):
            yield "raise"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_what_actions_keep_and_send_is_written_in_the_language_of_the_house() -> None:
    """An action speaks to the person before it only when it refuses; all else is read by others, later."""
    refusing = {"Refused", "require", "raise"}
    spoken = {"renkei/cases/actions/register.py", "renkei/cases/actions/circulation.py"}  # parts of a refusal, made beside it
    loose = []
    for path in sorted(REPO.glob("renkei/cases/actions/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        loose += [
            f"{path.relative_to(REPO)}:{node.lineno}" for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
            and not refusing & set(_inside(node, parents)) and str(path.relative_to(REPO)) not in spoken
        ]  # fmt: skip
    assert loose == [], "renkei.base.language.written is for what is kept or sent"
