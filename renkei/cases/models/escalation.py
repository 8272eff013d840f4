"""段階的対応: the rungs a need climbs when the region finds no help. No rung without the record of the one below [C37, C93]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.models.need import Need


class RungNumber(models.IntegerChoices):
    """The three rungs; their names and who leads them are the plan's (``PlanContent.ladder``)."""

    DESK = 1, _("窓口")
    MEETING = 2, _("会議")
    OUTSIDE = 3, _("地域外")


class RungEnd(models.TextChoices):
    """How a need left a rung."""

    HELPED = "helped", _("支援が見つかった")
    HIGHER = "higher", _("上の段に上げた")
    DROPPED = "dropped", _("取りやめた")


class EscalationQuerySet(models.QuerySet["Escalation"]):
    """Rungs of the cases one sees from inside; the policy ``cases_escalation`` says the same."""

    def visible_to(self, actor: Actor) -> EscalationQuerySet:
        """Return the rungs of cases the actor runs or took, and the firm's own."""
        return self.filter(of_inside(actor))

    def open(self) -> EscalationQuerySet:
        """Return rungs on which a need stands."""
        return self.filter(ended_at__isnull=True)


class Escalation(Row):
    """A need on a rung. ``below`` is the record of the rung below, which ended by climbing: the database refuses any other.

    ``tried`` names who had been asked when the need climbed and what they said, as it was then: data, each reader's words.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="escalations")
    rung = models.PositiveSmallIntegerField(choices=RungNumber)
    below = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="above")
    below_rung = models.PositiveSmallIntegerField(null=True)
    below_end = models.CharField(max_length=8, null=True)
    reason = models.TextField(_("上げる理由"), max_length=400)
    tried = models.JSONField(default=list)
    is_proposed = models.BooleanField(default=False)
    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    opened_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    end = models.CharField(max_length=8, choices=RungEnd, blank=True)
    end_words = models.TextField(max_length=1000, blank=True)
    ended_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        """In the order of climbing; a need stands on one rung at a time."""

        ordering = ["opened_at", "rung"]
        constraints = [
            models.CheckConstraint(condition=models.Q(rung__in=RungNumber.values), name="escalation_rung"),
            models.CheckConstraint(
                condition=models.Q(rung=1, below__isnull=True, below_rung__isnull=True, below_end__isnull=True)
                | models.Q(rung__gt=1, below__isnull=False, below_rung=models.F("rung") - 1, below_end="higher"),
                name="escalation_stands_on_the_rung_below",
            ),
            models.CheckConstraint(
                condition=models.Q(end="", ended_at__isnull=True, ended_on__isnull=True)
                | models.Q(end__in=RungEnd.values, ended_at__isnull=False, ended_on__isnull=False),
                name="escalation_end_has_day",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="escalation_has_reason"),
            models.UniqueConstraint(fields=["need"], condition=models.Q(ended_at__isnull=True), name="escalation_one_rung"),
            models.UniqueConstraint(fields=["id", "need", "rung", "end"], name="escalation_as_below"),
        ]

    def __str__(self) -> str:
        return f"{self.need_id} {self.rung}"

    @property
    def is_open(self) -> bool:
        """Tell whether the need stands on this rung."""
        return self.ended_at is None
