"""Who came, and the minutes as they were sent out and confirmed; minutes are never changed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import live_link
from renkei.meetings.models.item import Level, seen_items
from renkei.meetings.models.meeting import Meeting
from renkei.post.models import LinkPurpose


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    """Who came."""

    def visible_to(self, actor: Actor) -> AttendanceQuerySet:
        """Return everybody's for the staff."""
        return self if actor.is_staff or actor.is_system else self.none()


class Attendance(Row):
    """Somebody who came: for a body, perhaps in place of another, or a guest who belongs to none [C90]."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendance")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("お名前"), max_length=100)
    organisation = models.CharField(_("所属"), max_length=200, blank=True)
    in_place_of = models.CharField(_("代理される人"), max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        """By body, guests last; a guest says where from; a name once a meeting and body."""

        ordering = [models.F("body__order").asc(nulls_last=True), "name"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="attendance_has_name"),
            models.CheckConstraint(condition=models.Q(body__isnull=False) | ~models.Q(organisation=""), name="attendance_guest_is_from"),
            models.UniqueConstraint(
                fields=["meeting", "body", "name"], name="attendance_once", nulls_distinct=False, condition=models.Q(ended_at__isnull=True)
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class MinutesQuerySet(models.QuerySet["Minutes"]):
    """Minutes as sent out."""

    def visible_to(self, actor: Actor) -> MinutesQuerySet:
        """Return all for the staff: what they hold of secret items stands apart; by a link, those of its meeting."""
        if actor.kind is ActorKind.LINK:
            return self.filter(meeting__in=live_link(actor, LinkPurpose.MINUTES).values("subject"))
        return self if actor.is_staff or actor.is_system else self.none()


class Minutes(Row):
    """One sending out of the minutes: head and attendance as they stood. Never changed."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="minutes")
    number = models.PositiveSmallIntegerField()
    head = models.JSONField()
    sent_at = models.DateTimeField()
    due_on = models.DateField(null=True)  # until when the bodies are asked to confirm
    sent_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = MinutesQuerySet.as_manager()

    class Meta:
        """Newest first; a number once a meeting."""

        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["meeting", "number"], name="minutes_number_once")]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.number}"


class MinutesItemQuerySet(models.QuerySet["MinutesItem"]):
    """Frozen items, read by whom the item was."""

    def visible_to(self, actor: Actor) -> MinutesItemQuerySet:
        """Return what the actor could read of the item when it was frozen; by a link, what every body reads."""
        if actor.kind is ActorKind.LINK:
            return self.filter(level=Level.ALL, minutes__in=Minutes.objects.visible_to(actor))
        return self.filter(seen_items(actor))


class MinutesItem(Row):
    """An item as the minutes hold it: never changed, whatever becomes of the item."""

    minutes = models.ForeignKey(Minutes, on_delete=models.PROTECT, related_name="items")
    order = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=100)
    said = models.JSONField()  # question, notes, outcome, decision, tasks
    level = models.CharField(max_length=5, choices=Level)
    bodies = ArrayField(models.CharField(max_length=40), default=list)
    put_up_by = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")

    objects = MinutesItemQuerySet.as_manager()

    class Meta:
        """In order."""

        ordering = ["order"]

    def __str__(self) -> str:
        return self.title


class ConfirmationQuerySet(models.QuerySet["Confirmation"]):
    """What bodies say to minutes."""

    def visible_to(self, actor: Actor) -> ConfirmationQuerySet:
        """Return all for the staff; by a link, those of its own body."""
        if actor.kind is ActorKind.LINK:
            return self.filter(body_id=actor.body, minutes__in=Minutes.objects.visible_to(actor))
        return self if actor.is_staff or actor.is_system else self.none()


class Confirmation(Row):
    """A body's word on minutes: it agrees, or asks for a change, which is no refusal. The newest word counts."""

    minutes = models.ForeignKey(Minutes, on_delete=models.PROTECT, related_name="confirmations")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    words = models.TextField(max_length=1000, blank=True)
    said_at = models.DateTimeField()
    said_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    said_name = models.CharField(max_length=100, blank=True)  # by a link, who said it is known by this name alone

    objects = ConfirmationQuerySet.as_manager()

    class Meta:
        """Newest first; who asks for a change says which; somebody said it."""

        ordering = ["-said_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(agrees=True) | ~models.Q(words=""), name="confirmation_change_says_which"),
            models.CheckConstraint(condition=models.Q(said_by__isnull=False) | ~models.Q(said_name=""), name="confirmation_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.agrees}"
