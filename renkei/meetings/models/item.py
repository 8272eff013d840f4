"""What is put up: in words that all, or the bodies it names, may read; which case it came from stands apart."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models import Case, Escalation
from renkei.cases.models.case import live_link, of_inside
from renkei.meetings.models.meeting import Meeting, following_meeting
from renkei.post.models import LinkPurpose


class Level(models.TextChoices):
    """Who reads an agenda item."""

    ALL = "all", _("すべての機関")
    NAMED = "named", _("名指しした機関だけ")


class ItemKind(models.TextChoices):
    """Where an item comes from."""

    CASE = "case", _("難しい相談")
    STALLED = "stalled", _("動きのない案件")
    NEW = "new", _("新しい相談")
    REPORT = "report", _("報告")
    CARRIED = "carried", _("前回からの持ち越し")
    OTHER = "other", _("その他")


class ItemOutcome(models.TextChoices):
    """What a meeting made of an item."""

    OPEN = "", _("まだ")
    NOTED = "noted", _("了承した・聞いた")
    HELPED = "helped", _("支援できる機関が見つかった")
    OUTSIDE = "outside", _("地域の外に求める")
    CARRIED = "carried", _("次回に持ち越す")
    DROPPED = "dropped", _("取り下げる")


OF_CASES = {ItemOutcome.HELPED, ItemOutcome.OUTSIDE}


def seen_items(actor: Actor) -> models.Q:
    """Return the condition on rows with ``level``, ``bodies`` and ``put_up_by`` that an actor may read."""
    if actor.is_system:
        return models.Q()
    if not actor.is_staff:
        return models.Q(pk__in=[])
    return models.Q(level=Level.ALL) | models.Q(bodies__contains=[str(actor.body)]) | models.Q(put_up_by_id=actor.body)


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    """Items; the policy ``meetings_agendaitem`` says the same."""

    def visible_to(self, actor: Actor) -> AgendaItemQuerySet:
        """Return what every body reads, what names the actor's body, and what that body put up; by the link of a circulation, what every body reads."""
        if actor.kind is ActorKind.LINK:
            return self.filter(level=Level.ALL, meeting__in=live_link(actor, LinkPurpose.ROUND).values("subject"))
        return self.filter(seen_items(actor))

    def ready(self) -> AgendaItemQuerySet:
        """Return what was decided and can be taken up now; what is carried over, once the next meeting of its series is called."""
        following = following_meeting(models.OuterRef("meeting__plan_id"), models.OuterRef("meeting__series"), models.OuterRef("meeting__held_on"))
        can = ~models.Q(outcome=ItemOutcome.CARRIED) | models.Exists(following.exclude(pk=models.OuterRef("meeting_id")))
        return self.exclude(outcome="").filter(can, taken_up_at__isnull=True)


class AgendaItem(Row):
    """One point of a meeting, in words that all (or the named bodies) may read; notes and decision are written while meeting."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    order = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=7, choices=ItemKind)
    title = models.CharField(_("議題"), max_length=100)
    question = models.TextField(_("諮りたいこと"), max_length=1000, blank=True)
    tried = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    level = models.CharField(max_length=5, choices=Level, default=Level.ALL)
    bodies = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    put_up_by = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    presenter = models.CharField(_("説明する人"), max_length=100, blank=True)
    planned_minutes = models.PositiveSmallIntegerField(_("予定（分）"), default=10)
    notes = models.TextField(_("議事"), max_length=8000, blank=True)
    outcome = models.CharField(max_length=8, choices=ItemOutcome, default=ItemOutcome.OPEN, blank=True)
    decision = models.TextField(_("決めたこと"), max_length=1000, blank=True)
    decided_at = models.DateTimeField(null=True)
    taken_up_at = models.DateTimeField(null=True)
    made_from = models.CharField(max_length=100, blank=True)  # the rule's proposal it was ticked from: taken up once a meeting
    carried_from = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="carried_to")
    version = models.PositiveIntegerField(default=0)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        """In order; an item for some names them, a decision says what; only hard cases find help or go outside."""

        ordering = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="item_has_title"),
            models.UniqueConstraint(fields=["meeting", "made_from"], condition=~models.Q(made_from=""), name="item_proposed_once"),
            models.CheckConstraint(condition=models.Q(kind__in=ItemKind.values), name="item_kind"),
            models.CheckConstraint(
                condition=models.Q(level="all", bodies=[]) | models.Q(level="named") & ~models.Q(bodies=[]), name="item_level_names_bodies"
            ),
            models.CheckConstraint(condition=models.Q(outcome__in=ItemOutcome.values), name="item_outcome"),
            models.CheckConstraint(
                condition=models.Q(outcome="", decided_at__isnull=True) | ~models.Q(outcome="") & ~models.Q(decision="") & models.Q(decided_at__isnull=False),
                name="item_decided_says_what",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Tell whether nothing was decided yet."""
        return not self.outcome


class ItemSourceQuerySet(models.QuerySet["ItemSource"]):
    """Sources of the cases one sees from inside; the policy ``meetings_itemsource`` says the same."""

    def visible_to(self, actor: Actor) -> ItemSourceQuerySet:
        """Return the sources in cases the actor runs or took."""
        if actor.is_system:
            return self
        return self.filter(of_inside(actor)) if actor.is_staff else self.none()


class ItemSource(Row):
    """Which case an item asks about, and (of a hard one) which rung of it: what it decides goes back there."""

    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="source")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ItemSourceQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.item_id)


class TaskQuerySet(models.QuerySet["Task"]):
    """Tasks of the items one sees."""

    def visible_to(self, actor: Actor) -> TaskQuerySet:
        """Return the tasks of visible items."""
        return self.filter(item__in=AgendaItem.objects.visible_to(actor))


class Task(Row):
    """What a body does until when, as a meeting decided (宿題); carried on every agenda until it is done."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="tasks")
    what = models.CharField(_("すること"), max_length=200)
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("いつまで"))
    done_on = models.DateField(null=True)
    done_words = models.CharField(max_length=400, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        """By what is due first."""

        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(what=""), name="task_says_what"),
            models.CheckConstraint(condition=models.Q(done_on__isnull=True) | ~models.Q(done_words=""), name="task_done_says_how"),
        ]

    def __str__(self) -> str:
        return self.what
