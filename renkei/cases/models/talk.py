"""What was talked about: contacts (log), messages between firm and holder, files."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.cases.models.sight import readable, under_secrecy
from renkei.cases.states import DisclosureClass


class ContactQuerySet(models.QuerySet["Contact"]):
    """Contacts are notes between bodies: the firm is told by messages instead."""

    def visible_to(self, actor: Actor, cases: Sequence[Case] | None = None) -> ContactQuerySet:
        """Return what the actor may read (of ``cases``, seen already); nothing for the firm."""
        if actor.kind in {ActorKind.LINK, ActorKind.COMPANY, ActorKind.PARTNER}:
            return self.none()
        return self.filter(readable(actor, cases))


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by class; the policy ``cases_message`` says the same."""

    def visible_to(self, actor: Actor, cases: Sequence[Case] | None = None) -> MessageQuerySet:
        """Return messages whose class the actor may read in that case (of ``cases``, seen already); a partner never reads what the firm writes."""
        if actor.kind is ActorKind.PARTNER:
            return self.none()
        return self.filter(readable(actor, cases))


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Files by class; the policy ``cases_attachment`` says the same."""

    def visible_to(self, actor: Actor, cases: Sequence[Case] | None = None) -> AttachmentQuerySet:
        """Return files whose class the actor may read in that case (of ``cases``, seen already), those kept for secrecy only under its promise."""
        return self.filter(readable(actor, cases)).filter(under_secrecy(actor, cases))


class Contact(Row):
    """One contact: a call, a visit, a mail. Never changed; a correction is a new row that names the old one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="contacts")
    support = models.ForeignKey("cases.Support", on_delete=models.PROTECT, null=True, related_name="contacts")
    channel = models.CharField(_("手段"), max_length=20)
    outcome = models.CharField(max_length=20, blank=True)  # "absent" counts as an attempt
    klass = models.CharField(max_length=10, choices=DisclosureClass, default=DisclosureClass.TECHNICAL)
    text = models.TextField(_("やりとり"), max_length=4000)
    author_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField(_("分"), null=True, blank=True)
    happened_at = models.DateTimeField(_("いつのこと"))
    recorded_at = models.DateTimeField()
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="corrected_by")

    objects = ContactQuerySet.as_manager()

    class Meta:
        """Newest first; nothing happens after it is recorded."""

        ordering = ["-happened_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="contact_says_something"),
            models.CheckConstraint(
                condition=models.Q(happened_at__lte=models.F("recorded_at")), name="contact_happened_before_recorded"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class Message(Row):
    """A message between the firm and whoever holds the case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    klass = models.CharField(max_length=10, choices=DisclosureClass, default=DisclosureClass.TECHNICAL)
    text = models.TextField(_("本文"), max_length=4000)
    from_company = models.BooleanField()
    author_name = models.CharField(max_length=100, blank=True)
    author_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    author = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, default="message")  # message, question, notice
    sent_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        """Newest first; either the firm or a body wrote it."""

        ordering = ["-sent_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="message_says_something"),
            models.CheckConstraint(
                condition=models.Q(from_company=True, author_body__isnull=True)
                | models.Q(from_company=False, author_body__isnull=False),
                name="message_has_one_side",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class Attachment(Row):
    """A file of a case. The bytes lie content-addressed on disk and were synced before this row was written."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    klass = models.CharField(max_length=10, choices=DisclosureClass, default=DisclosureClass.TECHNICAL)
    name = models.CharField(_("ファイル名"), max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    needs_nda = models.BooleanField(default=False)
    from_company = models.BooleanField(default=False)
    author_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    author = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-added_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="attachment_has_name"),
            models.CheckConstraint(
                condition=models.Q(needs_nda=False) | ~models.Q(klass="summary"), name="attachment_nda_is_no_summary"
            ),
        ]

    def __str__(self) -> str:
        return self.name
