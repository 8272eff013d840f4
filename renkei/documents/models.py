"""Office templates and number series of a body. This package lies below the plan: it knows bodies by their code."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from renkei.base.actor import Actor
from renkei.base.models import Row


class LetterTemplateQuerySet(models.QuerySet["LetterTemplate"]):
    """Templates belong to their body; the policy ``documents_lettertemplate`` says the same."""

    def visible_to(self, actor: Actor) -> LetterTemplateQuerySet:
        """Return the acting body's own templates."""
        if actor.is_system:
            return self
        return self.filter(body=actor.body) if actor.is_staff else self.none()

    def in_use(self) -> LetterTemplateQuerySet:
        """Return the version of each kind that letters are made with."""
        return self.filter(is_used=True)


class LetterTemplate(Row):
    """One version of a body's own docx for one kind of letter. Old versions stay: letters were made with them."""

    body = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    fields = ArrayField(models.CharField(max_length=40), default=list)
    is_used = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    made_by = models.UUIDField()
    made_by_name = models.CharField(max_length=100)

    objects = LetterTemplateQuerySet.as_manager()

    class Meta:
        """Newest first; one version of a kind is in use."""

        ordering = ["kind", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["body", "kind", "version"], name="letter_template_version_once"),
            models.UniqueConstraint(
                fields=["body", "kind"], condition=models.Q(is_used=True), name="letter_template_one_used"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body} {self.kind} {self.version}"


class NumberSeries(Row):
    """The running number of one series of a body in a fiscal year; its row is locked while a number is drawn."""

    body = models.CharField(max_length=40)
    fiscal_year = models.PositiveSmallIntegerField()
    series = models.CharField(max_length=60)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        """One row a body, year and series."""

        constraints = [
            models.UniqueConstraint(fields=["body", "fiscal_year", "series"], name="number_series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.body} {self.fiscal_year} {self.series}: {self.last}"
