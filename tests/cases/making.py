"""What the tests of the case engine start from, made by the actions people use."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.models.expressions import RawSQL

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import Received, Said, receive
from renkei.cases.actions.offers import Pick, send_offers
from renkei.cases.actions.triage import add_need, set_summary
from renkei.cases.models import Case, Need, Support, Transition
from renkei.companies.models import Company, Sight
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.world import DESK, LAB, World

WORDS = "電源装置を新しく作りたい。試作費の補助と、雷サージの試験をするところを探しています。"
NOON = clock.at(dt.date(2026, 11, 25), 12)  # a Wednesday; Monday 23 November was a holiday


def said(**more: Any) -> Said:
    given = {"text": WORDS, "channel": "web", "company_given": "狐火エレクトロ株式会社", "person_given": "齋藤 亘",
             "phone": "04-7100-0000", "email": "saito@kitsunebi.example"}  # fmt: skip
    return Said(**{**given, **more})


def company(body: str = DESK, name: str = "狐火エレクトロ株式会社", **more: Any) -> Company:
    made = Company.objects.create(name=name, entered_by_id=body, entered_at=clock.now(), **more)
    Sight.objects.create(company=made, body_id=body, since=clock.today())
    return made


def arrived(world: World, **more: Any) -> Received:
    """A consultation the desk took."""
    given = {"summary": "電源装置の試作と試験", "summary_seen": True, "standing_classes": ["summary", "technical"]}
    return receive(said(**{**given, **more}), by=world.desk, body=Body.objects.get(pk=DESK))


def need_of(case: Case, world: World, stage: str = "3", title: str = "雷サージの試験") -> Need:
    return add_need(case, title=title, stage=stage, by=world.desk)


def pick(need: Need, body: str = LAB, service: str = "equipment-tests", **more: Any) -> Pick:
    return replace(Pick(need, service, body, "設備で測れるようにしてほしい", ["summary"]), **more)


def leave(*supports: Support) -> None:
    """Let the recall window of offers be over."""
    Support.objects.filter(pk__in=[one.pk for one in supports]).update(leaves_at=clock.now() - dt.timedelta(seconds=1))


def offered(world: World, *, left: bool = True, case: Case | None = None, **more: Any) -> Support:
    """The lab was asked for tests."""
    case = case or arrived(world).case
    need = case.needs.first() or need_of(case, world)
    support = send_offers(Case.objects.get(pk=case.pk), [pick(need, **more)], by=world.desk)[0]
    if left:
        leave(support)
    return fresh(support)


def summarise(case: Case, world: World) -> None:
    set_summary(case, title="電源装置", summary="電源装置の試作と試験", by=world.desk, seen=True)


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def steps(case: Case) -> list[tuple[str, str, str]]:
    """The case's steps in order: verb, from, to."""
    # As they were written: by command inside the test's one transaction (rolled-back rows leave holes that are filled
    # again), by place in a table that was emptied before.
    written = RawSQL("cmin::text::bigint", []) if connection.in_atomic_block else RawSQL("ctid", [])
    rows = Transition.objects.filter(case=case).order_by(written)
    return list(rows.values_list("verb", "from_state", "to_state"))


def events(verb: str) -> int:
    return Event.objects.filter(verb=verb).count()


def mails(purpose: str) -> list[tuple[str, str]]:
    """Who was written to, or told, and whether that still waits."""
    told = [(one.address, "settled" if one.settled_at else "waiting") for one in Nudge.objects.filter(kind=purpose)]
    return sorted([*Mail.objects.filter(purpose=purpose).values_list("to", "state"), *told])


class Refuses:
    """``with refuses("code", "field"):`` the action says no with exactly this code, and nothing is half written."""

    def __init__(self, code: str, field: str | None = None) -> None:
        self.code, self.field, self.context = code, field, pytest.raises(Refused)

    def __enter__(self) -> None:
        self.info = self.context.__enter__()

    def __exit__(self, *error: object) -> Any:
        caught = self.context.__exit__(*error)  # type: ignore[arg-type]  pytest's own types
        assert (self.info.value.code, self.info.value.field) == (self.code, self.field)
        assert self.info.value.message
        assert "�" not in self.info.value.message
        return caught


refuses = Refuses
