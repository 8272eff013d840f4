"""How the bodies that helped a regional project share it: proposed by a holder, agreed by each body named [C38, C40]."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.cases.models.project import RegionalProject
from renkei.plan.queries import is_front_desk


class WholeShares(models.Func):
    """As many per cents as bodies, each body once, each at least one, a hundred together."""

    function = "shares_are_whole"
    output_field = models.BooleanField()


class ProjectSharesQuerySet(models.QuerySet["ProjectShares"]):
    """Proposals; the policy ``cases_projectshares`` says the same."""

    def visible_to(self, actor: Actor) -> ProjectSharesQuerySet:
        """Return all for the front desk; for others those that name their body, or of projects of cases they hold or took."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        if not actor.is_staff:
            return self.none()
        held = RegionalProject.cases.through.objects.filter(case__in=Case.objects.inside(actor)).values("regionalproject_id")
        return self.filter(models.Q(bodies__contains=[actor.body]) | models.Q(project__in=held))


class ProjectShares(Row):
    """One proposal: the bodies and the per cent of each, in one row, so that they are whole at every moment. Never changed."""

    project = models.ForeignKey(RegionalProject, on_delete=models.PROTECT, related_name="shares")
    number = models.PositiveSmallIntegerField()
    bodies: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=40))
    percents: ArrayField[list[int], list[int]] = ArrayField(models.PositiveSmallIntegerField())
    proposed_at = models.DateTimeField()
    proposed_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    objects = ProjectSharesQuerySet.as_manager()

    class Meta:
        """Newest first; a number once, so that of two who propose at once one is refused."""

        ordering = ["project_id", "-number"]  # by "project" would join the project, which who is named does not see
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="project_shares_number_once"),
            models.CheckConstraint(condition=WholeShares("bodies", "percents"), name="project_shares_are_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.number}"

    @property
    def parts(self) -> dict[str, int]:
        """Return the per cent of each body."""
        return dict(zip(self.bodies, self.percents, strict=True))


class ShareAnswerQuerySet(models.QuerySet["ShareAnswer"]):
    """Answers; the policy ``cases_shareanswer`` says the same."""

    def visible_to(self, actor: Actor) -> ShareAnswerQuerySet:
        """Return the answers to the proposals the actor sees."""
        return self.filter(shares__in=ProjectShares.objects.visible_to(actor))


class ShareAnswer(Row):
    """What a body named in a proposal said, once: yes, or no with what it wants instead."""

    shares = models.ForeignKey(ProjectShares, on_delete=models.PROTECT, related_name="answers")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    agreed = models.BooleanField()
    words = models.CharField(_("理由と望む分け方"), max_length=400, blank=True)
    answered_at: models.DateTimeField[dt.datetime, dt.datetime] = models.DateTimeField()
    answered_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")

    objects = ShareAnswerQuerySet.as_manager()

    class Meta:
        """A body answers once; a no says what is wanted."""

        ordering = ["answered_at"]
        constraints = [
            models.UniqueConstraint(fields=["shares", "body"], name="share_answer_once"),
            models.CheckConstraint(condition=models.Q(agreed=True) | ~models.Q(words=""), name="share_answer_no_has_words"),
        ]

    def __str__(self) -> str:
        return f"{self.shares_id} {self.body_id}"
