"""Letters that came in by mail: what became of each, and those that wait for somebody's word."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.plan.queries import is_front_desk


class IncomingState(models.TextChoices):
    """What became of a letter."""

    TAKEN = "taken", _("案件に入れた")
    HELD = "held", _("確かめを待っている")
    AUTO = "auto", _("自動の返信")
    BOUNCE = "bounce", _("届かなかったことの知らせ")
    DISCARDED = "discarded", _("使わなかった")


class HeldFor(models.TextChoices):
    """Why somebody has to look at a letter."""

    SENDER = "sender", _("送り主が違います")
    CLOSED = "closed", _("終わった案件への返信です")
    STRAY = "stray", _("どの案件か分かりません")
    MAILBOX = "mailbox", _("機関の共用アドレスからです")
    EMPTY = "empty", _("本文がありません")


class IncomingQuerySet(models.QuerySet["Incoming"]):
    """Letters as one actor may see them; the policy ``cases_incoming`` says the same."""

    def visible_to(self, actor: Actor) -> IncomingQuerySet:
        """Return those of cases one holds or took; the front desk sees those that belong to no case."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        mine = models.Q(case__in=Case.objects.filter(models.Q(holder_id=actor.body) | models.Q(received_by_id=actor.body)))
        return self.filter(mine | models.Q(case=None) if is_front_desk(actor.body) else mine)

    def held(self) -> IncomingQuerySet:
        """Return those that wait for somebody's word."""
        return self.filter(state=IncomingState.HELD)


class Incoming(Row):
    """One letter. Its bytes lie in the store as they came; the text is what its sender wrote, without what was quoted."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="letters_in")
    message_id = models.CharField(max_length=250)
    sender = models.CharField(max_length=254, blank=True)
    sender_name = models.CharField(max_length=100, blank=True)
    expected = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    answers = models.UUIDField(null=True)
    state = models.CharField(max_length=9, choices=IncomingState)
    held_for = models.CharField(max_length=8, choices=HeldFor, blank=True)
    left_out = models.TextField(blank=True)
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    objects = IncomingQuerySet.as_manager()

    class Meta:
        """Newest first; the same letter is taken once."""

        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["message_id"], name="incoming_once"),
            models.CheckConstraint(
                condition=models.Q(state="held") & ~models.Q(held_for="") | ~models.Q(state="held"), name="incoming_held_for"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.subject}"
