"""地域経済牽引事業: a firm's approved plan, the unit of the plan's targets [C38-C40]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case


class RegionalProjectQuerySet(models.QuerySet["RegionalProject"]):
    """Projects of the firms' cases one sees."""

    def visible_to(self, actor: Actor) -> RegionalProjectQuerySet:
        """Return projects of cases the actor sees."""
        if actor.is_system:
            return self
        return self.filter(pk__in=self.model.cases.through.objects.filter(
            case__in=Case.objects.visible_to(actor)).values("regionalproject_id"))


class RegionalProject(Row):
    """An approved plan of a firm: number, date, field, the cases and bodies that helped; counted once, in one year."""

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="projects")
    number = models.CharField(_("承認番号"), max_length=60)
    approved_on = models.DateField(_("承認日"))
    field = models.ForeignKey("plan.Field", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("事業名"), max_length=200)
    counted_fiscal_year = models.PositiveSmallIntegerField()
    bodies = models.ManyToManyField("plan.Body", related_name="+")
    cases = models.ManyToManyField(Case, related_name="projects")
    recorded_at = models.DateTimeField()

    objects = RegionalProjectQuerySet.as_manager()

    class Meta:
        """A number is used once in a plan."""

        ordering = ["approved_on"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="regional_project_number_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"
