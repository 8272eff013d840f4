"""What was found, as a page shows it: rows with the matched words marked, narrowings with counts, words that can be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.language import shown_money
from renkei.base.text import to_katakana
from renkei.matching import index
from renkei.matching.eligibility import window_words
from renkei.matching.entries import Said
from renkei.matching.fetching import with_windows
from renkei.matching.finding import Facet, Look, Wish, without_word
from renkei.matching.models import Entry, EntryKind, Window
from renkei.matching.proposal import Evidence
from renkei.matching.reasons import why_found
from renkei.matching.shelf import ANYWHERE, FREE, OUTSIDE, Line, fee_of
from renkei.matching.standing import standing_of
from renkei.matching.synonyms import current
from renkei.matching.telling import telling_or_all
from renkei.matching.words import content_forms, placed_forms, words
from renkei.plan.models import Municipality
from renkei.plan.queries import content_now, short_names

PER_PAGE = 20
_MOST_VALUES = 12
_MOST_ALIKE = 6
_LABELS = {
    "kind": gettext_lazy("種類"), "body": gettext_lazy("機関"), "topic": gettext_lazy("技術分野"), "area": gettext_lazy("使える所"),
    "fee": gettext_lazy("費用"), "dates": gettext_lazy("時期"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a shown text; ``marked`` when it is what was looked for."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the list."""

    entry: Entry
    by: str
    url: str
    kind: str
    name: list[Part]
    about: list[Part]
    when: str
    fee: str
    is_over: bool
    reasons: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a narrowing: its word, how many it leaves, the address that chooses it (or, when here, gives it up)."""

    label: str
    count: int
    query: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one narrowing."""

    name: str
    label: str
    values: list[Value]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Same:
    """Words looked for beside one that was typed; each with the address that leaves it out."""

    said: str
    words: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """All a page of results needs."""

    look: Look
    page: Page[Line]
    rows: list[Row]
    groups: list[Group]
    same: list[Same]
    left_out: list[tuple[str, str]]
    query: str

    @property
    def count(self) -> int:
        """Return how many entries were found."""
        return len(self.look.lines)

    @property
    def without_over(self) -> str:
        """Return the address's query that leaves out what is over, all else kept."""
        return replace(self.look.wish, over="").query

    @property
    def wide(self) -> str:
        """Return the address's query without any narrowing: words, words left out and order stay."""
        wish = self.look.wish
        return Wish(q=wish.q, first=wish.first, over=wish.over, without=wish.without).query


def shown(look: Look, link: Callable[[str], str], page: str | None = None) -> Shown:
    """Return what a page shows of what was found; ``link`` gives an entry's address by its id."""
    wish = look.wish
    one = Paginator(look.lines, PER_PAGE).get_page(page)
    same = [
        Same(said, [(word, without_word(wish, word).query) for word in listed[:_MOST_ALIKE]]) for said, listed in look.alike.items()
    ]
    back = [(word, replace(wish, without=tuple(w for w in wish.without if w != word)).query) for word in wish.without]
    return Shown(look, one, _rows(list(one.object_list), look, link), _groups(look), same, back, wish.query)


def labels(name: str, codes: Iterable[str]) -> dict[str, str]:
    """Return the words for the values of a narrowing; what is not known any more stands as its code."""
    listed = list(codes)
    known: dict[str, str] = {}
    if name == "kind":
        known = {kind.value: str(kind.label) for kind in EntryKind}
    elif name == "body":
        known = short_names()
    elif name == "topic":
        known = {term.code: term.name for term in content_now().vocabulary("tech_fields")}
    elif name == "area":
        known = {ANYWHERE: _("地域のどこでも"), OUTSIDE: _("地域の外")}
        if places := [code for code in listed if code not in known]:
            known |= dict(Municipality.objects.filter(pk__in=places).values_list("pk", "name"))
    elif name == "fee":
        known = {FREE: _("無料"), "paid": _("有料")}
    else:
        known = {"on": _("これから空き・募集がある")}
    return {code: known.get(code, code) for code in listed}


def chips(wish: Wish) -> list[tuple[str, str]]:
    """Return the narrowings of a wish in words, its own words first; for the list of what was saved."""
    found = [(_("言葉"), wish.q)] if wish.q else []
    for name, label in _LABELS.items():
        value = getattr(wish, name)
        if value:
            found.append((str(label), labels(name, [value])[value]))
    if wish.without:
        found.append((_("外した言葉"), "、".join(wish.without)))
    return found


def marked(text: str, forms: AbstractSet[str], typed: str) -> list[Part]:
    """Cut a text where words stand whose normal form is among ``forms``, or what was typed as it was typed, from a word's beginning."""
    units = _units(text)
    spots = [(start, end) for start, end, form in units if form in forms]
    lowered = text.lower()
    for written in {typed, to_katakana(typed)} - {""}:
        if (low := written.lower()) not in lowered:
            continue
        begin = next((start for start, _end, _form in units if text[start : start + len(written)].lower() == low), None)
        if begin is not None:
            spots.append((begin, begin + len(written)))
    parts: list[Part] = []
    at = 0
    for start, end in sorted(spots):
        if end <= at:
            continue
        if start > at:
            parts.append(Part(text[at:start], marked=False))
        parts.append(Part(text[max(at, start) : end], marked=True))
        at = end
    return [*parts, Part(text[at:], marked=False)] if at < len(text) else parts


@lru_cache(maxsize=20_000)
def _units(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(placed_forms(text))


def _rows(found: Sequence[Line], look: Look, link: Callable[[str], str]) -> list[Row]:
    wish = look.wish
    entries, windows = with_windows([one.id for one in found])
    forms = set(content_forms("、".join([wish.q, *(word for listed in look.alike.values() for word in listed)])))
    rows = [
        entry_row(entries[one.id], windows.get(one.id, ()), link(one.id), forms, wish.q, stands=not one.is_over) for one in found if one.id in entries
    ]
    return _with_reasons(rows, look) if wish.q else rows


def _with_reasons(rows: Sequence[Row], look: Look) -> list[Row]:
    """Return the rows with those reasons that the marks do not show: words of the same meaning always, the rest where nothing is marked.

    Where neither can be, nothing is asked for; where the index holds the words of an entry as it is, its text is not read: a
    process reads each for the first time at half a millisecond.
    """
    typed = look.wish.q
    alike = current().used_in(typed, without=look.wish.without)
    weighed = [row for row in rows if alike or not _is_seen(row)]
    said = Said(telling_or_all(words(typed), {}), alike, {})
    held = index.words_of([look.hits[row.entry.id] for row in weighed if row.entry.id in look.hits], said.asked)
    reasons = {}
    for row in weighed:
        mark, forms = held.get(row.entry.id, (None, None))
        found = why_found(row.entry, typed, said, forms if mark == row.entry.text_hash else None)
        reasons[row.entry.id] = tuple(one for one in found if one.kind == "alike" or not _is_seen(row))
    return [replace(row, reasons=reasons.get(row.entry.id, ())) for row in rows]


def _is_seen(row: Row) -> bool:
    return any(part.marked for part in (*row.name, *row.about))


def entry_row(  # noqa: PLR0913  a row has that many sides
    entry: Entry, windows: Sequence[Window], url: str = "", forms: AbstractSet[str] = frozenset(), typed: str = "", *, stands: bool = False
) -> Row:  # fmt: skip
    """Return an entry as a list shows it: in words, and with what was looked for marked; ``stands`` when that is known."""
    _day, when, _is_alive = window_words(windows, clock.today())
    standing = None if stands else standing_of(entry, windows)
    is_dead = standing is not None and standing.is_dead
    about = entry.summary if len(entry.summary) <= 140 else f"{entry.summary[:140]}…"
    by = short_names().get(entry.body_id, entry.body_id) if entry.body_id else entry.owner_name
    return Row(entry, by, url, str(EntryKind(entry.kind).label), marked(entry.name, forms, typed), marked(about, forms, typed),
               standing.words if standing and is_dead else when, fee_words(entry), is_dead)


def fee_words(entry: Entry) -> str:
    """Return what an entry costs in a few words, nothing when nothing is said of it."""
    facts = entry.facts
    if fee_of(facts) == FREE:
        return _("無料")
    for name, sentence in (("fee_yen", "%(yen)s"), ("hourly_yen", _("1時間%(yen)s"))):
        if isinstance(facts.get(name), int) and facts[name]:
            return sentence % {"yen": shown_money(facts[name])}
    return _("有料") if fee_of(facts) else ""


def _groups(look: Look) -> list[Group]:
    found = [_group(look.wish, facet) for facet in look.facets]
    return [one for one in found if one.values]


def _group(wish: Wish, facet: Facet) -> Group:
    here = getattr(wish, facet.name)
    codes = [code for code, _n in sorted(facet.counts.items(), key=lambda one: (-one[1], one[0]))][:_MOST_VALUES]
    if here and here not in codes:
        codes.append(here)
    names = labels(facet.name, codes)
    queries = wish.queries(facet.name, ["" if code == here else code for code in codes])
    values = [Value(names[code], facet.counts.get(code, 0), query, code == here) for code, query in zip(codes, queries, strict=True)]
    return Group(facet.name, str(_LABELS[facet.name]), values, is_open=bool(here) or facet.name == "kind")


def kept_fields(wish: Wish) -> list[tuple[str, str]]:
    """Return what the form carries along unseen while the words change."""
    names = ("kind", "body", "topic", "area", "fee", "dates", "over")
    return [*((name, getattr(wish, name)) for name in names if getattr(wish, name)), *(("without", word) for word in wish.without)]
