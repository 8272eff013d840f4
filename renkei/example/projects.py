"""The example's approved projects (地域経済牽引事業) and how the bodies that helped share them: agreed, refused, waiting, not proposed yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from renkei.base import clock
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.shares import answer_shares, propose_shares
from renkei.cases.models import Case, RegionalProject
from renkei.example.cast import Cast
from renkei.example.files import rows
from renkei.plan.models import Field
from renkei.plan.queries import add_business_days


def approve(cast: Cast, today: dt.date) -> Iterator[dt.datetime]:
    """Record the projects of cases that ended well; where the data names shares, the holder proposes them and others answer."""
    titles = {row["id"]: row["title"] for row in rows("stories.jsonl")}
    for row in sorted(rows("projects.jsonl"), key=lambda one: -int(one["recorded"])):
        yield clock.at(add_business_days(today - dt.timedelta(days=row["recorded"] + 1), 1), 11, 20)
        case = Case.objects.filter(title=titles[row["story"]], company__isnull=False).first()
        if case is not None and not case.is_open and set(row["bodies"]) <= set(cast.staff):
            _share(cast, row, _record(cast, row, case, today), case)


def _record(cast: Cast, row: dict[str, Any], case: Case, today: dt.date) -> RegionalProject:
    return record_project(
        case, number=row["number"], approved_on=today - dt.timedelta(days=row["approved"]), title=row["title"],
        field=Field.objects.get(pk=row["field"]), bodies=[cast.bodies[code] for code in row["bodies"]], by=cast.of(case.holder_id),
    )  # fmt: skip


def _share(cast: Cast, row: dict[str, Any], project: RegionalProject, case: Case) -> None:
    if "parts" not in row:
        return
    shares = propose_shares(project, row["parts"], by=cast.of(case.holder_id))
    for body, words in row["says"].items():
        answer_shares(shares, agreed=not words, words=words, by=cast.of(body))
