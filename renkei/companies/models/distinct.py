"""Two firms that look alike and are two: somebody decided it, so that nobody is asked again."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.companies.models.company import Company


class DistinctQuerySet(models.QuerySet["Distinct"]):
    """Decisions about firms one knows both of; the policy ``companies_distinct`` says the same."""

    def visible_to(self, actor: Actor) -> DistinctQuerySet:
        """Return the decisions on pairs the staff of a body knows both of; firms and links see none."""
        if not (actor.is_staff or actor.is_system):
            return self.none()
        known = Company.objects.visible_to(actor).values("pk")
        return self.filter(first__in=known, second__in=known)

    def standing(self) -> DistinctQuerySet:
        """Return decisions that were not taken back."""
        return self.filter(ended_at__isnull=True)


class Distinct(Row):
    """``first`` and ``second`` (in the order of their ids) are two firms. Taken back with a time, never deleted."""

    first = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(_("分かったわけ"), max_length=200, blank=True)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    decided_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = DistinctQuerySet.as_manager()

    class Meta:
        """Newest first; a pair is decided once at a time, and written one way round."""

        ordering = ["-decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], condition=models.Q(ended_at__isnull=True), name="distinct_once_a_pair"
            ),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="distinct_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} / {self.second_id}"

    def other_than(self, company: Company) -> Company:
        """Return the firm of the pair that ``company`` is not."""
        return self.second if self.first_id == company.pk else self.first
