"""Every relation that points to a firm, and what a merge does with it. What nobody declared stops the merge.

Packages above declare theirs when they are loaded (``apps.py``). The declarations are held against the models and against
the database's own catalogue before each merge, so that a table made tomorrow is not silently left behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext_lazy as _

from renkei.companies.models import Company

if TYPE_CHECKING:
    from renkei.companies.models import Merge


class Deed(StrEnum):
    """What a merge does with the rows of a relation."""

    MOVED = "moved"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Relation:
    """A column that points to a firm. ``label`` is what its rows are called on the page (a lazy translation)."""

    table: str
    column: str
    deed: Deed
    label: Any

    @property
    def key(self) -> str:
        """Return ``table.column``."""
        return f"{self.table}.{self.column}"


Tie = Callable[["Merge"], list[str]]
_DECLARED: dict[str, Relation] = {}
_TIES: list[Tie] = []
_POINTING = """
    SELECT c.relname || '.' || a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
    WHERE k.contype = 'f' AND k.confrelid = 'companies_company'::regclass
    UNION
    SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND a.atttypid = 'uuid'::regtype AND a.attnum > 0
        AND NOT a.attisdropped AND a.attname IN ('company', 'company_id')
"""


def declare(*relations: Relation) -> None:
    """Say what a merge does with relations of one's package. Saying it again replaces what was said."""
    for one in relations:
        _DECLARED[one.key] = one


def declare_tie(tie: Tie) -> None:
    """Add a question asked before a merge is undone: sentences on what holds the two firms together since."""
    if tie not in _TIES:
        _TIES.append(tie)


def declared() -> list[Relation]:
    """Return what was declared, in that order; firms' own sights come last, because they open the other rows."""
    return sorted(_DECLARED.values(), key=lambda one: one.table == "companies_sight")


def ties(merge: Merge) -> list[str]:
    """Return the sentences of every package on what stands against undoing this merge."""
    return [sentence for tie in _TIES for sentence in tie(merge)]


def real() -> set[str]:
    """Return every relation there really is: from the installed models and from the database's catalogue."""
    models = {
        f"{model._meta.db_table}.{field.column}"  # noqa: SLF001  Django's own name for it
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields  # noqa: SLF001  the same
        if field.related_model is Company
    }
    with connection.cursor() as cursor:
        cursor.execute(_POINTING)
        return models | {name for (name,) in cursor.fetchall()}


def unknown() -> list[str]:
    """Return the relations that nobody declared, as ``table.column``."""
    return sorted(real() - set(_DECLARED))


declare(
    Relation("companies_companyperson", "company_id", Deed.MOVED, _("担当の方")),
    Relation("companies_site", "company_id", Deed.MOVED, _("事業所")),
    Relation("companies_former", "company_id", Deed.MOVED, _("前の名前と代表者")),
    Relation("companies_pastcontact", "company_id", Deed.MOVED, _("取り込んだやりとり")),
    # What a row of a sheet did is told of the entry it did it to.
    Relation("companies_importedrow", "company_id", Deed.KEPT, _("取り込みの記録")),
    Relation("companies_sight", "company_id", Deed.MOVED, _("この会社を知る機関")),
    Relation("companies_company", "merged_into_id", Deed.MOVED, _("前にまとめた会社")),
    Relation("companies_merge", "into_id", Deed.KEPT, _("まとめた記録")),
    Relation("companies_merge", "other_id", Deed.KEPT, _("まとめた記録")),
    # That two entries are two firms is said of these very entries; a pair with the successor is decided anew.
    Relation("companies_distinct", "first_id", Deed.KEPT, _("別の会社という印")),
    Relation("companies_distinct", "second_id", Deed.KEPT, _("別の会社という印")),
    # A link shows what it showed when it was given: merging opens nothing to it.
    Relation("post_link", "company", Deed.KEPT, _("お送りしたリンク")),
    # Its people are people of the firm that stays: their accounts, and invitations without an answer, go with it.
    Relation("companies_companyaccess", "company_id", Deed.MOVED, _("会社のアカウント")),
    Relation("companies_companyinvitation", "company_id", Deed.MOVED, _("会社のアカウントへの招待")),
)
