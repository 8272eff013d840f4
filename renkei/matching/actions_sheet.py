"""Import a sheet of entries that was looked at before, take a run back, and write entries out as such a sheet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import in_house_language, written
from renkei.base.refusal import Refused
from renkei.documents.sheets import write_sheet
from renkei.matching import index
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.actions_keeping import log_changes
from renkei.matching.entry_words import row_from, row_of, window_words, words_of_terms
from renkei.matching.fact_words import show_fact
from renkei.matching.fields import FACTS, Shape, value_of
from renkei.matching.keeping import keeps
from renkei.matching.models import CatalogueRun, Entry, EntryKind, Revision, RevisionDeed
from renkei.matching.sheet import BASE, EntryPreview, EntrySheetRow
from renkei.matching.standing import SCREEN


@transaction.atomic
def import_entries(preview: EntryPreview, *, name: str, data: bytes, by: Actor) -> CatalogueRun:
    """Write the rows that are new or changed, all or none; each counts as checked today unless the sheet says when.

    The same file again changes nothing. Refused: ``not_allowed``, ``nothing``, ``changed_meanwhile``.
    """
    if not by.is_staff:
        raise Refused(_("機関の担当者だけが取り込めます。"), "not_allowed")
    rows = [row for row in preview.rows if row.deed in {"new", "changed"} and row.after]
    if not rows:
        raise Refused(_("取り込む行がありません。"), "nothing")
    _check_unchanged(rows, by)
    run = CatalogueRun.objects.create(
        body_id=by.body, done_by_id=by.person, done_at=clock.now(), name=name[:200], digest=hashlib.sha256(data).hexdigest(),
        counts={deed: preview.count(deed) for deed in ("new", "changed", "same", "refused")},
        refused=[[row.number, "　".join(row.problems)[:300]] for row in preview.rows if row.problems][:500],
    )  # fmt: skip
    fresh = [(row, _checked(row, by)) for row in rows]
    put_entries([after for _row, after in fresh], kept_by=SCREEN, by=by)
    for deed, kind in (("new", RevisionDeed.MADE), ("changed", RevisionDeed.CHANGED)):
        log_changes([(row.before, after, row.number) for row, after in fresh if row.deed == deed], kind, by=by, run=run)
    record(by, "entries.import", run, counts=run.counts)
    return run


@transaction.atomic
def undo_import(run: CatalogueRun, *, by: Actor) -> list[str]:
    """Take a run back: changed entries get their earlier words, new ones are withdrawn. Returns what stays, and why.

    Refused: ``not_allowed``, ``undone``.
    """
    locked = CatalogueRun.objects.visible_to(by).select_for_update(of=("self",)).get(pk=run.pk)
    if locked.body_id is None or locked.body_id != by.body:
        raise Refused(_("取り込んだ機関の職員だけが取り消せます。"), "not_allowed")
    if locked.undone_at is not None:
        raise Refused(_("もう取り消してあります。"), "undone")
    done = list(Revision.objects.filter(run=locked).order_by("row"))
    known = {one.pk: one for one in Entry.objects.select_for_update().filter(pk__in={one.entry_id for one in done}).order_by("pk")}
    stays, back, gone = [], [], []
    for one in done:
        entry = known[one.entry_id]
        if not keeps(by, entry) or entry.withdrawn_on is not None or row_of(entry) != row_from(one.after):
            stays.append(_("%(n)s行目「%(name)s」：取り込んだあとに直されています。") % {"n": one.row, "name": entry.name[:40]})
        elif one.before:
            back.append((row_of(entry), row_from(one.before), one.row))
        else:
            gone.append((row_of(entry), row_of(entry), one.row))
    put_entries([before for _now, before, _row in back], kept_by=SCREEN, by=by)
    _withdraw([row.id for row, _same, _number in gone])
    log_changes([*back, *gone], RevisionDeed.UNDONE, by=by)
    locked.undone_at = clock.now()
    locked.save(update_fields=["undone_at"])
    record(by, "entries.import_undo", locked, stays=len(stays))
    transaction.on_commit(index.follow)
    return stays


def export_entries(entries: Iterable[Entry]) -> bytes:
    """Return a sheet that can be taken in again; columns of facts that no entry has are left out."""
    found = list(entries)
    with in_house_language():
        return write_sheet("台帳", *_table(found))


def empty_sheet(kind: str) -> bytes:
    """Return an empty sheet with the columns of a kind."""
    facts = [written(fact.label) for fact in FACTS if kind in fact.kinds]
    return write_sheet("台帳", [*(names[0] for names in BASE.values()), *facts], [])


def _table(found: Sequence[Entry]) -> tuple[list[str], list[list[Any]]]:
    facts = [fact for fact in FACTS if any(value_of(one.facts, fact.key) not in (None, "", []) for one in found)]
    header = [names[0] for names in BASE.values()] + [str(fact.label) for fact in facts]
    rows = []
    for one in found:
        values = [value_of(one.facts, fact.key) for fact in facts]
        cells = [value if fact.shape in {Shape.YEN, Shape.NUMBER} else show_fact(fact, value) for fact, value in zip(facts, values, strict=True)]
        rows.append([*_base(one), *cells])
    return header, rows


def _base(entry: Entry) -> list[Any]:
    row = row_of(entry)
    shown = {
        "kind": str(EntryKind(row.kind).label), "body": entry.body.short if entry.body else "", "service": entry.service.name if entry.service else "",
        "tech_fields": words_of_terms(row.tech_fields, "tech_fields"), "themes": words_of_terms(row.themes, "themes"),
        "windows": "；".join(window_words(one) for one in row.windows), "is_public": _("はい") if row.is_public else _("いいえ"),
    }  # fmt: skip
    return [shown[name] if name in shown else getattr(row, name) for name in BASE]


def _check_unchanged(rows: Sequence[EntrySheetRow], by: Actor) -> None:
    before = {row.before.id: row.before for row in rows if row.before}
    for entry in Entry.objects.select_for_update().filter(pk__in=before).order_by("pk"):
        if row_of(entry) != before[entry.pk] or not keeps(by, entry):
            raise Refused(_("見ているあいだに、ほかの人が「%(name)s」を直しました。もう一度中身を確かめてください。") % {"name": entry.name[:40]},
                          "changed_meanwhile")  # fmt: skip


def _checked(row: EntrySheetRow, by: Actor) -> EntryRow:
    after = row.after
    assert after is not None  # noqa: S101  chosen so
    said = after.last_checked if after.last_checked != (row.before.last_checked if row.before else None) else None
    return replace(after, last_checked=said or clock.today(), checked_by=by.person)


def _withdraw(ids: Sequence[str]) -> None:
    with keeping(SCREEN):
        Entry.objects.filter(pk__in=ids).update(withdrawn_on=clock.today(), withdrawn_reason=_("取込みの取消し"))
