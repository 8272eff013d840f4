"""A whole caseload that changes hands: one move, and in it one pack for every open case that names the person."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.cases.models.handover import Handover
from renkei.cases.states import PackState


class MoveReason(models.TextChoices):
    """Why a caseload moves."""

    LEAVES = "leaves", _("異動・退職")
    POST_ENDS = "post_ends", _("任期の終わり")
    REORGANISED = "reorganised", _("機関の再編")


class MoveQuerySet(models.QuerySet["Move"]):
    """Moves of one's own body."""

    def visible_to(self, actor: Actor) -> MoveQuerySet:
        """Return moves of the body the actor acts for; the policy ``cases_move`` says the same."""
        if actor.is_system:
            return self
        return self.filter(body_id=actor.body) if actor.is_staff else self.none()


class Move(Row):
    """The caseload of ``person`` in ``body`` is given away by ``on``, the person's last day there."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12, choices=MoveReason, default=MoveReason.LEAVES)
    on = models.DateField(_("最後の日"))
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)  # the last day went by and cases fell into the body's queue
    version = models.PositiveIntegerField(default=0)

    objects = MoveQuerySet.as_manager()

    class Meta:
        """One at a time for a person in a body."""

        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "person", "on"], condition=models.Q(cancelled_at__isnull=True), name="move_once_a_day"
            ),
            models.CheckConstraint(condition=models.Q(reason__in=MoveReason.values), name="move_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.on}"

    @property
    def has_passed(self) -> bool:
        """Tell whether the person's last day is over."""
        return self.on < clock.today()

    @property
    def first_day(self) -> dt.date:
        """Return the first day without the person (today, when that is over already): a successor must be there then."""
        return max(self.on + dt.timedelta(days=1), clock.today())


class MovePackQuerySet(models.QuerySet["MovePack"]):
    """Packs of one's own body, in the cases one sees."""

    def visible_to(self, actor: Actor) -> MovePackQuerySet:
        """Return packs of the body's moves; a case that went out of sight takes its pack along."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        return self.filter(body_id=actor.body, case__in=Case.objects.visible_to(actor))

    def live(self) -> MovePackQuerySet:
        """Return packs of open cases that somebody still has to choose for, send or accept."""
        return self.filter(state__in=PACKS_ALIVE, move__cancelled_at__isnull=True).exclude(case__state="closed")


PACKS_ALIVE = [PackState.DRAFT, PackState.OFFERED, PackState.DECLINED, PackState.GIVEN]


class MovePack(Row):
    """What the successor needs to know of one case. Until it is accepted nothing changes hands (P1).

    ``to_person`` empty means the queue of ``to_body``. Another body than the giver's is asked with a Handover.
    ``kept_step`` is the next step that stood when the case fell into the queue: whoever accepts later gets it back.
    """

    move = models.ForeignKey(Move, on_delete=models.PROTECT, related_name="packs")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="packs")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    from_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    to_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    to_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=PackState, default=PackState.DRAFT)
    pack_state = models.TextField(_("いまの状態"), max_length=2000, blank=True)
    pack_promises = models.TextField(_("約束したこと"), max_length=2000, blank=True)
    pack_open = models.TextField(_("残っていること"), max_length=2000, blank=True)
    pack_files = models.JSONField(default=list)
    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, null=True, related_name="+")
    offered_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    answer_text = models.CharField(max_length=400, blank=True)
    kept_step = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)

    objects = MovePackQuerySet.as_manager()

    class Meta:
        """One pack a case and move; an offered or accepted one has its time."""

        ordering = ["case__next_on", "case__number"]
        constraints = [
            models.UniqueConstraint(fields=["move", "case"], name="pack_once"),
            models.CheckConstraint(condition=models.Q(state__in=PackState.values), name="pack_state"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["offered", "accepted", "declined", "given"])
                | models.Q(offered_at__isnull=False),
                name="pack_offer_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["accepted", "declined"]) | models.Q(answered_at__isnull=False),
                name="pack_answer_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="declined") | ~models.Q(answer_text=""), name="pack_decline_has_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(to_person=models.F("from_person")), name="pack_to_somebody_else"
            ),
        ]
        indexes = [models.Index(fields=["to_person"], condition=models.Q(state="offered"), name="pack_waiting")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.state}"
