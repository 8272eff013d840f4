"""What can be matched. Nothing here holds a firm's content: entries are public or known to every member of staff.

A ``Judgment`` holds ids only, and only the body that gave it sees it.
"""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.matching import learnmodels, textvectors, wordmodels  # noqa: F401  Django finds models here
from renkei.plan.queries import is_front_desk


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


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries by who may read them, and by whether they still stand."""

    def visible_to(self, actor: Actor) -> EntryQuerySet:
        """Return what the actor may read: staff and the system all, everybody else what is public."""
        return self if actor.is_staff or actor.is_system else self.filter(is_public=True)

    def standing(self, on: dt.date | None = None) -> EntryQuerySet:
        """Return what is neither withdrawn nor past its last day; a day of today when none is given."""
        day = on or clock.today()
        return self.filter(models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=day), withdrawn_on__isnull=True)


CREDIT = "Jグランツ（jGrants）からの出典"  # as the portal asks to be named


class Entry(models.Model):
    """One thing that can be matched. ``kept_by`` names the module that alone writes it (``screen``: people of its owner).

    ``text`` is what it is found by; ``summary`` is what is shown; ``facts`` hold eligibility, fees, standards and places
    (``renkei.matching.fields`` lists the keys). ``source_on`` is the day of the list it was taken from [C35].
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
    tech_fields = models.JSONField(default=list)
    themes = models.JSONField(default=list)
    url = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=200, blank=True)
    source_on = models.DateField(null=True)
    last_checked = models.DateField(null=True)
    checked_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    is_public = models.BooleanField(default=False)
    entered_at = models.DateTimeField(default=clock.now)
    ends_on = models.DateField(null=True)
    withdrawn_on = models.DateField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)
    text_hash = models.CharField(max_length=64)

    objects = EntryQuerySet.as_manager()

    class Meta:
        """By id; a name is required."""

        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="entry_has_name"),
            models.CheckConstraint(condition=models.Q(kind__in=EntryKind.values), name="entry_kind_known"),
        ]
        indexes = [  # every name is looked through as one types: a third of the time from here, without the texts beside them
            models.Index(fields=["id"], name="entry_names", include=["name", "kana", "kind", "is_public"], condition=models.Q(withdrawn_on__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def credit(self) -> str:
        """Return the line that has to stand wherever the entry is listed; empty where its source asks for none."""
        return self.source if self.source == CREDIT else ""


class RevisionDeed(models.TextChoices):
    """What was done to an entry."""

    MADE = "made", _("書き加えた")
    CHANGED = "changed", _("直した")
    CHECKED = "checked", _("確かめた")
    WITHDRAWN = "withdrawn", _("取り下げた")
    RETURNED = "returned", _("戻した")
    UNDONE = "undone", _("取込みを取り消した")
    ADDED = "added", _("補った")
    REMOVED = "removed", _("補ったことを取り消した")


class HarvestWay(models.TextChoices):
    """Where a list comes from."""

    FOLDER = "folder", _("決めたフォルダのファイル")
    ADDRESS = "address", _("決めたサイトのアドレス")
    JGRANTS = "jgrants", _("Jグランツ")


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


class Harvest(Row):
    """A list of another institute that is read on a schedule, or the calls of jGrants. The front desk keeps it.

    ``place`` is a file of the watched folder, an address, or keywords of jGrants; ``columns`` says which column of the list
    fills which field, ``fixed`` what every row gets. Nothing is read while ``is_on`` is false.
    """

    name = models.CharField(max_length=200)
    way = models.CharField(max_length=7, choices=HarvestWay)
    place = models.CharField(max_length=500)
    kind = models.CharField(max_length=9, choices=EntryKind)
    owner_name = models.CharField(max_length=200)
    columns = models.JSONField(default=dict)
    fixed = models.JSONField(default=dict)
    every_days = models.PositiveSmallIntegerField(default=7)
    is_on = models.BooleanField(default=False)
    allow_loss = models.BooleanField(default=False)
    next_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)

    class Meta:
        """By name; read at least once a year."""

        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(way__in=HarvestWay.values), name="harvest_way_known"),
            models.CheckConstraint(condition=models.Q(every_days__gte=1, every_days__lte=366), name="harvest_every_days"),
        ]

    def __str__(self) -> str:
        return self.name


class RunQuerySet(models.QuerySet["CatalogueRun"]):
    """Imports of one's own body; what was harvested is for all staff."""

    def visible_to(self, actor: Actor) -> RunQuerySet:
        """Return the runs the actor may see; the front desk sees all."""
        if actor.is_system or (actor.is_staff and is_front_desk(actor.body)):
            return self
        own = models.Q(body_id=actor.body) | models.Q(harvest__isnull=False)
        return self.filter(own) if actor.is_staff else self.none()


class CatalogueRun(Row):
    """One sheet imported, or one reading of a list: what became of its rows. ``refused`` holds row numbers with reasons."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    harvest = models.ForeignKey(Harvest, on_delete=models.PROTECT, null=True, related_name="runs")
    name = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict)
    refused = models.JSONField(default=list)
    fault = models.CharField(max_length=500, blank=True)
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        """Newest first; a run belongs to a body or to a list."""

        ordering = ["-done_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(body__isnull=False, harvest__isnull=True) | models.Q(body__isnull=True, harvest__isnull=False),
                name="run_has_one_owner",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RevisionQuerySet(models.QuerySet["Revision"]):
    """What was changed, for all staff."""

    def visible_to(self, actor: Actor) -> RevisionQuerySet:
        """Return the changes the actor may read."""
        return self if actor.is_staff or actor.is_system else self.none()


class Revision(Row):
    """One change of an entry that people or a list made: before and after, field by field. Never changed itself."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="revisions")
    deed = models.CharField(max_length=9, choices=RevisionDeed)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    run = models.ForeignKey(CatalogueRun, on_delete=models.PROTECT, null=True, related_name="revisions")
    row = models.PositiveIntegerField(null=True)
    done_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    done_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(default=clock.now)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-done_at", "-id"]
        constraints = [models.CheckConstraint(condition=models.Q(deed__in=RevisionDeed.values), name="revision_deed_known")]
        indexes = [models.Index(fields=["entry", "-done_at"], name="revision_of_entry")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.deed}"


class Addition(Row):
    """One fact of an entry that its list does not tell, as the front desk added it (``renkei.matching.additions``).

    ``key`` is a fact's key, or ``service``, ``tech_fields`` or ``themes``; no value: taken away. Readings of the list leave it alone.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="additions")
    key = models.CharField(max_length=60)
    value = models.JSONField(null=True)
    added_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    added_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        """Once an entry and fact."""

        ordering = ["entry", "key"]
        constraints = [models.UniqueConstraint(fields=["entry", "key"], name="addition_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.key}"


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


class JudgmentOrigin(models.TextChoices):
    """How a person's word came about."""

    ACCEPTED = "accepted", _("引き受けた")
    DECLINED = "declined", _("断った")
    CHOSEN = "chosen", _("提案にないところを選んだ")
    MARKED = "marked", _("合う・合わないと答えた")


class Judgment(Row):
    """A person's word on a proposal: did this service, body and entry fit that need? Ids only, seen by its body only.

    ``support`` is the request that was answered, or chosen beside the proposal; a word is taken from it once.
    """

    origin = models.CharField(max_length=8, choices=JudgmentOrigin, default=JudgmentOrigin.MARKED)
    reason = models.CharField(max_length=40, blank=True)  # why it was declined, in the plan's words
    support = models.UUIDField(null=True)
    need = models.UUIDField()
    service = models.ForeignKey("plan.Service", on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, related_name="+")
    fits = models.BooleanField()
    judged_by = models.UUIDField(null=True)  # nobody we know: answered by link
    judged_body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    judged_at = models.DateTimeField(default=clock.now)

    class Meta:
        """Once a request, entry and origin."""

        constraints = [
            models.CheckConstraint(condition=models.Q(origin__in=JudgmentOrigin.values), name="judgment_origin"),
            models.UniqueConstraint(
                fields=["support", "entry", "origin"], condition=models.Q(support__isnull=False), nulls_distinct=False,
                name="judgment_once",
            ),
        ]

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
