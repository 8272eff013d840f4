"""Who of a firm signs in for it, and who is invited to."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.companies.models.company import Company
from renkei.post.models import Link, LinkPurpose


class CompanyRole(models.TextChoices):
    """What an account of a firm may do beside the firm's cases: an administrator invites and ends accounts."""

    ADMIN = "admin", _("管理者")
    MEMBER = "member", _("担当")


class CompanyAccessQuerySet(models.QuerySet["CompanyAccess"]):
    """Accounts of firms; the policy on the table says the same."""

    def current(self) -> CompanyAccessQuerySet:
        """Return those that hold now. An account that was ended holds no longer at the very next request."""
        return self.filter(ended_at__isnull=True, person__is_active=True)

    def visible_to(self, actor: Actor) -> CompanyAccessQuerySet:
        """Return the accounts of firms the body knows, of one's own firms, and one's own."""
        return self.filter(_of_firm(actor) | models.Q(pk__in=_own(actor)))


class CompanyAccess(Row):
    """A person acts for a firm, from and to. Nobody is deleted: what they wrote keeps their name."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="accounts")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="firms")
    role = models.CharField(_("役割"), max_length=6, choices=CompanyRole)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    invited_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    invited_by_body = models.CharField(max_length=40, blank=True)

    objects = CompanyAccessQuerySet.as_manager()

    class Meta:
        """One open account a person and firm."""

        ordering = ["since"]
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=CompanyRole.values), name="company_access_role"),
            models.UniqueConstraint(
                fields=["company", "person"], condition=models.Q(ended_at__isnull=True), name="company_access_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.company_id} {self.role}"


class CompanyInvitationQuerySet(models.QuerySet["CompanyInvitation"]):
    """Invitations; the policy on the table says the same."""

    def open(self) -> CompanyInvitationQuerySet:
        """Return those without an answer that nobody took back, in time or too old."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)

    def waiting(self) -> CompanyInvitationQuerySet:
        """Return those that can still be accepted."""
        return self.open().filter(expires_at__gt=clock.now())

    def visible_to(self, actor: Actor) -> CompanyInvitationQuerySet:
        """Return invitations of firms the body knows and of one's own firms; the invited one sees their own."""
        if actor.kind is ActorKind.LINK:
            alive = Link.objects.filter(pk__in=[actor.link], closed_at__isnull=True, expires_at__gt=clock.now())
            return self.filter(pk__in=alive.filter(purpose=LinkPurpose.JOIN).values("subject"))
        return self.filter(_of_firm(actor))


class CompanyInvitation(Row):
    """Somebody is asked to open an account of a firm, by a private link to exactly this address."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(_("メールアドレス"))
    name = models.CharField(_("お名前"), max_length=100, blank=True)
    role = models.CharField(_("役割"), max_length=6, choices=CompanyRole)
    invited_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    invited_by_body = models.CharField(max_length=40, blank=True)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = CompanyInvitationQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-invited_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=CompanyRole.values), name="company_invitation_role")
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.role}"

    @property
    def is_expired(self) -> bool:
        """Tell whether its time is over."""
        return self.expires_at <= clock.now()


def firms_of(actor: Actor) -> models.QuerySet[Any, Any]:
    """Return the ids of the firms a signed-in person of a firm acts for; ``company_mine()`` says the same."""
    mine = CompanyAccess.objects.current().values("company_id")
    return mine.filter(person=actor.person) if actor.is_company else mine.none()


def _of_firm(actor: Actor) -> models.Q:
    if actor.is_company:
        return models.Q(company_id__in=firms_of(actor))
    if actor.is_staff or actor.is_system:
        return models.Q(company__in=Company.objects.visible_to(actor))
    return models.Q(pk__in=[])


def _own(actor: Actor) -> models.QuerySet[Any, Any]:
    own = CompanyAccess.objects.values("pk")
    return own.filter(person=actor.person) if actor.person else own.none()
