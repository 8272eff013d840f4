"""The people and firms of the example region, from data files. All of them are fictional (架空)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.companies.models import Company, CompanyPerson
from renkei.example.files import PASSWORD, rows
from renkei.plan.models import Body
from renkei.plan.queries import front_desk


@dataclass
class Cast:
    """Who plays: staff by body, firms by their id in the data file, bodies by their code."""

    staff: dict[str, list[tuple[dt.date, Actor]]] = field(default_factory=dict)
    firms: dict[str, Company] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=dict)

    def of(self, body: str, turn: int = 0) -> Actor:
        """Return one of those who belong to a body on the day of the story; ``turn`` walks through them."""
        members = [actor for since, actor in self.staff[body] if since <= clock.today()]
        return members[turn % len(members)]

    def desk(self, turn: int = 0) -> Actor:
        """Return one member of the front desk."""
        return self.of(front_desk().pk, turn)


def gather() -> Cast:
    """Create people, memberships and firms. Bodies the plan does not know are left out."""
    cast = Cast(bodies=Body.objects.in_bulk())
    secret = Person()
    secret.set_password(PASSWORD)  # hashed once: sixty slow hashes would cost seconds at the first start
    for row in rows("staff.jsonl"):
        if row["body"] in cast.bodies:
            _join(cast, row, secret.password)
    home = front_desk()
    for row in rows("companies.jsonl"):
        cast.firms[row["id"]] = _firm(row, home)
    return cast


def _join(cast: Cast, row: dict[str, Any], secret: str) -> None:
    person = Person.objects.create(email=row["email"], name=row["name"], kana=row["kana"], password=secret)
    Membership.objects.create(
        person=person, body_id=row["body"], role=row["role"], title=row["title"], is_admin=row["admin"],
        since=dt.date.fromisoformat(row["since"]), specialities=row["specialities"],
    )  # fmt: skip
    cast.staff.setdefault(row["body"], []).append(
        (dt.date.fromisoformat(row["since"]), staff(person.pk, row["body"], person.name))
    )


def _firm(row: dict[str, Any], home: Body) -> Company:
    firm = Company(
        name=row["name"], kana=row["kana"], corporate_number=row["corporate_number"],
        municipality_id=row["municipality_code"], address=row["address"], estate=row["estate"] or "",
        phone=row["phone"], email=row["email"], representative_title=row["representative_title"],
        representative=row["representative"], capital_yen=row["capital_yen"], employees=row["employees"],
        jsic_revision=row["jsic"]["revision"], jsic_code=row["jsic"]["code"], jsic_name=row["jsic"]["name"],
        products="、".join(row["products"]), strengths=row["strengths"], founded_year=row["founded_year"],
        entered_by=home, entered_at=dt.datetime(2024, 4, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    firm.save(force_insert=True)
    CompanyPerson.objects.bulk_create([CompanyPerson(company=firm, **person) for person in row["people"]])
    firm.save()  # once more, now that its people count among what it is found by
    return firm
