"""What became of it: the firm is asked again some months after its case was closed.

An answer may name sums. It is for who holds the case and for the front desk the case was sent to, whoever else took part.
"""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, live_link, of_inside
from renkei.cases.states import CaseState
from renkei.plan.queries import is_front_desk
from renkei.post.models import LinkPurpose

CORRECTABLE = dt.timedelta(days=7)  # how long the firm may correct its answer by the same page


class AskedHow(models.TextChoices):
    """How the firm was asked."""

    MAIL = "mail", _("メールで")
    ACCOUNT = "account", _("会社のアカウントで")
    PHONE = "phone", _("宛先がないので電話で")


class AnsweredBy(models.TextChoices):
    """By which way the answer came."""

    LINK = "link", _("届いたリンクから")
    ACCOUNT = "account", _("会社のアカウントから")
    TELEPHONE = "telephone", _("電話などで聞いた")


class Useful(models.TextChoices):
    """Is what was done still of use?"""

    YES = "yes", _("役に立っている")
    PARTLY = "partly", _("少し役に立っている")
    NO = "no", _("役に立っていない")


class Going(models.TextChoices):
    """Does the work go on that the consultation was about?"""

    ON = "on", _("続けている")
    REACHED = "reached", _("目的を果たした")
    RESTING = "resting", _("いまは休んでいる")
    STOPPED = "stopped", _("やめた")


class Product(models.TextChoices):
    """How far a product has come."""

    ON_SALE = "on_sale", _("売り出した・使い始めた")
    MADE = "made", _("試作品ができた")
    NONE = "none", _("まだ・もともとない")


class Trouble(models.TextChoices):
    """Does the firm need somebody now?"""

    NO = "no", _("特にない")
    SAME = "same", _("同じことで困っている")
    OTHER = "other", _("別のことで相談がある")


class Ended(models.TextChoices):
    """Why the firm is not asked (any more)."""

    REOPENED = "reopened", _("相談を再開した")
    UNWANTED = "unwanted", _("会社が、もう聞かないでほしいと言った")
    LATER = "later", _("次の時期が来たので、まとめて聞いた")
    FIRM_GONE = "firm_gone", _("会社の登録がなくなった")
    SILENT = "silent", _("返事がないまま期限が過ぎた")


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    """Follow-ups as one actor may see them; the policy ``cases_followup`` says the same."""

    def visible_to(self, actor: Actor) -> FollowUpQuerySet:
        """Return those of cases the actor runs; the firm's own; and those of the case the firm was sent a link for."""
        if actor.is_system:
            return self
        if actor.is_staff:
            held = models.Q(holder_id=actor.body)
            runs = held | models.Q(at_desk=True) if is_front_desk(actor.body) else held
            return self.filter(case__in=Case.objects.filter(runs).values("pk"))
        if actor.is_company:
            return self.filter(of_inside(actor))
        if actor.kind is ActorKind.LINK:
            own = models.Q(case__in=live_link(actor, LinkPurpose.FOLLOWUP).values("case"))
            return self.filter(own | of_inside(actor))
        return self.none()

    def planned(self) -> FollowUpQuerySet:
        """Return those nobody was asked for yet."""
        return self.filter(asked_at__isnull=True, answered_at__isnull=True, ended_at__isnull=True)

    def due(self) -> FollowUpQuerySet:
        """Return those whose day has come."""
        return self.planned().filter(due_on__lte=clock.today())

    def waiting(self) -> FollowUpQuerySet:
        """Return those that were asked and are not answered: what a firm finds on its pages."""
        return self.filter(asked_at__isnull=False, answered_at__isnull=True, ended_at__isnull=True)

    def answered(self) -> FollowUpQuerySet:
        """Return those that were answered."""
        return self.filter(answered_at__isnull=False)


class FollowUp(Row):
    """One time at which a firm is asked: planned when the case is closed, asked once, reminded once, answered or ended."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="follow_ups")
    months = models.PositiveSmallIntegerField(_("何か月後か"))
    due_on = models.DateField(_("聞く日"))
    planned_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    asked_how = models.CharField(max_length=7, choices=AskedHow, blank=True)
    reminded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=10, choices=Ended, blank=True)

    answered_at = models.DateTimeField(null=True)
    answered_on = models.DateField(null=True)
    how = models.CharField(max_length=9, choices=AnsweredBy, blank=True)
    said_by = models.CharField(_("答えた方"), max_length=100, blank=True)
    recorded_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    corrected_at = models.DateTimeField(null=True)
    useful = models.CharField(max_length=6, choices=Useful, blank=True)
    going = models.CharField(max_length=7, choices=Going, blank=True)
    satisfaction = models.PositiveSmallIntegerField(null=True)
    product = models.CharField(max_length=7, choices=Product, blank=True)
    orders_yen = models.BigIntegerField(null=True)
    saved_yen = models.BigIntegerField(null=True)
    jobs = models.PositiveIntegerField(null=True)
    patents = models.PositiveIntegerField(null=True)
    trouble = models.CharField(max_length=5, choices=Trouble, blank=True)
    words = models.TextField(max_length=4000, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        """In the order of their days; one open row a case and time; an answer is whole and says where it came from."""

        ordering = ["due_on", "months"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "months"], condition=models.Q(answered_at__isnull=True, ended_at__isnull=True),
                name="follow_up_open_once",
            ),
            models.CheckConstraint(condition=models.Q(months__range=(1, 60)), name="follow_up_months"),
            models.CheckConstraint(
                condition=models.Q(asked_at__isnull=True, asked_how="", reminded_at__isnull=True)
                | models.Q(asked_at__isnull=False, asked_how__in=AskedHow.values),
                name="follow_up_asked_how",
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, how="", useful="")
                | models.Q(answered_at__isnull=False, answered_on__isnull=False, how__in=AnsweredBy.values,
                           useful__in=Useful.values, trouble__in=Trouble.values),
                name="follow_up_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=~models.Q(how="telephone") | ~models.Q(said_by="") & models.Q(recorded_by__isnull=False),
                name="follow_up_telephone_says_who",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_because="")
                | models.Q(ended_at__isnull=False, ended_because__in=Ended.values),
                name="follow_up_ended_because",
            ),
            models.CheckConstraint(
                condition=models.Q(satisfaction__isnull=True) | models.Q(satisfaction__range=(1, 5)),
                name="follow_up_satisfaction_1_to_5",
            ),
            models.CheckConstraint(
                condition=models.Q(going__in=["", *Going.values], product__in=["", *Product.values]),
                name="follow_up_words_of_ours",
            ),
            models.CheckConstraint(
                condition=(models.Q(orders_yen__isnull=True) | models.Q(orders_yen__gte=0))
                & (models.Q(saved_yen__isnull=True) | models.Q(saved_yen__gte=0)),
                name="follow_up_no_debts",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=models.Q(answered_at=None, ended_at=None), name="follow_up_due"),
            models.Index(fields=["case", "due_on"], name="follow_up_of_case"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.months}"

    @property
    def is_waiting(self) -> bool:
        """Tell whether the firm was asked and may answer."""
        return self.asked_at is not None and self.answered_at is None and self.ended_at is None

    @property
    def is_correctable(self) -> bool:
        """Tell whether the firm may still correct what it answered itself."""
        own = self.answered_at is not None and self.how != AnsweredBy.TELEPHONE and self.ended_at is None
        return own and self.answered_at is not None and clock.now() < self.answered_at + CORRECTABLE

    @property
    def needs_somebody(self) -> bool:
        """Tell whether the firm said that it needs help and its case still lies closed."""
        return self.trouble in {Trouble.SAME, Trouble.OTHER} and self.case.state == CaseState.CLOSED

    @property
    def state(self) -> str:
        """Return where it stands: planned, due, asked, phone (to be asked by telephone), answered or ended."""
        if self.answered_at is not None:
            return "answered"
        if self.ended_at is not None:
            return "ended"
        if self.asked_at is not None:
            return "phone" if self.asked_how == AskedHow.PHONE else "asked"
        return "due" if self.due_on <= clock.today() else "planned"
