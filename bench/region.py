"""A made-up region for the simulated quarter: eleven bodies, their people, firms that write."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from renkei.accounts.models import Membership, Person
from renkei.plan.models import Body, Party, Provision
from tests.world import CENTER, DESK, LAB, build_world

if TYPE_CHECKING:
    from bench.simulate import Quarter

MORE = 8


def build(run: Quarter) -> None:
    """Write the region of the tests, more bodies beside it, and people until the plot's number is reached."""
    world = build_world()
    bodies = [*Body.objects.values_list("pk", flat=True)]
    for number in range(MORE):
        party = Party.objects.create(code=f"party-{number}", name=f"第{number}支援機構", order=10 + number)
        body = Body.objects.create(
            code=f"helper-{number}", party=party, number=f"⑤{number}"[:4], name=f"第{number}支援センター", short=f"第{number}",
            kind="center", number_prefix=f"支{number}", mail=f"helper-{number}@hibari.example", phone="000-000-0000", order=20 + number,
        )  # fmt: skip
        for service in ("tech-consultation", "equipment-tests", "events", "sales-adviser"):
            Provision.objects.create(plan=world.plan, service_id=service, body=body, source="both")
        bodies.append(body.pk)
    run.people = {code: [person] for code, person in world.people.items()}
    for number in range(max(run.plot.staff - len(world.people), MORE)):
        # The desk has twice the people of any other body: everything goes through it.
        code = bodies[number % len(bodies)] if number % 6 else DESK
        person = join(run, code, dt.date(2024, 4, 1), is_admin=code not in run.people)
        run.people.setdefault(code, []).append(person)
    Provision.objects.filter(body_id=DESK).delete()
    stages = dict(Provision.objects.values_list("service_id", "service__stage_id"))
    offers = Provision.objects.exclude(service_id="loan").order_by("service_id", "body_id").values_list("service_id", "body_id").distinct()
    run.services = [(service, body, stages[service]) for service, body in offers if body in run.people]
    assert {CENTER, LAB} <= {body for _service, body, _stage in run.services}


def join(run: Quarter, body: str, since: dt.date, *, is_admin: bool = False) -> Person:
    """Let one more person belong to a body."""
    run.joined += 1
    name = f"職員 {run.joined}号"
    person = Person.objects.create_user(f"p{run.joined}@people.example", None, name=name, kana=f"{run.joined:04d}")
    Membership.objects.create(person=person, body_id=body, role="staff", since=since, is_admin=is_admin)
    return person
