"""Runs of the register import (相談台帳): which file brought which cases, so that a whole run can be undone."""

from __future__ import annotations

from django.db import models

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.plan.queries import is_front_desk


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    """Import runs of one's own body; the front desk sees all."""

    def visible_to(self, actor: Actor) -> ImportRunQuerySet:
        """Return the runs the actor may see."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        return self.filter(body_id=actor.body) if actor.is_staff else self.none()


class ImportRun(Row):
    """One imported file. ``digest`` stands for its rows without a number: the same ones cannot come in twice."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField()
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, blank=True, default="")
    undone_at = models.DateTimeField(null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        """Newest first; the same rows stand once a body until they are taken back."""

        ordering = ["-done_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "digest"], condition=models.Q(undone_at__isnull=True) & ~models.Q(digest=""),
                name="import_run_same_rows_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.done_at}"


class ImportedCase(Row):
    """A case that came with a run, the row of the sheet it stood in, and what that row is known by when it comes again."""

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="cases")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="imported")
    row = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        """In the order of the sheet."""

        ordering = ["row"]

    def __str__(self) -> str:
        return f"{self.run_id} {self.row}"
