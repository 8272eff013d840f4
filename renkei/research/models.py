"""What coordinators and other specialists do: the log, the bridges between needs and researchers, the monthly report [C13, C42, C43, C88].

A log belongs to the body that wrote it. A bridge belongs to a need: who sees the need sees it, the failed ones too. A
report is a draft of its author until it is tabled; from then on every body reads it, and the database lets nobody change it.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models import Case, Need

MOST_MINUTES = 720


class ActivityQuerySet(models.QuerySet["Activity"]):
    """Lines of the log; the policy ``research_activity`` says the same."""

    def visible_to(self, actor: Actor) -> ActivityQuerySet:
        """Return what the actor's body wrote, and what was done in cases it holds or took; the front desk has no more than that."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        return self.filter(models.Q(body_id=actor.body) | models.Q(case__holder_id=actor.body) | models.Q(case__received_by_id=actor.body))

    def standing(self) -> ActivityQuerySet:
        """Return the lines that were not struck out."""
        return self.filter(struck_at__isnull=True)


class Activity(Row):
    """One line of the log: who, on which day, how many minutes, of which kind (a word of the plan), and what."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    day = models.DateField(_("日"))
    minutes = models.PositiveSmallIntegerField(_("分"))
    kind = models.CharField(_("種類"), max_length=40)
    words = models.CharField(_("したこと"), max_length=400)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+")
    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()
    struck_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        """The newest day first; a line says something and took time, less than a day's work."""

        ordering = ["-day", "-written_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(words="") & ~models.Q(kind=""), name="activity_says_something"),
            models.CheckConstraint(condition=models.Q(minutes__range=(1, MOST_MINUTES)), name="activity_minutes"),
        ]
        indexes = [models.Index(fields=["body", "person", "day"], name="activity_of_person")]

    def __str__(self) -> str:
        return self.words


class ActivityVersionQuerySet(models.QuerySet["ActivityVersion"]):
    """What lines said before."""

    def visible_to(self, actor: Actor) -> ActivityVersionQuerySet:
        """Return the earlier words of visible lines."""
        return self.filter(activity__in=Activity.objects.visible_to(actor))


class ActivityVersion(Row):
    """What a line said before it was changed on a later day. Never changed."""

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    said = models.JSONField()
    replaced_at = models.DateTimeField()
    replaced_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    objects = ActivityVersionQuerySet.as_manager()

    class Meta:
        """Newest first, each number once a line."""

        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["activity", "number"], name="activity_version_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} {self.number}"


class BridgeState(models.TextChoices):
    """How far an attempt has come."""

    TRIED = "tried", _("打診した")
    TALKED = "talked", _("話をした")
    UNDER_WAY = "under_way", _("進めている")
    CAME = "came", _("実を結んだ")
    FAILED = "failed", _("実を結ばなかった")


BRIDGE_ENDS = (BridgeState.CAME, BridgeState.FAILED)
BRIDGE_STEPS: dict[BridgeState, set[BridgeState]] = {
    BridgeState.TRIED: {BridgeState.TALKED, BridgeState.UNDER_WAY, *BRIDGE_ENDS},
    BridgeState.TALKED: {BridgeState.UNDER_WAY, *BRIDGE_ENDS},
    BridgeState.UNDER_WAY: {*BRIDGE_ENDS},
    BridgeState.CAME: set(),
    BridgeState.FAILED: set(),  # an end stays; another try is another attempt
}


class BridgeQuerySet(models.QuerySet["Bridge"]):
    """Attempts; the policy ``research_bridge`` says the same."""

    def visible_to(self, actor: Actor) -> BridgeQuerySet:
        """Return the attempts for needs the actor's body sees; the firm and people outside read none."""
        if actor.is_system:
            return self
        return self.filter(need__in=Need.objects.visible_to(actor)) if actor.is_staff else self.none()

    def open(self) -> BridgeQuerySet:
        """Return the attempts that have come to no end."""
        return self.exclude(state__in=BRIDGE_ENDS)


class Bridge(Row):
    """An attempt to bring a need and a researcher (or a seed of the catalogue) together [C13]. ``to_body`` is theirs where it is of the plan."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="bridges")
    who = models.CharField(_("相手"), max_length=200)
    organisation = models.CharField(_("相手の所属"), max_length=200, blank=True)
    to_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    entry = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=9, choices=BridgeState, default=BridgeState.TRIED)
    tried_on = models.DateField(_("打診した日"))
    moved_on = models.DateField()
    result = models.CharField(_("結果・理由"), max_length=400, blank=True)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    objects = BridgeQuerySet.as_manager()

    class Meta:
        """The newest first; one open attempt a need and researcher; an end says what came, or why nothing did."""

        ordering = ["-tried_on", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(who=""), name="bridge_has_somebody"),
            models.CheckConstraint(condition=models.Q(state__in=BridgeState.values), name="bridge_state"),
            models.CheckConstraint(condition=~models.Q(state__in=BRIDGE_ENDS) | ~models.Q(result=""), name="bridge_end_says_why"),
            models.CheckConstraint(condition=models.Q(moved_on__gte=models.F("tried_on")), name="bridge_moves_forward"),
            models.UniqueConstraint(
                fields=["need", "who", "organisation"], condition=~models.Q(state__in=BRIDGE_ENDS), name="bridge_open_once"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.who} {self.state}"

    @property
    def is_open(self) -> bool:
        """Tell whether it has come to no end."""
        return self.state not in BRIDGE_ENDS


class BridgeStepQuerySet(models.QuerySet["BridgeStep"]):
    """The history of attempts."""

    def visible_to(self, actor: Actor) -> BridgeStepQuerySet:
        """Return the history of visible attempts."""
        return self.filter(bridge__in=Bridge.objects.visible_to(actor))


class BridgeStep(Row):
    """What happened with an attempt on a day. Never changed."""

    bridge = models.ForeignKey(Bridge, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=9, choices=BridgeState)
    on = models.DateField()
    words = models.CharField(max_length=400, blank=True)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = BridgeStepQuerySet.as_manager()

    class Meta:
        """In the order of writing."""

        ordering = ["written_at", "id"]
        constraints = [models.CheckConstraint(condition=models.Q(state__in=BridgeState.values), name="bridge_step_state")]

    def __str__(self) -> str:
        return f"{self.bridge_id} {self.state}"


class ReportState(models.TextChoices):
    """A draft of its author, or tabled: read by all, changed by none."""

    DRAFT = "draft", _("下書き")
    TABLED = "tabled", _("会議に出した")


class ActivityReportQuerySet(models.QuerySet["ActivityReport"]):
    """Reports; the policy ``research_activityreport`` says the same."""

    def visible_to(self, actor: Actor) -> ActivityReportQuerySet:
        """Return the reports of the actor's body, and what any body has tabled."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        return self.filter(models.Q(body_id=actor.body) | models.Q(state=ReportState.TABLED))

    def tabled(self) -> ActivityReportQuerySet:
        """Return what was tabled."""
        return self.filter(state=ReportState.TABLED)


class ActivityReport(Row):
    """What somebody did in a month, in words for all bodies: it names no firm. ``month`` is its first day; ``counted`` the numbers of the day it was tabled."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("月"))
    text = models.TextField(_("報告"), max_length=4000)
    counted = models.JSONField(default=dict)
    state = models.CharField(max_length=6, choices=ReportState, default=ReportState.DRAFT)
    drafted_at = models.DateTimeField()
    tabled_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = ActivityReportQuerySet.as_manager()

    class Meta:
        """The newest month first; one a person, body and month, which begins on its first day."""

        ordering = ["-month", "body__order", "person__kana"]
        constraints = [
            models.UniqueConstraint(fields=["body", "person", "month"], name="report_once_a_month"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="report_month_is_its_first_day"),
            models.CheckConstraint(condition=~models.Q(text=""), name="report_says_something"),
            models.CheckConstraint(condition=models.Q(state__in=ReportState.values), name="report_state"),
            models.CheckConstraint(
                condition=models.Q(state="draft", tabled_at__isnull=True) | models.Q(state="tabled", tabled_at__isnull=False), name="report_tabled_has_time"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person_id} {self.month}"

    @property
    def is_draft(self) -> bool:
        """Tell whether its author may still change it."""
        return self.state == ReportState.DRAFT
