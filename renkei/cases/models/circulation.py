"""A need asked about without a name: what bodies read of it, what they answer, and which need it is.

Two sides, two tables. ``Inquiry`` and ``Asked`` are read by bodies, so they hold nothing that leads to a firm: no case,
no holder, no number, no hour. ``Circulation`` joins an inquiry to its need and is read by those who see the case from inside.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case, of_inside
from renkei.cases.models.need import Need


class InquiryAnswer(models.TextChoices):
    """What a body says to a need without a name."""

    INTERESTED = "interested", _("関心あり")
    NOT_INTERESTED = "no", _("関心なし")
    QUESTION = "question", _("質問")
    KNOWS = "knows", _("心当たりあり")  # of a call to all: who knows somebody? [C94]
    NOBODY = "nobody", _("心当たりなし")


class InquiryQuerySet(models.QuerySet["Inquiry"]):
    """Inquiries as one actor may see them; the policy ``cases_inquiry`` says the same."""

    def open(self) -> InquiryQuerySet:
        """Return inquiries that still wait for answers."""
        return self.filter(ended_at__isnull=True)

    def visible_to(self, actor: Actor) -> InquiryQuerySet:
        """Return what the actor's body is asked while it lasts, and the inquiries of cases one sees from inside."""
        if actor.is_system:
            return self
        own = Circulation.objects.visible_to(actor).values("inquiry_id")
        if not actor.is_staff:
            return self.filter(pk__in=own)
        asked = Asked.objects.filter(body_id=actor.body).values("inquiry_id")
        return self.filter(models.Q(pk__in=own) | models.Q(pk__in=asked, ended_at__isnull=True))


class Inquiry(Row):
    """The disclosable words of a need, frozen as sent. Days only: an hour would lead to the act that sent it."""

    title = models.CharField(_("尋ねること"), max_length=100)
    summary = models.TextField(_("内容"), max_length=600)
    firm_words = models.CharField(_("会社の言い方"), max_length=200)
    asks_around = models.BooleanField(default=False)  # a call to all [C94]: who can, and who knows somebody who can
    stage = models.ForeignKey("plan.Stage", on_delete=models.PROTECT, related_name="+")
    sent_on = models.DateField()
    due_on = models.DateField(_("返事の期限"))
    ended_at = models.DateTimeField(null=True)

    objects = InquiryQuerySet.as_manager()

    class Meta:
        """By what is due first; inside a day by the words, so that no order of arrival shows."""

        ordering = ["due_on", "title", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title="") & ~models.Q(summary=""), name="inquiry_says_something"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits for answers."""
        return self.ended_at is None

    @property
    def is_late(self) -> bool:
        """Tell whether the day of the answer has passed."""
        return self.is_open and self.due_on < clock.today()


class CirculationQuerySet(models.QuerySet["Circulation"]):
    """Circulations of the cases one sees from inside."""

    def visible_to(self, actor: Actor) -> CirculationQuerySet:
        """Return those of cases the actor runs or took; a firm's own through its link."""
        return self if actor.is_system else self.filter(of_inside(actor))


class Circulation(Row):
    """Which need an inquiry asks about, who sent it, and to how many firms its words may point."""

    inquiry = models.OneToOneField(Inquiry, on_delete=models.PROTECT, related_name="circulation")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="circulations")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="circulations")
    firms_known = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    sent_by_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = CirculationQuerySet.as_manager()

    class Meta:
        """One at a time a need."""

        ordering = ["-sent_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["need"], condition=models.Q(ended_at__isnull=True), name="circulation_open_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.need_id)


class AskedQuerySet(models.QuerySet["Asked"]):
    """Answers as one actor may see them; the policy ``cases_asked`` says the same."""

    def visible_to(self, actor: Actor) -> AskedQuerySet:
        """Return the actor's body's own, and all answers to inquiries of cases it sees from inside."""
        if actor.is_system:
            return self
        if not actor.is_staff:
            return self.none()
        own = Circulation.objects.visible_to(actor).values("inquiry_id")
        return self.filter(models.Q(body_id=actor.body) | models.Q(inquiry_id__in=own))

    def waiting_at(self, actor: Actor) -> AskedQuerySet:
        """Return what the actor's body is asked now: it sees that, and the inquiry while it lasts, so nothing else is asked about."""
        return self.filter(body_id=actor.body, inquiry__ended_at__isnull=True) if actor.is_staff else self.none()


class Asked(Row):
    """One body asked without a name: told, reminded once, and what it answered."""

    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, related_name="asked")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    told_on = models.DateField(null=True)
    reminded_on = models.DateField(null=True)
    answer = models.CharField(max_length=10, choices=InquiryAnswer, blank=True)
    offer = models.TextField(_("できること"), max_length=1000, blank=True)
    who = models.CharField(_("だれが"), max_length=100, blank=True)
    conditions = models.TextField(_("条件"), max_length=500, blank=True)
    reason = models.CharField(_("理由"), max_length=40, blank=True)
    question = models.TextField(_("質問"), max_length=1000, blank=True)
    reply = models.TextField(_("質問への答え"), max_length=1000, blank=True)
    replied_on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    taken_up_at = models.DateTimeField(null=True)

    objects = AskedQuerySet.as_manager()

    class Meta:
        """Each body once; an interest says what, a no says why."""

        ordering = ["body__order"]
        constraints = [
            models.UniqueConstraint(fields=["inquiry", "body"], name="asked_once"),
            models.CheckConstraint(condition=models.Q(answer__in=["", *InquiryAnswer.values]), name="asked_answer"),
            models.CheckConstraint(condition=~models.Q(answer="interested") | ~models.Q(offer=""), name="asked_interest_says_what"),
            models.CheckConstraint(condition=~models.Q(answer="no") | ~models.Q(reason=""), name="asked_no_says_why"),
            models.CheckConstraint(condition=~models.Q(answer="question") | ~models.Q(question=""), name="asked_question_asks"),
            models.CheckConstraint(
                condition=models.Q(answer="") | models.Q(answered_at__isnull=False), name="asked_answer_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.answer}"

    @property
    def is_asking(self) -> bool:
        """Tell whether the body waits for a reply to its question."""
        return self.answer == InquiryAnswer.QUESTION and self.replied_on is None


class CandidateUse(models.TextChoices):
    """What was made of a candidate."""

    SUPPORT = "support", _("支援を頼む候補にした")
    OUTSIDE = "outside", _("地域の外に頼む相手にした")
    BRIDGE = "bridge", _("橋渡しを始めた")


class CandidateQuerySet(models.QuerySet["Candidate"]):
    """Whom bodies named; the policy ``cases_candidate`` says the same."""

    def visible_to(self, actor: Actor) -> CandidateQuerySet:
        """Return whom the actor's body named, and whom any body named for cases it sees from inside."""
        return self.filter(asked__in=Asked.objects.visible_to(actor))


class Candidate(Row):
    """Somebody a body knows who may help: named in answer to a call. It leads to no case and no firm. ``to_body`` is theirs if of the plan."""

    asked = models.ForeignKey(Asked, on_delete=models.PROTECT, related_name="candidates")
    name = models.CharField(_("お名前"), max_length=100, blank=True)
    organisation = models.CharField(_("所属"), max_length=200)
    contact = models.CharField(_("連絡先"), max_length=200, blank=True)
    note = models.CharField(_("どんな人・所か"), max_length=400, blank=True)
    to_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    use = models.CharField(max_length=7, choices=CandidateUse, blank=True)
    used_at = models.DateTimeField(null=True)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        """By body, then as typed; each once an answer; what was made of one has its time."""

        ordering = ["asked__body__order", "organisation", "name"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(organisation=""), name="candidate_is_from"),
            models.CheckConstraint(condition=models.Q(use__in=["", *CandidateUse.values]), name="candidate_use"),
            models.CheckConstraint(condition=models.Q(use="", used_at__isnull=True) | ~models.Q(use="") & models.Q(used_at__isnull=False), name="candidate_use_has_time"),
            models.UniqueConstraint(fields=["asked", "organisation", "name"], name="candidate_once"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.organisation} {self.name}".strip()
