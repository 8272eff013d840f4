"""Firms, their people, and which body knows which firm."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.base.numbers import is_corporate_number, phone_key
from renkei.base.text import search_key
from renkei.plan.queries import is_front_desk
from renkei.post.models import Link, LinkPurpose


class CompanyQuerySet(models.QuerySet["Company"]):
    """Firms as one actor may see them; the policy on the table says the same."""

    def visible_to(self, actor: Actor) -> CompanyQuerySet:
        """Return the firms the actor's body knows; the front desk and the system know all; a link knows its own."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        if actor.is_staff:
            known = Sight.objects.filter(body_id=actor.body, ended_on__isnull=True).values("company_id")
            return self.filter(models.Q(pk__in=known) | models.Q(entered_by_id=actor.body))
        if actor.is_company:
            from renkei.companies.models.access import firms_of  # noqa: PLC0415  accounts point at firms

            return self.filter(pk__in=firms_of(actor))
        if actor.kind is ActorKind.LINK:
            alive = Link.objects.filter(pk__in=[actor.link], closed_at__isnull=True, expires_at__gt=clock.now())
            from renkei.companies.models.access import CompanyInvitation  # noqa: PLC0415  invitations point at firms

            # An invitation's link follows the invitation into the firm its own was merged with; no other link does.
            asked = CompanyInvitation.objects.filter(pk__in=alive.filter(purpose=LinkPurpose.JOIN).values("subject"))
            plain = alive.exclude(purpose=LinkPurpose.JOIN)
            return self.filter(models.Q(pk__in=plain.values("company")) | models.Q(pk__in=asked.values("company")))
        return self.none()

    def standing(self) -> CompanyQuerySet:
        """Return firms that were neither merged into another nor taken back: only these can be chosen."""
        return self.filter(merged_into__isnull=True, withdrawn_at__isnull=True)

    def matching(self, text: str) -> CompanyQuerySet:
        """Return firms whose name, reading, telephone, number or people contain ``text`` (any width, kana or kanji)."""
        return self.filter(find_text__contains=search_key(text))


class Company(Row):
    """A firm (form A). The name is kept as registered; ``find_text`` holds what it can be found by."""

    name = models.CharField(_("会社名"), max_length=200)
    kana = models.CharField(_("フリガナ"), max_length=200, blank=True)
    is_sole_proprietor = models.BooleanField(_("個人事業主"), default=False)
    corporate_number = models.CharField(_("法人番号"), max_length=13, null=True, blank=True, unique=True)
    postal_code = models.CharField(_("郵便番号"), max_length=8, blank=True)
    municipality = models.ForeignKey(
        "plan.Municipality", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("市町村")
    )
    address = models.CharField(_("所在地"), max_length=300, blank=True)
    estate = models.CharField(_("工業団地"), max_length=100, blank=True)
    phone = models.CharField(_("電話番号"), max_length=20, blank=True)
    email = models.EmailField(_("メールアドレス"), blank=True)
    representative_title = models.CharField(_("代表者の職名"), max_length=50, blank=True)
    representative = models.CharField(_("代表者の氏名"), max_length=100, blank=True)
    capital_yen = models.BigIntegerField(_("資本金（円）"), null=True, blank=True)
    employees = models.PositiveIntegerField(_("従業員数"), null=True, blank=True)
    is_deemed_large = models.BooleanField(_("みなし大企業"), null=True, blank=True)
    jsic_revision = models.CharField(_("産業分類の版"), max_length=10, blank=True)
    jsic_code = models.CharField(_("産業分類"), max_length=5, blank=True)
    jsic_name = models.CharField(_("業種"), max_length=100, blank=True)
    products = models.TextField(_("主要製品"), blank=True)
    strengths = models.TextField(_("強み・設備"), blank=True)
    founded_year = models.PositiveSmallIntegerField(_("創業年"), null=True, blank=True)
    entered_by = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    changed_by_company_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    name_key = models.CharField(max_length=200, editable=False, db_index=True)
    find_text = models.TextField(editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        """Numbers are unique; money and heads are not negative; a sole proprietor has no corporate number."""

        verbose_name = _("会社")
        ordering = ["kana", "name"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="company_has_name"),
            models.CheckConstraint(
                condition=models.Q(capital_yen__isnull=True) | models.Q(capital_yen__gte=0), name="company_capital"
            ),
            models.CheckConstraint(
                condition=models.Q(is_sole_proprietor=False) | models.Q(corporate_number__isnull=True),
                name="company_sole_proprietor_without_number",
            ),
            models.CheckConstraint(
                condition=models.Q(corporate_number__isnull=True) | models.Q(corporate_number__regex=r"^[0-9]{13}$"),
                name="company_number_has_13_digits",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("id")),
                name="company_not_merged_into_itself",
            ),
        ]
        indexes = [GinIndex(fields=["find_text"], opclasses=["gin_trgm_ops"], name="company_find")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the search keys in step with what they are made of."""
        self.fill_keys()
        super().save(*args, **kwargs)

    def fill_keys(self) -> None:
        """Write what the firm is found by; ``save`` does it, many at once have to ask for it."""
        self.name_key = search_key(self.name)[:200]
        self.find_text = self._keys()

    def _keys(self) -> str:
        people: list[CompanyPerson] = []
        earlier: list[str] = []
        if not self._state.adding:  # whole lists, told apart here: what was fetched beforehand for many is used
            people = [one for one in self.people.all() if one.withdrawn_at is None]
            earlier = [one.value for one in self.formers.all()]
            earlier += [one.other_name for one in self.merges.all() if one.undone_at is None]
        words = [self.name, self.kana, self.corporate_number or "", self.representative]
        words += [word for person in people for word in (person.name, person.kana)]
        words += earlier
        phones = [self.phone, *(person.phone for person in people)]
        return " ".join(key for key in [*map(search_key, words), *map(phone_key, phones)] if key)

    @property
    def has_valid_number(self) -> bool:
        """Tell whether the corporate number passes its check digit."""
        return bool(self.corporate_number and is_corporate_number(self.corporate_number))

    @property
    def age_years(self) -> int | None:
        """Return full years since founding, or None when unknown."""
        return clock.today().year - self.founded_year if self.founded_year else None


class CompanyPerson(Row):
    """A person of a firm whom bodies talk to."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="people")
    name = models.CharField(_("氏名"), max_length=100)
    kana = models.CharField(_("フリガナ"), max_length=100, blank=True)
    title = models.CharField(_("役職"), max_length=100, blank=True)
    phone = models.CharField(_("電話番号"), max_length=20, blank=True)
    email = models.EmailField(_("メールアドレス"), blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    left_on = models.DateField(_("退職日"), null=True, blank=True)

    class Meta:
        """By reading."""

        ordering = ["kana", "name"]

    def __str__(self) -> str:
        return self.name


class Sight(Row):
    """A body knows a firm: it took its call, was asked for a case with consent, or holds one."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="sights")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    since = models.DateField()
    ended_on = models.DateField(null=True)

    class Meta:
        """Open at most once."""

        constraints = [
            models.UniqueConstraint(
                fields=["company", "body"], condition=models.Q(ended_on__isnull=True), name="sight_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.company_id}"
