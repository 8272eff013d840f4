"""地域経済牽引事業: record a firm's approved plan, the unit of the targets [C38-C40]."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.cases.models import Case, RegionalProject
from renkei.cases.rules import require, runs_case
from renkei.cases.steps import fit, lock_case
from renkei.plan.models import Body, Field


@transaction.atomic
def record_project(
    case: Case, *, number: str, approved_on: dt.date, title: str, field: Field, bodies: list[Body], by: Actor
) -> RegionalProject:
    """Record an approved plan; a known number gains this case and these bodies, and is still counted once.

    The fiscal year it counts in is fixed by the day of approval and never moves afterwards [C40].
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    if locked.company_id is None:
        raise Refused(_("先に、案件の会社を登録してください。"), "no_company", field="number")
    clean_number, clean_title = fit(number, 60, "number"), fit(title, 200, "title")
    if not clean_number or not clean_title:
        raise Refused(_("承認番号と事業名を書いてください。"), "project_empty", field="number")
    if approved_on > clock.today():
        raise Refused(_("まだ来ていない日です。承認された日を入れてください。"), "future", field="approved_on")
    project = RegionalProject.objects.filter(plan=locked.plan, number=clean_number).first()
    if project is not None and project.company_id != locked.company_id:
        raise Refused(_("この承認番号は、別の会社の事業で使われています。番号を確かめてください。"), "number_taken", field="number")
    if project is None:
        project = RegionalProject.objects.create(
            plan=locked.plan, company_id=locked.company_id, number=clean_number, approved_on=approved_on, field=field,
            title=clean_title, counted_fiscal_year=FiscalYear.of(approved_on).start_year, recorded_at=clock.now(),
        )  # fmt: skip
    project.cases.add(locked)
    project.bodies.add(*bodies)
    record(by, "project.record", project, locked, number=clean_number, bodies=[body.pk for body in bodies])
    return project
