"""Two firms that look alike are two: said once by staff, and taken back when it was wrong."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.companies.actions.profile import short
from renkei.companies.models import Company, Distinct


@transaction.atomic
def mark_distinct(company: Company, other: Company, *, by: Actor, why: str = "") -> Distinct:
    """Decide that two firms are two: they are proposed as one no more. Deciding it twice gives the same row.

    Refused: ``same_company``, ``not_allowed``, ``merged``, ``too_long``.
    """
    pair = _lock_both(company, other, by=by)
    reason = short(why, 200, "why")
    mark, is_new = Distinct.objects.get_or_create(
        first=pair[0], second=pair[1], ended_at=None,
        defaults={"why": reason, "decided_at": clock.now(), "decided_by_id": by.person, "decided_body_id": by.body},
    )  # fmt: skip
    if is_new:
        record(by, "company.distinct", mark, *pair)
    return mark


@transaction.atomic
def unmark_distinct(company: Company, other: Company, *, by: Actor) -> None:
    """Take the decision back: the pair may be proposed and merged again. Twice does nothing.

    Refused: ``same_company``, ``not_allowed``, ``merged``.
    """
    pair = _lock_both(company, other, by=by)
    for mark in Distinct.objects.filter(first=pair[0], second=pair[1], ended_at__isnull=True):
        mark.ended_at, mark.ended_by_id = clock.now(), by.person
        mark.save(update_fields=["ended_at", "ended_by"])
        record(by, "company.distinct_end", mark, *pair)


def _lock_both(company: Company, other: Company, *, by: Actor) -> list[Company]:
    """Return both in the order of their ids, locked: a merge of the same two waits, and sees what was decided."""
    if company.pk == other.pk:
        raise Refused(_("同じ会社です。もう一方の会社を選んでください。"), "same_company")
    seen = Company.objects.visible_to(by) if by.is_staff or by.is_system else Company.objects.none()
    pair = list(seen.select_for_update(of=("self",)).filter(pk__in=[company.pk, other.pk]).order_by("pk"))
    if len(pair) != 2:
        raise Refused(_("両方の会社を知っている機関か窓口だけが決められます。窓口にお尋ねください。"), "not_allowed")
    if any(one.merged_into_id or one.withdrawn_at for one in pair):
        raise Refused(_("もうほかの会社にまとめられたか、取り消された会社です。画面を開き直してください。"), "merged")
    return pair
