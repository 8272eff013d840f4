"""Import a sheet of firms, people and contact history that was looked at before, take a run back, and export firms."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.companies.actions.profile import (
    Profile,
    checked,
    email_of,
    phone_of,
    profile_mark,
    register_company,
    require_staff,
    short,
)
from renkei.companies.models import Company, CompanyImport, CompanyPerson, ImportedRow, PastContact, Sight
from renkei.companies.sheet import FIRM, HEADER, NEW, SKIP, SheetPreview, SheetRow, chosen
from renkei.documents.sheets import write_sheet
from renkei.plan.queries import front_desk, is_front_desk

AT_ONCE = 500
PERSON_FIELDS = ("person", "person_kana", "person_title", "person_phone", "person_email")


@dataclass
class _Run:
    """What one import has written so far."""

    run: CompanyImport
    by: Actor
    made: dict[int, Company] = field(default_factory=dict)
    rows: list[ImportedRow] = field(default_factory=list)
    touched: dict[uuid.UUID, Company] = field(default_factory=dict)

    def note(self, row: SheetRow, deed: str, company: Company, **more: Any) -> None:
        """Remember what a row did."""
        self.rows.append(ImportedRow(run=self.run, row=row.number, deed=deed, company=company, **more))
        self.touched[company.pk] = company


@transaction.atomic
def import_companies(
    preview: SheetPreview, *, name: str, data: bytes, by: Actor, answers: Mapping[int, str] | None = None
) -> CompanyImport:
    """Write the rows without problems, all or none. ``answers`` decides rows that have a choice; without one they are left.

    The same file again changes nothing it has written already. Refused: ``not_allowed``, ``nothing``, ``row_wrong`` with
    the row's number, what is wrong with a row.
    """
    require_staff(by)
    decided = [_decide(row, answers or {}) for row in preview.rows if not row.problems]
    rows = [row for row in decided if row.deed != SKIP]
    if not rows:
        raise Refused(_("取り込む行がありません。直すところを直してから、選び直してください。"), "nothing")
    run = CompanyImport.objects.create(
        body_id=by.body or front_desk().pk, done_by_id=by.person, done_at=clock.now(), name=name[:200],
        digest=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    work = _Run(run, by)
    _write_new(work, [row for row in rows if row.deed == NEW and row.same_as is None])
    for row in rows:
        _write_known(work, row)
    _write_people(work, rows)
    ImportedRow.objects.bulk_create(work.rows, batch_size=AT_ONCE)
    deeds = [row.deed for row in work.rows]
    run.counts = {deed: deeds.count(deed) for deed in ("new", "update", "person", "contact")}
    run.save()
    touched = list(work.touched.values())
    for start in range(0, max(len(touched), 1), AT_ONCE):
        record(by, "company.import", run, *touched[start : start + AT_ONCE], counts=run.counts)
    return run


def profile_of(values: Mapping[str, Any], base: Company | None = None) -> Profile:
    """Return the profile a row says, over what is known already."""
    said: dict[str, Any] = {}
    for one in fields(Profile):
        kept = (base.municipality_id if one.name == "municipality" else getattr(base, one.name)) if base else None
        new = values.get(one.name)
        text = one.type == "str"
        said[one.name] = new if new not in (None, "") else ((kept or "") if text else kept)
    return Profile(**said | {"is_sole_proprietor": bool(base and base.is_sole_proprietor)})


def _decide(row: SheetRow, answers: Mapping[int, str]) -> SheetRow:
    return chosen(row, answers.get(row.number, SKIP)) if row.deed == "choose" else row


def _write_new(work: _Run, rows: list[SheetRow]) -> None:
    """Write the new firms together: ten thousand one by one would outlast the request."""
    firms = []
    for row in rows:
        company = Company(**_values(row), entered_by_id=work.run.body_id, entered_at=clock.now())
        company.fill_keys()
        firms.append(company)
        work.made[row.number] = company
        work.note(row, "new", company, after={"mark": profile_mark(company)})
    try:
        with transaction.atomic():
            Company.objects.bulk_create(firms, batch_size=AT_ONCE)
    except IntegrityError as error:
        raise Refused(
            _("同じ法人番号が、別の名前の会社で登録されているか、この表に2回あります。番号を確かめてください。"), "duplicate_number"
        ) from error
    Sight.objects.bulk_create(
        [Sight(company=one, body_id=work.run.body_id, since=clock.today()) for one in firms], batch_size=AT_ONCE
    )


def _values(row: SheetRow) -> dict[str, Any]:
    try:
        return checked(profile_of(row.values))
    except Refused as refusal:
        raise Refused(_("%(row)s行目：%(why)s") % {"row": row.number, "why": refusal.message}, "row_wrong") from refusal


def _write_known(work: _Run, row: SheetRow) -> None:
    if row.deed == "meet":
        work.made[row.number] = register_company(profile_of(row.values), by=work.by)
    elif row.deed == "update" and row.company is not None:
        locked = Company.objects.visible_to(work.by).standing().select_for_update(of=("self",)).filter(pk=row.company.pk).first()
        if locked is None:
            raise Refused(_("%(row)s行目：会社が変わりました。もう一度ファイルを選んでください。") % {"row": row.number}, "row_wrong")
        try:
            values = checked(profile_of(row.values, locked))
        except Refused as refusal:
            raise Refused(_("%(row)s行目：%(why)s") % {"row": row.number, "why": refusal.message}, "row_wrong") from refusal
        names = ["municipality_id" if name == "municipality" else name for name in row.changes]
        before = {name: getattr(locked, name) for name in names}
        for name in names:
            setattr(locked, name, values[name])
        locked.save()
        work.note(row, "update", locked, before=before, after={name: getattr(locked, name) for name in names})


def _write_people(work: _Run, rows: list[SheetRow]) -> None:
    """Add people and contacts that are not there yet; the firms are found by their people afterwards."""
    named = [(row, company) for row in rows if (company := row.company or work.made.get(row.same_as or row.number)) is not None]
    known = {(one.company_id, search_key(one.name)): one for one in CompanyPerson.objects.filter(
        company__in={company.pk for _row, company in named}, withdrawn_at__isnull=True)}
    old = set(PastContact.objects.visible_to(work.by).filter(
        company__in={company.pk for _row, company in named}, body_id=work.run.body_id,
    ).values_list("company_id", "happened_on", "text"))
    people, contacts, changed = [], [], {}
    for row, company in named:
        person = known.get((company.pk, search_key(row.values["person"])))
        if person is None and search_key(row.values["person"]):
            person = known[company.pk, search_key(row.values["person"])] = _person(row, company)
            people.append(person)
            changed[company.pk] = company
            work.note(row, "person", company, subject=person.pk)
        told = (company.pk, row.values["happened_on"], row.values["text"])
        if row.values["text"] and row.values["happened_on"] and told not in old:
            old.add(told)
            contacts.append(_contact(work, row, company, person))
            work.note(row, "contact", company, subject=contacts[-1].pk)
    CompanyPerson.objects.bulk_create(people, batch_size=AT_ONCE)
    PastContact.objects.bulk_create(contacts, batch_size=AT_ONCE)
    for company in changed.values():
        company.refresh_from_db()
        company.save()


def _person(row: SheetRow, company: Company) -> CompanyPerson:
    try:
        name, kana, title = (short(row.values[one], 100, one) for one in PERSON_FIELDS[:3])
        return CompanyPerson(company=company, name=name, kana=kana, title=title, phone=phone_of(row.values["person_phone"]),
                             email=email_of(row.values["person_email"]))
    except Refused as refusal:
        raise Refused(_("%(row)s行目：%(why)s") % {"row": row.number, "why": refusal.message}, "row_wrong") from refusal


def _contact(work: _Run, row: SheetRow, company: Company, person: CompanyPerson | None) -> PastContact:
    values = row.values
    if len(values["text"]) > 4000 or len(values["channel"]) > 40 or len(values["staff"]) > 100:
        raise Refused(_("%(row)s行目：やりとりが長すぎます（内容は4,000字まで）。") % {"row": row.number}, "row_wrong")
    return PastContact(
        company=company, body_id=work.run.body_id, happened_on=values["happened_on"], channel=values["channel"], person=person,
        person_given=values["person"][:100], staff_given=values["staff"], text=values["text"], written_at=clock.now(),
    )  # fmt: skip


@transaction.atomic
def undo_company_import(run: CompanyImport, *, by: Actor) -> list[str]:
    """Take a run back, row by row; returns a sentence for each row on which later work depends (that one stays).

    Nothing is deleted: firms and people are withdrawn, found and offered no more, and the number is given back.
    Refused: ``not_allowed``, ``undone``.
    """
    locked = CompanyImport.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=run.pk).first()
    if locked is None or not (by.is_system or locked.body_id == by.body or is_front_desk(by.body)):
        raise Refused(_("取り込んだ機関か窓口だけが、取り消せます。"), "not_allowed")
    if locked.undone_at is not None:
        raise Refused(_("この取り込みは、もう取り消してあります。"), "undone")
    rows = locked.imported.filter(undone_at__isnull=True).select_related("company")
    order = {"contact": 0, "person": 1, "update": 2, "new": 3}
    stays: list[str] = []
    for row in sorted(rows, key=lambda one: (order[one.deed], -one.row)):
        if why := _take_back(row):
            stays.append(_("%(row)s行目（%(name)s）：%(why)s") % {"row": row.row, "name": row.company.name, "why": why})
        else:
            row.undone_at = clock.now()
            row.save()
    if not stays:
        locked.undone_at = clock.now()
        locked.save()
    record(by, "company.undo_import", locked, stays=len(stays))
    return stays


def _take_back(row: ImportedRow) -> str:
    """Undo one row; returns why it has to stay, or nothing."""
    company = Company.objects.select_for_update(of=("self",)).filter(pk=row.company_id).first()
    if company is None or company.merged_into_id is not None:
        return _("会社がほかの会社にまとめられています。")
    mark = row.after.get("mark", "") if row.deed == "new" else ""
    edited = row.deed == "update" and any(getattr(company, name) != value for name, value in row.after.items())
    if edited or (mark and mark != profile_mark(company)):
        return _("取り込んだあとに、記録が直されています。")
    if row.deed in {"new", "person"} and _in_use(row):
        return _("取り込んだあとの仕事（案件など）があります。")
    subject = row.subject or uuid.UUID(int=0)
    if row.deed == "contact":
        PastContact.objects.filter(pk=subject).update(withdrawn_at=clock.now())
    elif row.deed == "update":
        for name, value in row.before.items():
            setattr(company, name, value)
    elif row.deed == "person":
        CompanyPerson.objects.filter(pk=subject).update(withdrawn_at=clock.now(), left_on=clock.today())
    else:
        company.withdrawn_at, company.corporate_number = clock.now(), None
    company.save()
    if row.deed == "new":
        Sight.objects.filter(company=company, ended_on__isnull=True).update(ended_on=clock.today())
    return ""


def _in_use(row: ImportedRow) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_import_in_use(%s)", [row.pk])
        found = cursor.fetchone()
    return bool(found and found[0])


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
