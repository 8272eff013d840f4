"""A route goes to the firm and comes back with its answer; the firm sees what it was sent, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.route_sending import answer_route, send_route
from renkei.cases.actions.routes import change_step, make_route
from renkei.cases.models import Route, RouteAnswer, RouteSending, RouteSentStep, RouteStep, RouteVersion
from renkei.cases.queries.route_page import last_sending, sent_lines, sent_steps
from renkei.plan.models import Body
from tests.cases.linking import firm
from tests.cases.making import arrived, events, mails, need_of, refuses, steps
from tests.cases.routing import NOON, Routed, catalogue, plan, proposing
from tests.world import CENTER, World

MODELS: list[Any] = [Route, RouteVersion, RouteStep, RouteSending, RouteSentStep, RouteAnswer]


@pytest.fixture(autouse=True)
def _at_noon(request: pytest.FixtureRequest) -> Iterator[None]:
    if "committed_world" in request.fixturenames:  # the database has its own clock
        yield
        return
    with clock.moved_to(NOON):
        yield


def sent(there: Routed, **more: Any) -> RouteSending:
    return send_route(there.route, by=there.world.desk, version=there.version, **more)


def moved(there: Routed) -> None:
    step = there.step("tech-consultation")
    change_step(there.route, step.key, by=there.world.desk, version=there.version, body=step.body_id, begin=NOON.date().replace(month=12, day=3))


def test_sent_told_and_on_record(there: Routed) -> None:
    sending = sent(there, text="まず技術相談から始めましょう。")
    assert (sending.version.number, sending.text, sending.sent_body_id) == (1, "まず技術相談から始めましょう。", there.world.desk.body)
    assert steps(there.case)[-1] == ("route", "1", "sent")
    assert events("route.send") == 1
    assert any(to == "saito@kitsunebi.example" for purpose in ("company", "told", "message") for to, _state in mails(purpose)) or mails("company")
    with refuses("sent_already"), transaction.atomic():
        sent(there)
    moved(there)
    assert last_sending(there.case, there.world.desk) == sending  # what was changed is not sent yet
    assert sent(there).version.number == 2


@pytest.mark.parametrize(
    ("given", "code", "field"), [({"version": 7}, "changed_meanwhile", None), ({"text": "あ" * 1001}, "too_long", "text")]
)
def test_what_sending_is_refused_for(there: Routed, given: dict[str, Any], code: str, field: str | None) -> None:
    with refuses(code, field), transaction.atomic():
        send_route(there.route, by=there.world.desk, **({"version": 1} | given))
    with refuses("not_allowed"), transaction.atomic():
        send_route(there.route, by=there.world.lab, version=1)
    assert not RouteSending.objects.exists()


def test_no_body_that_is_no_more(there: Routed) -> None:
    Body.objects.filter(pk=CENTER).update(closed_on=NOON.date())
    with refuses("body_closed"), transaction.atomic():
        sent(there)


def test_the_firm_agrees_or_asks(there: Routed) -> None:
    sending, by = sent(there), firm(there.case)
    asked = answer_route(sending, by=by, agrees=False, text="試験を先にできませんか。")
    assert answer_route(sending, by=by, agrees=False, text="試験を先にできませんか。") == asked  # twice is once
    assert answer_route(sending, by=by, agrees=True).agrees
    assert [(one.agrees, one.text) for one in RouteAnswer.objects.order_by("answered_at", "agrees")] == [(False, "試験を先にできませんか。"), (True, "")]
    assert [one[2] for one in steps(there.case)[-2:]] == ["asked", "agreed"]
    assert events("route.answer") == 2


def test_what_an_answer_is_refused_for(there: Routed) -> None:
    first, by = sent(there), firm(there.case)
    with refuses("text_empty", "text"), transaction.atomic():
        answer_route(first, by=by, agrees=False, text=" ")
    with refuses("too_long", "text"), transaction.atomic():
        answer_route(first, by=by, agrees=True, text="あ" * 1001)
    for other in (there.world.desk, there.world.lab, GUEST):
        with refuses("not_company"), transaction.atomic():
            answer_route(first, by=other, agrees=True)
    moved(there)
    sent(there)
    with refuses("newer_sent"), transaction.atomic():
        answer_route(first, by=by, agrees=True)
    close_case(there.case, by=there.world.desk, reason="not_possible", words="終わり", result="no", needs="dropped", answer_to_company="できませんでした。")
    with refuses("case_closed"), transaction.atomic():
        answer_route(RouteSending.objects.first(), by=by, agrees=True)  # type: ignore[arg-type]  # it is there
    assert not RouteAnswer.objects.exists()


def test_who_sees_which_version(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """``visible_to`` and the policies agree: who works on the case sees all, the firm what it was sent, others nothing."""
    world = committed_world
    plan(world)
    catalogue()
    proposing(monkeypatch)
    case = arrived(world).case
    need_of(case, world)
    there = Routed(world, case, make_route(case, by=world.desk))
    with_route, other = firm(case), firm(arrived(world, company_given="別の会社").case)
    seen = {"desk": world.desk, "lab": world.lab, "firm": with_route, "other firm": other, "guest": GUEST}
    expected = {"desk": [1, 1, 5, 0, 0, 0], "lab": [0] * 6, "firm": [1, 0, 0, 0, 0, 0], "other firm": [0] * 6, "guest": [0] * 6}
    assert _counts(seen, login) == expected
    sent(there)
    answer_route(RouteSending.objects.get(), by=with_route, agrees=True)
    day = clock.today().replace(year=clock.today().year + 1, month=6, day=1)
    step = there.step("tech-consultation")
    change_step(there.route, step.key, by=world.desk, version=1, body=step.body_id, begin=day, override="会社の都合")
    expected |= {"desk": [1, 2, 10, 1, 5, 1], "firm": [1, 0, 0, 1, 5, 1]}
    assert _counts(seen, login) == expected
    version = RouteVersion.objects.get(number=1)
    with login("web"), acting(with_route):
        sending = RouteSending.objects.get()
        assert {line.state for line in sent_lines(sent_steps(sending, with_route), case, with_route)} == {"proposed"}
        for act in (
            lambda: RouteVersion.objects.create(route=there.route, number=9, did="made", made_at=timezone.now(), made_body_id=world.desk.body),
            lambda: RouteSending.objects.create(route=there.route, version=version, number=1, sent_at=timezone.now(), sent_body_id=world.desk.body),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()


def _counts(seen: dict[str, Any], login: Any) -> dict[str, list[int]]:
    found = {}
    with login("web"):
        for name, actor in seen.items():
            with acting(actor):
                counts = [model.objects.count() for model in MODELS]
                assert counts == [model.objects.visible_to(actor).count() for model in MODELS], name
                found[name] = counts
    return found
