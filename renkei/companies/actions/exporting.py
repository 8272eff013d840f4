"""Write firms out as a sheet that can be taken in again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from renkei.audit.record import record
from renkei.base.actor import Actor
from renkei.companies.models import Company
from renkei.companies.sheet import FIRM, HEADER
from renkei.documents.sheets import write_sheet

AT_ONCE = 500


def export_companies(companies: Iterable[Company], *, by: Actor, filters: Mapping[str, str]) -> bytes:
    """Write the firms the actor sees as a sheet that can be imported again; filters and count go on record."""
    rows = list(Company.objects.visible_to(by).standing().filter(pk__in=[one.pk for one in companies]).select_related("municipality")
                .prefetch_related("people"))  # fmt: skip
    record(by, "company.export", *rows[:AT_ONCE], filters=dict(filters), count=len(rows))
    return write_sheet("会社", HEADER, [_cells(one) for one in rows])


def _cells(company: Company) -> list[Any]:
    firm = [company.municipality.name if name == "municipality" and company.municipality else
            "" if name == "municipality" else getattr(company, name) for name in FIRM]  # fmt: skip
    person = next((one for one in company.people.all() if one.left_on is None), None)
    who = [person.name, person.kana, person.title, person.phone, person.email] if person else [""] * 5
    return [*firm, *who, "", "", "", ""]
