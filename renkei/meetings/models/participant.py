"""Who takes part in a series beside the bodies: firms, schools, anybody [C21, C71]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """Participants; the policy ``meetings_participant`` says the same."""

    def visible_to(self, actor: Actor) -> ParticipantQuerySet:
        """Return all for the staff."""
        return self if actor.is_staff or actor.is_system else self.none()

    def standing(self) -> ParticipantQuerySet:
        """Return those who have not left."""
        return self.filter(until__isnull=True)


class Participant(Row):
    """Somebody from outside the bodies who takes part in a series, from when to when. The plan says which series take guests."""

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    series = models.CharField(max_length=40)
    organisation = models.CharField(_("所属"), max_length=200)
    name = models.CharField(_("お名前"), max_length=100)
    since = models.DateField()
    until = models.DateField(null=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        """By organisation; once in a series while they take part."""

        ordering = ["organisation", "name", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(organisation="") & ~models.Q(name=""), name="participant_is_named"),
            models.UniqueConstraint(fields=["plan", "series", "organisation", "name"], condition=models.Q(until__isnull=True), name="participant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.name}"
