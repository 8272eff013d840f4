"""A request to somebody outside the region, through a network of the plan, followed to its result [C34-C36, C95].

Names stand as they were on the day: a network that dissolves, or a member that leaves, takes no request with it.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.models.escalation import Escalation
from renkei.cases.models.opening import Opening


class OutsideAnswer(models.TextChoices):
    """What they said."""

    WAITING = "", _("返事待ち")
    ACCEPTED = "accepted", _("引き受けた")
    DECLINED = "declined", _("断られた")


class OutsideRequestQuerySet(models.QuerySet["OutsideRequest"]):
    """Requests of the cases one sees from inside; the policy ``cases_outsiderequest`` says the same."""

    def visible_to(self, actor: Actor) -> OutsideRequestQuerySet:
        """Return the requests of cases the actor runs or took, and the firm's own."""
        return self.filter(of_inside(actor))


class OutsideRequest(Row):
    """One institute asked. ``opening`` holds the firm's yes to that person and what they may read."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="outside_requests")
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="requests")
    escalation_rung = models.PositiveSmallIntegerField(default=3)
    opening = models.OneToOneField(Opening, on_delete=models.PROTECT, related_name="request")
    network = models.CharField(max_length=40)
    network_name = models.CharField(max_length=200)
    member = models.CharField(max_length=40)
    member_name = models.CharField(max_length=200)
    member_place = models.CharField(max_length=100, blank=True)
    ask = models.TextField(_("お願いしたいこと"), max_length=1000)
    number = models.CharField(_("文書番号"), max_length=60, blank=True)  # of the body that asks; none where the plan numbers no requests
    asked_on = models.DateField()
    asked_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("返事の期限"))
    answer = models.CharField(max_length=8, choices=OutsideAnswer, default=OutsideAnswer.WAITING, blank=True)
    answer_words = models.TextField(max_length=1000, blank=True)
    answered_on = models.DateField(null=True)
    result = models.TextField(_("結果"), max_length=1000, blank=True)
    ended_on = models.DateField(null=True)

    objects = OutsideRequestQuerySet.as_manager()

    class Meta:
        """In the order they were asked; a no says why, a result is of a yes."""

        ordering = ["asked_on", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(answer__in=OutsideAnswer.values), name="outside_answer"),
            models.CheckConstraint(condition=models.Q(escalation_rung=3), name="outside_is_of_the_third_rung"),
            models.CheckConstraint(
                condition=models.Q(answer="", answered_on__isnull=True) | ~models.Q(answer="") & models.Q(answered_on__isnull=False) & ~models.Q(answer_words=""),
                name="outside_answer_says_what",
            ),
            models.CheckConstraint(condition=models.Q(ended_on__isnull=True) | models.Q(answer="accepted") & ~models.Q(result=""), name="outside_result_of_a_yes"),
            models.UniqueConstraint(
                fields=["escalation", "network", "member"], condition=models.Q(ended_on__isnull=True) & ~models.Q(answer="declined"), name="outside_asked_once"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.member_name} {self.answer}"

    @property
    def is_waiting(self) -> bool:
        """Tell whether their answer is still to come."""
        return not self.answer
