"""The pack and the act by which the holder changes; and what happens when an offer is recalled too late."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.states import HandoverState


class HandoverQuerySet(models.QuerySet["Handover"]):
    """Handovers of the cases one sees, and those offered to one's body."""

    def visible_to(self, actor: Actor) -> HandoverQuerySet:
        """Return handovers the actor may know of."""
        inside = of_inside(actor)
        if actor.is_staff:
            return self.filter(inside | models.Q(to_body_id=actor.body))
        return self.filter(inside)


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Incidents of the cases one runs, and those about one's own body."""

    def visible_to(self, actor: Actor) -> IncidentQuerySet:
        """Return incidents the actor may know of; the firm sees those of its case."""
        inside = of_inside(actor)
        if actor.is_staff:
            return self.filter(inside | models.Q(body_id=actor.body))
        return self.filter(inside)


class Handover(Row):
    """A change of holder: an offer with its pack. Until it is accepted the giver holds the case (P1)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="handovers")
    support = models.ForeignKey("cases.Support", on_delete=models.PROTECT, null=True, related_name="handovers")
    from_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    to_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    to_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=HandoverState, default=HandoverState.OFFERED)
    pack_state = models.TextField(_("いまの状態"), max_length=2000, blank=True)
    pack_promises = models.TextField(_("約束したこと"), max_length=2000, blank=True)
    pack_open = models.TextField(_("残っていること"), max_length=2000, blank=True)
    pack_files = models.JSONField(default=list)
    reason = models.CharField(max_length=200, blank=True)
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    due_on = models.DateField()
    answered_at = models.DateTimeField(null=True)
    answer_text = models.CharField(max_length=400, blank=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        """One open offer a case."""

        ordering = ["-offered_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(state="offered"), name="handover_one_open_per_case"
            ),
            models.CheckConstraint(
                condition=~models.Q(from_body=models.F("to_body")), name="handover_between_two_bodies"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["offered", "recalled"]) | models.Q(answered_at__isnull=False),
                name="handover_answer_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_body_id} > {self.to_body_id}"


class Incident(Row):
    """A disclosure incident: an offer recalled after it had left. Says what was open to whom, and was it opened."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="incidents")
    support = models.ForeignKey("cases.Support", on_delete=models.PROTECT, related_name="incidents")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    classes = models.JSONField(default=list)
    was_opened = models.BooleanField()
    seen = models.JSONField(default=list)  # who read it and when, from the audit
    reason = models.CharField(max_length=400)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settled_text = models.TextField(max_length=2000, blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return f"{self.body_id} {self.opened_at}"
