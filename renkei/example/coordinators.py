"""The example's coordinators: lines of the log week by week, bridges that came to something or to nothing, a report a month, what was missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.gaps import Missing, record_gap
from renkei.cases.models import Case, Need
from renkei.cases.queries.proposed import waiting_to_climb
from renkei.cases.states import NeedState
from renkei.example.cast import Cast
from renkei.example.scene import phrases
from renkei.matching.models import Entry, EntryKind
from renkei.plan.queries import add_business_days, content_now
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.actions.logging import Line, log_activity
from renkei.research.actions.reporting import draft_report, table_report
from renkei.research.rules import first_of, kinds

_WEEKS = 12
_EACH = 3  # people who log


def coordinate(cast: Cast, today: dt.date) -> Iterator[dt.datetime]:
    """Log and bridge every week, table last month's report when a month begins; at last say what was missing."""
    people = _people(cast)
    if not people:
        return
    reported = first_of(today - dt.timedelta(weeks=_WEEKS))
    for week in range(_WEEKS, 0, -1):
        yield clock.at(add_business_days(today - dt.timedelta(weeks=week), 1), 16, 20)
        for turn, person in enumerate(people):
            _log(person, week + turn)
        if week % 3 == 0:
            _bridge(people[week // 3 % len(people)], week)
        if first_of(clock.today()) > reported:
            reported = first_of(clock.today())
            for person in people:
                with suppress(Refused):
                    table_report(draft_report(reported - dt.timedelta(days=1), by=person), by=person, sure=True)
    yield clock.at(add_business_days(today, -1), 15, 10)
    _miss(cast)


def _people(cast: Cast) -> list[Actor]:
    """Return the first people in the post the plan names first, in the body it puts it."""
    placed = content_now().section("posts")
    if not placed or placed[0]["body"] not in cast.staff:
        return []
    of_post = set(Membership.objects.filter(body_id=placed[0]["body"], role=placed[0]["post"]).values_list("person_id", flat=True))
    return [actor for _since, actor in cast.staff[placed[0]["body"]] if actor.person in of_post][:_EACH]


def _log(by: Actor, turn: int) -> None:
    said, known = phrases()["coordinators"]["lines"], kinds()
    held = list(Case.objects.visible_to(by).held_by(str(by.body)).order_by("arrived_at", "pk"))
    case = held[turn % len(held)] if held and turn % 3 else None
    log_activity(Line(said[turn % len(said)], (30, 60, 90, 45)[turn % 4], known[turn % len(known)].code, case=case), by=by)


def _bridge(by: Actor, turn: int) -> None:
    """Try a seed for a need of the body's cases: one came to something, one to nothing, the others go on."""
    needs = list(Need.objects.visible_to(by).filter(state=NeedState.OPEN, case__in=Case.objects.visible_to(by).held_by(str(by.body))).order_by("added_at", "pk"))
    seeds = list(Entry.objects.visible_to(by).filter(kind=EntryKind.SEED).select_related("body").order_by("pk"))
    if not needs or not seeds:
        return
    seed, said = seeds[turn * 7 % len(seeds)], phrases()["coordinators"]
    try:
        made = start_bridge(needs[turn % len(needs)], Other("", entry=seed, body=seed.body), by=by, words=said["tried"])
    except Refused:  # on some days the same two meet again
        return
    ends = {12: ("came", said["came"]), 6: ("failed", said["failed"]), 3: ("talked", "")}
    if turn in ends:
        move_bridge(made, by=by, state=ends[turn][0], words=ends[turn][1])


def _miss(cast: Cast) -> None:
    by = cast.desk()
    for turn, need in enumerate(waiting_to_climb(by).order_by("added_at", "pk")[:4]):
        given = phrases()["coordinators"]["missing"]
        row = given[turn % len(given)]
        with suppress(Refused):
            record_gap(need, Missing(row["kind"], row["what"], words=row["words"], yen=row.get("yen")), by=by, sure=True)
