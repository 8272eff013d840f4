"""The case: exactly one holder, one next step with a date, from the moment it arrives (P1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.base.text import bigrams, search_key
from renkei.cases.states import SEEN_BY_BODY, CaseState, DisclosureClass, HandoverState
from renkei.companies.models import Company, firms_of
from renkei.plan.queries import is_front_desk
from renkei.post.models import Link, LinkPurpose


class Register(models.Model):
    """The running number of a body in a fiscal year; its row is locked while a number is drawn."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        """One row a body and year."""

        constraints = [models.UniqueConstraint(fields=["body", "fiscal_year"], name="register_once")]

    def __str__(self) -> str:
        return f"{self.body_id} {self.fiscal_year}: {self.last}"


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases as one actor may see them; the policy ``cases_case`` says the same."""

    def visible_to(self, actor: Actor) -> CaseQuerySet:
        """Return what the actor may know of: all (front desk: summary), own and held, or asked with live consent."""
        if reaches_all(actor):
            return self
        if actor.is_staff:
            return self.visible_to_body(str(actor.body))
        if actor.is_company:
            return self.filter(company_id__in=firms_of(actor))
        if actor.kind is ActorKind.PARTNER:
            return self._opened_to(actor)
        if actor.kind is ActorKind.LINK:
            alive = live_link(actor)
            offers = models.Q(pk__in=alive.filter(purpose=LinkPurpose.OFFER).values("case"))
            own = in_family(alive.filter(purpose=LinkPurpose.STATUS).values("case"))
            own |= models.Q(pk__in=alive.exclude(purpose=LinkPurpose.OFFER).values("case"))
            return self.filter(own | offers & models.Q(pk__in=asked_case_ids(str(actor.body))))
        return self.none()

    def _opened_to(self, actor: Actor) -> CaseQuerySet:
        from renkei.cases.models.sight import opened_classes, own_opening  # noqa: PLC0415  sight stands on cases

        opening = own_opening(actor)
        seen = opening is not None and DisclosureClass.SUMMARY in opened_classes(opening)
        return self.filter(pk=opening.case_id) if opening is not None and seen else self.none()

    def visible_to_body(self, body: str) -> CaseQuerySet:
        """Return what a body that is not the front desk sees: held, taken, or asked with live consent."""
        mine = models.Q(holder_id=body) | models.Q(received_by_id=body)
        return self.filter(mine | models.Q(pk__in=asked_case_ids(body)))

    def inside(self, actor: Actor) -> CaseQuerySet:
        """Return cases the actor runs or took (all for the front desk): there it also sees the other bodies' parts."""
        if reaches_all(actor):
            return self
        if actor.is_staff:
            return self.filter(models.Q(holder_id=actor.body) | models.Q(received_by_id=actor.body))
        if actor.is_company:
            return self.filter(company_id__in=firms_of(actor))
        if actor.kind is ActorKind.LINK:
            return self.filter(in_family(live_link(actor, LinkPurpose.STATUS).values("case")))
        return self.none()

    def open(self) -> CaseQuerySet:
        """Return cases that are not closed."""
        return self.exclude(state=CaseState.CLOSED)

    def held_by(self, body: str) -> CaseQuerySet:
        """Return open cases whose one responsible body is ``body``."""
        return self.open().filter(holder_id=body)

    def to_rate(self) -> CaseQuerySet:
        """Return closed cases whose firm is asked how content it was: not what lives on in another, nor what was no consultation."""
        return self.filter(state=CaseState.CLOSED, merged_into__isnull=True).exclude(close_reason="spam")

    def overdue(self, on: dt.date | None = None) -> CaseQuerySet:
        """Return open cases whose next step lies before ``on`` (today)."""
        return self.open().filter(next_on__lt=on or clock.today())

    def containing(self, text: str) -> CaseQuerySet:
        """Return cases with every bigram of ``text`` in number, title, summary or firm (two characters and more)."""
        return self.filter(grams__contains=sorted(set(bigrams(search_key(text)))))


def reaches_all(actor: Actor) -> bool:
    """Tell whether ``inside`` holds every case: nothing has to be asked about a row's case then, which is there by its foreign key."""
    return actor.is_system or (actor.is_staff and is_front_desk(actor.body))


def of_inside(actor: Actor) -> models.Q:
    """Return the condition on rows with ``case`` (never empty) that it is one of ``inside``; no question at all where that is every case."""
    return ~models.Q(pk__in=[]) if reaches_all(actor) else models.Q(case__in=Case.objects.inside(actor))


def live_link(actor: Actor, purpose: LinkPurpose | None = None) -> models.QuerySet[Link]:
    """Return the link the actor came through while it is neither closed nor expired (one row at most)."""
    links = Link.objects.filter(closed_at__isnull=True, expires_at__gt=clock.now())
    links = links.filter(pk=actor.link) if actor.link else links.none()
    return links if purpose is None else links.filter(purpose=purpose)


def in_family(ids: models.QuerySet[Any, Any]) -> models.Q:
    """Return the condition on cases that a firm's status link reaches; ``link_family()`` says the same.

    Its own, what that was merged into, and what was merged into or split off them. Merging needs one and the same firm,
    so all of it is the firm's own.
    """
    roots = Case.objects.filter(pk__in=ids).values("merged_into")
    origins = Case.objects.filter(models.Q(merged_into__in=ids) | models.Q(merged_into__in=roots)).values("pk")
    near = models.Q(pk__in=ids) | models.Q(pk__in=roots.filter(merged_into__isnull=False))
    merged = models.Q(merged_into__in=ids) | models.Q(merged_into__in=roots.filter(merged_into__isnull=False))
    split = models.Q(split_from__in=ids) | models.Q(split_from__in=roots.filter(merged_into__isnull=False))
    return near | merged | split | models.Q(split_from__in=origins)


def told_case_ids(body: str) -> models.QuerySet[models.Model]:
    """Return the ids of cases a body has been asked about, whatever became of the consent since."""
    return Case.objects.filter(_told(body, "pk")).values("pk")  # type: ignore[return-value]  # rows of values


def _told(body: str, key: str) -> models.Q:
    """Return the condition on a case's id (``key``) that the body was asked about it and the recall window is over.

    Imported lazily by design: supports and handovers point at cases, never the other way round.
    """
    from renkei.cases.models.handover import Handover  # noqa: PLC0415  later models point back at this one
    from renkei.cases.models.support import Support  # noqa: PLC0415  the two point at each other

    asked = Support.objects.filter(body_id=body, state__in=SEEN_BY_BODY, leaves_at__lte=clock.now()).values("case_id")
    given = Handover.objects.filter(to_body_id=body, state=HandoverState.OFFERED).values("case_id")
    return models.Q((f"{key}__in", asked)) | models.Q((f"{key}__in", given))


def asked_case_ids(body: str) -> models.QuerySet[models.Model]:
    """Return the ids of cases a body was asked about (and the recall window is over) with live consent to the summary.

    Read from the body's consents, not from the cases: their policy would be asked about each of them.
    """
    from renkei.cases.models.consent import Consent  # noqa: PLC0415  later models point back at this one

    consented = Consent.objects.live().filter(body_id=body, klass="summary")
    return consented.filter(_told(body, "case_id")).values("case_id")  # type: ignore[return-value]  # rows of values


class Case(Row):
    """The work on what a firm said. ``title`` and ``summary`` are what other bodies may read with consent."""

    number = models.CharField(_("受付番号"), max_length=30, unique=True)
    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    company_given = models.CharField(_("会社名（登録前）"), max_length=200, blank=True)
    title = models.CharField(_("件名"), max_length=100)
    summary = models.TextField(_("要約"), max_length=600, blank=True)
    summary_seen_at = models.DateTimeField(null=True)
    standing_classes = ArrayField(models.CharField(max_length=10), default=list)

    received_by = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    at_desk = models.BooleanField(default=False)
    arrived_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=CaseState, default=CaseState.ARRIVED)

    holder = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+", verbose_name=_("主担当"))
    holder_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    holder_since = models.DateField()
    next_kind = models.CharField(max_length=20)
    next_step = models.CharField(_("次の一手"), max_length=200)
    next_on = models.DateField(_("いつ"), null=True)
    next_time = models.TimeField(_("時刻"), null=True, blank=True)
    next_phone = models.CharField(_("電話番号"), max_length=20, blank=True)
    next_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    next_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    next_set_at = models.DateTimeField()

    support_field = models.CharField(_("支援分野"), max_length=10, blank=True)
    support_field_reason = models.CharField(max_length=200, blank=True)
    technology_source = models.CharField(_("技術の出どころ"), max_length=100, blank=True)
    tech_fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    themes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    pressures = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    purposes = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    close_asked_at = models.DateTimeField(null=True)
    close_asked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=40, blank=True)
    close_words = models.TextField(blank=True)
    close_answer = models.TextField(blank=True)
    result = models.CharField(max_length=40, blank=True)
    satisfaction = models.PositiveSmallIntegerField(null=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    split_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="split_off")
    from_company_at = models.DateTimeField(null=True)
    silence_told_at = models.DateTimeField(null=True)
    idle_told_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)
    grams = ArrayField(models.TextField(), default=list, editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        """P1 lives here: a holder always, and while open a next step with its date and who moves."""

        ordering = ["-arrived_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=CaseState.values), name="case_state"),
            models.CheckConstraint(
                condition=models.Q(state="closed")
                | (models.Q(next_on__isnull=False) & ~models.Q(next_step="") & ~models.Q(next_kind="")),
                name="case_open_has_next_step",
            ),
            models.CheckConstraint(
                condition=models.Q(state="closed", closed_at__isnull=False) & ~models.Q(close_reason="")
                | ~models.Q(state="closed") & models.Q(closed_at__isnull=True),
                name="case_closed_has_reason",
            ),
            models.CheckConstraint(condition=~models.Q(title=""), name="case_has_title"),
            models.CheckConstraint(
                condition=models.Q(satisfaction__isnull=True) | models.Q(satisfaction__range=(1, 5)),
                name="case_satisfaction_1_to_5",
            ),
            models.CheckConstraint(
                condition=models.Q(company__isnull=False) | ~models.Q(company_given=""), name="case_names_somebody"
            ),
            models.CheckConstraint(
                condition=models.Q(next_kind__in=["call"]) & ~models.Q(next_phone="") | ~models.Q(next_kind="call"),
                name="case_call_has_phone",
            ),
        ]
        indexes = [
            models.Index(fields=["holder", "next_on"], condition=~models.Q(state="closed"), name="case_held_by_date"),
            models.Index(fields=["received_by", "arrived_at"], name="case_received"),
            models.Index(fields=["company", "arrived_at"], name="case_of_company"),
            models.Index(fields=["next_on"], condition=~models.Q(state="closed"), name="case_next_date"),
            GinIndex(fields=["grams"], name="case_grams"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def index_text(self) -> None:
        """Refresh the bigrams the case is found by; called by the actions that change what they are made of."""
        text = f"{self.number} {self.title} {self.summary} {self.company_name}"
        self.grams = sorted(set(bigrams(search_key(text))))

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still has to move."""
        return self.state != CaseState.CLOSED

    @property
    def company_name(self) -> str:
        """Return the firm's name as it was when the case was bound to it, or what the caller gave.

        Never a look at the firm itself: a body that was only asked may not see that row.
        """
        loaded: Company | None = self._state.fields_cache.get("company")
        return loaded.name if loaded is not None and loaded.name else self.company_given

    @property
    def is_late(self) -> bool:
        """Tell whether the next step's day has passed."""
        return self.is_open and self.next_on is not None and self.next_on < clock.today()
