"""What a merge or a split changed, kept so that it can be undone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside


class RegroupingQuerySet(models.QuerySet["Regrouping"]):
    """Regroupings of the cases one sees from inside."""

    def visible_to(self, actor: Actor) -> RegroupingQuerySet:
        """Return what was merged and split in the cases the actor runs or took."""
        outside = actor.kind in {ActorKind.LINK, ActorKind.COMPANY}
        return self.none() if outside else self.filter(of_inside(actor))


class Regrouping(Row):
    """A merge (``case`` went into ``root``) or a split (``case`` came out of ``root``), and what was there before."""

    kind = models.CharField(max_length=5, choices=[("merge", _("まとめた")), ("split", _("分けた"))])
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="regroupings")
    root = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(default=dict)
    needs = models.JSONField(default=list)
    done_at = models.DateTimeField()
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    objects = RegroupingQuerySet.as_manager()

    class Meta:
        """Newest first; a case is merged or split off once at a time (what was split off may be merged), never with itself."""

        ordering = ["-done_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"], condition=models.Q(undone_at__isnull=True), name="regrouping_one_open_per_case"
            ),
            models.CheckConstraint(condition=~models.Q(case=models.F("root")), name="regrouping_of_two_cases"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_id}"
