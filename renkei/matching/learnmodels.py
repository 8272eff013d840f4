"""Weights learned from a site's judgments: each with its figures, and at most one of a kind in use."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.base.models import Row


class LearnedState(models.TextChoices):
    """Asked for; learned and compared; in use; put back; or nothing to learn from."""

    ASKED = "asked", _("学習を待っています")
    READY = "ready", _("比べられます")
    IN_USE = "in_use", _("使っています")
    RETIRED = "retired", _("使うのをやめました")
    FAILED = "failed", _("学べませんでした")


class LearnedModel(Row):
    """One learning: from how many judged needs, nDCG@10 on needs not seen before and after, the interval of the gain."""

    kind = models.CharField(max_length=9, blank=True)  # of entries; empty: all
    state = models.CharField(max_length=7, choices=LearnedState, default=LearnedState.ASKED)
    weights = models.JSONField(null=True)
    examples = models.PositiveIntegerField(default=0)
    before = models.FloatField(null=True)
    after = models.FloatField(null=True)
    gain_low = models.FloatField(null=True)
    gain_high = models.FloatField(null=True)
    why_not = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    learned_at = models.DateTimeField(null=True)
    used_from = models.DateTimeField(null=True)
    used_until = models.DateTimeField(null=True)

    class Meta:
        """Newest first; one of a kind waits, one of a kind is in use; only what is better on needs not seen may be."""

        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=LearnedState.values), name="learned_state"),
            models.UniqueConstraint(fields=["kind"], condition=models.Q(state="in_use"), name="learned_one_in_use"),
            models.UniqueConstraint(fields=["kind"], condition=models.Q(state="asked"), name="learned_one_asked"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["ready", "in_use"])
                | models.Q(weights__isnull=False, before__isnull=False, after__isnull=False, learned_at__isnull=False),
                name="learned_has_figures",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="in_use") | models.Q(after__gt=models.F("before")), name="learned_is_better"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def kind_words(self) -> str:
        """Return for which entries it is."""
        from renkei.matching.models import EntryKind  # noqa: PLC0415  that file draws in this one, for Django to find

        return str(EntryKind(self.kind).label) if self.kind else gettext("全種類に共通")

    @property
    def gain(self) -> float | None:
        """Return by how much it is better on needs not seen."""
        return None if self.before is None or self.after is None else self.after - self.before
