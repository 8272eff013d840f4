"""What was said, once, through any channel; and drafts that are not yet said."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.models.sight import reads_all_of
from renkei.plan.queries import is_front_desk


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    """The firm's own words; the policy ``cases_consultation`` says the same."""

    def visible_to(self, actor: Actor, cases: Sequence[Case] | None = None) -> ConsultationQuerySet:
        """Return words (of ``cases``, seen already) for who took them, the desk they were sent to, and a holder with technical consent."""
        if cases is not None:
            here = self.filter(case__in=[case.pk for case in cases])
            return here if reads_all_of(cases, actor) else here.visible_to(actor)
        if actor.is_system:
            return self
        if actor.is_staff:
            from renkei.cases.models.consent import Consent  # noqa: PLC0415  consents point at cases

            technical = Consent.objects.live().filter(body_id=actor.body, klass="technical").values("case_id")
            taken = models.Q(received_by_id=actor.body) | models.Q(case__received_by_id=actor.body)
            held = models.Q(case__holder_id=actor.body, case_id__in=technical)
            desk = models.Q(case__at_desk=True) if is_front_desk(actor.body) else models.Q(pk__in=[])
            return self.filter(taken | held | desk)
        if actor.kind in {ActorKind.LINK, ActorKind.COMPANY}:
            return self.filter(of_inside(actor))
        return self.none()


class Consultation(Row):
    """One consultation (form B): the words as they were said. Read only by those P2 names."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="consultations")
    number = models.CharField(_("受付番号"), max_length=30, unique=True)
    channel = models.CharField(_("手段"), max_length=20)
    received_by = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    taken_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    consulted_at = models.DateTimeField(_("相談日時"))
    recorded_at = models.DateTimeField()
    text = models.TextField(_("相談内容"), max_length=8000)
    wish = models.TextField(_("希望"), max_length=1000, blank=True)
    wanted_by = models.DateField(_("希望の期限"), null=True, blank=True)
    budget_yen = models.BigIntegerField(_("予算（円）"), null=True, blank=True)
    prior_bodies = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    company_given = models.CharField(_("会社名"), max_length=200, blank=True)
    person = models.ForeignKey("companies.CompanyPerson", on_delete=models.PROTECT, null=True, related_name="+")
    person_given = models.CharField(_("お名前"), max_length=100, blank=True)
    phone = models.CharField(_("電話番号"), max_length=20, blank=True)
    email = models.EmailField(_("メールアドレス"), blank=True)
    reach_me = models.CharField(_("連絡のつく時間"), max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=64, unique=True, null=True)

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        """A number each; said before it was recorded."""

        ordering = ["consulted_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="consultation_says_something"),
            models.CheckConstraint(
                condition=models.Q(budget_yen__isnull=True) | models.Q(budget_yen__gte=0), name="consultation_budget"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Draft(Row):
    """A consultation a firm is still writing. Its id is the subject of the draft link; nobody else can read it."""

    data = models.JSONField(default=dict)
    step = models.PositiveSmallIntegerField(default=1)
    saved_at = models.DateTimeField()
    sent_case = models.UUIDField(null=True)

    def __str__(self) -> str:
        return str(self.pk)
