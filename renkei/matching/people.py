"""Which of the people in the catalogue is there, and who has less on hand: it decides between equals, told in words [C67].

A person's entry may be tied to the account of that person (fact ``account``): then absences come from the records, and counts
from what the worker counted. Without one there are only the spans written by hand (fact ``absent``), and no count is guessed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.language import shown_day
from renkei.matching.entries import Match
from renkei.matching.models import Entry, EntryKind
from renkei.matching.proposal import Evidence
from renkei.matching.tying import ACCOUNT

ABSENT = "absent"  # the fact of spans written by hand
_LOAD, _MOST_LOAD, _SHARE, _MOST_SHARE = 0.005, 0.05, 0.002, 0.02  # between equals: taken off a score of one at most
_TOLD = 2  # people named as away beside a body
# Asked at every proposal: written once, since three queries of Django's making took 4 ms of processor where this takes 0.6.
# As ``Membership.holding``, ``Absence.on``, and the counts the worker pushed.
_BEHIND = """
    SELECT t.entry,
        EXISTS (SELECT FROM accounts_membership m JOIN accounts_person p ON p.id = m.person_id AND p.is_active
                WHERE m.person_id = t.account AND m.body_id = t.body AND m.since <= %(day)s AND (m.until IS NULL OR m.until >= %(day)s)),
        (SELECT max(a.until) FROM accounts_absence a WHERE a.person_id = t.account AND a.body_id = t.body
         AND a.cancelled_at IS NULL AND a.since <= %(day)s AND a.until >= %(day)s),
        coalesce(l.open_count, 0), coalesce(l.asked_count, 0)
    FROM unnest(%(entries)s::text[], %(accounts)s::uuid[], %(bodies)s::text[]) AS t (entry, account, body)
    LEFT JOIN matching_load l ON l.entry_id = t.entry AND l.body_id = t.body AND l.service_id IS NULL
"""


class Behind(NamedTuple):
    """Who stands behind an entry, by the records: whether still in the body, until when away, and how much on hand and asked."""

    is_there: bool
    until: dt.date | None
    open_count: int
    asked_count: int


def behind(entries: Iterable[Entry], day: dt.date) -> dict[str, Behind]:
    """Return, by entry tied to an account, what the records say of that person; one query, none where no entry is tied."""
    tied = [one for one in entries if one.facts.get(ACCOUNT)]
    if not tied:
        return {}
    given: dict[str, Any] = {"entries": [one.pk for one in tied], "accounts": [one.facts[ACCOUNT] for one in tied], "bodies": [one.body_id for one in tied], "day": day}
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, given)
        return {entry: Behind(*told) for entry, *told in cursor.fetchall()}


def away(entry: Entry, who: Behind | None, day: dt.date) -> str:
    """Say until when the person is away, and since what day back; empty for who is there."""
    if who is not None and not who.is_there:
        return _("いまはこの機関にいません")
    ends = [*_by_hand(entry.facts, day), *([who.until] if who and who.until else [])]
    if not ends:
        return ""
    last = max(ends)
    return _("%(until)sまで不在（%(back)sに戻ります）") % {"until": shown_day(last, day), "back": shown_day(last + dt.timedelta(days=1), day)}


def by_circumstance(listed: Sequence[Match]) -> list[Match]:
    """Return what was found with who is away marked; among equals of one body who has less on hand takes the earlier place.

    Places of everything else stay as they are, and so does every score: circumstances say nothing about the fit.
    """
    places = [n for n, one in enumerate(listed) if one.entry.kind == EntryKind.PERSON]
    found, day = list(listed), clock.today()
    known = behind([listed[n].entry for n in places], day)
    counted: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for n in places:
        entry, who = found[n].entry, known.get(found[n].entry.pk)
        if words := away(entry, who, day):
            found[n] = replace(found[n], away=words)
        elif who is not None:
            counted[entry.body_id or ""][n] = (who.open_count, who.asked_count)
    for counts in counted.values():
        for place, one in zip(counts, _less_first(found, counts), strict=True):
            found[place] = one
    return found


def here_first(listed: Iterable[Match]) -> list[Match]:
    """Return what is shown with those last who are away today."""
    return sorted(listed, key=lambda one: bool(one.away))


def away_words(shown: Iterable[Match]) -> list[Evidence]:
    """Return who of those shown for a body is away, and until when."""
    return [Evidence("failed", _("%(name)s：%(away)s") % {"name": one.entry.name, "away": one.away}) for one in shown if one.away][:_TOLD]


def _less_first(found: Sequence[Match], counts: Mapping[int, tuple[int, int]]) -> list[Match]:
    """Return the people of one body at their places anew: held back by what they have on hand and by how often they were asked."""
    fewest = min(asked for _count, asked in counts.values())
    load = {n: min(_MOST_LOAD, _LOAD * count) for n, (count, _asked) in counts.items()}
    share = {n: min(_MOST_SHARE, _SHARE * (asked - fewest)) for n, (_count, asked) in counts.items()}

    def rank(*held: Mapping[int, float]) -> Callable[[int], tuple[float, int]]:
        return lambda n: (-round(found[n].score - sum(one[n] for one in held), 4), n)

    order = sorted(counts, key=rank(load, share))
    told = [
        (rank(share), 0, _("手持ちの少ない人を先にしています（%(n)s件、次の人は%(most)s件）")),
        (rank(load), 1, _("この1年の依頼が少ない人を先にしています（%(n)s件、次の人は%(most)s件）")),
    ]
    ahead = (_ahead(n, order[place + 1 :], counts, told) for place, n in enumerate(order))
    return [replace(found[n], ahead=words) if words else found[n] for n, words in zip(order, ahead, strict=True)]


def _ahead(one: int, behind: Sequence[int], counts: Mapping[int, tuple[int, int]], told: Sequence[tuple[Any, int, str]]) -> tuple[str, ...]:
    """Say what decided: without it, one of those behind would stand before this one."""
    found = []
    for before, which, words in told:
        passed = [counts[other][which] for other in behind if before(other) < before(one)]
        if passed:
            found.append(words % {"n": counts[one][which], "most": max(passed)})
    return tuple(found)


def _by_hand(facts: Mapping[str, Any], day: dt.date) -> list[dt.date]:
    """Return the last days of the spans written by hand that hold on a day."""
    spans = ((dt.date.fromisoformat(one["from"]), dt.date.fromisoformat(one["to"])) for one in facts.get(ABSENT, ()))
    return [end for begin, end in spans if begin <= day <= end]
