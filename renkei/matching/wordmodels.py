"""A site's own changes to the list of synonyms, laid over the list that comes with the program.

Words are no secret: everybody's search reads them. Who changed what is for staff.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row


class WordDeed(models.TextChoices):
    """What was done to a group."""

    ADD = "add", _("加えた")
    CHANGE = "change", _("直した")
    END = "end", _("使うのをやめた")
    RESUME = "resume", _("また使うことにした")
    UNDO = "undo", _("前の形に戻した")
    IMPORT = "import", _("ファイルから取り込んだ")


class ImportQuerySet(models.QuerySet["SynonymImport"]):
    """Imported files, for every member of staff."""

    def visible_to(self, actor: Actor) -> ImportQuerySet:
        """Return the imports the actor may see."""
        return self if actor.is_staff or actor.is_system else self.none()


class StepQuerySet(models.QuerySet["SynonymStep"]):
    """Changes, for every member of staff."""

    def visible_to(self, actor: Actor) -> StepQuerySet:
        """Return the changes the actor may see."""
        return self if actor.is_staff or actor.is_system else self.none()


class SynonymGroup(models.Model):
    """A group as this site wants it: instead of the shipped one of the same code, or of its own.

    ``words`` is a list of ``[word, kind]``; ``version`` grows with each change, so that a second editor is told.
    """

    code = models.CharField(primary_key=True, max_length=20)
    words = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    ended_on = models.DateField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """By code, which is not empty."""

        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=~models.Q(code=""), name="synonym_group_has_code")]

    def __str__(self) -> str:
        return self.code


class SynonymEdition(models.Model):
    """One row whose mark changes with every change of the list: what a search reads to know whether its list is the newest."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    mark = models.UUIDField(default=uuid.uuid4)

    class Meta:
        """One row only."""

        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="synonym_edition_is_one")]

    def __str__(self) -> str:
        return str(self.mark)


class SynonymImport(Row):
    """One imported file."""

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    done_at = models.DateTimeField()
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-done_at"]

    def __str__(self) -> str:
        return self.name


class SynonymStep(Row):
    """One change of a group, with its words and its end before and after (``before`` is null where there was no group)."""

    group = models.ForeignKey(SynonymGroup, on_delete=models.PROTECT, related_name="steps")
    deed = models.CharField(max_length=6, choices=WordDeed)
    version = models.PositiveIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField()
    run = models.ForeignKey(SynonymImport, on_delete=models.PROTECT, null=True, related_name="steps")
    done_at = models.DateTimeField()
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")

    objects = StepQuerySet.as_manager()

    class Meta:
        """Newest first; each version of a group is made once."""

        ordering = ["-done_at", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["group", "version"], name="synonym_step_once"),
            models.CheckConstraint(condition=models.Q(deed__in=WordDeed.values), name="synonym_step_deed"),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.version} {self.deed}"
