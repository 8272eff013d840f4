"""What everybody sees of coordinators' records: ``visible_to`` and the database say the same, under the real login."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, company_person
from renkei.base.context import acting
from renkei.cases.actions.answers import accept
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.actions.logging import change_activity, log_activity, strike_activity
from renkei.research.actions.reporting import draft_report, table_report
from renkei.research.models import Activity, ActivityReport, ActivityVersion, Bridge, BridgeStep
from tests.cases.making import fresh, offered
from tests.research.making import NOON, line, with_queues
from tests.world import World

Login = Callable[[str], AbstractContextManager[None]]
TABLES: list[type[models.Model]] = [Activity, ActivityVersion, Bridge, BridgeStep, ActivityReport]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def scene(world: World) -> dict[str, Any]:
    """Lines, attempts and reports of the desk, the lab (asked about one need) and the bank; one line was changed on another day."""
    with_queues(world)
    support = offered(world)
    accept(support, by=world.lab, text="できます。")
    made = {
        "in_case": log_activity(line(words="案件の話", case=fresh(support.case)), by=world.desk), "labs_in_case": log_activity(line(words="測った", case=fresh(support.case)), by=world.lab),
        "banks": log_activity(line(words="銀行の話"), by=world.bank), "bridge": start_bridge(support.need, Other("空木 教授"), by=world.desk),
    }  # fmt: skip
    with clock.moved_to(NOON + dt.timedelta(days=1)):
        change_activity(made["banks"], line(words="銀行の話、続き"), by=world.bank, version=1)
    made["draft"] = draft_report(dt.date(2026, 10, 1), by=world.lab)
    made["tabled"] = table_report(draft_report(dt.date(2026, 10, 1), by=world.center), by=world.center)
    return made


def actors(world: World) -> dict[str, Actor]:
    firm = Person.objects.create_user("firm@firms.example", "hibari-secret-1", name="会社の人")
    return {"desk": world.desk, "lab": world.lab, "center": world.center, "bank": world.bank, "guest": GUEST, "firm": company_person(firm.pk)}


def test_everybody_sees_exactly_this_and_the_database_agrees(committed_world: World, login: Login) -> None:
    made = scene(committed_world)
    everybody = actors(committed_world)
    names = {row.pk: name for name, row in made.items()}
    seen: dict[str, set[str]] = {}
    with login("web"):
        for name, actor in everybody.items():
            with transaction.atomic(), acting(actor):
                for table in TABLES:
                    by_rule = set(table.objects.visible_to(actor).values_list("pk", flat=True))  # type: ignore[attr-defined]
                    by_base = set(table.objects.values_list("pk", flat=True))
                    assert by_rule == by_base, (name, table)
                    seen.setdefault(name, set()).update(names[key] for key in by_base if key in names)
                    if table in {ActivityVersion, BridgeStep}:
                        seen[name].update({f"{table.__name__} {len(by_base)}"} if by_base else set())
    assert seen == {
        "desk": {"in_case", "labs_in_case", "bridge", "tabled", "BridgeStep 1"}, "lab": {"labs_in_case", "bridge", "draft", "tabled", "BridgeStep 1"},
        "center": {"tabled"}, "bank": {"banks", "tabled", "ActivityVersion 1"}, "guest": set(), "firm": set(),
    }  # fmt: skip


def test_the_worker_sees_all(committed_world: World, login: Login) -> None:
    scene(committed_world)
    with login("worker"), transaction.atomic(), acting(SYSTEM):
        counts = {table.__name__: table.objects.count() for table in TABLES}
    assert counts == {"Activity": 3, "ActivityVersion": 1, "Bridge": 1, "BridgeStep": 1, "ActivityReport": 2}


def test_people_do_all_of_it_under_the_real_login(committed_world: World, login: Login) -> None:
    with_queues(committed_world)
    support = offered(committed_world)
    accept(support, by=committed_world.lab, text="できます。")
    need = fresh(support.need)
    with login("web"):
        for by in (committed_world.desk, committed_world.lab):
            with transaction.atomic(), acting(by):
                log = log_activity(line(case=fresh(support.case)), by=by)
                change_activity(log, line(words="直した"), by=by, version=1)
                strike_activity(log, by=by)
                move_bridge(start_bridge(need, Other(f"空木 {by.body}"), by=by), by=by, state="came", words="共同研究になった")
                table_report(draft_report(dt.date(2026, 11, 1), by=by), by=by, sure=True)
    assert sorted(Bridge.objects.values_list("body_id", "state")) == [("hibari-desk", "came"), ("hibari-lab", "came")]
    assert (Activity.objects.standing().count(), ActivityReport.objects.tabled().count(), BridgeStep.objects.count()) == (0, 2, 4)


def test_nobody_writes_in_anothers_name_or_takes_anything_away(committed_world: World, login: Login) -> None:
    made = scene(committed_world)
    desk, lab = committed_world.desk, committed_world.lab
    given = {"day": NOON.date(), "minutes": 5, "kind": "visit", "words": "なりすまし", "written_at": NOON}
    tries: dict[str, Callable[[], Any]] = {
        "in another's name": lambda: Activity.objects.create(body_id=lab.body, person_id=desk.person, **given),
        "for another body": lambda: Activity.objects.create(body_id="hibari-bank", person_id=lab.person, **given),
        "a report of another": lambda: ActivityReport.objects.create(body_id=lab.body, person_id=desk.person, month=dt.date(2026, 9, 1), text="報告", drafted_at=NOON),
        "a step on what one does not see": lambda: BridgeStep.objects.create(bridge=made["bridge"], state="came", on=NOON.date(), body_id="hibari-bank", person_id=lab.person, written_at=NOON),
        "deleting": lambda: Activity.objects.filter(pk=made["labs_in_case"].pk).delete(),
        "deleting a report": lambda: ActivityReport.objects.filter(pk=made["draft"].pk).delete(),
    }  # fmt: skip
    with login("web"):
        for name, attempt in tries.items():
            with pytest.raises(DatabaseError), transaction.atomic(), acting(lab):
                attempt()
                pytest.fail(name)
        with transaction.atomic(), acting(lab):
            changed = Activity.objects.filter(pk=made["in_case"].pk).update(words="別"), ActivityReport.objects.filter(pk=made["tabled"].pk).update(text="別")
    assert changed == (0, 0)
