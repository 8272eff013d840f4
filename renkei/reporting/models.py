"""Years that were closed with their figures as they stood then, and the reports made of them (P5)."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

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
    value = models.DecimalField(max_digits=12, decimal_places=2, null=True)
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


class PublishedFigureQuerySet(models.QuerySet["PublishedFigure"]):
    """Published figures; the policy ``reporting_publishedfigure`` says the same."""

    def visible_to(self, actor: Actor) -> PublishedFigureQuerySet:
        """Return all of them, to anybody."""
        del actor
        return self


class PublishedFigure(models.Model):
    """A number of a closed year that everybody may read; no value where it is too small to be told. Holds no records."""

    period = models.ForeignKey(ClosedPeriod, on_delete=models.PROTECT, related_name="published")
    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    figure = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    split = models.CharField(max_length=40, default=ALL, blank=True)
    value = models.PositiveIntegerField(null=True)
    published_at = models.DateTimeField()

    objects = PublishedFigureQuerySet.as_manager()

    class Meta:
        """Once a year, figure and part."""

        ordering = ["-fiscal_year", "figure", "split"]
        constraints = [models.UniqueConstraint(fields=["period", "figure", "split"], name="published_figure_once")]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.figure} {self.split} {self.value}"


class ReportKind(models.TextChoices):
    """Which report it is: of a year, of the whole term at its end, of what the plan does under a designation."""

    YEAR = "year", _("年度報告")
    TERM = "term", _("期間のまとめ")
    LAB = "lab", _("指定事業の活動報告")


class ReportQuerySet(models.QuerySet["Report"]):
    """Reports; the policy ``reporting_report`` says the same."""

    def visible_to(self, actor: Actor) -> ReportQuerySet:
        """Return every report for the front desk, which alone may count for every body; approved ones for all staff."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        return self.filter(approved_at__isnull=False) if actor.is_staff else self.none()


class Report(Row):
    """One version of a report. While it is a draft, its numbers are counted anew; ``content`` is what was approved."""

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=4, choices=ReportKind)
    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    as_of = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    content = models.JSONField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        """Newest version first; a version once, one draft at a time; approved means frozen."""

        ordering = ["-fiscal_year", "kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "kind", "fiscal_year", "number"], name="report_number_once"),
            models.UniqueConstraint(
                fields=["plan", "kind", "fiscal_year"], condition=models.Q(approved_at__isnull=True), name="report_one_draft"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=ReportKind.values), name="report_kind"),
            models.CheckConstraint(
                condition=models.Q(approved_at__isnull=True, as_of__isnull=True, content__isnull=True, digest="")
                | (models.Q(approved_at__isnull=False, as_of__isnull=False, content__isnull=False) & ~models.Q(digest="")),
                name="report_approved_is_frozen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.kind} {self.fiscal_year}-{self.number}"

    @property
    def year(self) -> FiscalYear:
        """Return the fiscal year; that of its end for the report of a term."""
        return FiscalYear(self.fiscal_year)

    @property
    def is_approved(self) -> bool:
        """Tell whether it stands."""
        return self.approved_at is not None


class ReportTextQuerySet(models.QuerySet["ReportText"]):
    """Words in reports; the policy ``reporting_reporttext`` says the same."""

    def visible_to(self, actor: Actor) -> ReportTextQuerySet:
        """Return what was written, draft by draft, for the front desk; others read what was approved."""
        return self if actor.is_system or (actor.is_staff and is_front_desk(actor.body)) else self.none()


class ReportText(Row):
    """What somebody wrote in a section. Nothing is overwritten: ``number`` runs, and the last one stands."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="texts")
    section = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    text = models.TextField(_("文"), max_length=4000, blank=True)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = ReportTextQuerySet.as_manager()

    class Meta:
        """The last first; a number once, so that of two who write at once one is refused."""

        ordering = ["section", "-number"]
        constraints = [models.UniqueConstraint(fields=["report", "section", "number"], name="report_text_number_once")]

    def __str__(self) -> str:
        return f"{self.report_id} {self.section} {self.number}"
