"""Case parts opened to one person by name: a researcher of a body, or a partner who belongs to none [C12, C18, C85]."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.post.models import Link, LinkPurpose


class OpeningKind(models.TextChoices):
    """Inside a body the firm's consent to the body carries it; outside, only the firm's yes to this very person."""

    INSIDE = "inside", _("機関の研究者・職員")
    OUTSIDE = "outside", _("機関の外の相手（病院、研究所など）")


class OpeningQuerySet(models.QuerySet["Opening"]):
    """Openings; the policy ``cases_opening`` says the same."""

    def live(self) -> OpeningQuerySet:
        """Return those that open something today, as far as they themselves say."""
        ends = models.Q(until__isnull=True) | models.Q(until__gte=clock.today())
        return self.filter(ends, given_at__isnull=False, ended_at__isnull=True)

    def visible_to(self, actor: Actor) -> OpeningQuerySet:
        """Return openings of cases seen from inside, those through one's own body, and a partner's own."""
        if actor.kind is ActorKind.PARTNER:
            return self.filter(pk__in=partner_links(actor).values("subject"))
        inside = of_inside(actor)
        return self.filter(inside | models.Q(body_id=actor.body) if actor.is_staff else inside)


def partner_links(actor: Actor) -> models.QuerySet[Link]:
    """Return the link a partner came through while it lives."""
    return Link.objects.filter(
        pk=actor.link or uuid.UUID(int=0), purpose=LinkPurpose.PARTNER, closed_at__isnull=True, expires_at__gt=clock.now()
    )


class Opening(Row):
    """One person who may read some classes of one case, through one body that answers for it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="openings")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=7, choices=OpeningKind)
    name = models.CharField(_("お名前"), max_length=100)
    organisation = models.CharField(_("所属"), max_length=200)
    email = models.EmailField(_("メールアドレス"))
    classes = ArrayField(models.CharField(max_length=10))
    purpose = models.CharField(_("使いみち"), max_length=200, blank=True)
    until = models.DateField(_("いつまで"), null=True)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = OpeningQuerySet.as_manager()

    class Meta:
        """Newest first; one open a case, person and body."""

        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=OpeningKind.values), name="opening_kind"),
            models.CheckConstraint(
                condition=models.Q(given_at__isnull=True) | models.Q(declined_at__isnull=True), name="opening_one_answer"
            ),
            models.UniqueConstraint(
                fields=["case", "body", "email"], name="opening_once",
                condition=models.Q(ended_at__isnull=True, declined_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.organisation}"

    @property
    def is_asked(self) -> bool:
        """Tell whether the firm has not answered yet."""
        return self.given_at is None and self.declined_at is None and self.ended_at is None

    @property
    def is_open(self) -> bool:
        """Tell whether it opens something today, as far as it itself says."""
        return self.given_at is not None and self.ended_at is None and not self.has_run_out

    @property
    def has_run_out(self) -> bool:
        """Tell whether its last day is over."""
        return self.until is not None and self.until < clock.today()


class PartnerNoteQuerySet(models.QuerySet["PartnerNote"]):
    """What partners write."""

    def visible_to(self, actor: Actor) -> PartnerNoteQuerySet:
        """Return the notes of the openings one sees."""
        return self.filter(opening__in=Opening.objects.visible_to(actor))


class PartnerFileQuerySet(models.QuerySet["PartnerFile"]):
    """What partners and bodies send each other; the policy ``cases_partnerfile`` says the same."""

    def visible_to(self, actor: Actor) -> PartnerFileQuerySet:
        """Return a partner's while the opening lives and its terms are accepted; of staff only the body that answers for it.

        What a partner sends may quote what was opened, and other bodies of the case may not read that.
        """
        if actor.is_system:
            return self
        seen = Opening.objects.visible_to(actor)
        if actor.kind is ActorKind.PARTNER:
            return self.filter(opening__in=seen.live().filter(accepted_at__isnull=False))
        return self.filter(opening__in=seen.filter(body_id=actor.body)) if actor.is_staff else self.none()


class PartnerFile(Row):
    """A file a partner sent to the body that opened the case to them, or was sent. Its bytes lie content-addressed on disk."""

    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("ファイル名"), max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    from_partner = models.BooleanField()
    author_name = models.CharField(max_length=100)
    added_at = models.DateTimeField()

    objects = PartnerFileQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-added_at"]
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="partner_file_has_name")]

    def __str__(self) -> str:
        return self.name


class PartnerNote(Row):
    """What a partner wrote to the body that opened the case to them, or was written back."""

    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField(max_length=4000)
    from_partner = models.BooleanField()
    author_name = models.CharField(max_length=100)
    written_at = models.DateTimeField()

    objects = PartnerNoteQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-written_at"]
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="partner_note_says_something")]

    def __str__(self) -> str:
        return self.text[:40]
