"""Signed links, the outbox and notices between bodies.

This package lies below the plan: it knows bodies by their code and cases by their id, without foreign keys.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Upper
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
    ROUND = "round", _("会議の持ち回り")
    MINUTES = "minutes", _("議事録の確認")


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
    JOINED = "joined", _("ほかのメールと一緒に送信済み")
    BOUNCED = "bounced", _("届きませんでした")


class Mail(Row):
    """An outgoing mail, written in the transaction of the act it tells about. It never carries content of a case.

    A ``daily`` one is news: an address gets one such mail a day, and what waits leaves inside it (state ``joined``, and
    ``carrier`` is the mail it left in). Answers to what the reader does this minute, such as a receipt, are not daily.
    """

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
    daily = models.BooleanField(default=False)  # no db_default: reading it back would need the right to read the mail
    carrier = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="carried")

    class Meta:
        """The worker looks for what is due, and for what an address got today."""

        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=MailState.values), name="mail_state"),
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False), name="mail_sent_has_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="joined") | models.Q(carrier__isnull=False), name="mail_joined_has_carrier"
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(state="waiting"), name="mail_due"),
            models.Index(Upper("to"), "sent_at", name="mail_to_sent"),
            models.Index(fields=["case"], name="mail_case"),
        ]

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


class NudgeQuerySet(models.QuerySet["Nudge"]):
    """What people are told; the policy ``post_nudge`` says the same."""

    def visible_to(self, actor: Actor) -> NudgeQuerySet:
        """Return the actor's own in the body it acts for, and those nobody of that body has taken."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        mine = models.Q(person=actor.person) | models.Q(person__isnull=True)
        return self.filter(mine, body=actor.body)

    def open(self) -> NudgeQuerySet:
        """Return what is neither settled nor read: the list on screen, and what a mail may still speak of."""
        return self.filter(settled_at__isnull=True, read_at__isnull=True)


class Nudge(Row):
    """One thing a person (or, without ``person``, a body's queue) is told about a case. Never content of the case.

    On screen it stands at once; by mail it goes with the day's one mail (``mail``), unless it is settled or read before.
    """

    person = models.UUIDField(null=True)
    body = models.CharField(max_length=40)
    address = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20)
    about = models.UUIDField()
    case = models.UUIDField()
    number = models.CharField(max_length=30)
    title = models.CharField(max_length=200)
    words = models.TextField()
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    read_by = models.UUIDField(null=True)
    mail = models.ForeignKey(Mail, on_delete=models.PROTECT, null=True, related_name="nudges")

    objects = NudgeQuerySet.as_manager()

    class Meta:
        """Newest first; what is open is looked for by person, body and case."""

        ordering = ["-made_at"]
        constraints = [models.CheckConstraint(condition=~models.Q(title=""), name="nudge_has_title")]
        indexes = [
            models.Index(
                fields=["body", "person"], condition=models.Q(settled_at=None, read_at=None), name="nudge_open"
            ),
            models.Index(fields=["case"], condition=models.Q(settled_at=None), name="nudge_case"),
            models.Index(
                Upper("address"), condition=models.Q(settled_at=None, read_at=None, mail=None), name="nudge_to_mail"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class WishesQuerySet(models.QuerySet["Wishes"]):
    """Everybody's own wishes."""

    def visible_to(self, actor: Actor) -> WishesQuerySet:
        """Return the actor's own; the worker reads all."""
        return self if actor.is_system else self.filter(person=actor.person) if actor.person else self.none()


class Wishes(models.Model):
    """How one person wants to be told by mail: at what minute of the day, on which weekdays, and what not at all."""

    person = models.UUIDField(primary_key=True)
    by_mail = models.BooleanField(default=True)
    minute = models.PositiveSmallIntegerField(null=True)
    days = ArrayField(models.PositiveSmallIntegerField(), default=list)
    without = ArrayField(models.CharField(max_length=20), default=list)
    changed_at = models.DateTimeField()

    objects = WishesQuerySet.as_manager()

    class Meta:
        """A minute lies inside a day."""

        constraints = [
            models.CheckConstraint(
                condition=models.Q(minute__isnull=True) | models.Q(minute__lt=24 * 60), name="wishes_minute_in_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}"


class CalendarLinkQuerySet(models.QuerySet["CalendarLink"]):
    """Everybody's own calendar link."""

    def visible_to(self, actor: Actor) -> CalendarLinkQuerySet:
        """Return the actor's own."""
        return self if actor.is_system else self.filter(person=actor.person) if actor.person else self.none()


class CalendarLink(Row):
    """A private address a person's calendar reads. Only its hash is kept; at most one lives a person."""

    person = models.UUIDField()
    token_hash = models.CharField(max_length=64, unique=True)
    with_words = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = CalendarLinkQuerySet.as_manager()

    class Meta:
        """One that lives a person."""

        constraints = [
            models.UniqueConstraint(fields=["person"], condition=models.Q(ended_at=None), name="calendar_one_alive")
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.made_at}"
