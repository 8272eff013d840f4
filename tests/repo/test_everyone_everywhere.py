"""Every registered URL, GET and POST, as everybody, on own, foreign and missing objects, against ``everyone.tsv``.

The table is kept apart from the code and read by people: a line a URL and actor, four answers: GET own, GET foreign,
POST own, POST foreign (``-`` where the URL names no such object). Foreign and missing look the same, always.
A POST here is empty, so 200 means "the form again with its errors", 302 "done or sent elsewhere", 409 "refused in words".
While writing a page, ``RENKEI_ROUTES="desk-search desk-catalogue"`` asks only for URLs whose names begin like these.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from renkei.base.routes import Audience, Route, all_routes
from tests.repo.everyone import STAFF_ACTORS, Everyone, gather, missing
from tests.world import LAB, World

BEGINNINGS = tuple(os.environ.get("RENKEI_ROUTES", "").split()) or ("",)
TABLE = Path(__file__).with_name("everyone.tsv")
FIXED = {"form": "docx", "series": "working", "state": "held", "number": 1, "provider_id": "none", "pk": 1, "step": 1, "kind": "reply", "what": "requests", "whom": LAB, "uidb36": "1", "key": "x-y", "plan": "hibari-plan", "version": 1, "section": "clocks", "part": "targets", "entry": "none",
         "klass": "technical", "topic": "call", "run": "00000000-0000-4000-8000-000000000000"}  # fmt: skip
# What ``subject`` means in the deeds of a case.
SUBJECTS = {"outside-paper": "request", "outside-answer": "request", "outside-end": "request", "outside": "climbed", "put-up": "need", "circulation-end": "circulation", "match-add": "need", "match-": "match", "follow-up": "follow_up", "secrecy-end": "nda", "file-secrecy": "attachment",
            "passage-secrecy": "passage", "contact-correct": "contact", "handover": "handover", "need": "need", "bridge": "need", "gap": "need", "support": "support", "answer-record":
            "support", "question-answer": "support", "consent-withdraw": "consent"}  # fmt: skip
LINK_ACTORS = ("status", "offer", "consent", "draft", "other", "closed", "made-up", "join", "partner", "after", "round", "minutes")


def expected() -> dict[tuple[str, str], str]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {(name, actor): answers for name, actor, answers in rows}


def _names(route: Route) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", route.pattern)


def _actors(route: Route) -> list[str]:
    if route.audience is Audience.LINK:
        return list(LINK_ACTORS)
    if route.audience is Audience.COMPANY:
        return ["guest", "desk", "outsider", "firm", "colleague", "other-firm"]
    return ["guest", *STAFF_ACTORS, "outsider"] if route.audience is Audience.STAFF else ["guest", "desk", "outsider"]


def _path(route: Route, objects: dict[str, Any], *, body: str, token: str) -> str | None:
    values: dict[str, Any] = {}
    for name in _names(route):
        wanted = next((kind for part, kind in SUBJECTS.items() if part in route.name), name) if name == "subject" else name
        value = {"body": body, "token": token}.get(name, objects.get(wanted, FIXED.get(name)))
        if value is None:
            return None
        values[name] = value
    return reverse(route.name, kwargs=values)


def _ask(client: Client, method: str, path: str) -> str:
    """Return the status of one request, undone afterwards; redirects to the sign-in page are told apart."""
    cookies = client.cookies.copy()
    with transaction.atomic():
        answer = client.get(path) if method == "GET" else client.post(path)
        transaction.set_rollback(True)
    client.cookies = cookies  # who just signed out is in again, as the database says
    for closer in answer._resource_closers:  # not answer.close(): that would close this test's connection
        closer()
    if answer.status_code == 302 and "/accounts/login/" in urlsplit(answer["Location"]).path:
        return "login"
    return str(answer.status_code)


def _answers(route: Route, actor: str, everyone: Everyone) -> str:
    client = everyone.clients.get(actor, Client())
    body = STAFF_ACTORS.get(actor, LAB)
    token = everyone.tokens.get(actor, "")
    named = set(_names(route)) & set(everyone.own)
    said = []
    for method in ("GET", "POST") if route.changes else ("GET",):
        own = _path(route, everyone.own, body=body, token=token)
        assert own is not None, f"{route.name}: give tests/repo/everyone.py an object for {route.pattern}"
        said.append(_ask(client, method, own))
        said.append(_ask(client, method, other) if (other := _foreign(route, everyone, named, body, token)) else "-")
        nothing = _path(route, missing(everyone.own), body=body, token=token) if named else None
        if nothing and said[-2] != "login":
            unknown = _ask(client, method, nothing)
            may_see_it = actor in {"desk", "stranger", "other", "other-firm"}  # the desk's overview, the bank's own, that firm
            assert unknown in {"404", "405"}, (route.name, actor, method, unknown)
            assert may_see_it or said[-1] in {unknown, "-"}, (route.name, actor, method, unknown, said)
    return " ".join(said)


def _foreign(route: Route, everyone: Everyone, named: set[str], body: str, token: str) -> str | None:
    """Return the path to a foreign object; None where the URL names nothing that has a foreign twin."""
    if not named & set(everyone.foreign):
        return None
    return _path(route, everyone.own | everyone.foreign, body=body, token=token)


@pytest.fixture
def everyone(committed_world: World) -> Everyone:
    return gather(committed_world)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("audience", list(Audience))  # apart, because each takes its minute
def test_every_url_answers_everybody_as_the_table_says(
    everyone: Everyone, login: Any, settings: Any, audience: Audience
) -> None:
    settings.RENKEI_EXAMPLE = True
    routes = {route.name: route for route in all_routes() if route.name.startswith(BEGINNINGS)}
    every = {route.name: route.audience for route in all_routes()}
    wanted = {key: said for key, said in expected().items()
              if every.get(key[0], audience) is audience and key[0].startswith(BEGINNINGS)}
    found: dict[tuple[str, str], str] = {}
    with login("web"):
        for route in (one for one in routes.values() if one.audience is audience):
            for actor in _actors(route):
                found[route.name, actor] = _answers(route, actor, everyone)
    differing = {key: (wanted.get(key), answer) for key, answer in found.items() if wanted.get(key) != answer}
    gone = set(wanted) - set(found)
    told = "\n".join(f"{name}\t{actor}\t{now}   (table: {said})" for (name, actor), (said, now) in sorted(differing.items()))
    assert not differing and not gone, f"answers that are not in the table:\n{told}\nlines without a URL: {sorted(gone)}"  # noqa: PT018


def test_the_table_lets_no_guest_into_a_staff_page() -> None:
    staff = {route.name for route in all_routes() if route.audience in {Audience.STAFF, Audience.COMPANY}}
    inside = {key: answers for key, answers in expected().items() if key[0] in staff and key[1] in {"guest", "outsider"}}
    open_doors = {key for key, answers in inside.items() if set(answers.split()) & {"200", "302", "409"}}
    assert {name for name, _actor in inside} == staff
    assert open_doors == set()


def test_a_url_outside_the_register_is_not_served(everyone: Everyone, login: Any) -> None:
    from django.urls import get_resolver

    registered = {route.name for route in all_routes()}
    assert {pattern.name for pattern in get_resolver().url_patterns} == registered
