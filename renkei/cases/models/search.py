"""Saved searches of entries with what came into them, and entries that a case under way could use now."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.models import Row
from renkei.cases.models.case import Case
from renkei.cases.models.need import Need


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    """Searches are their person's alone, in the body in which they were saved; people of firms have theirs without a body."""

    def visible_to(self, actor: Actor) -> SavedSearchQuerySet:
        """Return one's own; the worker sees all. The policy says the same."""
        if actor.is_system:
            return self
        if actor.is_company and actor.person:
            return self.filter(person_id=actor.person, body__isnull=True)
        return self.filter(person_id=actor.person, body_id=actor.body) if actor.is_staff and actor.person else self.none()

    def living(self) -> SavedSearchQuerySet:
        """Return searches that were not removed."""
        return self.filter(ended_at__isnull=True)


class SavedSearch(Row):
    """A search of entries under a name. ``query`` is the search page's own query string; without ``body`` a firm's person saved it."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("名前"), max_length=40)
    query = models.CharField(max_length=1000)
    alert = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        """A name once a person and body."""

        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_search_has_name"),
            models.UniqueConstraint(
                fields=["person", "body", "name"], condition=models.Q(ended_at__isnull=True), name="saved_search_name_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SearchHitQuerySet(models.QuerySet["SearchHit"]):
    """Hits belong to the person whose search it is."""

    def visible_to(self, actor: Actor) -> SearchHitQuerySet:
        """Return hits of one's own searches; the worker sees all."""
        if actor.is_system:
            return self
        return self.filter(search__in=SavedSearch.objects.visible_to(actor))


class SearchHit(Row):
    """An entry that a saved search has met; it is told of once, however often it changes."""

    search = models.ForeignKey(SavedSearch, on_delete=models.PROTECT, related_name="hits")
    entry = models.ForeignKey("matching.Entry", on_delete=models.PROTECT, related_name="+")
    came_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    objects = SearchHitQuerySet.as_manager()

    class Meta:
        """Once a search and entry."""

        ordering = ["-came_at"]
        constraints = [models.UniqueConstraint(fields=["search", "entry"], name="search_hit_once")]

    def __str__(self) -> str:
        return f"{self.search_id} {self.entry_id}"


class SuggestionAnswer(models.TextChoices):
    """What the holder said."""

    USED = "used", _("使う")
    UNFIT = "unfit", _("合わない")


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    """A suggestion is the holder's: it was made of what the holder may read."""

    def visible_to(self, actor: Actor) -> SuggestionQuerySet:
        """Return those of cases the acting body holds; the worker sees all. The policy says the same."""
        if actor.is_system:
            return self
        return self.filter(case__in=Case.objects.filter(holder_id=actor.body)) if actor.is_staff else self.none()

    def open(self) -> SuggestionQuerySet:
        """Return what nobody has answered yet, of entries that still stand."""
        return self.filter(answer="", entry__withdrawn_on__isnull=True)


class Suggestion(Row):
    """An entry that came, or opened, while a case was under way and that fits one of its needs; told once an entry and case.

    ``words`` are the words both have, as they stand in what the holder may read of the need.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="suggestions")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey("matching.Entry", on_delete=models.PROTECT, related_name="+")
    score = models.FloatField()
    words = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField()
    answer = models.CharField(max_length=5, choices=SuggestionAnswer, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        """The strongest first."""

        ordering = ["-score", "found_at"]
        constraints = [
            models.UniqueConstraint(fields=["case", "entry"], name="suggestion_once"),
            models.CheckConstraint(condition=models.Q(answer__in=["", *SuggestionAnswer.values]), name="suggestion_answer"),
            models.CheckConstraint(
                condition=models.Q(answer="") | models.Q(answered_at__isnull=False), name="suggestion_answer_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.entry_id}"
