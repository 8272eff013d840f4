"""Meetings as living things: what is put up, who was there, what was decided, what everybody confirmed [C87-C93].

An agenda item is read by every body, or only by those it names; which case it came from stands apart
(``ItemSource``) and is read by those who see that case from inside. Minutes are frozen as they were sent out.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models import Case, Escalation


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
        """Return all for the staff of any body, none for others."""
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
    place = models.CharField(_("場所"), max_length=200, blank=True)
    chair = models.CharField(_("議長"), max_length=100, blank=True)
    state = models.CharField(max_length=8, choices=MeetingState, default=MeetingState.PLANNED)
    state_reason = models.CharField(max_length=200, blank=True)
    locked_number = models.PositiveSmallIntegerField(null=True)
    version = models.PositiveIntegerField(default=0)
    called_at = models.DateTimeField()
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


class Level(models.TextChoices):
    """Who reads an agenda item."""

    ALL = "all", _("すべての機関")
    NAMED = "named", _("名指しした機関だけ")


class ItemKind(models.TextChoices):
    """Where an item comes from."""

    CASE = "case", _("難しい相談")
    STALLED = "stalled", _("動きのない案件")
    NEW = "new", _("新しい相談")
    REPORT = "report", _("報告")
    CARRIED = "carried", _("前回からの持ち越し")
    OTHER = "other", _("その他")


class ItemOutcome(models.TextChoices):
    """What a meeting made of an item."""

    OPEN = "", _("まだ")
    NOTED = "noted", _("了承した・聞いた")
    HELPED = "helped", _("支援できる機関が見つかった")
    OUTSIDE = "outside", _("地域の外に求める")
    CARRIED = "carried", _("次回に持ち越す")
    DROPPED = "dropped", _("取り下げる")


OF_CASES = {ItemOutcome.HELPED, ItemOutcome.OUTSIDE}


def seen_items(actor: Actor) -> models.Q:
    """Return the condition on rows with ``level``, ``bodies`` and ``put_up_by`` that an actor may read."""
    if actor.is_system:
        return models.Q()
    if not actor.is_staff:
        return models.Q(pk__in=[])
    return models.Q(level=Level.ALL) | models.Q(bodies__contains=[str(actor.body)]) | models.Q(put_up_by_id=actor.body)


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    """Items; the policy ``meetings_agendaitem`` says the same."""

    def visible_to(self, actor: Actor) -> AgendaItemQuerySet:
        """Return what every body reads, what names the actor's body, and what that body put up."""
        return self.filter(seen_items(actor))

    def ready(self) -> AgendaItemQuerySet:
        """Return what was decided and can be taken up now; what is carried over, once the next meeting of its series is called."""
        following = following_meeting(models.OuterRef("meeting__plan_id"), models.OuterRef("meeting__series"), models.OuterRef("meeting__held_on"))
        can = ~models.Q(outcome=ItemOutcome.CARRIED) | models.Exists(following.exclude(pk=models.OuterRef("meeting_id")))
        return self.exclude(outcome="").filter(can, taken_up_at__isnull=True)


class AgendaItem(Row):
    """One point of a meeting, in words that all (or the named bodies) may read; notes and decision are written while meeting."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    order = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=7, choices=ItemKind)
    title = models.CharField(_("議題"), max_length=100)
    question = models.TextField(_("諮りたいこと"), max_length=1000, blank=True)
    tried = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    level = models.CharField(max_length=5, choices=Level, default=Level.ALL)
    bodies = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    put_up_by = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    presenter = models.CharField(_("説明する人"), max_length=100, blank=True)
    planned_minutes = models.PositiveSmallIntegerField(_("予定（分）"), default=10)
    notes = models.TextField(_("議事"), max_length=8000, blank=True)
    outcome = models.CharField(max_length=8, choices=ItemOutcome, default=ItemOutcome.OPEN, blank=True)
    decision = models.TextField(_("決めたこと"), max_length=1000, blank=True)
    decided_at = models.DateTimeField(null=True)
    taken_up_at = models.DateTimeField(null=True)
    made_from = models.CharField(max_length=100, blank=True)  # the rule's proposal it was ticked from: taken up once a meeting
    carried_from = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="carried_to")
    version = models.PositiveIntegerField(default=0)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        """In order; an item for some names them, a decision says what; only hard cases find help or go outside."""

        ordering = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="item_has_title"),
            models.UniqueConstraint(fields=["meeting", "made_from"], condition=~models.Q(made_from=""), name="item_proposed_once"),
            models.CheckConstraint(condition=models.Q(kind__in=ItemKind.values), name="item_kind"),
            models.CheckConstraint(
                condition=models.Q(level="all", bodies=[]) | models.Q(level="named") & ~models.Q(bodies=[]), name="item_level_names_bodies"
            ),
            models.CheckConstraint(condition=models.Q(outcome__in=ItemOutcome.values), name="item_outcome"),
            models.CheckConstraint(
                condition=models.Q(outcome="", decided_at__isnull=True) | ~models.Q(outcome="") & ~models.Q(decision="") & models.Q(decided_at__isnull=False),
                name="item_decided_says_what",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Tell whether nothing was decided yet."""
        return not self.outcome


class ItemSourceQuerySet(models.QuerySet["ItemSource"]):
    """Sources of the cases one sees from inside; the policy ``meetings_itemsource`` says the same."""

    def visible_to(self, actor: Actor) -> ItemSourceQuerySet:
        """Return the sources in cases the actor runs or took."""
        if actor.is_system:
            return self
        return self.filter(case__in=Case.objects.inside(actor)) if actor.is_staff else self.none()


class ItemSource(Row):
    """Which case an item asks about, and (of a hard one) which rung of it: what it decides goes back there."""

    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="source")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ItemSourceQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.item_id)


class TaskQuerySet(models.QuerySet["Task"]):
    """Tasks of the items one sees."""

    def visible_to(self, actor: Actor) -> TaskQuerySet:
        """Return the tasks of visible items."""
        return self.filter(item__in=AgendaItem.objects.visible_to(actor))


class Task(Row):
    """What a body does until when, as a meeting decided (宿題); carried on every agenda until it is done."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="tasks")
    what = models.CharField(_("すること"), max_length=200)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("いつまで"))
    done_on = models.DateField(null=True)
    done_words = models.CharField(max_length=400, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        """By what is due first."""

        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(what=""), name="task_says_what"),
            models.CheckConstraint(condition=models.Q(done_on__isnull=True) | ~models.Q(done_words=""), name="task_done_says_how"),
        ]

    def __str__(self) -> str:
        return self.what


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
        """Return all for the staff: what they hold of secret items stands apart."""
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
        """Return what the actor could read of the item when it was frozen."""
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
        """Return all for the staff."""
        return self if actor.is_staff or actor.is_system else self.none()


class Confirmation(Row):
    """A body's word on minutes: it agrees, or asks for a change, which is no refusal. The newest word counts."""

    minutes = models.ForeignKey(Minutes, on_delete=models.PROTECT, related_name="confirmations")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    words = models.TextField(max_length=1000, blank=True)
    said_at = models.DateTimeField()
    said_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    objects = ConfirmationQuerySet.as_manager()

    class Meta:
        """Newest first; who asks for a change says which."""

        ordering = ["-said_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(agrees=True) | ~models.Q(words=""), name="confirmation_change_says_which"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.agrees}"
