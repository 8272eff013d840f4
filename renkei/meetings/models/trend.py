"""What banks tell meetings about business trends (企業動向), which no case ever holds; corrected, taken back, without its client [C86]."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.meetings.models.meeting import Meeting


class Basis(models.TextChoices):
    """On what ground a bank may tell of a client."""

    ANONYMOUS = "anonymous", _("だれのことか分からないように書いた")
    CONSENT = "consent", _("取引先が話してよいと言った")


class EndKind(models.TextChoices):
    """Why versions of a note are read no longer."""

    TAKEN_BACK = "taken_back", _("取り下げた")
    CONSENT = "consent", _("取引先の同意が取り消された")


def _of_body_or_past(actor: Actor) -> models.Q:
    return models.Q(body_id=actor.body) | models.Q(meeting__held_on__lte=clock.today())


class TrendNoteQuerySet(models.QuerySet["TrendNote"]):
    """Notes; the policy ``meetings_trendnote`` says the same."""

    def visible_to(self, actor: Actor) -> TrendNoteQuerySet:
        """Return the notes of the actor's body; those of others from the day of their meeting, while they are not taken back.

        What named a client whose consent has ended is read by nobody, not even by who wrote it.
        """
        if not actor.is_staff:
            return self if actor.is_system else self.none()
        ends = TrendEnd.objects.filter(note_id=Coalesce(models.OuterRef("first_id"), models.OuterRef("pk")), version__gte=models.OuterRef("version"))
        return self.filter(_of_body_or_past(actor)).exclude(models.Exists(ends.exclude(kind=EndKind.TAKEN_BACK))).filter(
            models.Q(body_id=actor.body) | ~models.Exists(ends))  # fmt: skip

    def of(self, first: TrendNote) -> TrendNoteQuerySet:
        """Return every version of the note that begins with ``first``."""
        return self.filter(models.Q(pk=first.pk) | models.Q(first=first))


class TrendNote(Row):
    """One version of what a body tells a meeting about business trends. It stands here only: nothing points at it from a case."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="trend_notes")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    first = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="later")
    version = models.PositiveSmallIntegerField(default=1)
    text = models.TextField(_("企業動向"), max_length=2000)
    basis = models.CharField(max_length=9, choices=Basis)
    client = models.CharField(_("取引先"), max_length=200, blank=True)
    consent_on = models.DateField(_("同意の日"), null=True)
    written_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = TrendNoteQuerySet.as_manager()

    class Meta:
        """Oldest first; with a consent, whose and of which day; the first version follows nothing, each other one the first."""

        ordering = ["written_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="trend_says_something"),
            models.CheckConstraint(
                condition=models.Q(basis="anonymous", client="", consent_on__isnull=True)
                | models.Q(basis="consent", consent_on__isnull=False) & ~models.Q(client=""), name="trend_has_ground",
            ),
            models.CheckConstraint(condition=models.Q(version=1, first__isnull=True) | models.Q(version__gt=1, first__isnull=False), name="trend_version_follows"),
            models.UniqueConstraint(fields=["first", "version"], name="trend_version_once"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.body_id} {self.meeting_id} {self.version}"


class TrendEndQuerySet(models.QuerySet["TrendEnd"]):
    """Ends; the policy ``meetings_trendend`` says the same."""

    def visible_to(self, actor: Actor) -> TrendEndQuerySet:
        """Return those of the actor's body; those of others from the day of the meeting."""
        if not actor.is_staff:
            return self if actor.is_system else self.none()
        return self.filter(_of_body_or_past(actor))


class TrendEnd(Row):
    """From when the versions of a note up to ``version`` are read no longer. ``note`` is its first version."""

    note = models.ForeignKey(TrendNote, on_delete=models.PROTECT, related_name="ends")
    version = models.PositiveSmallIntegerField()
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="trend_ends")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=EndKind)
    reason = models.CharField(_("取り下げる理由"), max_length=400, blank=True)
    ended_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField()

    objects = TrendEndQuerySet.as_manager()

    class Meta:
        """A note is taken back once, with a reason."""

        ordering = ["ended_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind="consent") | ~models.Q(reason=""), name="trend_end_has_reason"),
            models.UniqueConstraint(fields=["note", "version"], name="trend_end_once"),
            models.UniqueConstraint(fields=["note"], condition=models.Q(kind="taken_back"), name="trend_taken_back_once"),
        ]

    def __str__(self) -> str:
        return f"{self.note_id} {self.kind}"
