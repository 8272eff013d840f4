"""Problems inside a case, and passages of text by disclosure class."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, asked_case_ids, live_link, of_inside, reaches_all
from renkei.cases.models.sight import readable, under_secrecy
from renkei.cases.states import SEEN_BY_BODY, DisclosureClass, NeedState
from renkei.post.models import LinkPurpose


class NeedQuerySet(models.QuerySet["Need"]):
    """Needs are of the summary class; a body that was only asked sees the needs it was asked about."""

    def visible_to(self, actor: Actor) -> NeedQuerySet:
        """Return the needs the actor may see."""
        if reaches_all(actor):
            return self
        inside = of_inside(actor)
        if actor.is_staff:
            return self.filter(inside | models.Q(pk__in=_needs_asked(str(actor.body))))
        if actor.kind is ActorKind.LINK:
            return self.filter(inside | models.Q(pk__in=_need_offered(actor)))
        return self.filter(inside)


def _needs_asked(body: str) -> models.QuerySet[models.Model]:
    from renkei.cases.models.support import Support  # noqa: PLC0415  supports point at needs

    left = Support.objects.filter(body_id=body, state__in=SEEN_BY_BODY, leaves_at__lte=clock.now())
    return left.filter(case_id__in=asked_case_ids(body)).values("need_id")  # type: ignore[return-value]  # rows of values


class Need(Row):
    """One problem. A case may have several, at several stages at once, and a need can go back a stage [C41]."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="needs")
    order = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(_("課題"), max_length=100)
    stage = models.ForeignKey("plan.Stage", on_delete=models.PROTECT, related_name="+", verbose_name=_("段階"))
    tech_fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    spans = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=NeedState, default=NeedState.OPEN)
    added_at = models.DateTimeField()
    # The disclosable version: no name, no place that leads to the firm. It leaves only as the firm has confirmed it.
    public_title = models.CharField(_("題名（名を伏せた版）"), max_length=100, blank=True)
    public_summary = models.TextField(_("内容（名を伏せた版）"), max_length=600, blank=True)
    public_written_at = models.DateTimeField(null=True)
    public_confirmed_at = models.DateTimeField(null=True)
    public_confirmed_by = models.CharField(max_length=100, blank=True)
    # A further yes of the firm: these words may be found in the catalogue. ``entry`` is set while they are; when it goes, the
    # database takes the words out of the entry (``case_unlisted``). Nothing about an entry leads back here but this column.
    listed_at = models.DateTimeField(null=True)
    listed_by = models.CharField(max_length=100, blank=True)
    entry = models.OneToOneField("matching.Entry", on_delete=models.PROTECT, null=True, related_name="+")

    objects = NeedQuerySet.as_manager()

    class Meta:
        """In the order of the text."""

        ordering = ["order", "added_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="need_has_title"),
            models.CheckConstraint(condition=models.Q(state__in=NeedState.values), name="need_state"),
            models.CheckConstraint(
                condition=models.Q(public_confirmed_at__isnull=True)
                | ~models.Q(public_title="") & ~models.Q(public_summary=""),
                name="need_confirmed_says_something",
            ),
            models.CheckConstraint(
                condition=models.Q(listed_at__isnull=True) | models.Q(public_confirmed_at__isnull=False, listed_at__gte=models.F("public_confirmed_at")),
                name="need_listed_as_confirmed",
            ),
            models.CheckConstraint(condition=models.Q(entry__isnull=True) | models.Q(listed_at__isnull=False), name="need_entry_is_listed"),
        ]
        indexes = [models.Index(fields=["listed_at"], name="need_listed", condition=models.Q(listed_at__isnull=False))]

    def __str__(self) -> str:
        return self.title


class PassageQuerySet(models.QuerySet["Passage"]):
    """Passages by class; the policy ``cases_passage`` says the same."""

    def visible_to(self, actor: Actor, cases: Sequence[Case] | None = None) -> PassageQuerySet:
        """Return passages whose class the actor may read (of ``cases``, seen already); what another body was asked is not among them."""
        if reaches_all(actor):
            return self.filter(readable(actor, cases)).filter(under_secrecy(actor, cases))
        inside = of_inside(actor)
        own_support = models.Q(support__isnull=True) | models.Q(support_id__in=_supports_seen(actor)) | inside
        own_need = models.Q(need__isnull=True) | models.Q(need__in=Need.objects.visible_to(actor)) | inside
        if actor.kind is ActorKind.PARTNER:
            return self.filter(readable(actor, cases), needs_nda=False, support__isnull=True)
        return self.filter(readable(actor, cases)).filter(own_support, own_need).filter(under_secrecy(actor, cases))

    def of_seen(self, supports: list[uuid.UUID], cases: list[Case], actor: Actor) -> PassageQuerySet:
        """Return the readable passages of supports, in cases, that were fetched with ``visible_to``: quicker, for lists."""
        return self.filter(readable(actor, cases), support__in=supports)


def _supports_seen(actor: Actor) -> models.QuerySet[models.Model]:
    from renkei.cases.models.support import Support  # noqa: PLC0415  supports point at needs

    return Support.objects.visible_to(actor).values("pk")  # type: ignore[return-value]  # rows of values


def _need_offered(actor: Actor) -> models.QuerySet[models.Model]:
    from renkei.cases.models.support import Support  # noqa: PLC0415  supports point at needs

    subjects = live_link(actor, LinkPurpose.OFFER).values("subject")
    return Support.objects.filter(pk__in=subjects).values("need_id")  # type: ignore[return-value]  # rows of values


class Passage(Row):
    """A piece of text of one class: details of a case or need, or what a support asks for."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="passages")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, null=True, related_name="passages")
    support = models.ForeignKey("cases.Support", on_delete=models.PROTECT, null=True, related_name="passages")
    klass = models.CharField(max_length=10, choices=DisclosureClass)
    text = models.TextField(max_length=4000)
    needs_nda = models.BooleanField(default=False)
    author_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()

    objects = PassageQuerySet.as_manager()

    class Meta:
        """Oldest first."""

        ordering = ["written_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(klass__in=DisclosureClass.values), name="passage_class"),
            models.CheckConstraint(condition=~models.Q(text=""), name="passage_says_something"),
            models.CheckConstraint(
                condition=models.Q(needs_nda=False) | ~models.Q(klass="summary"), name="passage_nda_is_no_summary"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]
