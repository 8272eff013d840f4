"""What can be matched. Nothing here holds a firm's content: entries are public or known to every member of staff.

A ``Judgment`` holds ids only, and only the body that gave it sees it.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.models import Row


class EntryKind(models.TextChoices):
    """Kinds of entry."""

    SERVICE = "service", _("支援メニュー")
    SEED = "seed", _("シーズ")
    EQUIPMENT = "equipment", _("機器")
    TEST = "test", _("依頼試験")
    PROGRAMME = "programme", _("制度")
    PERSON = "person", _("人")
    EVENT = "event", _("催し・講座")
    NEED = "need", _("ニーズ")
    EXAMPLE = "example", _("事例")
    OUTSIDE = "outside", _("域外の機器・機関")


class Entry(models.Model):
    """One thing that can be matched. ``kept_by`` names the module that alone writes it.

    ``text`` is what it is found by; ``summary`` is what is shown; ``facts`` hold eligibility, fees, standards and places.
    """

    id = models.CharField(primary_key=True, max_length=60)
    kind = models.CharField(max_length=9, choices=EntryKind)
    name = models.CharField(max_length=300)
    kana = models.CharField(max_length=300, blank=True)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    owner_name = models.CharField(max_length=200, blank=True)
    service = models.ForeignKey("plan.Service", on_delete=models.PROTECT, null=True, related_name="+")
    kept_by = models.CharField(max_length=40)
    summary = models.TextField(blank=True)
    text = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    source = models.CharField(max_length=200, blank=True)
    last_checked = models.DateField(null=True)
    is_public = models.BooleanField(default=False)
    withdrawn_on = models.DateField(null=True)
    text_hash = models.CharField(max_length=64)

    class Meta:
        """By id; a name is required."""

        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="entry_has_name"),
            models.CheckConstraint(condition=models.Q(kind__in=EntryKind.values), name="entry_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name


class WindowKind(models.TextChoices):
    """Kinds of time in which an entry can be had."""

    CALL = "call", _("募集")
    SLOT = "slot", _("空き")
    MEETING = "meeting", _("会合")
    COURSE = "course", _("講座")


class Window(models.Model):
    """When an entry can be had: a call, a free slot, a meeting, a course. Open all year when ``always_open``."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="windows")
    kind = models.CharField(max_length=7, choices=WindowKind)
    opens = models.DateField(null=True)
    closes = models.DateField(null=True)
    starts = models.DateField(null=True)
    always_open = models.BooleanField(default=False)

    class Meta:
        """Earliest first; a window that is not always open has an end; it ends after it begins."""

        ordering = ["closes", "opens", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(always_open=True) | models.Q(closes__isnull=False), name="window_has_end"
            ),
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True)
                | models.Q(closes__isnull=True)
                | models.Q(closes__gte=models.F("opens")),
                name="window_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.opens}–{self.closes}"


class Load(models.Model):
    """How much a body's service, or a person's entry, has on its hands: open supports, pushed by the owners.

    ``asked_count`` says how often it was asked in the last twelve months: between equals, whoever was asked least comes first.
    """

    body = models.ForeignKey("plan.Body", on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey("plan.Service", on_delete=models.CASCADE, null=True, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, null=True, related_name="loads")
    open_count = models.PositiveIntegerField(default=0)
    asked_count = models.PositiveIntegerField(default=0)
    as_of = models.DateTimeField(default=clock.now)

    class Meta:
        """Once a body, service and entry."""

        constraints = [
            models.UniqueConstraint(fields=["body", "service", "entry"], nulls_distinct=False, name="load_once")
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.open_count}"


class Judgment(Row):
    """A person's word on a proposal: did this service, body and entry fit that need? Ids only, seen by its body only."""

    need = models.UUIDField()
    service = models.ForeignKey("plan.Service", on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, related_name="+")
    fits = models.BooleanField()
    judged_by = models.UUIDField()
    judged_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    judged_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.service_id} {self.body_id} {self.fits}"


class EntryChange(models.Model):
    """Which entry changed in which transaction; written by a trigger, read by the index (``index.refresh``)."""

    entry = models.CharField(max_length=60)
    tx = models.BigIntegerField()

    class Meta:
        """In the order of writing; found by transaction."""

        ordering = ["id"]
        indexes = [models.Index(fields=["tx"], name="entry_change_tx")]

    def __str__(self) -> str:
        return f"{self.entry} {self.tx}"
