"""地域経済牽引事業: recorded once, counted once, in the fiscal year fixed when it was decided [C38-C40]."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.cases.models import Case, RegionalProject, Verb, log_step
from renkei.cases.rules import require, runs_case
from renkei.cases.steps import fit, lock_case
from renkei.companies.models import Company
from renkei.plan.models import Body, Field


@transaction.atomic
def record_project(
    case: Case,
    *,
    number: str,
    approved_on: dt.date,
    title: str,
    field: Field,
    bodies: list[Body],
    by: Actor,
) -> RegionalProject:
    """Record a firm's approved plan with this case. A second case of the same project joins it; it still counts once.

    The year of counting is that of the approval and does not move afterwards. Refused: ``number_empty``,
    ``title_empty``, ``future``, ``no_bodies``, ``no_company``, ``number_taken``, ``not_allowed``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    code, heading = fit(number, 60, "number"), fit(title, 200, "title")
    _check(locked, code, heading, approved_on, bodies)
    project = RegionalProject.objects.select_for_update(of=("self",)).filter(plan=locked.plan_id, number=code).first()
    if project is None:
        project = _create(locked, code, heading, approved_on, field)
    elif project.company_id != locked.company_id:
        raise _taken()
    project.bodies.add(*bodies)
    if not project.cases.filter(pk=locked.pk).exists():
        project.cases.add(locked)
        log_step(locked, Verb.PROJECT, by=by, subject=project, after=str(project.counted_fiscal_year))
    record(by, "project.record", project, locked, number=code, bodies=[body.pk for body in bodies])
    return project


def _check(case: Case, number: str, title: str, approved_on: dt.date, bodies: list[Body]) -> None:
    if not number:
        raise Refused(_("承認番号を入れてください。"), "number_empty", field="number")
    if not title:
        raise Refused(_("事業名を入れてください。"), "title_empty", field="title")
    if approved_on > clock.today():
        raise Refused(_("承認日がまだ来ていません。承認された日を入れてください。"), "future", field="approved_on")
    if case.company_id is None:
        raise Refused(_("先に、この案件を会社に結び付けてください。"), "no_company")
    if not bodies:
        raise Refused(_("支援した機関を1つ以上選んでください。"), "no_bodies", field="bodies")


def _create(case: Case, number: str, title: str, approved_on: dt.date, field: Field) -> RegionalProject:
    """Write the project; the database knows numbers that this body may not see."""
    company = Company.objects.filter(pk=case.company_id or uuid.UUID(int=0)).first()
    if company is None:
        raise Refused(_("この会社の情報を見る同意がありません。窓口に頼んでください。"), "no_company")
    try:
        with transaction.atomic():
            return RegionalProject.objects.create(
                plan_id=case.plan_id, company=company, number=number, approved_on=approved_on,
                field=field, title=title, counted_fiscal_year=FiscalYear.of(approved_on).start_year,
                recorded_at=clock.now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise _taken() from error


def _taken() -> Refused:
    return Refused(_("この承認番号は、もう記録されています。番号を確かめてください。"), "number_taken", field="number")
