"""When something goes wrong the page says so in Japanese, says what to do, and tells nothing of the inside."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error

from renkei.accounts.models import Person
from renkei.base.refusal import Refused
from renkei.plan.models import Field
from renkei.public import urls as public_urls
from tests.cases.making import arrived
from tests.desk.scene import plain
from tests.world import BANK, DESK, LAB, World

SECRET = "秘密の合言葉 postgresql://owner:hunter2@host"
INSIDE = re.compile(r"Traceback|Exception|\.py\b|renkei\.|psycopg|django|SELECT |DATABASE_URL|SECRET_KEY|hunter2|秘密の合言葉", re.IGNORECASE)
HOME = "/privacy/"


def says(answer: Any) -> str:
    return re.sub(r"<[^>]+>|\s", "", answer.content.decode().partition('<main id="main">')[2].partition("</main>")[0])


def is_a_whole_page(answer: Any) -> None:
    html = answer.content.decode()
    assert html.startswith("<!doctype html>")
    assert '<html lang="ja">' in html
    assert html.count("<h1>") == 1
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    body = re.sub(r'<(?:link|script)[^>]*>|href="[^"]*"', "", html)
    assert INSIDE.findall(body) == []


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def privacy(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let a public page fail with the error given."""

    def fail_with(error: BaseException) -> None:
        def view(*_args: Any, **_more: Any) -> Any:
            Field.objects.create(code="half", name="半分")
            raise error

        pattern = next(one for one in public_urls.urlpatterns if one.name == "public-privacy")
        monkeypatch.setattr(pattern, "callback", view)

    return fail_with


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What goes wrong on purpose is not written on the console."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (ZeroDivisionError(SECRET), 500, ["うまく動きませんでした", "こちらの不具合です。", "入力した内容は保存されていません。"]),
        (DatabaseError(SECRET), 500, ["うまく動きませんでした", "しばらくしてから、もう一度お試しください。"]),
        (AssertionError(SECRET), 500, ["うまく動きませんでした"]),
        (RecursionError(SECRET), 500, ["うまく動きませんでした"]),
        (PermissionDenied(SECRET), 403, ["この操作はできません", "権限がありません。担当の機関か窓口にお尋ねください。"]),
        (SuspiciousOperation(SECRET), 400, ["受け取れませんでした", "前の画面に戻って、もう一度送ってください。"]),
        (Refused("この案件はもう閉じています。", "closed"), 409, ["いまの操作はできませんでした", "この案件はもう閉じています。", "何も変わっていません。"]),
    ],
)  # fmt: skip
def test_each_fault_has_its_page(
    world: World, client: Client, privacy: Any, error: BaseException, status: int, words: list[str]
) -> None:
    privacy(error)
    answer = client.get(HOME)
    assert answer.status_code == status
    assert [one for one in words if one not in says(answer)] == []
    is_a_whole_page(answer)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), Refused("だめです。", "no"), DatabaseError("x")])
def test_nothing_half_written_stays(world: World, client: Client, privacy: Any, error: BaseException) -> None:
    privacy(error)
    client.get(HOME)
    assert not Field.objects.filter(code="half").exists()


def test_the_page_after_a_crash_works(world: World, client: Client, privacy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    privacy(ZeroDivisionError())
    assert client.get(HOME).status_code == 500
    monkeypatch.undo()
    assert client.get(HOME).status_code == 200


def test_the_words_of_a_refusal_are_escaped(world: World, client: Client, privacy: Any) -> None:
    privacy(Refused("「<script>alert(1)</script>」は使えません。", "no"))
    answer = client.get(HOME)
    assert "<script>alert" not in answer.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["/no-such-page/", "/plan/nowhere/", "/favicon.ico", "/admin/", "/.env", f"/d/{DESK}/no-such/", "/cases/1/", "/%00/", "/%E3%81%82/",
     "/static/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/" + "a" * 4_000 + "/"],
)  # fmt: skip
def test_a_page_that_is_not_there_is_said_in_words(world: World, client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "ページが見つかりません" in says(answer)
    assert "窓口：ひばり県産業課000-000-0000" in says(answer)
    is_a_whole_page(answer)


@pytest.mark.parametrize("who", [LAB, BANK])
def test_a_foreign_case_and_one_that_never_was_look_the_same(world: World, client: Client, who: str) -> None:
    case = arrived(world).case
    client.force_login(world.people[who])
    pages = [client.get(reverse("desk-case", kwargs={"body": who, "case": one})) for one in (case.pk, uuid.uuid4())]
    assert [page.status_code for page in pages] == [404, 404]
    assert plain(pages[0]) == plain(pages[1])
    client.force_login(world.people[DESK])
    assert client.get(reverse("desk-case", kwargs={"body": DESK, "case": case.pk})).status_code == 200


@pytest.mark.parametrize("case", ["1", "x", "00000000", "../..", "' OR 1=1 --", "%00", "a" * 500])
def test_an_id_that_is_none_is_a_missing_page(world: World, client: Client, case: str) -> None:
    client.force_login(world.people[DESK])
    assert client.get(f"/d/{DESK}/cases/{case}/").status_code == 404


# What is sent --------------------------------------------------------------------------------------------------------

LOGIN = "/accounts/login/"


def test_more_than_a_form_may_send_is_refused_and_said_in_words(world: World, client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = client.post(LOGIN, {"login": "x" * 2_000, "password": "y"})
    assert answer.status_code in {400, 413}
    assert "受け取れませんでした" in says(answer)
    is_a_whole_page(answer)


def test_more_fields_than_a_form_has_are_refused(world: World, client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    answer = client.post(LOGIN, {f"f{n}": "x" for n in range(20)})
    assert answer.status_code == 400
    is_a_whole_page(answer)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("multipart/form-data", b"nothing"), ("multipart/form-data; boundary=x", b"\x00\xff" * 50), ("application/octet-stream", b"\x00\x01"),
        ("application/x-www-form-urlencoded", b"login=%ff%fe&password=%00"), ("text/xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"login=+ADw-script+AD4-"), ("", b"x"),
    ],
)  # fmt: skip
def test_odd_content_is_refused_or_shown_again_and_never_a_fault(world: World, client: Client, content_type: str, data: bytes) -> None:
    answer = client.generic("POST", LOGIN, data, content_type=content_type)
    assert answer.status_code in {200, 400, 415}
    is_a_whole_page(answer)


@pytest.mark.parametrize("login", ["\x00", "a\x00@x.example", "x" * 10_000, "<script>@x.example", "\u202ea@x.example", "' OR 1=1 --", "あ@い.例"])
def test_no_odd_name_signs_in_or_breaks_the_page(world: World, client: Client, login: str) -> None:
    answer = client.post(LOGIN, {"login": login, "password": "\x00" + "p" * 200})
    assert answer.status_code == 200
    is_a_whole_page(answer)
    assert "<script>@" not in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_form_opened_long_ago_says_what_to_do(world: World) -> None:
    answer = Client(enforce_csrf_checks=True, raise_request_exception=False).post(LOGIN, {"login": "x"})
    assert answer.status_code == 403
    assert [word for word in ("もう一度送ってください", "前の画面に戻り、開き直してから", "クッキー") if word not in says(answer)] == []
    is_a_whole_page(answer)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1", "a b", "xn--"])
def test_an_unknown_host_is_refused_without_naming_ours(world: World, client: Client, host: str) -> None:
    answer = client.get(HOME, headers={"host": host})
    assert answer.status_code == 400
    assert INSIDE.findall(re.sub(r'<(?:link|script)[^>]*>|href="[^"]*"', "", answer.content.decode())) == []
    assert "127.0.0.1" not in answer.content.decode()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace", "propfind", "post"])
def test_a_page_that_is_read_takes_nothing_else(world: World, client: Client, method: str) -> None:
    answer = client.generic(method.upper(), HOME)
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"


def test_head_tells_the_same_as_get_without_the_page(world: World, client: Client) -> None:
    read, head = client.get(HOME), client.head(HOME)
    assert (head.status_code, head.content) == (200, b"")
    assert {name for name in read.headers} - {name for name in head.headers} <= {"Set-Cookie"}  # noqa: C416  reads better


# Headers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [HOME, LOGIN, "/", "/plan/", "/no-such-page/", "/health/", f"/d/{DESK}/"])
def test_every_answer_carries_the_headers(world: World, client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer["Cache-Control"] in {"no-store", "max-age=0, no-cache, no-store, must-revalidate, private"}
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert (answer["Referrer-Policy"], answer["Cross-Origin-Opener-Policy"]) == ("same-origin", "same-origin")
    policy = answer["Content-Security-Policy"]
    assert not re.search(r"unsafe|\*|https?:|blob:", policy)
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy.split("; "))


def test_a_crash_carries_the_headers_too(world: World, client: Client, privacy: Any) -> None:
    privacy(ZeroDivisionError())
    answer = client.get(HOME)
    assert answer["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_no_page_writes_styles_or_scripts_into_itself(world: World, client: Client) -> None:
    """The policy would silence them."""
    client.force_login(world.people[DESK])
    for address in (HOME, LOGIN, "/", "/plan/", "/consult/", f"/d/{DESK}/", "/no-such-page/"):
        html = client.get(address, follow=True).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", html), address


def test_a_signed_in_person_is_told_apart_by_the_session_alone(world: World, client: Client) -> None:
    person: Person = world.people[LAB]
    client.force_login(person)
    for name in ("X-User", "X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Body"):
        assert client.get(f"/d/{DESK}/", headers={name: str(world.people[DESK].pk)}).status_code == 404


def test_templates_of_errors_need_no_database(db: None, client: Client) -> None:
    """Before any plan is published, and when the database is away, the page must still come."""
    answer = server_error(HttpRequest())
    assert answer.status_code == 500
    assert "こちらの不具合です" in answer.content.decode()
    assert client.get("/no-such-page/").status_code == 404
