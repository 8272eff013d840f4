"""What came into the catalogue, told to those it concerns: saved searches that call, and cases under way."""

from __future__ import annotations

import datetime as dt
from itertools import groupby

from django.db.models import Q, QuerySet

from renkei.accounts.queries import is_member
from renkei.base import clock
from renkei.base.actor import SYSTEM, company_person, staff
from renkei.base.context import acting
from renkei.base.language import written
from renkei.cases import mails
from renkei.cases.actions.searching import check_search
from renkei.cases.actions.suggesting import suggest
from renkei.cases.models import SavedSearch
from renkei.companies.models import CompanyAccess
from renkei.matching.models import Entry
from renkei.matching.standing import CASES
from renkei.plan.queries import content_now, is_business_day
from renkei.post.daily import EVENING
from renkei.post.nudges import News, Reader, put_nudge

LATELY, AGAIN = dt.timedelta(hours=2), dt.timedelta(days=4)
_NAMED = 5


def run_entry_news() -> int:
    """Tell of what came in lately; returns how many entries were told of. Safe to run twice: nothing is told twice."""
    with acting(SYSTEM):
        count = suggest(clock.now() - LATELY)
    return count + run_searches() + run_firm_searches()


def run_entry_news_again() -> int:
    """Look over the last days, for what a stopped worker missed."""
    with acting(SYSTEM):
        return suggest(clock.now() - AGAIN)


def run_searches() -> int:
    """Look into every calling search of the staff as its own person would; one word a search, whatever the number of entries."""
    with acting(SYSTEM):
        watched = list(_calling().filter(body__isnull=False).order_by("checked_at", "pk"))
    count = 0
    for search in watched:
        if search.body_id is None or not is_member(search.person_id, search.body_id):
            continue
        person = staff(search.person_id, search.body_id, search.person.name)
        with acting(person):
            found = check_search(search, by=person)
        if found:
            with acting(SYSTEM):  # what is lost between the two still stands on the page of searches
                _tell(search, found)
        count += len(found)
    return count


def run_firm_searches() -> int:
    """Look into the calling searches of people of firms, once a business day at the hour of the mails; one mail a person.

    Each is looked into as its person, who sees public entries only: when a mail leaves tells nothing of any other.
    """
    hour = _mail_hour()
    if hour is None or clock.now() < hour:
        return 0
    with acting(SYSTEM):
        watched = list(
            _calling().filter(body__isnull=True).filter(Q(checked_at__isnull=True) | Q(checked_at__lt=hour)).order_by("person_id", "made_at", "pk")
        )  # fmt: skip
    return sum(_look_for(list(own)) for _person, own in groupby(watched, key=lambda one: one.person_id))


def _look_for(own: list[SavedSearch]) -> int:
    person = own[0].person
    with acting(SYSTEM):
        access = CompanyAccess.objects.current().filter(person=person).order_by("since", "pk").first()
    if access is None:
        return 0
    actor = company_person(person.pk, person.name)
    found: list[tuple[SavedSearch, list[Entry]]] = []
    for search in own:
        with acting(actor):
            found.append((search, check_search(search, by=actor)))
    news = [(search, entries) for search, entries in found if entries]
    if news:
        with acting(SYSTEM):
            mails.firm_searches(person, access.company_id, [(search.name, [one.name for one in entries]) for search, entries in news], by=SYSTEM)
    return sum(len(entries) for _search, entries in news)


def _calling() -> QuerySet[SavedSearch]:
    return SavedSearch.objects.living().filter(alert=True, person__is_active=True).select_related("person")


def _mail_hour() -> dt.datetime | None:
    """Return the moment today from which the day's mails leave; None on days without business."""
    with acting(SYSTEM):
        if not is_business_day(clock.today()):
            return None
        chosen = content_now().clocks.get("digest")
    return clock.at(clock.today(), *divmod(chosen.minutes if chosen and chosen.minutes else EVENING, 60))


def _named(entry: Entry) -> str:
    """Return how news names an entry: a firm's own words, which it may take back, stand in its entry and nowhere else."""
    return written(entry.get_kind_display()) if entry.kept_by == CASES else entry.name


def _tell(search: SavedSearch, found: list[Entry]) -> None:
    names = "、".join(_named(one) for one in found[:_NAMED])
    if len(found) > _NAMED:
        names = written("%(names)s ほか%(n)s件") % {"names": names, "n": len(found) - _NAMED}
    title = written("「%(name)s」に%(n)s件入りました") % {"name": search.name, "n": len(found)}
    assert search.body_id is not None  # noqa: S101  only the staff's are told here
    reader = Reader(search.body_id, search.person_id, search.person.email, search.person.name)
    put_nudge(News("search", title, names, search.pk, search.name[:30], search.pk), reader, by=SYSTEM)
