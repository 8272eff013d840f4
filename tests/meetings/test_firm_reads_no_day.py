"""Under the firm's own login no row of any table says when a meeting sits, nor which one: the routes of a case it was sent [C49, C71]."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection, transaction

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import GUEST, Actor, company_person
from renkei.base.context import acting
from renkei.cases.actions.intake import bind_company
from renkei.cases.actions.route_sending import send_route
from renkei.cases.actions.routes import make_route, replan
from renkei.cases.models import Case
from renkei.cases.route_clock import tell_of_late_steps
from renkei.companies.models import CompanyAccess
from renkei.meetings.actions.calling import change_meeting
from renkei.meetings.models import Meeting
from renkei.plan.models import PlanVersion
from tests.cases.linking import firm
from tests.cases.making import arrived, company, need_of, summarise
from tests.cases.routing import QUESTIONS, Routed, candidate, entry, proposing
from tests.meetings.making import NOON, WITH_MEETINGS, meeting
from tests.world import CENTER, LAB, World

pytestmark = pytest.mark.covers("C49", "C71")
SERVICE, SERIES, LATER = "tech-consultation", "ひばりスマート会議", "sales-adviser"
FIRST, MOVED = dt.date(2027, 2, 17), dt.date(2027, 2, 24)
ORDER = {"code": "advised-later", "before": SERVICE, "after": LATER, "when": "advised", "text": "相談が先。"}


def deciding(world: World) -> None:
    """The plan lets a series of meetings decide on the first service, after which the second comes."""
    rule = {"decides": [SERVICE], "sessions": ["会合"], "decides_in": ["会合"], "agenda_days": 3}
    series = [one | (rule if one["code"] == "smart" else {}) for one in WITH_MEETINGS["meetings"]]
    content = WITH_MEETINGS | {"meetings": series, "precedence": [ORDER], "cues": {"questions": QUESTIONS}}
    PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())


def rows(actor: Actor) -> list[tuple[str, str]]:
    """Every row of every protected table that the actor's login shows it, as text, with its table."""
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relrowsecurity ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [(table, json.dumps(json.loads(row), ensure_ascii=False)) for (row,) in cursor.fetchall()]
    return found


def naming(actor: Actor, *days: dt.date) -> set[str]:
    """The tables whose rows name one of the days, or one of the meetings."""
    secrets = [f"{SERIES} 第", *(day.isoformat() for day in days), *(f"{day.month}月{day.day}日" for day in days)]
    return {table for table, row in rows(actor) if any(one in row for one in secrets)}


def test_no_row_of_the_firm_tells_when_a_meeting_sits(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = committed_world
    with clock.moved_to(NOON):
        deciding(world)
        entry("PJ1", "programme", SERVICE, LAB, {"kind": "call", "opens": dt.date(2026, 12, 2), "closes": dt.date(2027, 1, 29)}, decision_weeks=8)
        held = meeting(world, "smart", FIRST, session="会合")
        proposing(monkeypatch, {"自動化": [candidate(SERVICE, LAB, ("PJ1", "programme")), candidate(LATER, CENTER)], "省力化": [candidate(SERVICE, CENTER)]})
        case = arrived(world).case
        its = company(name="株式会社まぼろし計測")
        bind_company(case, its, by=world.desk)
        CompanyAccess.objects.create(company=its, person=Person.objects.create_user("mei@maboroshi.example", "hibari-secret-1", name="髙梨 芽衣"),
                                     role="admin", since=clock.now())  # fmt: skip
        need_of(case, world, title="自動化")
        summarise(case, world)
        there = Routed(world, case, make_route(case, by=world.desk))
        days = {(one.service_id, one.body_id): (one.begins_on, one.ends_on) for one in there.steps}
        assert days[SERVICE, LAB][1] == days[SERVICE, CENTER][0] == FIRST  # one ends with the meeting, one begins with it, and one comes after
        assert days[LATER, CENTER][0] == FIRST + dt.timedelta(days=1)
        send_route(there.route, by=world.desk, version=1)
        _is_kept(world, case, login, FIRST)
        found = Meeting.objects.get(pk=held.pk)
        change_meeting(found, by=world.desk, version=found.version, held_on=MOVED, session=found.session)
        with transaction.atomic():
            assert tell_of_late_steps(case.pk)
        replan(there.route, by=world.desk, version=1)
        send_route(there.route, by=world.desk, version=2)
        _is_kept(world, case, login, FIRST, MOVED)


def _is_kept(world: World, case: Case, login: Any, *days: dt.date) -> None:
    by_link, by_account = firm(case), company_person(CompanyAccess.objects.get().person_id)
    with login("web"):
        assert {"cases_routestep", "meetings_meeting"} <= naming(world.desk, *days)  # there is something to hide
        for actor in (by_link, by_account):
            own = {table for table, _row in rows(actor)}
            assert {"cases_route", "cases_routesending", "cases_routesentstep"} <= own
            assert own.isdisjoint({"cases_routeversion", "cases_routestep", "meetings_meeting"})
            assert naming(actor, *days) == set()
        assert naming(GUEST, *days) == set()
