"""The support route (支援ルート) of a case: versions of planned steps, what the firm was sent of them and what it said.

A version and its steps are written once and never changed; the route's head says which version stands now. What the firm
was sent can therefore be read for ever as it was. The state of a step is that of its support, never kept twice.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside, reaches_all
from renkei.cases.models.need import Need


class RouteDid(models.TextChoices):
    """What made a version."""

    MADE = "made", _("作った")
    CHANGED = "changed", _("直した")
    ADDED = "added", _("足した")
    REMOVED = "removed", _("外した")
    REPLANNED = "replanned", _("組み直した")
    UNDONE = "undone", _("元に戻した")


class RouteQuerySet(models.QuerySet["Route"]):
    """Routes of the cases one sees from inside; the policy ``cases_route`` says the same."""

    def visible_to(self, actor: Actor) -> RouteQuerySet:
        """Return routes of cases the actor runs or took, and the firm's own. Who was only asked sees its own request alone."""
        return self.filter(of_inside(actor))


class Route(Row):
    """The head: one a case. ``version`` is the number of the version that stands."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="route")
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField()

    objects = RouteQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.case_id} {self.version}"


class RouteVersionQuerySet(models.QuerySet["RouteVersion"]):
    """Versions; the policy ``cases_routeversion`` says the same."""

    def visible_to(self, actor: Actor) -> RouteVersionQuerySet:
        """Return every version for who works on the case; the firm reads what it was sent (:class:`RouteSentStep`)."""
        if not (actor.is_staff or actor.is_system):
            return self.none()
        return self if reaches_all(actor) else self.filter(route__in=Route.objects.visible_to(actor))


class RouteVersion(Row):
    """One state of the route. ``base`` is the number it was made from: an undo goes back along it."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    base = models.PositiveIntegerField(default=0)
    did = models.CharField(max_length=9, choices=RouteDid)
    words = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()
    made_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = RouteVersionQuerySet.as_manager()

    class Meta:
        """Newest first; a number once a route; a version stands on an earlier one."""

        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["route", "number"], name="route_version_once"),
            models.CheckConstraint(condition=models.Q(did__in=RouteDid.values), name="route_version_did"),
            models.CheckConstraint(condition=models.Q(base__lt=models.F("number")), name="route_version_stands_on_earlier"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} {self.number}"


class RouteStepQuerySet(models.QuerySet["RouteStep"]):
    """Steps of the versions one sees."""

    def visible_to(self, actor: Actor) -> RouteStepQuerySet:
        """Return the steps of visible versions."""
        return self if reaches_all(actor) else self.filter(version__in=RouteVersion.objects.visible_to(actor))


class PlannedStep(Row):
    """One planned support, as it was written or as it was sent; what is None is not known.

    ``why`` and ``missing`` hold reasons (``schedule.Reason``) as data, so that each reader gets them in words of their language.
    """

    order = models.PositiveSmallIntegerField()
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey("plan.Service", on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    entry = models.CharField(max_length=60, blank=True)
    entry_name = models.CharField(max_length=300, blank=True)
    begins_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    why = models.JSONField(default=list)
    missing = models.JSONField(default=list)

    class Meta:
        """In the order people see."""

        abstract = True
        ordering = ["order"]

    def __str__(self) -> str:
        return f"{self.service_id} {self.body_id} {self.begins_on}"


class RouteStep(PlannedStep):
    """A step of a version, for who works on the case. ``key`` is the same in every version.

    ``set_begin`` and ``set_end`` were chosen by people: planning again leaves them.
    """

    version = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="steps")
    key = models.UUIDField(default=uuid.uuid4)
    set_begin = models.DateField(null=True)
    set_end = models.DateField(null=True)
    chosen = models.JSONField(default=list)  # why this body: evidence of the matcher, in the words of the house
    override = models.CharField(max_length=200, blank=True)  # why a rule that is advice does not hold here
    trained_on = models.DateField(null=True)  # the day on which somebody wrote that the firm has had the course for the machine
    trained_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = RouteStepQuerySet.as_manager()

    class Meta(PlannedStep.Meta):
        """A key once a version; no step ends before it begins; of a course taken somebody told."""

        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="route_step_once"),
            models.CheckConstraint(
                condition=models.Q(begins_on__isnull=True) | models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("begins_on")),
                name="route_step_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(trained_on__isnull=True, trained_by__isnull=True) | models.Q(trained_on__isnull=False, trained_by__isnull=False),
                name="route_step_trained_told",
            ),
        ]  # fmt: skip


class RouteSendingQuerySet(models.QuerySet["RouteSending"]):
    """What was sent; the policy ``cases_routesending`` says the same."""

    def visible_to(self, actor: Actor) -> RouteSendingQuerySet:
        """Return the sendings of visible routes."""
        return self.filter(route__in=Route.objects.visible_to(actor))


class RouteSending(Row):
    """A version sent to the firm, with a word."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="sendings")
    version = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="sendings")
    number = models.PositiveIntegerField()  # of the version, which the firm does not see
    text = models.TextField(max_length=1000, blank=True)
    sent_at = models.DateTimeField()
    sent_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = RouteSendingQuerySet.as_manager()

    class Meta:
        """Newest first; a version is sent once."""

        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["version"], name="route_sent_once")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.sent_at}"


class RouteSentStepQuerySet(models.QuerySet["RouteSentStep"]):
    """Steps of what one sees was sent; the policy ``cases_routesentstep`` says the same."""

    def visible_to(self, actor: Actor) -> RouteSentStepQuerySet:
        """Return the steps of visible sendings."""
        return self.filter(sending__in=RouteSending.objects.visible_to(actor))


class RouteSentStep(PlannedStep):
    """A step as the firm reads it: meetings are the bodies' own, so what waits for one has no day of it and no reason that names it."""

    sending = models.ForeignKey(RouteSending, on_delete=models.PROTECT, related_name="steps")

    objects = RouteSentStepQuerySet.as_manager()

    class Meta(PlannedStep.Meta):
        """A place once a sending; none says when a meeting is held."""

        constraints = [
            models.UniqueConstraint(fields=["sending", "order"], name="route_sent_step_once"),
            models.CheckConstraint(
                condition=~models.Q(why__contains=[{"code": "put_to"}]) & ~models.Q(missing__contains=[{"code": "no_meeting"}]),
                name="route_sent_step_tells_no_meeting",
            ),
        ]


class RouteAnswerQuerySet(models.QuerySet["RouteAnswer"]):
    """Answers to what one sees; the policy ``cases_routeanswer`` says the same."""

    def visible_to(self, actor: Actor) -> RouteAnswerQuerySet:
        """Return the answers to visible sendings."""
        return self.filter(sending__in=RouteSending.objects.visible_to(actor))


class RouteAnswer(Row):
    """What the firm said to a sending: it agrees, or asks for something else."""

    sending = models.ForeignKey(RouteSending, on_delete=models.PROTECT, related_name="answers")
    agrees = models.BooleanField()
    text = models.TextField(max_length=1000, blank=True)
    answered_by = models.CharField(max_length=100, blank=True)
    answered_at = models.DateTimeField()

    objects = RouteAnswerQuerySet.as_manager()

    class Meta:
        """Newest first; who does not agree says what should change."""

        ordering = ["-answered_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(agrees=True) | ~models.Q(text=""), name="route_answer_says_something")
        ]

    def __str__(self) -> str:
        return f"{self.sending_id} {self.agrees}"
