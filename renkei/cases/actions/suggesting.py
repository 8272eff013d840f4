"""Entries that came, or opened, while cases were under way: who could use them now hears of it, once an entry and case.

Few new entries are each held against the needs under way; many (an import, a first load) the other way round: each need is
matched once and looked through for them. Both ask the same ranking, so both find the same.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Case, Consultation, Need, Suggestion, SuggestionAnswer, Support
from renkei.cases.states import OPEN_SUPPORTS, NeedState, SupportState
from renkei.matching.actions import judge
from renkei.matching.entries import Match, matches
from renkei.matching.knowledge import Knowledge, knowledge
from renkei.matching.models import Entry, EntryKind, WindowKind
from renkei.matching.reasons import ARROW, reasons
from renkei.matching.standing import alive
from renkei.matching.synonyms import expanded
from renkei.matching.words import content_forms

KINDS = (EntryKind.SEED, EntryKind.EQUIPMENT, EntryKind.TEST, EntryKind.PROGRAMME, EntryKind.EVENT, EntryKind.OUTSIDE)
AMONG = 3  # an entry is told of when it stands among the first three of its kind for the need
SHARED = 2  # and shares two words of two characters with it, or words of the same meaning
STRONG = 0.7  # and comes near to the best of all kinds; read by eye: docs/matching.md says how
FEW = 200  # up to so many new entries are held against the needs, each; more go the other way round
NEAR = 40  # so many needs that share most words with an entry are looked at
MOST_A_CASE = 3
MOST_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Open:
    """A need under way: what the holder may read of it, and the text it is matched by."""

    need: Need
    shown: str
    text: str


def new_entries(since: dt.datetime, on: dt.date) -> list[Entry]:
    """Return what was first written since a moment, or whose call or course opens on a day, and still stands."""
    fresh = alive(Entry.objects.filter(kind__in=KINDS), on)
    opening = Entry.objects.filter(windows__kind__in=[WindowKind.CALL, WindowKind.COURSE], windows__opens=on).values("pk")
    return list(fresh.filter(entered_at__gte=since).order_by("pk")) + list(
        fresh.filter(pk__in=opening, entered_at__lt=since).order_by("pk")
    )


def open_needs() -> list[Open]:
    """Return the needs under way, each with the texts its holder may read: title and summary, the firm's words where it took them."""
    needs = list(
        Need.objects.filter(state=NeedState.OPEN, case__in=Case.objects.open()).select_related("case").order_by("added_at", "pk")
    )
    said: dict[uuid.UUID, list[str]] = defaultdict(list)
    for case, text in Consultation.objects.filter(case__in={one.case_id for one in needs}).values_list("case_id", "text"):
        said[case].append(text)
    found = []
    for need in needs:
        shown = "\n".join(filter(None, [need.title, need.case.title, need.case.summary]))
        own = said[need.case_id] if need.case.holder_id == need.case.received_by_id else []
        found.append(Open(need, shown, "\n".join([shown, *own])[:MOST_TEXT]))
    return found


def fitting(entries: Iterable[Entry], needs: Iterable[Open], known: Knowledge) -> list[tuple[Open, Match]]:
    """Return which of the entries fit which needs, strongest first."""
    wanted = {one.pk: one for one in entries}
    listed = list(needs)
    if not wanted or not listed:
        return []
    pairs = _near(wanted.values(), listed) if len(wanted) <= FEW else {one.need.pk: set(wanted) for one in listed}
    found = []
    for one in listed:
        ids = pairs.get(one.need.pk)
        if ids:
            found += [(one, hit) for hit in _strong(one, known) if hit.entry.pk in ids and _may(one, hit)]
    return sorted(found, key=lambda pair: (-pair[1].score, pair[1].entry.pk, str(pair[0].need.pk)))


def _strong(one: Open, known: Knowledge) -> list[Match]:
    """Return what stands among the first of its kind for the need, near the best of all, and shares enough words with it."""
    hits: list[Match] = []
    by_kind = Counter[str]()
    for hit in matches(one.text, known, kinds=KINDS, per_kind=AMONG):
        by_kind[hit.entry.kind] += 1
        shared = {one.text[a:b] for a, b in hit.spans if b - a > 1}
        if by_kind[hit.entry.kind] <= AMONG and len(shared) >= SHARED and hit.score >= STRONG:
            hits.append(hit)
    return hits


def _may(one: Open, hit: Match) -> bool:
    """What was there before the need came was proposed when the case was sorted: only what is newer is news."""
    return hit.entry.entered_at > one.need.added_at or any(
        window.opens is not None and window.opens > one.need.added_at.date() for window in hit.windows
    )


def _near(entries: Iterable[Entry], needs: list[Open]) -> Mapping[uuid.UUID, set[str]]:
    """Return for each need the entries that share the most telling words with it: a look at words, no search."""
    having: dict[str, list[uuid.UUID]] = defaultdict(list)
    for one in needs:
        for word in set(content_forms(one.text)):
            having[word].append(one.need.pk)
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for entry in entries:
        shared: dict[uuid.UUID, float] = defaultdict(float)
        forms = set(content_forms(f"{entry.name}\n{entry.summary}\n{entry.text}"))
        for word in forms | expanded(forms):
            for need in having.get(word, ()):
                shared[need] += 1 / len(having[word])
        for need in sorted(shared, key=lambda one: (-shared[one], one))[:NEAR]:
            found[need].add(entry.pk)
    return found


def suggest(since: dt.datetime, *, by: Actor = SYSTEM, on: dt.date | None = None) -> int:
    """Hold what is new against the needs under way and tell the holders; returns how many suggestions were made."""
    day = on or clock.today()
    by_case: dict[uuid.UUID, list[tuple[Open, Match]]] = defaultdict(list)
    for one, hit in fitting(new_entries(since, day), open_needs(), knowledge()):
        by_case[one.need.case_id].append((one, hit))
    return sum(tell_case(found[0][0].need.case, found, by=by) for found in by_case.values())


@transaction.atomic
def tell_case(case: Case, found: list[tuple[Open, Match]], *, by: Actor) -> int:
    """Write down the strongest for a case and tell its holder in one word; what was told before is not told again.

    What a body has that is at work for the case is no news; a body that said no for want of a machine may have it now.
    """
    locked = Case.objects.select_for_update().get(pk=case.pk)
    if not locked.is_open:
        return 0
    told = set(Suggestion.objects.filter(case=locked).values_list("entry_id", flat=True))
    asked = set(Support.objects.filter(case=locked, state__in=[*OPEN_SUPPORTS, SupportState.DONE]).values_list("body_id", flat=True))
    made: list[Suggestion] = []
    for one, hit in found:
        if hit.entry.pk in told or (hit.entry.body_id and hit.entry.body_id in asked) or len(made) >= MOST_A_CASE:
            continue
        told.add(hit.entry.pk)
        words = "、".join(why.text for why in reasons(hit, one.text) if why.kind != "near" and why.text.split(ARROW)[0] in one.shown)
        made.append(Suggestion.objects.create(case=locked, need=one.need, entry=hit.entry, score=hit.score, words=words[:200],
                                              found_at=clock.now()))
    if made:
        mails.tell_holder(locked, by=by, subject=written("いまなら使えるものがあります"), purpose="entry", about=made[0].pk, words=written(
            "この案件に合いそうなものが、新しく%(n)s件入りました。案件の画面で、使うか、合わないかを答えてください。") % {"n": len(made)})
        record(by, "case.suggest", locked, entries=[one.entry_id for one in made])
    return len(made)


@transaction.atomic
def answer_suggestion(suggestion: Suggestion, *, by: Actor, answer: str) -> Suggestion:
    """Say that a suggestion is used or does not fit; that is a judgment the matcher learns from. The last word counts.

    Refused: ``not_holder``, ``unknown_answer``.
    """
    if answer not in SuggestionAnswer.values:
        raise Refused(_("使うか、合わないかを選んでください。"), "unknown_answer", field="answer")
    locked = Suggestion.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=suggestion.pk).first()
    if locked is None or by.person is None:
        raise Refused(_("案件の主担当の機関だけが答えられます。"), "not_holder")
    if locked.answer == answer:
        return locked
    locked.answer, locked.answered_at, locked.answered_by_id = answer, clock.now(), by.person
    locked.save(update_fields=["answer", "answered_at", "answered_by"])
    _judge(locked, by)
    record(by, "case.suggestion", locked, entry=locked.entry_id, answer=answer)
    return locked


def _judge(suggestion: Suggestion, by: Actor) -> None:
    entry = suggestion.entry
    services = [entry.service_id] if entry.service_id else knowledge().services_of(entry.kind, entry.facts.get("post", ""))
    if services and services[0] and entry.body_id:
        judge(suggestion.need_id, by=by, service=services[0], body=entry.body_id, entry=entry.pk,
              fits=suggestion.answer == SuggestionAnswer.USED)
