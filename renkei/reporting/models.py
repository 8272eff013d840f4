"""Years that were closed, and the figures as they stood then. Nothing of it is ever changed (P5)."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.models import Row
from renkei.plan.queries import is_front_desk
from renkei.reporting.counting.parts import ALL


class ClosedPeriodQuerySet(models.QuerySet["ClosedPeriod"]):
    """Closed years; the policy ``reporting_closedperiod`` says the same."""

    def visible_to(self, actor: Actor) -> ClosedPeriodQuerySet:
        """Return closed years for staff; nobody else reads figures."""
        return self if actor.is_staff or actor.is_system else self.none()


class FrozenFigureQuerySet(models.QuerySet["FrozenFigure"]):
    """Frozen figures; the policy ``reporting_frozenfigure`` says the same."""

    def visible_to(self, actor: Actor) -> FrozenFigureQuerySet:
        """Return the plan's totals for staff, and those of their own body; the front desk sees every body's."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        return self.filter(body__in=[ALL, str(actor.body)]) if actor.is_staff else self.none()


class ClosedPeriod(Row):
    """A fiscal year of a plan that was closed: what was known at ``as_of`` stands."""

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    as_of = models.DateTimeField()
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.CharField(max_length=40, blank=True)

    objects = ClosedPeriodQuerySet.as_manager()

    class Meta:
        """Newest year first; a year is closed once, with nothing known that had not yet been recorded."""

        ordering = ["-fiscal_year"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "fiscal_year"], name="closed_period_once"),
            models.CheckConstraint(condition=models.Q(as_of__lte=models.F("closed_at")), name="closed_period_knows_the_past"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.fiscal_year}"

    @property
    def year(self) -> FiscalYear:
        """Return the fiscal year."""
        return FiscalYear(self.fiscal_year)


class FrozenFigure(models.Model):
    """One number of a closed year: its figure and version, of which body and part (``*``: all), and its records."""

    period = models.ForeignKey(ClosedPeriod, on_delete=models.PROTECT, related_name="figures")
    figure = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    body = models.CharField(max_length=40)
    split = models.CharField(max_length=40, blank=True)
    value = models.DecimalField(max_digits=12, decimal_places=1, null=True)
    records: ArrayField[list[uuid.UUID], list[uuid.UUID]] = ArrayField(models.UUIDField(), default=list)

    objects = FrozenFigureQuerySet.as_manager()

    class Meta:
        """One number a figure, body and part."""

        ordering = ["figure", "body", "split"]
        constraints = [
            models.UniqueConstraint(fields=["period", "figure", "body", "split"], name="frozen_figure_once"),
            models.CheckConstraint(condition=~models.Q(body=""), name="frozen_figure_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.figure} {self.version} {self.body} {self.split}: {self.value}"
