"""What a firm has besides today's profile: its sites, and what it was called and who led it before."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.base.text import search_key
from renkei.companies.models.company import Company


class PartQuerySet(models.QuerySet[Any]):
    """Parts of a firm's profile: seen by who sees the firm."""

    def visible_to(self, actor: Actor) -> PartQuerySet:
        """Return the parts of firms the actor sees."""
        return self.filter(company__in=Company.objects.visible_to(actor))


class SiteRole(models.TextChoices):
    """What a site is for."""

    HEAD = "head", _("本社")
    FACTORY = "factory", _("工場")
    OFFICE = "office", _("営業所")
    LAB = "lab", _("研究所")
    SHOP = "shop", _("店舗")
    OTHER = "other", _("その他")


class Site(Row):
    """A place of a firm besides the registered address. A site in the region counts as being in the region."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(_("名前"), max_length=100)
    role = models.CharField(_("役目"), max_length=8, choices=SiteRole, default=SiteRole.FACTORY)
    postal_code = models.CharField(_("郵便番号"), max_length=8, blank=True)
    municipality = models.ForeignKey("plan.Municipality", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    address = models.CharField(_("所在地"), max_length=300, blank=True)
    phone = models.CharField(_("電話番号"), max_length=20, blank=True)
    since = models.DateField(_("いつから"), null=True, blank=True)
    until = models.DateField(_("いつまで"), null=True, blank=True)

    objects = PartQuerySet.as_manager()

    class Meta:
        """Open ones first, by name; a site does not end before it begins."""

        ordering = [models.F("until").desc(nulls_first=True), "name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=SiteRole.values), name="site_role"),
            models.CheckConstraint(condition=~models.Q(name=""), name="site_has_name"),
            models.CheckConstraint(
                condition=models.Q(since__isnull=True) | models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="site_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FormerKind(models.TextChoices):
    """What was different before."""

    NAME = "name", _("会社名")
    REPRESENTATIVE = "person", _("代表者")


class Former(Row):
    """A name or a representative of a firm until a day. Today's stand in the profile; the firm is found by both."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="formers")
    kind = models.CharField(max_length=6, choices=FormerKind)
    value = models.CharField(max_length=200)
    value_key = models.CharField(max_length=200, editable=False)
    since = models.DateField(_("いつから"), null=True, blank=True)
    until = models.DateField(_("いつまで"), null=True, blank=True)
    written_at = models.DateTimeField()

    objects = PartQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = [models.F("until").desc(nulls_last=True), "-written_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=FormerKind.values), name="former_kind"),
            models.CheckConstraint(condition=~models.Q(value=""), name="former_has_value"),
            models.CheckConstraint(
                condition=models.Q(since__isnull=True) | models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="former_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.value

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the key by which an earlier name is known."""
        self.value_key = search_key(self.value)[:200]
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they come
