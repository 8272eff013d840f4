"""Meetings of the made-up region, made by the actions people use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import decline
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.disclosable import write_public
from renkei.cases.models import Case, Need
from renkei.meetings.actions.agenda import Wording, put_up
from renkei.meetings.actions.calling import attend, call_meeting, move_meeting
from renkei.meetings.models import AgendaItem, Meeting, MeetingState
from renkei.plan.models import Body, PlanVersion
from tests.cases.making import fresh, offered
from tests.world import CENTER, CONTENT, DESK, LAB, World

TODAY = dt.date(2026, 11, 25)  # a Wednesday
NOON = clock.at(TODAY, 12)
MEETING_DAY = dt.date(2026, 12, 9)
WITH_MEETINGS: dict[str, Any] = CONTENT | {
    "meetings": [
        {"code": "working", "name": "ひばり定例会議", "owner": CENTER, "per_year": 10, "aliases": ["定例"], "guests": True},
        {"code": "full", "name": "ひばり連携会議", "owner": DESK, "per_year": 1},
        {"code": "smart", "name": "ひばりスマート会議", "owner": DESK, "guests": True},
    ],
    "ladder": [
        {"code": "desk", "name": "窓口", "lead": DESK},
        {"code": "meeting", "name": "会議の段", "meetings": ["working", "full"]},
        {"code": "outside", "name": "県外", "lead": LAB, "networks": ["kazenet"]},
    ],
    "networks": [
        {"code": "kazenet", "name": "風の網", "through": LAB, "members": [
            {"code": "tonari", "name": "となり県試験所", "place": "となり県", "from": "2020-04-01"},
            {"code": "lab", "name": "工業試験所", "body": LAB},
        ]},
    ],
}  # fmt: skip
OPEN = Wording("薄い板の反りを測れる所", "県内の機関で測れる所を知りませんか。")


def with_meetings(world: World) -> World:
    """Publish a plan that knows meetings and a ladder."""
    PlanVersion.objects.create(plan=world.plan, number=2, content=WITH_MEETINGS, published_at=clock.now())
    return world


def meeting(world: World, series: str = "working", held_on: dt.date = MEETING_DAY, **more: Any) -> Meeting:
    by = world.center if series == "working" else world.desk
    return call_meeting(series, by=by, held_on=held_on, **more)


def hard_need(world: World, *, public: bool = True) -> Need:
    """A need the lab declined; the firm has confirmed the words without a name, and lets the centre read the summary."""
    support = offered(world)
    decline(support, by=world.lab, reason="no_equipment", text="測る幅が足りない。")
    need = Need.objects.get(pk=support.need_id)
    give_consent(Case.objects.get(pk=need.case_id), body=Body.objects.get(pk=CENTER), klass="summary", how="oral", given_by="齋藤 亘", by=world.desk, purpose="会議")
    if public:
        write_public(need, title="薄い板の反り", summary="部品の反りを細かく測りたい。", by=world.desk, seen=True)
    return fresh(need)


def on_agenda(world: World, wording: Wording = OPEN, **more: Any) -> AgendaItem:
    """That need on the agenda of the working meeting."""
    need = hard_need(world)
    return put_up(need, more.pop("meeting", None) or meeting(world), by=world.desk, wording=wording, reason="県内で測れない。", **more)


def held(world: World, found: Meeting) -> Meeting:
    """Move the clock's meeting on: it is held, and the centre came."""
    Meeting.objects.filter(pk=found.pk).update(held_on=clock.today())
    by = world.center if found.host_id == CENTER else world.desk
    now = move_meeting(fresh(found), by=by, state=MeetingState.HELD)
    attend(now, by=by, name="露崎 遥", body=Body.objects.get(pk=CENTER))
    return fresh(now)


def no(act: Callable[[], object]) -> tuple[str, str | None, str]:
    """Code, field and exact words of what an action refuses; whatever it wrote before that is gone."""
    with pytest.raises(Refused) as caught, transaction.atomic():
        act()
    return caught.value.code, caught.value.field, caught.value.message


def trail(*verbs: str) -> list[tuple[str, str, str, list[str]]]:
    """The audit rows of some verbs in order: verb, kind of actor, body, tables of what was touched."""
    rows = Event.objects.filter(verb__in=verbs).order_by("pk")
    return [(one.verb, one.actor_kind, one.body, [str(what).split(":")[0].split(".")[1] for what in one.objects_touched]) for one in rows]
