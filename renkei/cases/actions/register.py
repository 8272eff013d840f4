"""The running 相談台帳: in with a preview of every row and a way back, out with the same columns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record, record_read
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.cases.actions.listing import bring_in_line
from renkei.cases.models import Case, Consultation, ImportedCase, ImportRun, Need, Transition, Verb, log_step
from renkei.cases.numbers import draw_number, keep_clear
from renkei.cases.queries.register import (
    COLUMNS,
    Known,
    Preview,
    RegisterRow,
    is_closed,
    plain,
    read_register,
)
from renkei.cases.rules import require
from renkei.cases.states import CaseState, NeedState
from renkei.cases.steps import NextStep, put_next_step
from renkei.companies.models import Company
from renkei.documents.sheets import write_sheet
from renkei.plan.models import Body, Stage
from renkei.plan.queries import content_now, current_plan, is_front_desk

__all__ = ["Preview", "RegisterRow", "export_register", "import_register", "read_register", "undo_import"]
IMPORTED, UNDONE = "imported", "import_undone"  # close reasons that no vocabulary holds


@transaction.atomic
def import_register(preview: Preview, *, by: Actor, body: Body) -> ImportRun:
    """Import the good rows, all or none. Each case has its holder and next step from its first moment (P1).

    Refused: ``nothing_to_import``, ``same_rows`` (imported before, or in this very moment), ``foreign_holder``,
    ``number_taken``, ``not_allowed``.
    """
    require(by.is_system or (by.is_staff and by.body == body.pk))
    if not preview.good:
        raise Refused(_("取り込める行がありません。直してから、もう一度選んでください。"), "nothing_to_import", field="file")
    run = _begin(preview, by=by, body=body)
    known = Known.load()
    keep_clear(row.values["受付番号"] for row in preview.good)
    for row in preview.good:
        holder, _person = known.holder(row.values["主担当"]) or (body, None)
        if holder.pk != body.pk and not is_front_desk(body.pk):
            raise Refused(_("%(row)s行目：ほかの機関の案件は、窓口だけが取り込めます。") % {"row": row.number_in_file},
                          "foreign_holder")
        try:
            with transaction.atomic():
                case = _write(row, known, by=by, body=body)
        except IntegrityError as error:
            raise Refused(_("%(row)s行目：「受付番号」%(number)sは、もう使われています。番号を確かめてください。")
                          % {"row": row.number_in_file, "number": row.values["受付番号"]}, "number_taken") from error
        ImportedCase.objects.create(run=run, case=case, row=row.number_in_file, digest=row.digest)
    record(by, "register.import", run, rows=len(preview.good))
    return run


def _begin(preview: Preview, *, by: Actor, body: Body) -> ImportRun:
    try:
        with transaction.atomic():
            return ImportRun.objects.create(body=body, done_by_id=by.person, done_at=clock.now(), rows=len(preview.good),
                                            digest=preview.digest)
    except IntegrityError as error:
        raise Refused(_("この表の行は、もう取り込んであります。入れ直すときは、先に前の取り込みを取り消してください。"), "same_rows",
                      field="file") from error


@transaction.atomic
def undo_import(run: ImportRun, *, by: Actor) -> ImportRun:
    """Undo a whole run while nothing else has happened to its cases; otherwise say which ones.

    Nothing is deleted: the cases close as undone, leave the firm's history and give their numbers back.
    Refused: ``undone``, ``changed_since``, ``not_allowed``.
    """
    locked = ImportRun.objects.select_for_update().get(pk=run.pk)
    require(by.is_system or (by.is_staff and (by.body == locked.body_id or is_front_desk(by.body))))
    if locked.undone_at is not None:
        raise Refused(_("この取込みは、もう取り消してあります。"), "undone")
    cases = list(Case.objects.select_for_update(of=("self",)).filter(imported__run=locked).order_by("imported__row"))
    touched = _touched(cases)
    if touched:
        numbers = "、".join(touched[:5]) + (_("ほか%(n)s件") % {"n": len(touched) - 5} if len(touched) > 5 else "")
        raise Refused(_("取り込んだあとに動きのあった案件があるので、まとめては取り消せません：%(numbers)s") % {"numbers": numbers},
                      "changed_since")
    for case in cases:
        _take_out(case, by=by)
    locked.undone_at = clock.now()
    locked.save()
    record(by, "register.undo", locked)
    return locked


def export_register(cases: Iterable[Case], *, by: Actor) -> bytes:
    """Write the cases into the register's columns, as far as the actor may read them, and log who took them out."""
    visible = Case.objects.visible_to(by).filter(pk__in=[case.pk for case in cases]).order_by("arrived_at", "number")
    rows = list(visible.select_related("holder", "holder_person").prefetch_related("needs__stage"))
    said: dict[uuid.UUID, Consultation] = {}
    words = Consultation.objects.visible_to(by).filter(case__in=rows).select_related("person").order_by("-consulted_at")
    for one in words:
        said[one.case_id] = one  # the first one said stays last
    record_read(by, *Body.objects.filter(pk=by.body), *rows)
    return write_sheet("相談台帳", list(COLUMNS), [_cells(case, said.get(case.pk)) for case in rows])


def _cells(case: Case, said: Consultation | None) -> list[Any]:
    content = content_now()
    stages = dict.fromkeys(need.stage.name for need in case.needs.all())
    person = case.holder_person.surname if case.holder_person else ""
    reason = case.close_words if case.close_reason == IMPORTED else content.word("close_reasons", case.close_reason)
    return [
        case.number, case.arrived_at.astimezone(clock.JST).date(), case.company_name,
        (said.person.name if said.person else said.person_given) if said else "", said.phone if said else "",
        case.title, said.text if said else case.summary, "、".join(stages), f"{case.holder.short} {person}".strip(),
        case.next_step, case.next_on, written(CaseState(case.state).label),
        case.closed_at.astimezone(clock.JST).date() if case.closed_at else None,
        content.word("results", case.result) if case.result else reason,
    ]  # fmt: skip


def _write(row: RegisterRow, known: Known, *, by: Actor, body: Body) -> Case:
    values, closed = row.values, is_closed(row.values)
    holder, person = known.holder(values["主担当"]) or (body, None)
    arrived = clock.at(values["受付日"])
    title = values["件名"] or values["内容"].replace("\n", " ")[:100]
    company = _company(values["会社名"])
    case = Case(
        number=values["受付番号"] or draw_number(body, values["受付日"]), plan=current_plan(values["受付日"]),
        company=company, company_given=values["会社名"], title=title, received_by=body, at_desk=is_front_desk(body.pk),
        arrived_at=arrived, state=CaseState.CLOSED if closed else CaseState.ACTIVE, holder=holder,
        holder_person_id=person, holder_since=values["受付日"], next_body=holder, next_set_at=clock.now(),
    )  # fmt: skip
    if closed:
        _end(case, values)
    else:
        put_next_step(case, NextStep(what=values["次の一手"], on=values["期日"], body=holder.pk, person=person))
    case.index_text()
    case.save(force_insert=True)
    Consultation.objects.create(
        case=case, number=case.number, channel="register", received_by=body, taken_by_id=by.person, consulted_at=arrived,
        recorded_at=clock.now(), text=values["内容"] or title, company_given=values["会社名"],
        person_given=values["担当者"], phone=values["電話"],
    )  # fmt: skip
    _write_needs(case, known.stages_in(values["段階"]), NeedState.SETTLED if closed else NeedState.OPEN)
    log_step(case, Verb.IMPORTED, by=by, after=case.state, about_body=holder.pk, happened_on=values["受付日"])
    if closed:
        log_step(case, Verb.CLOSED, by=by, after=case.state, reason=case.close_reason, happened_on=values["終了日"])
    return case


def _end(case: Case, values: dict[str, Any]) -> None:
    content, word = content_now(), plain(values["結果"])
    results = {plain(term.name): term.code for term in content.vocabulary("results")}
    reasons = {plain(term.name): term.code for term in content.vocabulary("close_reasons")}
    case.closed_at, case.result = clock.at(values["終了日"], 17), results.get(word, "")
    case.close_reason, case.close_words = reasons.get(word, IMPORTED), values["結果"]


def _company(name: str) -> Company | None:
    """Return the one firm of that name that the body knows; with two of the same name a person decides later."""
    found = list(Company.objects.standing().filter(name_key=search_key(name)[:200])[:2])
    return found[0] if len(found) == 1 else None


def _write_needs(case: Case, stages: dict[str, Stage | None], state: NeedState) -> None:
    chosen = dict.fromkeys(stage.pk for stage in stages.values() if stage is not None)
    for order, stage in enumerate(chosen, start=1):
        Need.objects.create(case=case, order=order, title=case.title, stage_id=stage, state=state, added_at=clock.now())


def _touched(cases: list[Case]) -> list[str]:
    """Return the numbers of cases to which something happened after they came in."""
    later = Transition.objects.filter(case__in=cases).exclude(verb__in=[Verb.IMPORTED, Verb.CLOSED])
    moved = set(later.values_list("case_id", flat=True))
    return [case.number for case in cases if case.pk in moved or case.version > 0]


def _take_out(case: Case, *, by: Actor) -> None:
    before, given_back = case.state, f"{case.pk.hex[:8]} {case.number}"[:30]
    case.company_given = case.company_name
    case.company, case.state, case.close_reason = None, CaseState.CLOSED, UNDONE
    case.closed_at = case.closed_at or clock.now()
    case.next_kind = case.next_step = case.next_phone = ""
    case.next_on = case.next_time = None
    case.number = given_back
    case.version += 1
    case.grams = []  # it is found no more
    case.save()
    Consultation.objects.filter(case=case).update(number=given_back)
    Need.objects.filter(case=case, state=NeedState.OPEN).update(state=NeedState.DROPPED)
    bring_in_line(case, by=by)
    log_step(case, Verb.IMPORT_UNDONE, by=by, before=before, after=case.state)
