"""Whether an entry still stands: withdrawn, over, or not checked for too long. What does not stand is shown as such, never proposed.

Only what people or harvested lists keep grows old; modules and the plan look after their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import DateField, Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.language import shown_full_day
from renkei.matching.models import Entry, EntryKind, EntryQuerySet, Window
from renkei.plan.content import PlanContent
from renkei.plan.queries import content_now

SCREEN, HARVEST, CASES = "screen", "harvest:", "cases"
DATED = (EntryKind.PROGRAMME, EntryKind.EVENT, EntryKind.NEED)  # over when their last window is
DAYS_A_MONTH = 30.44


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entry stands: ``code`` is ok, later, withdrawn, ended, over or old; a sentence of it."""

    code: str
    words: str

    @property
    def is_dead(self) -> bool:
        """Tell whether the entry can no longer be had, or nobody knows whether it can."""
        return self.code not in {"ok", "later"}


def check_before(kind: str, on: dt.date) -> dt.date | None:
    """Return the day before which an entry of the kind was checked too long ago; None where the plan says nothing."""
    return limits(on).get(kind)


def limits(on: dt.date, content: PlanContent | None = None) -> dict[str, dt.date]:
    """Return that day for each kind the plan (of today, or the one given) says something of; the plan is read once."""
    rules = (content or content_now()).catalogue
    return {kind: on - dt.timedelta(days=round(months * DAYS_A_MONTH)) for kind, months in rules.check_months.items()}


def is_looked_after(entry: Entry) -> bool:
    """Tell whether people or a list keep the entry: it has to be checked from time to time."""
    return entry.kept_by == SCREEN or entry.kept_by.startswith(HARVEST)


def standing_of(
    entry: Entry, windows: Iterable[Window], on: dt.date | None = None, *, checks: Mapping[str, dt.date] | None = None
) -> Standing:
    """Return how an entry stands on a day; the same words as the filters of :func:`over` and :func:`old`.

    For many entries give ``checks``, the :func:`limits` of the day.
    """
    day, found = on or clock.today(), list(windows)
    if entry.withdrawn_on is not None:
        return Standing("withdrawn", _("%(day)sに取り下げました。") % {"day": shown_full_day(entry.withdrawn_on)} + _after(entry))
    if entry.ends_on is not None and entry.ends_on < day:
        return Standing("ended", _("%(day)sで終わりました。") % {"day": shown_full_day(entry.ends_on)} + _after(entry))
    if _is_over(entry, found, day):
        last = max(one.closes for one in found if one.closes)
        return Standing("over", _("受付は%(day)sで終わりました。") % {"day": shown_full_day(last)})
    if is_looked_after(entry) and _is_old(entry, limits(day) if checks is None else checks):
        return Standing("old", _("%(day)sから確かめていません。") % {"day": shown_full_day(_checked(entry))})
    ahead = [one.opens for one in found if one.opens and one.opens > day and one.closes and one.closes >= day]
    if ahead and not any(one.always_open or ((one.opens or day) <= day <= (one.closes or day)) for one in found):
        return Standing("later", _("%(day)sから受け付けます。") % {"day": shown_full_day(min(ahead))})
    return Standing("ok", _("使えます。"))


def is_proposable(entry: Entry, windows: Collection[Window], on: dt.date, checks: Mapping[str, dt.date]) -> bool:
    """Tell whether a proposal may weigh an entry that is at hand: what :func:`proposable` leaves. ``checks`` as above."""
    stands = entry.withdrawn_on is None and (entry.ends_on is None or entry.ends_on >= on)
    return stands and not _is_old(entry, checks) and (entry.kind == EntryKind.PROGRAMME or not _is_over(entry, windows, on))


def alive(entries: EntryQuerySet, on: dt.date | None = None) -> EntryQuerySet:
    """Return the entries that may be proposed on a day."""
    day = on or clock.today()
    return looked_at(entries).standing(day).exclude(over(day)).exclude(old(day))


def proposable(entries: EntryQuerySet, on: dt.date | None = None) -> EntryQuerySet:
    """Return what a proposal may weigh: what stands, and programmes whose call is over, which it names as a near miss (P7)."""
    day = on or clock.today()
    return looked_at(entries).standing(day).exclude(over(day) & ~Q(kind=EntryKind.PROGRAMME)).exclude(old(day))


def looked_at(entries: EntryQuerySet) -> EntryQuerySet:
    """Return the entries with ``checked_on``: the day they were last checked, or entered."""
    return entries.annotate(checked_on=Coalesce(F("last_checked"), TruncDate("entered_at", tzinfo=clock.JST), output_field=DateField()))


def over(on: dt.date) -> Q:
    """Return the filter for calls, courses and meetings of which none is left."""
    windows = Window.objects.filter(entry=OuterRef("pk"))
    left = windows.filter(Q(always_open=True) | Q(closes__gte=on))
    return Q(kind__in=DATED) & Q(Exists(windows)) & ~Q(Exists(left))


def old(on: dt.date) -> Q:
    """Return the filter for what was checked too long ago; needs :func:`looked_at`."""
    found = Q(pk__in=[])
    for kind, limit in limits(on).items():
        found |= Q(kind=kind, checked_on__lt=limit)
    return found & (Q(kept_by=SCREEN) | Q(kept_by__startswith=HARVEST))


def _is_over(entry: Entry, windows: Collection[Window], on: dt.date) -> bool:
    left = (one.always_open or (one.closes is not None and one.closes >= on) for one in windows)
    return bool(windows) and entry.kind in DATED and not any(left)


def _is_old(entry: Entry, checks: Mapping[str, dt.date]) -> bool:
    limit = checks.get(entry.kind) if is_looked_after(entry) else None
    return limit is not None and _checked(entry) < limit


def _after(entry: Entry) -> str:
    return _("（%(reason)s）") % {"reason": entry.withdrawn_reason} if entry.withdrawn_reason else ""


def _checked(entry: Entry) -> dt.date:
    return entry.last_checked or entry.entered_at.astimezone(clock.JST).date()


def to_check(entries: EntryQuerySet, on: dt.date | None = None) -> EntryQuerySet:
    """Return what its owners should look at now: checked too long ago, or soon so. Needs :func:`looked_at`."""
    day = on or clock.today()
    return entries.standing(day).filter(old(day + dt.timedelta(days=content_now().catalogue.warn_days))).exclude(over(day))
