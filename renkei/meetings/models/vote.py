"""What bodies say to items that go round in writing [C91]."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.meetings.models.item import AgendaItem


class Stance(models.TextChoices):
    """What a body says to an item that goes round."""

    AGREE = "agree", _("賛成")
    CONDITION = "condition", _("条件を付けて賛成")
    AGAINST = "against", _("反対")
    ABSTAIN = "abstain", _("棄権")
    ANSWER = "answer", _("回答だけ")


SAYS_WHY = {Stance.CONDITION, Stance.AGAINST, Stance.ANSWER}


class VoteQuerySet(models.QuerySet["Vote"]):
    """What bodies said; the policy ``meetings_vote`` says the same."""

    def visible_to(self, actor: Actor) -> VoteQuerySet:
        """Return the votes on visible items; by a link, those of its own body."""
        seen = self.filter(item__in=AgendaItem.objects.visible_to(actor))
        return seen.filter(body_id=actor.body) if actor.kind is ActorKind.LINK else seen


class Vote(Row):
    """A body's word on an item that goes round in writing. Never changed; the newest of a body counts."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="votes")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    stance = models.CharField(max_length=9, choices=Stance)
    words = models.CharField(_("ひとこと"), max_length=400, blank=True)
    said_at = models.DateTimeField()
    said_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    said_name = models.CharField(max_length=100)

    objects = VoteQuerySet.as_manager()

    class Meta:
        """Oldest first; a condition, an objection and an answer have words; somebody said it."""

        ordering = ["said_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(stance__in=Stance.values), name="vote_stance"),
            models.CheckConstraint(condition=models.Q(stance__in=["agree", "abstain"]) | ~models.Q(words=""), name="vote_says_why"),
            models.CheckConstraint(condition=~models.Q(said_name=""), name="vote_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.stance}"
