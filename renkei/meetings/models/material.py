"""Papers of a meeting with their versions; and what banks tell about business trends, which no case ever holds [C86]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.meetings.models.item import AgendaItem
from renkei.meetings.models.meeting import Meeting


class MaterialQuerySet(models.QuerySet["Material"]):
    """Materials; the policy ``meetings_material`` says the same."""

    def visible_to(self, actor: Actor) -> MaterialQuerySet:
        """Return those of the meetings and of the items one reads."""
        if not (actor.is_staff or actor.is_system):
            return self.none()
        return self.filter(models.Q(item__isnull=True) | models.Q(item__in=AgendaItem.objects.visible_to(actor)))

    def newest(self) -> MaterialQuerySet:
        """Return those that nothing has replaced."""
        return self.filter(replaced_by__isnull=True)


class Material(Row):
    """One version of a paper, of a meeting or of one of its items. A new version replaces it, and it stays to be read."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="materials")
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, related_name="materials")
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    version = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    objects = MaterialQuerySet.as_manager()

    class Meta:
        """In the order they came; the first version replaces nothing, a later one something."""

        ordering = ["added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(version=1, replaces__isnull=True) | models.Q(version__gt=1, replaces__isnull=False), name="material_version_replaces"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Basis(models.TextChoices):
    """On what ground a bank may tell of a client."""

    ANONYMOUS = "anonymous", _("だれのことか分からないように書いた")
    CONSENT = "consent", _("取引先が話してよいと言った")


class TrendNoteQuerySet(models.QuerySet["TrendNote"]):
    """Notes; the policy ``meetings_trendnote`` says the same."""

    def visible_to(self, actor: Actor) -> TrendNoteQuerySet:
        """Return the notes of the actor's body; those of others from the day of their meeting."""
        if not actor.is_staff:
            return self if actor.is_system else self.none()
        return self.filter(models.Q(body_id=actor.body) | models.Q(meeting__held_on__lte=clock.today()))


class TrendNote(Row):
    """What a body tells a meeting about business trends (企業動向). It stands here only: nothing points at it from a case."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="trend_notes")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("企業動向"), max_length=2000)
    basis = models.CharField(max_length=9, choices=Basis)
    client = models.CharField(_("取引先"), max_length=200, blank=True)
    consent_on = models.DateField(_("同意の日"), null=True)
    written_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = TrendNoteQuerySet.as_manager()

    class Meta:
        """Oldest first; with a consent, whose and of which day."""

        ordering = ["written_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="trend_says_something"),
            models.CheckConstraint(
                condition=models.Q(basis="anonymous", client="", consent_on__isnull=True)
                | models.Q(basis="consent", consent_on__isnull=False) & ~models.Q(client=""), name="trend_has_ground",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.body_id} {self.meeting_id}"
