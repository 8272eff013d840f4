"""Keep a search of entries under a name, and hear once of each entry that comes into it."""

from __future__ import annotations

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.models import SavedSearch, SearchHit
from renkei.cases.rules import signed
from renkei.cases.steps import fit
from renkei.matching.finding import Wish, look, read_wish
from renkei.matching.models import Entry

MOST_NAME, MOST_SEARCHES, MOST_WATCHED = 40, 30, 1000
MOST_QUERY = 1000  # of the address: a Japanese sign takes nine


def wish_of(query: str) -> Wish:
    """Read a wish from a query string."""
    given = QueryDict(query)
    return read_wish(given, given.getlist("without"))


@transaction.atomic
def save_search(query: str, name: str, *, by: Actor, alert: bool = True) -> SavedSearch:
    """Keep a search. What it finds today is known and calls nobody.

    Refused: ``empty``, ``query_too_long``, ``name_empty``, ``too_long``, ``name_taken``, ``too_many``, ``too_wide``, ``not_allowed``.
    """
    body, person = (None, by.person) if by.is_company and by.person else signed(by)
    wish = wish_of(query)
    if wish.is_empty:
        raise Refused(_("探す言葉か条件を入れてから保存してください。"), "empty")
    if len(wish.query) > MOST_QUERY:  # cut, it would find something else than the page from which it was saved
        raise Refused(_("探す言葉が長すぎて、保存できません。言葉か条件を減らしてから、もう一度保存してください。"), "query_too_long")
    own = list(SavedSearch.objects.visible_to(by).living().select_for_update())
    if len(own) >= MOST_SEARCHES:
        raise Refused(_("保存できるのは%(n)s個までです。使わないものを外してください。") % {"n": MOST_SEARCHES}, "too_many")
    search = SavedSearch(body_id=body, person_id=person, query=wish.query, made_at=clock.now())
    _put(search, name, own, alert=alert)
    if alert:
        _watch(search, by=by)
    record(by, "search.save", search, name=search.name, query=search.query)
    return search


@transaction.atomic
def change_search(search: SavedSearch, name: str, *, by: Actor, alert: bool) -> SavedSearch:
    """Rename it, let it call or be quiet. Refused: as for ``save_search``, ``not_own``."""
    own = list(SavedSearch.objects.visible_to(by).living().select_for_update())
    locked = next((one for one in own if one.pk == search.pk), None)
    if locked is None:
        raise _not_own()
    starts = alert and not locked.alert
    _put(locked, name, own, alert=alert)
    if starts:
        _watch(locked, by=by)
    record(by, "search.change", locked, name=locked.name, alert=alert)
    return locked


@transaction.atomic
def end_search(search: SavedSearch, *, by: Actor) -> SavedSearch:
    """Take a search off the list; a second press changes nothing. Refused: ``not_own``."""
    locked = SavedSearch.objects.visible_to(by).select_for_update().filter(pk=search.pk).first()
    if locked is None or by.is_system:
        raise _not_own()
    if locked.ended_at is None:
        locked.ended_at, locked.alert = clock.now(), False
        locked.save()
        record(by, "search.end", locked)
    return locked


@transaction.atomic
def see_search(search: SavedSearch, *, by: Actor) -> int:
    """Say that what came in was looked at; returns how many."""
    seen = SearchHit.objects.visible_to(by).filter(search=search, seen_at__isnull=True).update(seen_at=clock.now())
    if seen:
        record(by, "search.seen", search, count=seen)
    return seen


@transaction.atomic
def check_search(search: SavedSearch, *, by: Actor) -> list[Entry]:
    """Look what came into a calling search; returns the entries nobody has heard of yet. ``by`` is its own person."""
    locked = SavedSearch.objects.visible_to(by).living().select_for_update().filter(pk=search.pk, alert=True).first()
    if locked is None or by.person != locked.person_id:
        return []
    ids = _inside(locked, by)
    known = set(SearchHit.objects.visible_to(by).filter(search=locked, entry__in=ids).values_list("entry_id", flat=True))
    new = [one for one in ids if one not in known]
    _know(locked, new, seen=False)
    locked.checked_at = clock.now()
    locked.save(update_fields=["checked_at"])
    found = Entry.objects.visible_to(by).in_bulk(new)
    return [found[one] for one in new if one in found]


def _put(search: SavedSearch, name: str, own: list[SavedSearch], *, alert: bool) -> None:
    search.name = fit(" ".join(name.splitlines()), MOST_NAME, "name")
    if not search.name:
        raise Refused(_("名前を書いてください。"), "name_empty", field="name")
    if search.name in {one.name for one in own if one.pk != search.pk}:
        raise Refused(_("同じ名前の条件があります。別の名前にしてください。"), "name_taken", field="name")
    search.alert = alert
    search.save()


def _watch(search: SavedSearch, *, by: Actor) -> None:
    """Begin to watch: what is found now is known and calls nobody."""
    ids = _inside(search, by)
    if len(ids) >= MOST_WATCHED:
        raise Refused(_("当てはまるものが%(n)s件を超えます。条件を足してから、知らせを受けてください。") % {"n": MOST_WATCHED},
                      "too_wide", field="alert")
    known = set(SearchHit.objects.visible_to(by).filter(search=search).values_list("entry_id", flat=True))
    _know(search, [one for one in ids if one not in known], seen=True)


def _inside(search: SavedSearch, by: Actor) -> list[str]:
    return [one.id for one in look(wish_of(search.query), actor=by).lines if not one.is_over][:MOST_WATCHED]


def _know(search: SavedSearch, ids: list[str], *, seen: bool) -> None:
    moment = clock.now()
    SearchHit.objects.bulk_create([SearchHit(search=search, entry_id=one, came_at=moment, seen_at=moment if seen else None) for one in ids])


def _not_own() -> Refused:
    return Refused(_("この条件は、作った人だけが変えられます。"), "not_own")
