"""The content of a plan version, read: frozen dataclasses over the JSON document.

Sections that only pages show stay plain dictionaries (``raw``); what the engine asks for has a type.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline rule: business days, or minutes for the recall window."""

    name: str
    business_days: int = 0
    minutes: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a vocabulary."""

    code: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """How many regional projects in a set of fiscal years together [C39]."""

    fiscal_years: tuple[int, ...]
    written: str
    count: int


@dataclass(frozen=True, slots=True)
class FirmSize:
    """A word for the size of a firm: from ``least`` to ``most`` people, both included; None is without end."""

    code: str
    name: str
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class OutsideContact:
    """Who helps with what is not ours; ``since`` and ``until`` as the plan writes days, empty where it has none."""

    code: str
    name: str
    about: str
    phone: str = ""
    words: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def holds(self, on: dt.date) -> bool:
        """Tell whether somebody can be sent there on a day."""
        return self.since <= on.isoformat() <= (self.until or "9999")


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of the ladder: who leads there, which meetings take it up, which networks reach beyond the region [C93]."""

    code: str
    name: str
    lead: str = ""
    meetings: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """A series of meetings: who calls it, about how often a year (0: not said), other names it goes by [C77, C89]."""

    code: str
    name: str
    owner: str
    per_year: int = 0
    aliases: tuple[str, ...] = ()
    guests: bool = False
    sessions: tuple[str, ...] = ()  # what a meeting of the series may be: a sitting, a visit, a lesson [C21, C71]
    decides: tuple[str, ...] = ()  # services that begin only when a meeting of the series has taken them up [C71]
    decides_in: tuple[str, ...] = ()  # in which of its sessions; none told: in every one
    agenda_days: int = 0  # business days before its day until which something is put on its agenda


@dataclass(frozen=True, slots=True)
class Member:
    """Who belongs to a network, or is one of the region's own bodies (``body``); days as the plan writes them."""

    code: str
    name: str
    place: str = ""
    body: str = ""
    since: str = ""
    until: str = ""

    def holds(self, on: dt.date) -> bool:
        """Tell whether it belongs on a day."""
        return self.since <= on.isoformat() <= (self.until or "9999")


@dataclass(frozen=True, slots=True)
class Network:
    """A network beyond the region, through a body of it [C34]."""

    code: str
    name: str
    through: str
    until: str = ""
    members: tuple[Member, ...] = ()

    def reach(self, on: dt.date) -> list[Member]:
        """Return whom it reaches on a day: nobody once it is dissolved, never a body of the region itself."""
        gone = bool(self.until) and on.isoformat() > self.until
        return [] if gone else [one for one in self.members if not one.body and one.holds(on)]


@dataclass(frozen=True, slots=True)
class LetterRule:
    """How a kind of letter is numbered and who decides on it. ``steps`` are roles, "" for anybody of the body."""

    code: str
    name: str
    number: str = ""
    prefixes: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    together: bool = False
    own_draft: bool = False

    def pattern(self, body: str, prefix: str) -> str:
        """Return the pattern of a body's numbers; empty when the kind has none. ``prefix`` is the body's own."""
        return self.number.replace("{prefix}", self.prefixes.get(body, prefix))


@dataclass(frozen=True, slots=True)
class AccountRules:
    """How accounts are looked after: days an invitation opens, days until somebody is dormant, months in which reviews begin."""

    invitation_days: int = 14
    dormant_days: int = 90
    review_months: tuple[int, ...] = (4, 10)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of the coordinators' workbench: what is open at these stages, or asks for these services [C43]."""

    code: str
    name: str
    stages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """When a firm is asked again after its case was closed: months after the end, and days after the asking."""

    months: tuple[int, ...] = (6, 12, 24)
    remind_after_days: int = 14
    wait_days: int = 60


@dataclass(frozen=True, slots=True)
class CatalogueRules:
    """How the catalogue is looked after: months after which an entry of a kind has to be checked again; none: never."""

    check_months: dict[str, int] = field(default_factory=dict)
    warn_days: int = 30


# Numbered apart, decided by whoever writes: until the plan says more.
LETTERS = (
    LetterRule("sheet", "相談票"),
    LetterRule("request", "依頼文", "{prefix}依第{n}号"),
    LetterRule("reply", "回答文", "{prefix}回第{n}号"),
    LetterRule("handover", "引継書", "{prefix}引第{n}号"),
)


@dataclass(frozen=True)
class PlanContent:
    """One version's content."""

    raw: dict[str, Any]

    def section(self, name: str) -> list[dict[str, Any]]:
        """Return a list section as it stands in the files, or an empty list."""
        found: list[dict[str, Any]] = self.raw.get(name) or []
        return found

    def vocabulary(self, name: str) -> list[Term]:
        """Return the words of a vocabulary in order; empty when the plan has none of that name."""
        words = (self.raw.get("vocabularies") or {}).get(name) or []
        return [Term(word["code"], word["name"], word.get("note", "")) for word in words]

    def word(self, vocabulary: str, code: str) -> str:
        """Return the Japanese word for a code; the code itself when the plan no longer has it."""
        return next((term.name for term in self.vocabulary(vocabulary) if term.code == code), code)

    @cached_property
    def clocks(self) -> dict[str, Clock]:
        """Return the clocks by name."""
        return {name: Clock(name, **values) for name, values in (self.raw.get("clocks") or {}).items()}

    @cached_property
    def targets(self) -> list[Target]:
        """Return the targets in order."""
        return [Target(tuple(t["fiscal_years"]), t["written"], t["count"]) for t in self.section("targets")]

    @cached_property
    def outside_contacts(self) -> list[OutsideContact]:
        """Return who to name when something is not ours, those that have ended too: what was said of them is read."""
        return [
            OutsideContact(c["code"], c["name"], c["about"], c.get("phone", ""), tuple(c.get("words", [])),
                           c.get("from") or "", c.get("to") or "")
            for c in self.section("outside_contacts")
        ]  # fmt: skip

    def contacts_on(self, on: dt.date) -> list[OutsideContact]:
        """Return whom a firm can be sent to on a day: what has ended cannot be chosen."""
        return [one for one in self.outside_contacts if one.holds(on)]

    @cached_property
    def letters(self) -> dict[str, LetterRule]:
        """Return the kinds of letters by code: what the plan says of each, else what comes with the program."""
        found = {rule.code: rule for rule in LETTERS}
        for row in self.section("letters"):
            known = found.get(row["code"])
            found[row["code"]] = LetterRule(
                row["code"], row.get("name") or (known.name if known else row["code"]),
                row.get("number", known.number if known else ""), dict(row.get("prefixes") or {}),
                tuple(row.get("steps") or ()), row.get("order") == "together", bool(row.get("own_draft")),
            )  # fmt: skip
        return found

    @cached_property
    def accounts(self) -> AccountRules:
        """Return how accounts are looked after: what the plan says, else what comes with the program."""
        said = self.raw.get("accounts") or {}
        given: dict[str, Any] = {key: tuple(sorted(value)) if key == "review_months" else value for key, value in said.items() if key != "note"}
        return AccountRules(**given)

    @cached_property
    def follow_up(self) -> FollowUpRule:
        """Return when firms are asked again; what the plan leaves out is ours, an empty list of months asks nobody."""
        given = {name: value for name, value in (self.raw.get("follow_up") or {}).items() if name != "note"}
        return FollowUpRule(**given | ({"months": tuple(given["months"])} if "months" in given else {}))

    @cached_property
    def catalogue(self) -> CatalogueRules:
        """Return how the catalogue is looked after; what the plan leaves out is never too old."""
        given = {name: value for name, value in (self.raw.get("catalogue") or {}).items() if name != "note"}
        return CatalogueRules(**given)

    @cached_property
    def closed_days(self) -> list[tuple[int, int, int, int]]:
        """Return yearly closures as (month, day, month, day), both ends included."""
        spans = []
        for span in (self.raw.get("calendar") or {}).get("closed", []):
            (from_month, from_day), (to_month, to_day) = (map(int, span[end].split("-")) for end in ("from", "to"))
            spans.append((from_month, from_day, to_month, to_day))
        return spans

    @cached_property
    def ladder(self) -> list[Rung]:
        """Return the rungs in order: the desk, the meetings, outside the region."""
        return [
            Rung(one["code"], one["name"], one.get("lead", ""), tuple(one.get("meetings", ())), tuple(one.get("networks", ())))
            for one in self.section("ladder")
        ]

    @cached_property
    def series(self) -> list[Series]:
        """Return the series of meetings in order."""
        return [
            Series(one["code"], one["name"], one["owner"], one.get("per_year", 0), tuple(one.get("aliases", ())), bool(one.get("guests")),
                   tuple(one.get("sessions", ())), tuple(one.get("decides", ())), tuple(one.get("decides_in", ())), one.get("agenda_days", 0))
            for one in self.section("meetings")
        ]

    @cached_property
    def decided_by(self) -> dict[str, Series]:
        """Return the series of meetings that decides on a service, by service."""
        return {service: one for one in self.series for service in one.decides}

    @cached_property
    def queues(self) -> list[Queue]:
        """Return the queues of the workbench in order."""
        return [Queue(one["code"], one["name"], tuple(one.get("stages", ())), tuple(one.get("services", ()))) for one in self.section("queues")]

    @cached_property
    def networks(self) -> list[Network]:
        """Return the networks beyond the region, those too that have ended."""
        return [
            Network(
                one["code"], one["name"], one["through"], str(one.get("to") or ""),
                tuple(Member(m["code"], m["name"], m.get("place", ""), m.get("body", ""), str(m.get("from") or ""), str(m.get("to") or ""))
                      for m in one.get("members", ())),
            )
            for one in self.section("networks")
        ]  # fmt: skip

    def needs_second_person(self, act: str) -> bool:
        """Tell whether the plan asks for a second person for an act (``close``, ``send_outside``)."""
        return act in (self.raw.get("second_person") or [])

    def classes_closed_to(self, kind: str) -> set[str]:
        """Return the classes a general consent never opens to bodies of a kind: asked for one by one instead (P2)."""
        closed: dict[str, list[str]] = (self.raw.get("sharing") or {}).get("never_by_general_consent") or {}
        return set(closed.get(kind, []))

    @property
    def fewest_firms(self) -> int:
        """Return to how many known firms words without a name have to fit, so that they lead to none [C46]."""
        return int((self.raw.get("sharing") or {}).get("fewest_firms", 5))

    @property
    def firm_sizes(self) -> list[FirmSize]:
        """Return the words for the size of a firm whose name is left out."""
        return [FirmSize(**row) for row in (self.raw.get("sharing") or {}).get("firm_sizes") or []]

    def dated(self, values: list[dict[str, Any]], on: dt.date) -> dict[str, Any]:
        """Return the entry of a dated list that holds on a day: the latest that has begun, else the first."""
        begun = [v for v in values if not v.get("from") or dt.date.fromisoformat(str(v["from"])) <= on]
        return begun[-1] if begun else values[0]
