"""Signed links, the outbox and notices between bodies.

This package lies below the plan: it knows bodies by their code and cases by their id, without foreign keys.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row


class LinkPurpose(models.TextChoices):
    """What a signed link opens."""

    DRAFT = "draft", _("相談の下書き")
    STATUS = "status", _("状況の確認")
    OFFER = "offer", _("依頼への回答")
    CONSENT = "consent", _("同意の確認")
    JOIN = "join", _("会社のアカウントへの招待")
    PARTNER = "partner", _("機関の外の人への開示")
    FOLLOWUP = "follow", _("その後の伺い")


class Link(Row):
    """A signed link. Only its hash is kept; the database resolves it (``post_open_link``) and checks it at each query.

    ``subject`` is the id of what it is about (a draft, a support, a consent), ``classes`` what an offer link may show.
    """

    purpose = models.CharField(max_length=8, choices=LinkPurpose)
    token_hash = models.CharField(max_length=64, unique=True)
    subject = models.UUIDField(null=True)
    case = models.UUIDField(null=True)
    company = models.UUIDField(null=True)
    body = models.CharField(max_length=40, blank=True)
    made_by_body = models.CharField(max_length=40, blank=True)
    classes = models.JSONField(default=list)
    recipient_name = models.CharField(max_length=200, blank=True)
    recipient_email = models.CharField(max_length=254, blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        """The hash decides; a purpose is one of those named above."""

        constraints = [models.CheckConstraint(condition=models.Q(purpose__in=LinkPurpose.values), name="link_purpose")]
        indexes = [models.Index(fields=["subject"]), models.Index(fields=["case"])]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"


class MailState(models.TextChoices):
    """Where an outgoing mail stands."""

    WAITING = "waiting", _("送信待ち")
    SENT = "sent", _("送信済み")
    FAILED = "failed", _("送れませんでした")
    CANCELLED = "cancelled", _("取りやめ")


class Mail(Row):
    """An outgoing mail, written in the transaction of the act it tells about. It never carries content of a case."""

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    about = models.UUIDField(null=True)
    case = models.UUIDField(null=True)
    purpose = models.CharField(max_length=40)
    made_by_body = models.CharField(max_length=40, blank=True)
    to_body = models.CharField(max_length=40, blank=True)
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    state = models.CharField(max_length=9, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        """The worker looks for what is due."""

        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=MailState.values), name="mail_state"),
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False), name="mail_sent_has_time"
            ),
        ]
        indexes = [models.Index(fields=["not_before"], condition=models.Q(state="waiting"), name="mail_due")]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"

    @property
    def message_id(self) -> str:
        """Return the Message-ID: derived from the row, so a mail sent twice after a crash is seen as one."""
        return f"<{self.pk}@renkei>"


class ScreenMail(models.Model):
    """The on-screen mailbox of the example region: what would have left, for everyone to read."""

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ["-sent_at", "-id"]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices as one body sees them."""

    def visible_to(self, actor: Actor) -> NoticeQuerySet:
        """Return what the actor's body sent or received."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        received = NoticeReceipt.objects.filter(body=actor.body).values("notice_id")
        return self.filter(models.Q(from_body=actor.body) | models.Q(pk__in=received))


class Notice(Row):
    """A notice or request from one body to others, with read and answer state [C76]."""

    from_body = models.CharField(max_length=40)
    by_person = models.UUIDField()
    title = models.CharField(max_length=100)
    text = models.TextField(max_length=4000)
    asks_answer = models.BooleanField(default=False)
    due_on = models.DateField(null=True, blank=True)
    sent_at = models.DateTimeField()

    objects = NoticeQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-sent_at"]
        constraints = [models.CheckConstraint(condition=~models.Q(title=""), name="notice_has_title")]

    def __str__(self) -> str:
        return self.title


class NoticeReceipt(Row):
    """One receiving body of a notice: when it was read, and what it answered."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="receipts")
    body = models.CharField(max_length=40)
    read_at = models.DateTimeField(null=True)
    read_by = models.UUIDField(null=True)
    answer = models.TextField(blank=True, max_length=2000)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)

    class Meta:
        """Each body receives a notice once."""

        constraints = [models.UniqueConstraint(fields=["notice", "body"], name="notice_once_per_body")]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.body}"

    @property
    def is_late(self) -> bool:
        """Tell whether an answer was asked for and its date has passed."""
        due = self.notice.due_on
        return bool(self.notice.asks_answer and not self.answered_at and due and due < clock.today())
