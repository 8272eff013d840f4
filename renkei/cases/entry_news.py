"""What came into the catalogue, told to those it concerns: saved searches that call, and cases under way."""

from __future__ import annotations

import datetime as dt

from renkei.accounts.queries import is_member
from renkei.base import clock
from renkei.base.actor import SYSTEM, staff
from renkei.base.context import acting
from renkei.base.language import written
from renkei.cases.actions.searching import check_search
from renkei.cases.actions.suggesting import suggest
from renkei.cases.models import SavedSearch
from renkei.matching.models import Entry
from renkei.post.nudges import News, Reader, put_nudge

LATELY, AGAIN = dt.timedelta(hours=2), dt.timedelta(days=4)
_NAMED = 5


def run_entry_news() -> int:
    """Tell of what came in lately; returns how many entries were told of. Safe to run twice: nothing is told twice."""
    with acting(SYSTEM):
        count = suggest(clock.now() - LATELY)
    return count + run_searches()


def run_entry_news_again() -> int:
    """Look over the last days, for what a stopped worker missed."""
    with acting(SYSTEM):
        return suggest(clock.now() - AGAIN)


def run_searches() -> int:
    """Look into every calling search as its own person would; one word a search, whatever the number of entries."""
    with acting(SYSTEM):
        watched = list(
            SavedSearch.objects.living().filter(alert=True, person__is_active=True).select_related("person").order_by("checked_at", "pk")
        )
    count = 0
    for search in watched:
        if not is_member(search.person_id, search.body_id):
            continue
        person = staff(search.person_id, search.body_id, search.person.name)
        with acting(person):
            found = check_search(search, by=person)
        if found:
            with acting(SYSTEM):  # what is lost between the two still stands on the page of searches
                _tell(search, found)
        count += len(found)
    return count


def _tell(search: SavedSearch, found: list[Entry]) -> None:
    names = "、".join(one.name for one in found[:_NAMED])
    if len(found) > _NAMED:
        names = written("%(names)s ほか%(n)s件") % {"names": names, "n": len(found) - _NAMED}
    title = written("「%(name)s」に%(n)s件入りました") % {"name": search.name, "n": len(found)}
    reader = Reader(search.body_id, search.person_id, search.person.email, search.person.name)
    put_nudge(News("search", title, names, search.pk, search.name[:30], search.pk), reader, by=SYSTEM)
