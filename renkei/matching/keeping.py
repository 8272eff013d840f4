"""Who may change an entry by hand: people of its owner; the front desk for owners outside the plan and closed bodies."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.matching.models import Entry, EntryKind
from renkei.matching.standing import CASES, HARVEST, SCREEN
from renkei.plan.models import Body
from renkei.plan.queries import is_front_desk

BY_HAND = tuple(kind for kind in EntryKind if kind is not EntryKind.SERVICE)  # the plan keeps its services


def keeps(actor: Actor, entry: Entry) -> bool:
    """Tell whether the actor may change the entry by hand; the database says the same (``matching_kept_by_alone``)."""
    return entry.kept_by == SCREEN and keeps_for(actor, entry.body_id)


def keeps_for(actor: Actor, body: str | None) -> bool:
    """Tell whether the actor keeps what a body owns, or (None) what belongs to nobody of the plan."""
    if not actor.is_staff:
        return False
    if body == actor.body:
        return True
    return is_front_desk(actor.body) and (body is None or Body.objects.filter(pk=body, closed_on__isnull=False).exists())


def adds_to(actor: Actor, entry: Entry) -> bool:
    """Tell whether the actor may add what the entry's list does not tell; the database says the same (``matching_addition``)."""
    return entry.kept_by.startswith(HARVEST) and keeps_for(actor, None)


def kept_filter(actor: Actor) -> Q:
    """Return the filter for what the actor may change by hand."""
    if not actor.is_staff:
        return Q(pk__in=[])
    owned = Q(body_id=actor.body)
    if is_front_desk(actor.body):
        owned |= Q(body__isnull=True) | Q(body__closed_on__isnull=False)
    return owned & Q(kept_by=SCREEN)


def keeper_words(entry: Entry) -> str:
    """Say who keeps the entry."""
    if entry.kept_by == SCREEN:
        return _("%(body)sの職員") % {"body": entry.body.short} if entry.body else _("窓口の職員")
    if entry.kept_by == "plan":
        return _("連携支援計画（計画を直すと変わります）")
    if entry.kept_by.startswith(HARVEST):
        return _("ほかの機関の一覧からの取込み")
    if entry.kept_by == CASES:
        return _("相談した会社（名を伏せて、いつでも外せます）")
    return _("連携の別の画面（%(module)s）") % {"module": entry.kept_by}
