"""Append-only events: who did what to which ids, and a digest. No content, no foreign keys, read by no feature."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One act. ``stream`` is the id of the first object; sequence and hash chain run within a stream.

    Rows are written by the database function ``audit_append`` only: web and worker have no right on this table.
    """

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8)
    person = models.UUIDField(null=True)
    body = models.CharField(max_length=40, blank=True)
    link = models.UUIDField(null=True)
    verb = models.CharField(max_length=60)
    objects_touched = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    stream = models.CharField(max_length=80)
    sequence = models.PositiveIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        """One chain a stream."""

        constraints = [models.UniqueConstraint(fields=["stream", "sequence"], name="audit_one_chain_per_stream")]

    def __str__(self) -> str:
        return f"{self.verb} {self.stream}#{self.sequence}"
