"""Who took a list out of the house, when, narrowed how, and how many rows: for the body's administrators."""

from __future__ import annotations

from django.db import models

from renkei.base.actor import Actor
from renkei.base.models import Row


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports of one's own body; the policy ``cases_export`` says the same."""

    def visible_to(self, actor: Actor) -> ExportQuerySet:
        """Return the exports the acting body's people made."""
        if actor.is_system:
            return self
        return self.filter(body_id=actor.body) if actor.is_staff else self.none()


class Export(Row):
    """One file that was written. ``query`` is the filter as it stood in the address; no content is kept."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=20)
    query = models.CharField(max_length=1000, blank=True)
    count = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    objects = ExportQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.what} {self.count}"
