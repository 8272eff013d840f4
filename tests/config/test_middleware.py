"""One transaction a request, one actor in it, and no URL outside the register."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from psycopg.errors import InsufficientPrivilege

from renkei.accounts.models import Membership
from renkei.base import clock, routes
from renkei.base.actor import GUEST
from renkei.base.refusal import Refused
from renkei.base.routes import Audience, route
from renkei.config import urls as all_urls
from renkei.plan.models import Field
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose
from tests.accounts.test_members import join
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.urls(__name__)
DAY = dt.timedelta(days=1)
seen: dict[str, Any] = {}


def _context() -> tuple[str, str, str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('renkei.{name}', true)" for name in ("kind", "person", "body", "link")))
        row = cursor.fetchone()
    return tuple(one or "" for one in row)  # type: ignore[return-value]  # four of them


def look(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    seen.update(context=_context(), actor=request.actor, membership=getattr(request, "membership", None),
                link=getattr(request, "link", None), atomic=connection.in_atomic_block)
    return HttpResponse("seen")


def write(_request: HttpRequest, status: int) -> HttpResponse:
    Field.objects.create(code=f"w{status}"[:4], name="x")
    return HttpResponse(status=status)


def asked(request: HttpRequest) -> HttpResponse:
    seen.update(asked={key: request.GET.getlist(key) for key in request.GET})
    return HttpResponse("asked")


def crash(_request: HttpRequest) -> HttpResponse:
    Field.objects.create(code="c", name="x")
    raise ZeroDivisionError


def refuse(_request: HttpRequest) -> HttpResponse:
    Field.objects.create(code="r", name="x")
    raise Refused("この案件はもう閉じています。開き直してから記録してください。", "closed")


def forbidden(_request: HttpRequest) -> HttpResponse:
    Field.objects.create(code="f", name="x")
    try:
        raise InsufficientPrivilege
    except InsufficientPrivilege as error:
        raise IntegrityError("new row violates row-level security policy") from error


urlpatterns = [
    *all_urls.urlpatterns,
    route("t/public/", look, name="t-public", audience=Audience.PUBLIC, changes=True),
    route("t/asked/", asked, name="t-asked", audience=Audience.PUBLIC),
    route("t/person/", look, name="t-person", audience=Audience.PERSON),
    route("t/d/<slug:body>/", look, name="t-staff", audience=Audience.STAFF),
    route("t/link/<str:token>/", look, name="t-link", audience=Audience.LINK),
    route("t/write/<int:status>/", write, name="t-write", audience=Audience.PUBLIC),
    route("t/crash/", crash, name="t-crash", audience=Audience.PUBLIC),
    route("t/refuse/", refuse, name="t-refuse", audience=Audience.PUBLIC),
    route("t/forbidden/", forbidden, name="t-forbidden", audience=Audience.PUBLIC),
    path("t/unregistered/", look, name="t-unregistered"),
    path("t/nameless/", look),
]  # fmt: skip
for name in [one for one in routes._register if one.startswith("t-")]:  # only while these tests run
    seen.setdefault("routes", {})[name] = routes._register.pop(name)
OURS: dict[str, routes.Route] = seen.pop("routes")


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    routes._register.update(OURS)
    seen.clear()
    yield
    for name in OURS:
        del routes._register[name]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_guest_acts_inside_one_transaction(world: World, client: Client) -> None:
    answer = client.get("/t/public/")
    assert answer.content == b"seen"
    assert (seen["actor"], seen["context"], seen["atomic"]) == (GUEST, ("guest", "", "", ""), True)
    assert answer["Cache-Control"] == "no-store"


def test_actor_is_forgotten_after_the_request(world: World, client: Client) -> None:
    client.force_login(world.people[DESK])
    client.get(f"/t/d/{DESK}/")
    assert _context() == ("", "", "", "")


def test_signed_in_person_on_a_public_page_is_still_a_guest(world: World, client: Client) -> None:
    client.force_login(world.people[DESK])
    client.get("/t/public/")
    assert seen["context"] == ("guest", str(world.people[DESK].pk), "", "")


def test_page_for_persons_sends_strangers_to_the_sign_in(world: World, client: Client) -> None:
    answer = client.get("/t/person/?x=1")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/t/person/%3Fx%3D1")
    client.force_login(world.people[LAB])
    assert client.get("/t/person/").content == b"seen"
    assert seen["context"] == ("staff", str(world.people[LAB].pk), "", "")
    assert seen["actor"].is_staff is False


def test_member_acts_for_the_body_in_the_url(world: World, client: Client) -> None:
    client.force_login(world.people[DESK])
    client.get(f"/t/d/{DESK}/")
    assert seen["context"] == ("staff", str(world.people[DESK].pk), DESK, "")
    assert (seen["actor"].body, seen["membership"].body_id) == (DESK, DESK)


@pytest.mark.parametrize("body", [LAB, BANK, "nowhere"])
def test_foreign_and_missing_bodies_look_the_same(world: World, client: Client, body: str) -> None:
    client.force_login(world.people[DESK])
    answer = client.get(f"/t/d/{body}/")
    assert answer.status_code == 404
    assert seen == {}


def test_membership_that_ended_opens_nothing(world: World, client: Client) -> None:
    join(DESK, "のこる人", is_admin=True)  # the front desk is never without anybody
    Membership.objects.filter(person=world.people[DESK]).update(until=clock.today() - DAY)
    client.force_login(world.people[DESK])
    assert client.get(f"/t/d/{DESK}/").status_code == 404


def test_second_factor_is_asked_outside_the_example(world: World, client: Client, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = False
    client.force_login(world.people[DESK])
    assert client.get(f"/t/d/{DESK}/")["Location"] == "/accounts/2fa/"
    assert seen == {}


def test_link_holder_acts_as_the_link(world: World, client: Client) -> None:
    token = make_link(by=world.desk, purpose=LinkPurpose.OFFER, expires_at=clock.now() + DAY, subject=uuid.uuid4(), body=LAB,
                      recipient_name="小出")
    client.force_login(world.people[BANK])  # who is signed in does not matter: the link does
    client.get(f"/t/link/{token}/")
    link = seen["link"]
    assert seen["context"] == ("link", "", LAB, str(link.id))
    assert (seen["actor"].name, seen["actor"].person) == ("小出", None)


@pytest.mark.parametrize("token", ["unknown", "x" * 99])
def test_unknown_link_is_a_missing_page(world: World, client: Client, token: str) -> None:
    assert client.get(f"/t/link/{token}/").status_code == 404


def test_no_page_reads_a_nought_of_an_address(client: Client) -> None:
    assert client.get("/t/asked/?q=a%00b&q=%00&%2500=%%0000&empty=&%00%00=" + "%00" * 3_000).status_code == 200
    assert seen["asked"] == {"q": ["ab", ""], "%00": ["%00"], "empty": [""], "": [""]}
    assert client.get("/t/asked/?q=%e3%81%82&q=2").status_code == 200
    assert seen["asked"] == {"q": ["あ", "2"]}


@pytest.mark.parametrize("address", ["/t/unregistered/", "/t/nameless/", "/t/none/"])
def test_url_outside_the_register_is_a_missing_page(world: World, client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert seen == {}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_page_that_changes_nothing_takes_no_writes(world: World, client: Client, method: str) -> None:
    client.force_login(world.people[LAB])
    assert getattr(client, method)("/t/person/").status_code == 405
    assert seen == {}


def test_page_that_changes_takes_writes(world: World, client: Client) -> None:
    assert client.post("/t/public/").content == b"seen"


@pytest.mark.parametrize(("status", "kept"), [(200, True), (302, True), (400, True), (404, True), (500, False), (503, False)])
def test_answer_of_500_and_above_undoes_what_was_written(world: World, client: Client, status: int, kept: bool) -> None:
    assert client.get(f"/t/write/{status}/").status_code == status
    assert Field.objects.filter(code=f"w{status}").exists() is kept


def test_crash_undoes_what_was_written_and_shows_no_trace(world: World, client: Client) -> None:
    answer = client.get("/t/crash/")
    assert answer.status_code == 500
    assert not Field.objects.filter(code="c").exists()
    assert "こちらの不具合です" in answer.content.decode()
    assert "ZeroDivision" not in answer.content.decode()


def test_refusal_undoes_what_was_written_and_says_why(world: World, client: Client) -> None:
    answer = client.get("/t/refuse/")
    assert answer.status_code == 409
    assert not Field.objects.filter(code="r").exists()
    assert "この案件はもう閉じています。開き直してから記録してください。" in answer.content.decode()


def test_no_of_the_database_is_a_403_and_undoes_everything(world: World, client: Client) -> None:
    answer = client.get("/t/forbidden/")
    assert answer.status_code == 403
    assert not Field.objects.filter(code="f").exists()
    assert "権限がありません" in answer.content.decode()


def test_form_without_its_token_is_refused_in_words(world: World) -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403
    assert '<main id="main">' in answer.content.decode()


def test_headers_of_every_page(world: World, client: Client) -> None:
    answer = client.get("/accounts/login/")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")


def test_health_says_ok_and_tells_nothing(world: World, client: Client) -> None:
    answer = client.get("/health/")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"ok", "text/plain")


@pytest.mark.storm
def test_real_web_login_reads_as_the_actor_and_as_nobody_afterwards(committed_world: World, client: Client, login: Any) -> None:
    client.force_login(committed_world.people[DESK])
    with login("web"):
        assert client.get(f"/t/d/{DESK}/").content == b"seen"
        assert seen["context"][0] == "staff"
        assert _context() == ("", "", "", "")


def test_unknown_host_is_refused(world: World, client: Client) -> None:
    assert client.get("/health/", headers={"host": "evil.example"}).status_code == 400


def test_context_of_templates(world: World) -> None:
    from renkei.config.context import page

    request: Any = SimpleNamespace(actor=GUEST)
    given = page(request)
    assert (given["actor"], given["membership"], given["is_example"]) == (GUEST, None, True)
    assert [one.body_id for one in given["example_people"]] == [DESK, LAB, "hibari-center", BANK]
