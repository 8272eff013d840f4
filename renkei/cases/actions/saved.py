"""Keep filters of the list under a name, share them in the body, and hear of cases that come into them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.models import Case, SavedView, Transition, ViewHit
from renkei.cases.queries.finding import Wanted, cases_wanted, read_query
from renkei.cases.rules import signed
from renkei.cases.steps import fit

MOST_NAME, MOST_VIEWS, MOST_WATCHED = 40, 30, 500


@dataclass(frozen=True, slots=True)
class ViewWords:
    """What is said about a view: its name, whether colleagues see it, whether it calls, whether the list opens with it."""

    name: str
    shared: bool = False
    alert: bool = False
    is_default: bool = False


@transaction.atomic
def save_view(query: str, words: ViewWords, *, by: Actor) -> SavedView:
    """Keep the filters of ``query`` under a name. Refused: ``name_empty``, ``too_long``, ``name_taken``, ``too_many``, ``too_wide``."""
    body, person = signed(by)
    own = _locked_own(by)
    if len(own) >= MOST_VIEWS:
        raise Refused(_("保存できるのは%(n)s個までです。使わないものを外してください。") % {"n": MOST_VIEWS}, "too_many")
    view = SavedView(body_id=body, person_id=person, query=Wanted(**read_query(query)).query, made_at=clock.now(),
                     place=max([one.place for one in own], default=0) + 1)
    _put(view, words, own)
    if view.alert:
        _watch(view, by=by)
    record(by, "view.save", view, name=view.name, query=view.query)
    return view


@transaction.atomic
def change_view(view: SavedView, words: ViewWords, *, by: Actor, query: str | None = None) -> SavedView:
    """Rename, share, let it call, make it the first view; with ``query`` other filters.

    Refused: as for ``save_view``, ``not_own``.
    """
    locked, own = _own_one(view, by)
    before = (locked.alert, locked.query)
    if query is not None:
        locked.query = Wanted(**read_query(query)).query
    _put(locked, words, own)
    if locked.alert and before != (True, locked.query):
        _watch(locked, by=by)
    record(by, "view.change", locked, name=locked.name, query=locked.query)
    return locked


@transaction.atomic
def move_view(view: SavedView, *, by: Actor, up: bool) -> SavedView:
    """Change places with the neighbour; at the end of the row nothing happens. Refused: ``not_own``."""
    locked, own = _own_one(view, by)
    order = [one.pk for one in own]
    here = order.index(locked.pk)
    there = here - 1 if up else here + 1
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        _number(own, order)
        record(by, "view.move", locked, place=there)
    return SavedView.objects.get(pk=locked.pk)


@transaction.atomic
def end_view(view: SavedView, *, by: Actor) -> SavedView:
    """Take a view off the list; a second press changes nothing. Refused: ``not_own``."""
    body, person = signed(by)
    locked = SavedView.objects.select_for_update().filter(pk=view.pk, person_id=person, body_id=body).first()
    if locked is None:
        raise _not_own()
    if locked.ended_at is None:
        locked.ended_at, locked.is_default, locked.alert = clock.now(), False, False
        locked.save()
        record(by, "view.end", locked)
    return locked


@transaction.atomic
def see_hits(view: SavedView, *, by: Actor) -> int:
    """Say that what came into a view was looked at; returns how many. Refused: ``not_own``."""
    locked, _others = _own_one(view, by)
    seen = ViewHit.objects.visible_to(by).fresh().filter(view=locked).update(seen_at=clock.now())
    if seen:
        record(by, "view.seen", locked, count=seen)
    return seen


@transaction.atomic
def check_view(view: SavedView, *, by: Actor) -> list[Case]:
    """Look what came into an alerting view and left it since the last look; returns what its person should hear of.

    ``by`` is the view's own person: the look sees what that person may see (P2). One's own acts are no news.
    """
    locked = SavedView.objects.select_for_update().filter(pk=view.pk, alert=True, ended_at__isnull=True).first()
    if locked is None or by.person != locked.person_id:
        return []
    inside, since = _inside(locked, by), locked.checked_at or locked.made_at
    if inside is None:
        locked.alert, locked.problem = False, "too_wide"
        locked.save()
        record(by, "view.too_wide", locked)
        return []
    hits = ViewHit.objects.visible_to(by).filter(view=locked, left_at__isnull=True)
    known = set(hits.values_list("case_id", flat=True))
    hits.exclude(case_id__in=inside).update(left_at=clock.now())
    new = inside - known
    own = _moved_by(by, new, since)
    _put_hits(locked, new - own)
    _put_hits(locked, own, seen=True)
    locked.checked_at = clock.now()
    locked.save(update_fields=["checked_at"])
    return list(Case.objects.visible_to(by).filter(pk__in=new - own).order_by("number"))


def _moved_by(by: Actor, cases: set[uuid.UUID], since: object) -> set[uuid.UUID]:
    """Return the cases whose last step since then is the person's own."""
    steps = Transition.objects.visible_to(by).filter(case__in=cases, recorded_at__gte=since)
    last = dict(steps.order_by().values_list("case_id").annotate(at=Max("recorded_at")))
    mine = steps.filter(person=by.person).values_list("case_id", "recorded_at")
    return {case for case, at in mine if last.get(case) == at}


def _watch(view: SavedView, *, by: Actor) -> None:
    """Begin to watch: what stands in the view now is known and calls nobody."""
    inside = _inside(view, by)
    if inside is None:
        raise Refused(_("当てはまる案件が%(n)s件を超えます。条件を足してから、知らせを受けてください。") % {"n": MOST_WATCHED},
                      "too_wide", field="alert")
    open_hits = ViewHit.objects.visible_to(by).filter(view=view, left_at__isnull=True)
    open_hits.update(left_at=clock.now())
    _put_hits(view, inside, seen=True)
    view.checked_at, view.problem = clock.now(), ""
    view.save(update_fields=["checked_at", "problem"])


def _inside(view: SavedView, by: Actor) -> set[uuid.UUID] | None:
    """Return the cases in the view as its person sees them; None when there are too many to watch."""
    found = cases_wanted(Wanted(**read_query(view.query)), by).values_list("pk", flat=True)[: MOST_WATCHED + 1]
    inside = set(found)
    return inside if len(inside) <= MOST_WATCHED else None


def _put_hits(view: SavedView, cases: Iterable[uuid.UUID], *, seen: bool = False) -> None:
    moment = clock.now()
    ViewHit.objects.bulk_create(
        [ViewHit(view=view, case_id=one, came_at=moment, seen_at=moment if seen else None) for one in cases]
    )


def _put(view: SavedView, words: ViewWords, own: list[SavedView]) -> None:
    view.name = fit(" ".join(words.name.splitlines()), MOST_NAME, "name")
    if not view.name:
        raise Refused(_("名前を書いてください。"), "name_empty", field="name")
    others = [one for one in own if one.pk != view.pk]
    if view.name in {one.name for one in others}:
        raise Refused(_("同じ名前の条件があります。別の名前にしてください。"), "name_taken", field="name")
    if words.is_default:
        SavedView.objects.filter(pk__in=[one.pk for one in others if one.is_default]).update(is_default=False)
    view.shared, view.alert, view.is_default = words.shared, words.alert, words.is_default
    view.save()


def _number(own: list[SavedView], order: list[uuid.UUID]) -> None:
    for one in own:
        one.place = order.index(one.pk) + 1
    SavedView.objects.bulk_update(own, ["place"])


def _locked_own(by: Actor) -> list[SavedView]:
    return list(SavedView.objects.owned_by(by).select_for_update())


def _own_one(view: SavedView, by: Actor) -> tuple[SavedView, list[SavedView]]:
    """Return the view and its neighbours, locked. Raises Refused when it is not the actor's own living one."""
    signed(by)
    own = _locked_own(by)
    found = next((one for one in own if one.pk == view.pk), None)
    if found is None:
        raise _not_own()
    return found, own


def _not_own() -> Refused:
    return Refused(_("この条件は、作った人だけが変えられます。"), "not_own")
