"""What is typed of a match between a need and a body: meeting, study, outcome. All other states are computed [C46]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.models.circulation import Asked
from renkei.cases.models.need import Need


class Outcome(models.TextChoices):
    """What became of it."""

    STUDYING = "studying", _("検討中")
    CONTRACT = "contract", _("契約")
    NONE = "none", _("契約に至らず")


class MatchQuerySet(models.QuerySet["Match"]):
    """Matches of the cases one sees from inside."""

    def visible_to(self, actor: Actor) -> MatchQuerySet:
        """Return those of cases the actor runs or took; nothing for links and for bodies that are only asked."""
        if actor.is_system:
            return self
        return self.filter(of_inside(actor)) if actor.is_staff else self.none()


class Match(Row):
    """One body as a candidate for one need. What it answered without a name is in ``asked``."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="matches")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="matches")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    asked = models.OneToOneField(Asked, on_delete=models.PROTECT, null=True, related_name="match")
    why = models.CharField(_("なぜ候補か"), max_length=200, blank=True)
    added_at = models.DateTimeField()
    met_on = models.DateField(_("面談の日"), null=True)
    met_text = models.TextField(_("面談の結果"), max_length=1000, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    outcome_on = models.DateField(null=True)
    outcome_text = models.CharField(_("理由・内容"), max_length=400, blank=True)

    objects = MatchQuerySet.as_manager()

    class Meta:
        """A body once a need; an outcome has its day, and "no contract" its reason."""

        ordering = ["body__order"]
        constraints = [
            models.UniqueConstraint(fields=["need", "body"], name="match_once"),
            models.CheckConstraint(condition=models.Q(outcome__in=["", *Outcome.values]), name="match_outcome"),
            models.CheckConstraint(
                condition=models.Q(outcome="") | models.Q(outcome_on__isnull=False), name="match_outcome_has_day"
            ),
            models.CheckConstraint(condition=~models.Q(outcome="none") | ~models.Q(outcome_text=""), name="match_none_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.need_id} {self.body_id}"
