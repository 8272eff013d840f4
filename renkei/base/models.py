"""What every addressable row shares."""

from __future__ import annotations

import uuid

from django.db import models


class Row(models.Model):
    """A row with a random public id (never a serial: ids stand in URLs and must tell nothing)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        """No table of its own."""

        abstract = True


class Login(models.Model):
    """Which database login plays which part; ``ctx_kind()`` believes ``system`` only from the worker's login."""

    role = models.CharField(max_length=63, primary_key=True)
    part = models.CharField(max_length=8)

    class Meta:
        """Filled by ``renkei.base.grants`` after every migration."""

        constraints = [
            models.CheckConstraint(condition=models.Q(part__in=["web", "worker"]), name="login_part_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} ({self.part})"
