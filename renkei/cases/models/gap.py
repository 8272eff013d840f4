"""What was missing in the region when a need found no help (不足): counted for the yearly request for investment [C33].

Two sides, two tables, as for an inquiry: ``Gap`` is read by every body and holds nothing that leads to a firm; ``GapSource``
joins it to its need and is read by those who see the case from inside.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.models.need import Need


class GapKind(models.TextChoices):
    """What kind of thing was missing."""

    EQUIPMENT = "equipment", _("設備・機器")
    SKILL = "skill", _("技術・知識のある人")
    CAPACITY = "capacity", _("人手・空き")
    OTHER = "other", _("その他")


class GapQuerySet(models.QuerySet["Gap"]):
    """Gaps; the policy ``cases_gap`` says the same."""

    def visible_to(self, actor: Actor) -> GapQuerySet:
        """Return all for the staff of any body, none for others."""
        return self if actor.is_staff or actor.is_system else self.none()


class Gap(Row):
    """One thing that was missing, in words that lead to no firm. ``key`` brings together what is written alike; ``yen`` is a rough cost."""

    kind = models.CharField(_("何が足りなかったか"), max_length=9, choices=GapKind)
    what = models.CharField(_("足りなかったもの"), max_length=100)
    key = models.CharField(max_length=200)
    tech_field = models.CharField(_("技術分野"), max_length=40, blank=True)
    words = models.TextField(_("どう足りなかったか"), max_length=400, blank=True)
    yen = models.BigIntegerField(_("おおよその費用"), null=True)
    said_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    said_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    said_on = models.DateField()
    said_at = models.DateTimeField(default=clock.now)

    objects = GapQuerySet.as_manager()

    class Meta:
        """Newest first; it says what was missing."""

        ordering = ["-said_on", "what", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(what="") & ~models.Q(key=""), name="gap_says_what"),
            models.CheckConstraint(condition=models.Q(kind__in=GapKind.values), name="gap_kind"),
            models.CheckConstraint(condition=models.Q(yen__isnull=True) | models.Q(yen__gte=0), name="gap_cost"),
        ]
        indexes = [models.Index(fields=["said_on"], name="gap_by_day")]

    def __str__(self) -> str:
        return self.what


class GapSourceQuerySet(models.QuerySet["GapSource"]):
    """Sources; the policy ``cases_gapsource`` says the same."""

    def visible_to(self, actor: Actor) -> GapSourceQuerySet:
        """Return those of cases the actor runs or took; nothing for the firm and people outside."""
        if actor.is_system:
            return self
        return self.filter(of_inside(actor)) if actor.is_staff else self.none()


class GapSource(Row):
    """Which need a gap was felt at."""

    gap = models.OneToOneField(Gap, on_delete=models.PROTECT, related_name="source")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="gaps")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="gaps")

    objects = GapSourceQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.gap_id)
