"""Import a sheet of firms, people and contact history that was looked at before.

Everything is read, locked and written for the whole sheet at once: ten thousand rows cost as many questions as ten.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import prefetch_related_objects
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
from renkei.companies.industries import class_of
from renkei.companies.models import Company, CompanyImport, CompanyPerson, ImportedRow, PastContact, Sight
from renkei.companies.sheet import NEW, SKIP, SheetPreview, SheetRow, chosen
from renkei.plan.models import Municipality
from renkei.plan.queries import front_desk

AT_ONCE = 500
PERSON_FIELDS = ("person", "person_kana", "person_title", "person_phone", "person_email")


@dataclass
class _Run:
    """What one import has written so far."""

    run: CompanyImport
    by: Actor
    places: frozenset[str] = field(default_factory=lambda: frozenset(Municipality.objects.values_list("pk", flat=True)))
    locked: dict[uuid.UUID, Company] = field(default_factory=dict)
    made: dict[int, Company] = field(default_factory=dict)
    rows: list[ImportedRow] = field(default_factory=list)
    touched: dict[uuid.UUID, Company] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

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
    _lock_known(work, rows)
    _write_new(work, [row for row in rows if row.deed == NEW and row.same_as is None])
    _meet(work, [row for row in rows if row.deed == "meet"])
    for row in rows:
        if row.deed == "update":
            _change(work, row)
    _write_people(work, rows)
    write_firms(list(work.touched.values()), work.changed)
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
    if (found := class_of(said["jsic_code"])) is not None and not said["jsic_name"]:
        said["jsic_name"] = found.name
    return Profile(**said | {"is_sole_proprietor": bool(base and base.is_sole_proprietor)})


def _decide(row: SheetRow, answers: Mapping[int, str]) -> SheetRow:
    return chosen(row, answers.get(row.number, SKIP)) if row.deed == "choose" else row


def _write_new(work: _Run, rows: list[SheetRow]) -> None:
    """Write the new firms together: ten thousand one by one would outlast the request."""
    firms = []
    for row in rows:
        company = Company(**_values(work, row), entered_by_id=work.run.body_id, entered_at=clock.now())
        company.fill_keys()
        firms.append(company)
        work.made[row.number] = company
        work.note(row, "new", company, after={"mark": profile_mark(company)})
    try:
        with transaction.atomic():
            Company.objects.bulk_create(firms, batch_size=AT_ONCE)
    except IntegrityError as error:
        raise _number_twice() from error
    Sight.objects.bulk_create(
        [Sight(company=one, body_id=work.run.body_id, since=clock.today()) for one in firms], batch_size=AT_ONCE
    )


def _values(work: _Run, row: SheetRow, base: Company | None = None) -> dict[str, Any]:
    try:
        return checked(profile_of(row.values, base), places=work.places)
    except Refused as refusal:
        raise Refused(_("%(row)s行目：%(why)s") % {"row": row.number, "why": refusal.message}, "row_wrong") from refusal


def _lock_known(work: _Run, rows: list[SheetRow]) -> None:
    """Lock every firm the sheet would change, in the order of their ids; one that is no more stops the import."""
    wanted = {row.company.pk: row for row in rows if row.company is not None}
    seen = Company.objects.visible_to(work.by).standing().select_for_update(of=("self",))
    work.locked = {one.pk: one for one in seen.filter(pk__in=wanted).order_by("pk")}
    for pk, row in wanted.items():
        if pk not in work.locked:
            raise Refused(_("%(row)s行目：会社が変わりました。もう一度ファイルを選んでください。") % {"row": row.number}, "row_wrong")


def _meet(work: _Run, rows: list[SheetRow]) -> None:
    """Let the body know the firms that others registered under these numbers and names."""
    if not rows:
        return
    for row in rows:
        _values(work, row)  # what is wrong with a row is said before anything is met
    numbers, keys = [row.values["corporate_number"] for row in rows], [search_key(row.values["name"])[:200] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_meet(a.number, a.key, %s) FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY"
                       " AS a(number, key, place) ORDER BY a.place", [clock.today(), numbers, keys])  # fmt: skip
        met = [pk for (pk,) in cursor.fetchall()]
    known = Company.objects.visible_to(work.by).in_bulk([pk for pk in met if pk])
    for row, pk in zip(rows, met, strict=True):
        company = known.get(pk)
        work.made[row.number] = company or register_company(profile_of(row.values), by=work.by)
    found = list(known.values())
    for start in range(0, len(found), AT_ONCE):
        record(work.by, "company.meet", *found[start : start + AT_ONCE])


def _change(work: _Run, row: SheetRow) -> None:
    company = work.locked[row.company.pk] if row.company is not None else None
    if company is None:
        return
    values = _values(work, row, company)
    names = ["municipality_id" if name == "municipality" else name for name in row.changes]
    before = {name: getattr(company, name) for name in names}
    for name in names:
        setattr(company, name, values[name])
    work.changed |= set(names)
    work.note(row, "update", company, before=before, after={name: getattr(company, name) for name in names})


def _write_people(work: _Run, rows: list[SheetRow]) -> None:
    """Add people and contacts that are not there yet; the firms are found by their people afterwards."""
    named = [(row, company) for row in rows if (company := _firm_of(work, row)) is not None]
    known = {(one.company_id, search_key(one.name)): one for one in CompanyPerson.objects.filter(
        company__in={company.pk for _row, company in named}, withdrawn_at__isnull=True)}
    old = set(PastContact.objects.visible_to(work.by).filter(
        company__in={company.pk for _row, company in named}, body_id=work.run.body_id,
    ).values_list("company_id", "happened_on", "text"))
    people, contacts = [], []
    for row, company in named:
        person = known.get((company.pk, search_key(row.values["person"])))
        if person is None and search_key(row.values["person"]):
            person = known[company.pk, search_key(row.values["person"])] = _person(row, company)
            people.append(person)
            work.note(row, "person", company, subject=person.pk)
        told = (company.pk, row.values["happened_on"], row.values["text"])
        if row.values["text"] and row.values["happened_on"] and told not in old:
            old.add(told)
            contacts.append(_contact(work, row, company, person))
            work.note(row, "contact", company, subject=contacts[-1].pk)
    CompanyPerson.objects.bulk_create(people, batch_size=AT_ONCE)
    PastContact.objects.bulk_create(contacts, batch_size=AT_ONCE)


def write_firms(companies: list[Company], changed: set[str]) -> None:
    """Write the changed fields of these firms, and what they are found by, people and earlier names included."""
    for start in range(0, len(companies), AT_ONCE):
        batch = companies[start : start + AT_ONCE]
        prefetch_related_objects(batch, "people", "formers", "merges")
        for company in batch:
            company.fill_keys()
        try:
            with transaction.atomic():
                Company.objects.bulk_update(batch, sorted(changed | {"name_key", "find_text"}))
        except IntegrityError as error:
            raise _number_twice() from error


def _firm_of(work: _Run, row: SheetRow) -> Company | None:
    if row.company is not None:
        return work.locked[row.company.pk]
    return work.made.get(row.same_as or row.number)


def _number_twice() -> Refused:
    return Refused(
        _("同じ法人番号が、別の名前の会社で登録されているか、この表に2回あります。番号を確かめてください。"), "duplicate_number"
    )



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
