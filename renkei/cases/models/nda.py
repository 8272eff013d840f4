"""The promise of secrecy between a firm and a body: who, since when, until when, and how we know [C46]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside, reaches_all, told_case_ids


class NdaKind(models.TextChoices):
    """How many sign."""

    TWO = "two", _("2者（会社と機関）")
    THREE = "three", _("3者")


class NdaKnown(models.TextChoices):
    """How we know of it."""

    PAPER = "paper", _("書面を見た")
    COMPANY = "company", _("会社から聞いた")
    BODY = "body", _("機関から聞いた")


class NdaQuerySet(models.QuerySet["Nda"]):
    """Promises on a day, and as one actor may see them."""

    def live(self) -> NdaQuerySet:
        """Return promises that hold today: signed, not ended, not run out."""
        open_ended = models.Q(until__isnull=True) | models.Q(until__gte=clock.today())
        return self.filter(open_ended, signed_on__lte=clock.today(), ended_on__isnull=True)

    def visible_to(self, actor: Actor) -> NdaQuerySet:
        """Return a body's own, and all of the cases it sees from inside; a firm's own through its link."""
        if reaches_all(actor):
            return self
        inside = of_inside(actor)
        if actor.is_staff:
            return self.filter(inside | models.Q(body_id=actor.body, case_id__in=told_case_ids(str(actor.body))))
        if actor.kind is ActorKind.LINK and actor.body:
            return self.filter(case__in=Case.objects.visible_to(actor), body_id=actor.body)
        return self.filter(inside)


class Nda(Row):
    """One promise between the firm of a case and a body. It opens what the firm shows only under secrecy."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ndas")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("結ぶ人"), max_length=5, choices=NdaKind, default=NdaKind.TWO)
    third_party = models.CharField(_("3者目"), max_length=200, blank=True)
    signed_on = models.DateField(_("結んだ日"))
    until = models.DateField(_("いつまで"), null=True)
    file = models.ForeignKey("cases.Attachment", on_delete=models.PROTECT, null=True, related_name="+")
    known = models.CharField(_("どう確かめたか"), max_length=7, choices=NdaKnown)
    recorded_by_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    ended_on = models.DateField(null=True)

    objects = NdaQuerySet.as_manager()

    class Meta:
        """One that is not ended a case and body; three parties name the third."""

        ordering = ["-signed_on"]
        constraints = [
            models.UniqueConstraint(fields=["case", "body"], condition=models.Q(ended_on__isnull=True), name="nda_once"),
            models.CheckConstraint(condition=~models.Q(kind="three") | ~models.Q(third_party=""), name="nda_names_the_third"),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("signed_on")), name="nda_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.signed_on}"

    @property
    def is_live(self) -> bool:
        """Tell whether it holds today."""
        begun = self.signed_on <= clock.today()
        return begun and self.ended_on is None and (self.until is None or self.until >= clock.today())
