"""What a merge of two firms means for cases; declared when the package is loaded (``apps.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.companies.relations import Deed, Relation, declare, declare_tie

if TYPE_CHECKING:
    from renkei.companies.models import Merge


def tied_cases(merge: Merge) -> list[str]:
    """Return a sentence naming cases that were merged, split or written across the two firms since."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_merge_ties(%s)", [merge.pk])
        numbers = sorted(number for (number,) in cursor.fetchall())
    if not numbers:
        return []
    return [_("両方の会社にまたがる案件があります：%(numbers)s。先に案件を分けてください。") % {"numbers": "、".join(numbers[:5])}]


def declare_relations() -> None:
    """Say what goes over with a firm: its cases and its approved plans. Links, consents and words stay with their case."""
    declare(
        Relation("cases_case", "company_id", Deed.MOVED, gettext_lazy("相談と案件")),
        Relation("cases_regionalproject", "company_id", Deed.MOVED, gettext_lazy("地域経済牽引事業")),
    )
    declare_tie(tied_cases)
