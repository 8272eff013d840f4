"""Support: one body's service for one need. The hinge of the system."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, live_link, of_inside, reaches_all
from renkei.cases.models.need import Need
from renkei.cases.states import SEEN_BY_BODY, SupportState
from renkei.post.models import LinkPurpose


class Origin(models.TextChoices):
    """Where a support comes from."""

    PROPOSED = "proposed", _("提案から")
    ASKED = "asked", _("会社の希望")
    RECORDED = "recorded", _("あとから記録")


class AnsweredHow(models.TextChoices):
    """How a body answered."""

    SCREEN = "screen", _("画面で")
    LINK = "link", _("メールのリンクで")
    PHONE = "phone", _("電話で（代わりに記録）")


class SupportQuerySet(models.QuerySet["Support"]):
    """Supports as one actor may see them; the policy ``cases_support`` says the same."""

    def visible_to(self, actor: Actor) -> SupportQuerySet:
        """Return supports of seen cases, and a body's own once they have left (they hold no text of the firm)."""
        if reaches_all(actor):
            return self
        inside = of_inside(actor)
        if actor.is_staff:
            return self.filter(inside | _left_to(actor))
        if actor.kind is ActorKind.LINK:
            return self.filter(inside | models.Q(pk__in=live_link(actor, LinkPurpose.OFFER).values("subject")))
        return self.filter(inside)

    def asked_of(self, actor: Actor) -> SupportQuerySet:
        """Return what the actor's body is or was asked and the recall window is over: it sees all of it, so no case is asked about."""
        return self.filter(_left_to(actor)) if actor.is_staff else self.none()

    def waiting(self) -> SupportQuerySet:
        """Return offers without an answer."""
        return self.filter(state=SupportState.OFFERED)


def _left_to(actor: Actor) -> models.Q:
    return models.Q(body_id=actor.body, state__in=SEEN_BY_BODY, leaves_at__lte=clock.now())


class Support(Row):
    """What one body is asked to do, does and did for one need. What it is asked stands in a Passage (summary class)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="supports")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="supports")
    service = models.ForeignKey("plan.Service", on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    provision = models.ForeignKey("plan.Provision", on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    team = models.CharField(max_length=60, blank=True)  # of the body: whose queue it lies in until a person takes it
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.PROPOSED)
    state = models.CharField(max_length=9, choices=SupportState, default=SupportState.PROPOSED)
    entries = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    classes = ArrayField(models.CharField(max_length=10), default=list)
    # Where the proposal had the body among those who offer the service, and whom it put first; nothing: chosen beside it.
    place = models.PositiveSmallIntegerField(null=True)
    put_first = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    takes_over = models.BooleanField(default=False)
    takes_over_from = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    asked_by_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    offered_at = models.DateTimeField(null=True)
    leaves_at = models.DateTimeField(null=True)
    due_on = models.DateField(_("回答の期限"), null=True)
    reminded_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=100, blank=True)
    answered_how = models.CharField(max_length=6, choices=AnsweredHow, blank=True)
    recorded_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    decline_reason = models.CharField(max_length=40, blank=True)
    answer_text = models.TextField(max_length=1000, blank=True)
    question = models.TextField(max_length=1000, blank=True)
    question_answered_at = models.DateTimeField(null=True)
    started_on = models.DateField(null=True)
    done_on = models.DateField(null=True)
    done_text = models.TextField(max_length=2000, blank=True)
    helped = models.BooleanField(null=True)
    made_at = models.DateTimeField()

    objects = SupportQuerySet.as_manager()

    class Meta:
        """Reasons, dates and answers cannot be missing where the state says they are there."""

        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=SupportState.values), name="support_state"),
            models.CheckConstraint(
                condition=~models.Q(state="declined") | ~models.Q(decline_reason=""), name="support_decline_has_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="offered")
                | models.Q(due_on__isnull=False, leaves_at__isnull=False, offered_at__isnull=False),
                name="support_offer_has_dates",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["accepted", "declined"]) | models.Q(answered_at__isnull=False),
                name="support_answer_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | models.Q(done_on__isnull=False), name="support_done_has_day"
            ),
            models.CheckConstraint(
                condition=models.Q(place__isnull=True, put_first__isnull=True)
                | models.Q(place__isnull=False, put_first__isnull=False, place=1, put_first=models.F("body"))
                | (models.Q(place__isnull=False, put_first__isnull=False, place__gt=1) & ~models.Q(put_first=models.F("body"))),
                name="support_place_in_proposal",
            ),
            models.UniqueConstraint(
                fields=["need", "service", "body"],
                condition=models.Q(state__in=["proposed", "offered", "accepted", "under_way"]),
                name="support_open_once",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(takes_over=True, state="offered"),
                name="support_one_takeover_offered",
            ),
        ]
        indexes = [
            models.Index(fields=["body", "state", "due_on"], name="support_queue"),
            models.Index(fields=["due_on"], condition=models.Q(state="offered"), name="support_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.body_id} {self.state}"

    @property
    def has_left(self) -> bool:
        """Tell whether the recall window is over."""
        return self.leaves_at is not None and self.leaves_at <= clock.now()

    @property
    def is_asking(self) -> bool:
        """Tell whether the body waits for an answer to its question: the deadline rests and the holder moves."""
        return self.state == SupportState.OFFERED and bool(self.question) and self.question_answered_at is None

    @property
    def is_late(self) -> bool:
        """Tell whether the answer is overdue."""
        return self.state == SupportState.OFFERED and self.due_on is not None and self.due_on < clock.today()
