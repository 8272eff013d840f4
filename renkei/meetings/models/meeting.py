"""A meeting of a series: from its call to minutes that are never changed again; and who came."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import live_link
from renkei.post.models import LinkPurpose


class MeetingKind(models.TextChoices):
    """Regular ones are counted against the plan; extra ones say why; a circulation goes round in writing (持ち回り) [C91]."""

    REGULAR = "regular", _("定例")
    EXTRA = "extra", _("臨時")
    CIRCULATION = "circulation", _("持ち回り")


class MeetingState(models.TextChoices):
    """From the call to minutes that are never changed again."""

    PLANNED = "planned", _("開催前")
    HELD = "held", _("議事録を書いている")
    CHECKING = "checking", _("各機関が確認中")
    LOCKED = "locked", _("確定")
    OFF = "off", _("取りやめ")


MEETING_STEPS: dict[MeetingState, set[MeetingState]] = {
    MeetingState.PLANNED: {MeetingState.HELD, MeetingState.OFF},
    MeetingState.HELD: {MeetingState.CHECKING},
    MeetingState.CHECKING: {MeetingState.CHECKING, MeetingState.LOCKED},  # sent out anew after a change was asked for
    MeetingState.LOCKED: {MeetingState.HELD},  # reopened, with the reason
    MeetingState.OFF: {MeetingState.PLANNED},
}


class MeetingQuerySet(models.QuerySet["Meeting"]):
    """Meetings; the policy ``meetings_meeting`` says the same."""

    def visible_to(self, actor: Actor) -> MeetingQuerySet:
        """Return all for the staff of any body; by a link, the one whose circulation or minutes it was sent for."""
        if actor.kind is ActorKind.LINK:
            return self.filter(pk__in=live_link(actor).filter(purpose__in=[LinkPurpose.ROUND, LinkPurpose.MINUTES]).values("subject"))
        return self if actor.is_staff or actor.is_system else self.none()

    def counted(self) -> MeetingQuerySet:
        """Return those that took place in a room: what the plan's number a year counts."""
        took_place = (MeetingState.HELD, MeetingState.CHECKING, MeetingState.LOCKED)
        return self.filter(state__in=took_place).exclude(kind=MeetingKind.CIRCULATION)


class Meeting(Row):
    """One meeting of a series of the plan. ``number`` runs in a series and fiscal year; ``locked_number`` names the minutes that stand."""

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    series = models.CharField(max_length=40)
    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=11, choices=MeetingKind, default=MeetingKind.REGULAR)
    reason = models.CharField(_("開く理由"), max_length=200, blank=True)
    host = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    held_on = models.DateField(_("開催日"))
    starts = models.TimeField(_("開始"), null=True, blank=True)
    ends = models.TimeField(_("終了"), null=True, blank=True)
    theme = models.CharField(_("テーマ"), max_length=100, blank=True)
    session = models.CharField(_("会の形"), max_length=20, blank=True)  # one of the plan's words for the series
    place = models.CharField(_("場所"), max_length=200, blank=True)
    chair = models.CharField(_("議長"), max_length=100, blank=True)
    state = models.CharField(max_length=8, choices=MeetingState, default=MeetingState.PLANNED)
    state_reason = models.CharField(max_length=200, blank=True)
    locked_number = models.PositiveSmallIntegerField(null=True)
    version = models.PositiveIntegerField(default=0)
    called_at = models.DateTimeField()
    invited_at = models.DateTimeField(null=True)  # when the bodies were last sent its invitation with the agenda
    round_at = models.DateTimeField(null=True)  # when a circulation was sent round; ``held_on`` is then until when it is answered
    reminded_at = models.DateTimeField(null=True)
    reminded_minutes = models.PositiveSmallIntegerField(default=0)  # the newest minutes whose confirmation was reminded of
    held_at = models.DateTimeField(null=True)  # when it was written down that it was held; the day itself is ``held_on``
    changed_at = models.DateTimeField()

    objects = MeetingQuerySet.as_manager()

    class Meta:
        """Newest first; a number once a series and year; an extra meeting says why it is called."""

        ordering = ["-held_on", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "series", "fiscal_year", "number"], name="meeting_number_once"),
            models.CheckConstraint(condition=models.Q(kind__in=MeetingKind.values), name="meeting_kind"),
            models.CheckConstraint(condition=models.Q(state__in=MeetingState.values), name="meeting_state"),
            models.CheckConstraint(condition=~models.Q(kind="extra") | ~models.Q(reason=""), name="meeting_extra_has_reason"),
            models.CheckConstraint(
                condition=~models.Q(state="locked") | models.Q(locked_number__isnull=False), name="meeting_locked_has_minutes"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["held", "checking", "locked"]) | models.Q(held_at__isnull=False), name="meeting_held_has_moment"
            ),
            models.CheckConstraint(condition=models.Q(ends__isnull=True) | models.Q(ends__gt=models.F("starts")), name="meeting_ends_after_start"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.series} {self.fiscal_year}-{self.number}"

    @property
    def is_going_round(self) -> bool:
        """Tell whether bodies may answer a circulation now."""
        return self.kind == MeetingKind.CIRCULATION and self.state == MeetingState.HELD and self.round_at is not None

    @property
    def length(self) -> int | None:
        """Return how many minutes the meeting lasts by its call; None where no end was set."""
        if self.starts is None or self.ends is None:
            return None
        return (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute

    @property
    def is_writable(self) -> bool:
        """Tell whether agenda and notes may still be written."""
        return self.state in {MeetingState.PLANNED, MeetingState.HELD, MeetingState.CHECKING}


def following_meeting(plan: object, series: object, day: object) -> models.QuerySet[Meeting]:
    """Return the meetings of a series still ahead on a day or later, the next first."""
    return Meeting.objects.filter(plan_id=plan, series=series, state=MeetingState.PLANNED, held_on__gte=day).order_by("held_on", "number")
