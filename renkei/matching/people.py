"""Which of the people in the catalogue is there, and who has less on hand: it decides between equals, told in words [C67].

A person's entry may be tied to the account of that person (fact ``account``): then absences come from the records, and counts
from what the worker counted. Without one there are only the spans written by hand (fact ``absent``), and no count is guessed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from renkei.accounts.models import Absence, Membership
from renkei.base import clock
from renkei.base.language import shown_day
from renkei.matching.entries import Match
from renkei.matching.models import Entry, EntryKind, Load
from renkei.matching.proposal import Evidence
from renkei.matching.tying import ACCOUNT

ABSENT = "absent"  # the fact of spans written by hand
_LOAD, _MOST_LOAD, _SHARE, _MOST_SHARE = 0.005, 0.05, 0.002, 0.02  # between equals: taken off a score of one at most
_TOLD = 2  # people named as away beside a body
_Key = tuple[str, str]  # a person's id and a body


@dataclass(frozen=True)
class People:
    """Of accounts: which belong to their bodies on the day, until when who is away. Of entries: open and asked counts."""

    day: dt.date
    there: frozenset[_Key] = frozenset()
    until: Mapping[_Key, dt.date] = field(default_factory=dict)
    counts: Mapping[_Key, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def behind(cls, entries: Iterable[Entry], day: dt.date) -> People:
        """Read what is known of those who stand behind entries; three queries, none where no entry is tied to an account."""
        tied = {entry.pk: account for entry in entries if (account := entry.facts.get(ACCOUNT))}
        if not tied:
            return cls(day)
        accounts = set(tied.values())
        members = Membership.objects.holding(day).filter(person__in=accounts).values_list("person_id", "body_id")
        away = Absence.objects.on(day).filter(person__in=accounts).values_list("person_id", "body_id", "until")
        loads = Load.objects.filter(entry__in=tied).values_list("entry_id", "body_id", "open_count", "asked_count")
        return cls(
            day, frozenset((str(person), body) for person, body in members),
            {(str(person), body): until for person, body, until in away},
            {(entry, body): (count, asked) for entry, body, count, asked in loads},
        )  # fmt: skip

    def away(self, entry: Entry) -> str:
        """Say until when the person is away, and since what day back; empty for who is there."""
        key = (entry.facts.get(ACCOUNT, ""), entry.body_id or "")
        if key[0] and key not in self.there:
            return _("いまはこの機関にいません")
        ends = [until for until in (self.until.get(key), *_by_hand(entry.facts, self.day)) if until is not None]
        if not ends:
            return ""
        last = max(ends)
        return _("%(until)sまで不在（%(back)sに戻ります）") % {
            "until": shown_day(last, self.day), "back": shown_day(last + dt.timedelta(days=1), self.day)}  # fmt: skip

    def counted(self, entry: Entry) -> tuple[int, int] | None:
        """Return how much the person has on hand and how often they were asked; None where no account tells."""
        return self.counts.get((entry.pk, entry.body_id or ""), (0, 0)) if entry.facts.get(ACCOUNT) else None


def by_circumstance(listed: Sequence[Match]) -> list[Match]:
    """Return what was found with who is away marked; among equals of one body who has less on hand takes the earlier place.

    Places of everything else stay as they are, and so does every score: circumstances say nothing about the fit.
    """
    places = [n for n, one in enumerate(listed) if one.entry.kind == EntryKind.PERSON]
    people = People.behind([listed[n].entry for n in places], clock.today())
    found = list(listed)
    counted: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for n in places:
        entry = found[n].entry
        found[n] = replace(found[n], away=people.away(entry))
        if not found[n].away and (counts := people.counted(entry)) is not None:
            counted[entry.body_id or ""][n] = counts
    for counts_at in counted.values():
        for place, one in zip(counts_at, _less_first(found, counts_at), strict=True):
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
    return [replace(found[n], ahead=_ahead(n, order[place + 1 :], counts, told)) for place, n in enumerate(order)]


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
