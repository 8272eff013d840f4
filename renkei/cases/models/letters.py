"""Letters of a case: drafted from what is on record, approved by named people, numbered, kept as they were decided."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.cases.models.sight import readable
from renkei.cases.models.support import Support
from renkei.cases.states import DisclosureClass
from renkei.documents.models import LetterTemplate


class LetterState(models.TextChoices):
    """A letter is written, goes round, and is decided, or taken back."""

    DRAFT = "draft", _("案")
    ASKED = "asked", _("決裁待ち")
    RETURNED = "returned", _("差戻し")
    DECIDED = "decided", _("決裁済み")
    WITHDRAWN = "withdrawn", _("取りやめ")


LETTER_STEPS: dict[LetterState, set[LetterState]] = {
    LetterState.DRAFT: {LetterState.ASKED, LetterState.DECIDED, LetterState.WITHDRAWN},
    LetterState.ASKED: {LetterState.DRAFT, LetterState.RETURNED, LetterState.DECIDED, LetterState.WITHDRAWN},
    LetterState.RETURNED: {LetterState.DRAFT, LetterState.ASKED, LetterState.DECIDED, LetterState.WITHDRAWN},
    LetterState.DECIDED: set(),
    LetterState.WITHDRAWN: set(),
}


class StepKind(models.TextChoices):
    """A named person decides (決裁) or takes note (供覧)."""

    APPROVE = "approve", _("決裁")
    READ = "read", _("供覧")


class StepState(models.TextChoices):
    """A step waits for those before it, waits for its person, or is over."""

    QUEUED = "queued", _("順番待ち")
    WAITING = "waiting", _("待っています")
    DONE = "done", _("済")
    RETURNED = "returned", _("差戻し")
    PASSED = "passed", _("代わりの人へ")
    VOID = "void", _("取消し")


class LetterQuerySet(models.QuerySet["Letter"]):
    """Letters by class and author; the policy ``cases_letter`` says the same."""

    def visible_to(self, actor: Actor, cases: Sequence[Case] | None = None) -> LetterQuerySet:
        """Return letters whose class the actor may read in that case (of ``cases``, seen already); until decided, those of one's own body only."""
        if not (actor.is_staff or actor.is_system):
            return self.none()
        theirs = self.filter(readable(actor, cases))
        return theirs if actor.is_system else theirs.filter(models.Q(author_body_id=actor.body) | models.Q(state=LetterState.DECIDED))


class Letter(Row):
    """One letter in one version. ``values`` are its fields as they were written; what was decided never changes."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="letters")
    support = models.ForeignKey(Support, on_delete=models.PROTECT, null=True, related_name="letters")
    kind = models.CharField(max_length=20)
    klass = models.CharField(max_length=10, choices=DisclosureClass, default=DisclosureClass.TECHNICAL)
    title = models.CharField(_("件名"), max_length=100)
    values = models.JSONField(default=dict)
    template = models.ForeignKey(LetterTemplate, on_delete=models.PROTECT, null=True, related_name="+")
    author_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=LetterState, default=LetterState.DRAFT)
    version = models.PositiveSmallIntegerField(default=1)
    corrects = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="corrected_by")
    round = models.PositiveSmallIntegerField(default=0)
    saves = models.PositiveIntegerField(default=0)
    number = models.CharField(_("文書番号"), max_length=60, blank=True)
    fiscal_year = models.PositiveSmallIntegerField(null=True)
    dated_on = models.DateField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    sent_how = models.CharField(max_length=8, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        """What is decided has its day and its file; a number is given once a body and year."""

        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=LetterState.values), name="letter_state"),
            models.CheckConstraint(condition=~models.Q(title=""), name="letter_has_title"),
            models.CheckConstraint(
                condition=~models.Q(state="decided")
                | models.Q(decided_at__isnull=False, dated_on__isnull=False) & ~models.Q(sha256=""),
                name="letter_decided_is_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(number="") | models.Q(state="decided", fiscal_year__isnull=False),
                name="letter_number_when_decided",
            ),
            models.UniqueConstraint(
                fields=["author_body", "fiscal_year", "number"], condition=~models.Q(number=""), name="letter_number_once"
            ),
        ]
        indexes = [models.Index(fields=["case", "made_at"], name="letter_of_case")]

    def __str__(self) -> str:
        return f"{self.number or self.get_state_display()} {self.title}"

    @property
    def is_locked(self) -> bool:
        """Tell whether its words stand for good."""
        return self.state in {LetterState.DECIDED, LetterState.WITHDRAWN}


class LetterStepQuerySet(models.QuerySet["LetterStep"]):
    """Steps are an inner matter of the body that writes; the policy ``cases_letterstep`` says the same."""

    def visible_to(self, actor: Actor) -> LetterStepQuerySet:
        """Return the steps of the acting body's own letters."""
        if actor.is_system:
            return self
        return self.filter(body_id=actor.body) if actor.is_staff else self.none()

    def waiting_for(self, actor: Actor, also: Collection[uuid.UUID] = ()) -> LetterStepQuerySet:
        """Return what waits for the acting person now; of ``also``, for whom the person stands in, only decisions."""
        if actor.person is None:
            return self.none()
        mine = models.Q(person_id=actor.person) | models.Q(person_id__in=list(also), kind=StepKind.APPROVE)
        living = [LetterState.ASKED, LetterState.DECIDED]
        return self.visible_to(actor).filter(mine, state=StepState.WAITING, letter__state__in=living)


class LetterStep(Row):
    """One named person on the way of a letter, in one round: a changed text starts a new one."""

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="steps")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=7, choices=StepKind)
    role = models.CharField(max_length=40, blank=True)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=StepState)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    reason = models.CharField(_("理由"), max_length=400, blank=True)

    objects = LetterStepQuerySet.as_manager()

    class Meta:
        """In order; sending back says why."""

        ordering = ["round", "place", "asked_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=StepState.values), name="letter_step_state"),
            models.CheckConstraint(
                condition=~models.Q(state="returned") | ~models.Q(reason=""), name="letter_step_return_has_reason"
            ),
            models.UniqueConstraint(
                fields=["letter", "round", "person", "kind"],
                condition=models.Q(state__in=["queued", "waiting", "done"]),
                name="letter_step_person_once",
            ),
        ]
        indexes = [
            models.Index(fields=["person"], condition=models.Q(state="waiting"), name="letter_step_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.letter_id} {self.kind} {self.place}"
