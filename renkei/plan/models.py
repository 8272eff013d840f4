"""The plan: identity rows that are never copied, versions, and dated provisions.

What a version says is one JSON document (``PlanVersion.content``, see ``content.py``). Publishing writes the rows below
from it, because cases need foreign keys to them. Nothing here holds a firm's content: no row-level security.
"""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models

from renkei.base import clock
from renkei.base.models import Row


class Party(models.Model):
    """A party (者): contracts, consent and law attach here."""

    code = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=200)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        """In the plan's order."""

        ordering = ["order"]

    def __str__(self) -> str:
        return self.name


class Body(models.Model):
    """A body (機関): work and queues attach here. A body that leaves the plan is closed, never deleted."""

    code = models.SlugField(primary_key=True, max_length=40)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="bodies")
    number = models.CharField(max_length=4)
    name = models.CharField(max_length=200)
    short = models.CharField(max_length=40)
    kind = models.CharField(max_length=20, blank=True)
    number_prefix = models.CharField(max_length=10)
    mail = models.EmailField(blank=True)
    phone = models.CharField(max_length=20, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    closed_on = models.DateField(null=True)

    class Meta:
        """In the plan's order; receipt numbers of two bodies never look alike."""

        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["number_prefix"], name="body_prefix_once")]

    def __str__(self) -> str:
        return self.short


class Field(models.Model):
    """A field the plan supports."""

    code = models.SlugField(primary_key=True, max_length=10)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A stage, from the first idea to sales; ``x`` stands across."""

    code = models.SlugField(primary_key=True, max_length=4)
    name = models.CharField(max_length=100)
    short = models.CharField(max_length=20)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        """In the plan's order."""

        ordering = ["order"]

    def __str__(self) -> str:
        return self.short


class Service(models.Model):
    """What can be offered (支援メニュー)."""

    code = models.SlugField(primary_key=True, max_length=40)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=200)
    short = models.CharField(max_length=60)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        """In the plan's order."""

        ordering = ["stage__order", "order"]

    def __str__(self) -> str:
        return self.short


class Municipality(models.Model):
    """A municipality and the areas it lies in; areas overlap and are never summed [C08, C10]."""

    code = models.CharField(primary_key=True, max_length=6)
    name = models.CharField(max_length=40)
    kana = models.CharField(max_length=60)
    areas = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        """By code."""

        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """One approved plan of the region. An installation may hold several in time; every case belongs to one."""

    code = models.SlugField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)
    term_from = models.DateField(null=True)
    term_to = models.DateField()
    front_desk = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")
    lead_party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    predecessor = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="successors")
    is_fictional = models.BooleanField(default=False)

    class Meta:
        """Newest first."""

        ordering = ["-term_to"]

    def __str__(self) -> str:
        return self.title

    def is_running(self, on: dt.date | None = None) -> bool:
        """Tell whether the term includes the day."""
        day = on or clock.today()
        return (self.term_from is None or self.term_from <= day) and day <= self.term_to


class PlanVersion(models.Model):
    """One published state of a plan: its whole content, when and by whom. Never changed afterwards."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.UUIDField(null=True)
    note = models.CharField(max_length=200, blank=True)
    decided_on = models.DateField(null=True)
    effective_from = models.DateField(null=True)

    class Meta:
        """Newest first."""

        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_version_once")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.number}"


class PlanDraft(Row):
    """What the lead party is changing. ``version`` guards against two people saving over each other."""

    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="draft")
    content = models.JSONField()
    based_on = models.PositiveIntegerField()
    saved_at = models.DateTimeField()
    saved_by = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.plan_id} draft"


class Provision(models.Model):
    """Which body offers which service from when to when, and where the plan says so [C66]."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="provisions")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="provisions")
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="provisions")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=10)
    note = models.CharField(max_length=300, blank=True)
    withdrawn = models.BooleanField(default=False)

    class Meta:
        """Once a plan, service, body and beginning; ends after it starts; the source is the figure, the text, or both."""

        ordering = ["service__stage__order", "service__order", "body__order"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "service", "body", "valid_from"], nulls_distinct=False, name="provision_once"
            ),
            models.CheckConstraint(condition=models.Q(source__in=["figure", "text", "both"]), name="provision_source"),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True)
                | models.Q(valid_from__isnull=True)
                | models.Q(valid_to__gte=models.F("valid_from")),
                name="provision_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.body_id}"
