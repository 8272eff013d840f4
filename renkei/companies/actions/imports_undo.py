"""Take an imported sheet of firms back: what nobody has worked with since goes, the rest stays and is named."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.companies.actions.imports import write_firms
from renkei.companies.actions.profile import profile_mark
from renkei.companies.models import Company, CompanyImport, CompanyPerson, ImportedRow, PastContact, Sight
from renkei.plan.queries import is_front_desk

Rows = list[ImportedRow]
_Why = Callable[[ImportedRow], str]


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
    rows = list(locked.imported.filter(undone_at__isnull=True).order_by("row"))
    firms = {one.pk: one for one in Company.objects.select_for_update(of=("self",))
             .filter(pk__in={row.company_id for row in rows}).order_by("pk")}  # fmt: skip
    work = _Undo(locked, firms)
    work.take_back(rows)
    if not work.stays:
        locked.undone_at = clock.now()
        locked.save()
    record(by, "company.undo_import", locked, stays=len(work.stays))
    names = dict(Company.objects.filter(pk__in={row.company_id for row, _why in work.stays}).values_list("pk", "name"))
    return [_("%(row)s行目（%(name)s）：%(why)s") % {"row": row.row, "name": names.get(row.company_id, ""), "why": why}
            for row, why in sorted(work.stays, key=lambda one: one[0].row)]  # fmt: skip


class _Undo:
    """One undo: the firms in hand, which rows stay and why. Contacts go first, then people, changes, and firms last."""

    def __init__(self, run: CompanyImport, firms: dict[uuid.UUID, Company]) -> None:
        self.run, self.firms = run, firms
        self.stays: list[tuple[ImportedRow, str]] = []
        self.changed: set[str] = set()

    def take_back(self, rows: Rows) -> None:
        """Undo all rows, each kind at once."""
        self._contacts(self._free(rows, "contact"))
        used = self._used()
        self._people(self._free(rows, "person", lambda row: _in_use() if row.pk in used else ""))
        self._changes([row for row in reversed(rows) if row.deed == "update"])
        used = self._used()
        self._firms(self._free(rows, "new", lambda row: self._edited(row) or (_in_use() if row.pk in used else "")))
        write_firms(list(self.firms.values()), self.changed)

    def _free(self, rows: Rows, deed: str, why: _Why = lambda _row: "") -> Rows:
        """Return the rows of one kind that can go; the others stay, with the reason."""
        free = []
        for row in rows:
            if row.deed == deed:
                if reason := self._merged(row) or why(row):
                    self.stays.append((row, reason))
                else:
                    free.append(row)
        ImportedRow.objects.filter(pk__in=[row.pk for row in free]).update(undone_at=clock.now())
        return free

    def _merged(self, row: ImportedRow) -> str:
        company = self.firms.get(row.company_id)
        return _("会社がほかの会社にまとめられています。") if company is None or company.merged_into_id is not None else ""

    def _edited(self, row: ImportedRow) -> str:
        mark = row.after.get("mark", "")
        return _("取り込んだあとに、記録が直されています。") if mark and mark != profile_mark(self.firms[row.company_id]) else ""

    def _contacts(self, rows: Rows) -> None:
        PastContact.objects.filter(pk__in=[row.subject for row in rows]).update(withdrawn_at=clock.now())

    def _people(self, rows: Rows) -> None:
        people = CompanyPerson.objects.filter(pk__in=[row.subject for row in rows])
        people.update(withdrawn_at=clock.now(), left_on=clock.today())

    def _changes(self, rows: Rows) -> None:
        """Give each field its value back, the last row first; a value that somebody has changed since keeps its row."""
        free = []
        for row in rows:
            company = self.firms.get(row.company_id)
            if reason := self._merged(row):
                self.stays.append((row, reason))
            elif company is not None and any(getattr(company, name) != value for name, value in row.after.items()):
                self.stays.append((row, _("取り込んだあとに、記録が直されています。")))
            else:
                free.append(row)
                for name, value in row.before.items():
                    setattr(company, name, value)
                self.changed |= set(row.before)
        ImportedRow.objects.filter(pk__in=[row.pk for row in free]).update(undone_at=clock.now())

    def _firms(self, rows: Rows) -> None:
        for row in rows:
            company = self.firms[row.company_id]
            company.withdrawn_at, company.corporate_number = clock.now(), None
        if rows:
            self.changed |= {"withdrawn_at", "corporate_number"}
        Sight.objects.filter(company__in=[row.company_id for row in rows], ended_on__isnull=True).update(ended_on=clock.today())

    def _used(self) -> set[uuid.UUID]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT company_import_used(%s)", [self.run.pk])
            return {pk for (pk,) in cursor.fetchall()}


def _in_use() -> str:
    return _("取り込んだあとの仕事（案件など）があります。")
