"""The firm's consent: per case, body and class, withdrawable, effective at the next request (P2)."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside, reaches_all, told_case_ids
from renkei.cases.states import DisclosureClass
from renkei.post.models import Link, LinkPurpose


class ConsentHow(models.TextChoices):
    """How a consent was given."""

    LINK = "link", _("画面で")
    FORM = "form", _("相談の画面で")
    ORAL = "oral", _("口頭で")


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Consents on a day, and as one actor may see them."""

    def live(self) -> ConsentQuerySet:
        """Return consents that hold now."""
        return self.filter(
            models.Q(until__isnull=True) | models.Q(until__gte=clock.today()), withdrawn_at__isnull=True
        )

    def visible_to(self, actor: Actor) -> ConsentQuerySet:
        """Return a body's own consents, and all of the cases it runs or took; a firm's own through its link."""
        if reaches_all(actor):
            return self
        inside = of_inside(actor)
        if actor.is_staff:
            return self.filter(inside | models.Q(body_id=actor.body, case_id__in=told_case_ids(str(actor.body))))
        if actor.kind is ActorKind.PARTNER:
            from renkei.cases.models.sight import own_opening  # noqa: PLC0415  sight stands on consents

            opening = own_opening(actor)
            return self.filter(case_id=opening.case_id, body_id=opening.body_id) if opening else self.none()
        if actor.kind is ActorKind.LINK and actor.body:
            return self.filter(case__in=Case.objects.visible_to(actor), body_id=actor.body)
        if actor.kind is ActorKind.LINK:
            return self.filter(inside | models.Q(case_id__in=consent_links(actor).values("case")))
        return self.filter(inside)


def consent_links(actor: Actor) -> models.QuerySet[Link]:
    """Return the actor's link if it is a live consent link: the firm looks at what it is asked to open."""
    return Link.objects.filter(
        pk=actor.link or uuid.UUID(int=0), purpose=LinkPurpose.CONSENT, closed_at__isnull=True, expires_at__gt=clock.now()
    )


class Consent(Row):
    """One body may read one class of one case, from the firm, for a purpose, until withdrawn."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consents")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    klass = models.CharField(max_length=10, choices=DisclosureClass)
    purpose = models.CharField(max_length=200, blank=True)
    how = models.CharField(max_length=4, choices=ConsentHow)
    given_by = models.CharField(_("同意した方"), max_length=100, blank=True)
    given_at = models.DateTimeField()
    heard_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    until = models.DateField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_how = models.CharField(max_length=4, choices=ConsentHow, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        """One live consent a case, body and class; oral ones name who heard them."""

        ordering = ["given_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "body", "klass"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="consent_live_once",
            ),
            models.CheckConstraint(condition=models.Q(klass__in=DisclosureClass.values), name="consent_class"),
            models.CheckConstraint(
                condition=~models.Q(how="oral") | (models.Q(heard_by__isnull=False) & ~models.Q(given_by="")),
                name="consent_oral_names_both",
            ),
        ]
        indexes = [
            models.Index(
                fields=["body", "klass", "case"], condition=models.Q(withdrawn_at__isnull=True), name="consent_live"
            )
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.klass}"

    @property
    def is_live(self) -> bool:
        """Tell whether it holds now."""
        return self.withdrawn_at is None and (self.until is None or self.until >= clock.today())


class ConsentRequestQuerySet(models.QuerySet["ConsentRequest"]):
    """What firms are asked to open."""

    def visible_to(self, actor: Actor) -> ConsentRequestQuerySet:
        """Return requests of the cases one sees from inside; a consent link shows its own."""
        inside = of_inside(actor)
        if actor.kind is ActorKind.LINK:
            return self.filter(inside | models.Q(pk__in=consent_links(actor).values("subject")))
        return self.filter(inside)


class ConsentRequest(Row):
    """The firm is asked to show a body some classes of a case. Only the firm answers it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consent_requests")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    classes = ArrayField(models.CharField(max_length=10))
    purpose = models.CharField(max_length=200, blank=True)
    said = models.TextField(max_length=2000, blank=True)  # what the body says it can do, for the firm to read
    asked_by_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    given = ArrayField(models.CharField(max_length=10), default=list)

    objects = ConsentRequestQuerySet.as_manager()

    class Meta:
        """One open request a case and body."""

        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "body"], condition=models.Q(answered_at__isnull=True), name="consent_request_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {', '.join(self.classes)}"
