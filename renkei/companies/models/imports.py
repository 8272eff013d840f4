"""Imported sheets of firms, people and contact history: what each row did, so that it can be taken back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.companies.models.company import Company, CompanyPerson
from renkei.plan.queries import is_front_desk


class OwnQuerySet(models.QuerySet["CompanyImport"]):
    """Runs of one's own body; the front desk sees all."""

    def visible_to(self, actor: Actor) -> OwnQuerySet:
        """Return the runs the actor may see."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        return self.filter(body_id=actor.body) if actor.is_staff else self.none()


class CompanyImport(Row):
    """One imported file. ``digest`` tells that the same file comes again."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField()
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-done_at"]

    def __str__(self) -> str:
        return self.name


class ImportedRow(Row):
    """What one row of a sheet did: a firm made or changed, a person or a contact added."""

    run = models.ForeignKey(CompanyImport, on_delete=models.PROTECT, related_name="imported")
    row = models.PositiveIntegerField()
    deed = models.CharField(max_length=7, choices=[("new", "新しい会社"), ("update", "直した会社"), ("person", "担当の方"), ("contact", "やりとり")])
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    subject = models.UUIDField(null=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        """In the order of the sheet."""

        ordering = ["row"]
        constraints = [
            models.CheckConstraint(condition=models.Q(deed__in=["new", "update", "person", "contact"]), name="imported_row_deed")
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.row} {self.deed}"


class PastContactQuerySet(models.QuerySet["PastContact"]):
    """Contacts from before: the firm's words, for the body that took them and the front desk (P2)."""

    def visible_to(self, actor: Actor) -> PastContactQuerySet:
        """Return the contacts of one's own body; the front desk and the system see all."""
        standing = self.filter(withdrawn_at__isnull=True)
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return standing
        return standing.filter(body_id=actor.body) if actor.is_staff else self.none()


class PastContact(Row):
    """A contact that was kept in a sheet before: a day, a way, who, what. It belongs to no case."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="past_contacts")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    happened_on = models.DateField(_("やりとり日"))
    channel = models.CharField(_("手段"), max_length=40, blank=True)
    person = models.ForeignKey(CompanyPerson, on_delete=models.PROTECT, null=True, related_name="+")
    person_given = models.CharField(_("相手"), max_length=100, blank=True)
    staff_given = models.CharField(_("職員"), max_length=100, blank=True)
    text = models.TextField(_("内容"), max_length=4000)
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = PastContactQuerySet.as_manager()

    class Meta:
        """Newest first; the same contact of a body stands once."""

        ordering = ["-happened_on"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="past_contact_has_text"),
        ]
        indexes = [models.Index(fields=["company", "-happened_on"], name="past_contact_of_company")]

    def __str__(self) -> str:
        return f"{self.happened_on} {self.company_id}"
