"""Two entries that turned out to be one firm: what was moved, so that it can be taken back row by row."""

from __future__ import annotations

from django.db import models

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.companies.models.company import Company


class MergeQuerySet(models.QuerySet["Merge"]):
    """Merges of the firms one knows."""

    def visible_to(self, actor: Actor) -> MergeQuerySet:
        """Return the merges into firms the actor knows, a firm its own; a link sees none."""
        if actor.kind is ActorKind.LINK or actor.kind is ActorKind.GUEST:
            return self.none()
        return self.filter(into__in=Company.objects.visible_to(actor))

    def standing(self) -> MergeQuerySet:
        """Return merges that were not undone."""
        return self.filter(undone_at__isnull=True)


class Merge(Row):
    """``other`` was put into ``into``. ``chosen`` names the fields whose value came from ``other``.

    ``before`` and ``after`` hold the values of those fields of ``into``; ``other_number`` the number that went over.
    """

    into = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="merges")
    other = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="merged_by")
    other_name = models.CharField(max_length=200)
    chosen = models.JSONField(default=list)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    other_number = models.CharField(max_length=13, blank=True)
    done_at = models.DateTimeField()
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    done_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = MergeQuerySet.as_manager()

    class Meta:
        """Newest first; a firm is merged away once at a time, never into itself."""

        ordering = ["-done_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["other"], condition=models.Q(undone_at__isnull=True), name="merge_one_open_per_company"
            ),
            models.CheckConstraint(condition=~models.Q(into=models.F("other")), name="merge_of_two_companies"),
        ]

    def __str__(self) -> str:
        return f"{self.other_id} > {self.into_id}"


class MergeMove(Row):
    """One row that a merge moved, ended or found in its place. Written by the database itself, never changed."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="moves")
    of_table = models.CharField(max_length=63)
    of_column = models.CharField(max_length=63)
    row_id = models.UUIDField()
    deed = models.CharField(
        max_length=5, choices=[("moved", "移した"), ("ended", "終えた"), ("stood", "もとからあった")]
    )

    class Meta:
        """Each row once a merge."""

        constraints = [
            models.UniqueConstraint(fields=["merge", "of_table", "of_column", "row_id"], name="merge_move_once"),
            models.CheckConstraint(condition=models.Q(deed__in=["moved", "ended", "stood"]), name="merge_move_deed"),
        ]

    def __str__(self) -> str:
        return f"{self.of_table}.{self.of_column} {self.deed}"
