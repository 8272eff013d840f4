"""Saved views of the list of cases: a name for a set of filters, one's own or shared in the body, with an alert."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Views as one person of one body may see them; the policy ``cases_savedview`` says the same."""

    def visible_to(self, actor: Actor) -> SavedViewQuerySet:
        """Return one's own views in the acting body, and those colleagues share there."""
        if actor.is_system:
            return self
        if not actor.is_staff or actor.person is None:
            return self.none()
        mine = models.Q(person_id=actor.person) | models.Q(shared=True, ended_at__isnull=True)
        return self.filter(mine, body_id=actor.body)

    def living(self) -> SavedViewQuerySet:
        """Return views that were not removed."""
        return self.filter(ended_at__isnull=True)

    def owned_by(self, actor: Actor) -> SavedViewQuerySet:
        """Return the actor's own living views in the acting body, in the chosen order."""
        if actor.person is None:
            return self.none()
        return self.living().filter(person_id=actor.person, body_id=actor.body).order_by("place", "made_at")


class SavedView(Row):
    """One saved set of filters. ``query`` is the list's own query string: what the URL says is what is saved."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("名前"), max_length=40)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(default=False)
    alert = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    place = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=20, blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        """A name once a person and body, and one default."""

        ordering = ["place", "made_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_has_name"),
            models.UniqueConstraint(
                fields=["person", "body", "name"], condition=models.Q(ended_at__isnull=True), name="saved_view_name_once"
            ),
            models.UniqueConstraint(
                fields=["person", "body"],
                condition=models.Q(ended_at__isnull=True, is_default=True),
                name="saved_view_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ViewHitQuerySet(models.QuerySet["ViewHit"]):
    """Hits belong to the person whose view it is."""

    def visible_to(self, actor: Actor) -> ViewHitQuerySet:
        """Return hits of one's own views in the acting body; the worker sees all."""
        if actor.is_system:
            return self
        if not actor.is_staff or actor.person is None:
            return self.none()
        return self.filter(view__person_id=actor.person, view__body_id=actor.body)

    def fresh(self) -> ViewHitQuerySet:
        """Return what came into a view and was not looked at yet."""
        return self.filter(seen_at__isnull=True, left_at__isnull=True)


class ViewHit(Row):
    """A case that stands in an alerting view: since when, until when, and whether it was looked at."""

    view = models.ForeignKey(SavedView, on_delete=models.PROTECT, related_name="hits")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    came_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)

    objects = ViewHitQuerySet.as_manager()

    class Meta:
        """A case stands in a view once at a time; it may leave and come back."""

        ordering = ["-came_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["view", "case"], condition=models.Q(left_at__isnull=True), name="view_hit_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.view_id} {self.case_id}"
