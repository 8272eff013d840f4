"""Papers of a meeting with their versions."""

from __future__ import annotations

from django.db import models

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.meetings.models.item import AgendaItem
from renkei.meetings.models.meeting import Meeting


class MaterialQuerySet(models.QuerySet["Material"]):
    """Materials; the policy ``meetings_material`` says the same."""

    def visible_to(self, actor: Actor) -> MaterialQuerySet:
        """Return those of the meetings and of the items one reads."""
        if not (actor.is_staff or actor.is_system):
            return self.none()
        return self.filter(models.Q(item__isnull=True) | models.Q(item__in=AgendaItem.objects.visible_to(actor)))

    def newest(self) -> MaterialQuerySet:
        """Return those that nothing has replaced."""
        return self.filter(replaced_by__isnull=True)


class Material(Row):
    """One version of a paper, of a meeting or of one of its items. A new version replaces it, and it stays to be read."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="materials")
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, related_name="materials")
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    version = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    objects = MaterialQuerySet.as_manager()

    class Meta:
        """In the order they came; the first version replaces nothing, a later one something."""

        ordering = ["added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version=1, replaces__isnull=True) | models.Q(version__gt=1, replaces__isnull=False), name="material_version_replaces"
            ),
        ]

    def __str__(self) -> str:
        return self.name
