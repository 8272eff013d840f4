"""From a text to a proposal: who can help with what, when and why. Reads only; the same text gives the same answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.matching import advice, analysis, kinds, vectors
from renkei.matching.answering import Offer, answers, first_of_each_kind, served
from renkei.matching.bodies import Asked, Choice, choose, said_no
from renkei.matching.courses import wants_course
from renkei.matching.cues import Hit
from renkei.matching.eligibility import Ruling, rulings, window_words
from renkei.matching.entries import Match
from renkei.matching.facts import Facts
from renkei.matching.knowledge import OUT, knowledge
from renkei.matching.models import EntryKind
from renkei.matching.people import away_words, here_first
from renkei.matching.proposal import Candidate, Contact, EntryHit, Evidence, Mark, NearMiss, Proposal, ProposedNeed
from renkei.matching.reasons import reasons
from renkei.matching.scoring import Fit, counted
from renkei.matching.telling import as_said, says_something
from renkei.matching.understanding import NEED_SHARE, Reading, kept_of, read
from renkei.plan.industry import Industry, industry_of

__all__ = ["Facts", "next_best", "propose"]

_OTHER_BODY = 0.55
_ENTRIES, _WORDS, _TITLE = 5, 6, 40
_ANSWERS = 20
_STRONG = 2.0  # a cue of this weight is one the plan calls strong, of two owners at most
_NEAR = 0.3  # an entry further from the best than this is no help


def propose(
    text: str, *, facts: Facts | None = None, on: dt.date | None = None,
    declined: frozenset[tuple[str, str]] = frozenset(),
) -> Proposal:  # fmt: skip
    """Return the proposal for a text.

    Args:
        text: what the firm said; only the first 20,000 characters are read.
        facts: what is known of the firm, and its answers to questions.
        on: the day for which provisions and windows are read; today by default.
        declined: (service, body) pairs that have said no already; they are left out.
    """
    reading = read(text, facts, on or clock.today(), declined)
    rules: list[Ruling] = []
    listed: list[Candidate] = []
    kept = [(fit, _offered(fit, reading)) for fit in kept_of(reading)]
    offers = [Offer(fit.code, choice.body, score) for fit, offered in kept for choice, score in offered]
    answered = answers(reading.sought, reading.known, offers)
    shown = first_of_each_kind(answered)
    misses: list[NearMiss] = []
    needs_of = _needs(reading)
    for fit, offered in kept:
        found, missed, ruled = _candidates(fit, offered, shown, reading, needs_of.get(fit.code, 0))
        listed += found
        misses += missed
        rules += ruled
    supports = _ordered(listed, reading)
    needs = _proposed_needs(reading, needs_of, supports, misses)
    stages = list(dict.fromkeys(need.stage for need in needs))
    unknown = {ruling.key for ruling in rules if ruling.is_met is None}
    asked = [one.service for one in supports[:4]]
    marks = [Mark(start, end, need.number) for need in needs for start, end in need.spans]
    found_in = analysis.analyse(reading.known, reading.met, kind=reading.kind, stages=stages, marks=marks)
    return Proposal(
        kind=reading.kind,
        field=found_in.field,
        stages=stages,
        needs=needs,
        supports=supports,
        near_misses=misses,
        questions=advice.questions(
            reading.known, reading.facts, asked, unknown, is_vague=reading.kind == "clarify"
        ),
        clashes=advice.clashes(reading.known, reading.facts, supports[:5], reading.on),
        path=advice.path(reading.known, supports[:6]),
        outside=_contacts(reading),
        analysis=found_in,
        missing=vectors.missing(),
        answers=[_answer(match, supports, reading) for match in _had(answered, reading)],
    )


def next_best(
    text: str, service: str, *, declined: frozenset[tuple[str, str]], facts: Facts | None = None
) -> list[Candidate]:
    """Return who comes next after a no: other bodies of the same service, then other services of the same stage."""
    supports = propose(text, facts=facts, declined=declined).supports
    known = knowledge()
    same = [one for one in supports if one.service == service]
    if not same:
        reading = read(text, facts, clock.today(), declined)
        fit = next((one for one in reading.services if one.code == service), Fit(service))
        offered = _offered(fit, reading)
        answered = answers(reading.sought, known, [Offer(fit.code, choice.body, score) for choice, score in offered])
        same = _candidates(fit, offered, first_of_each_kind(answered), reading, 1)[0]
    stage = known.services[service].stage if service in known.services else ""
    return [*same, *(one for one in supports if one.service != service and one.stage == stage)]


def _needs(reading: Reading) -> dict[str, int]:
    """Return for each service the number of its need: services told by the same clause belong to one need."""
    kept = kept_of(reading)
    numbers: dict[int, int] = {}
    found: dict[str, int] = {}
    top = kept[0].score if kept else 0.0
    for fit in kept:
        clause = max(range(len(fit.by_clause)), key=lambda n: (fit.by_clause[n], -n), default=0)
        if clause not in numbers and (not numbers or fit.score >= NEED_SHARE * top):
            numbers[clause] = len(numbers) + 1
        found[fit.code] = numbers.get(clause, 1)
    return found


def _offered(fit: Fit, reading: Reading) -> list[tuple[Choice, float]]:
    """Return the bodies of a service that come into question, best first, each with how strongly it is proposed."""
    lead = _lead(reading)
    choices = choose(
        fit.code,
        Asked(reading.text, reading.met, reading.known, reading.offices, first_of_each_kind(reading.sought.matches), reading.facts, reading.said.bodies - {lead}),
    )
    choices = [one for one in choices if (fit.code, one.body) not in reading.declined]
    choices = _lead_first(choices, lead, reading)
    shares = (1.0, _OTHER_BODY, _OTHER_BODY / 2)
    return [(choice, _round(fit.score * share)) for choice, share in zip(choices, shares, strict=False)]


def _candidates(
    fit: Fit, offered: Sequence[tuple[Choice, float]], answered: Sequence[Match], reading: Reading, need: int
) -> tuple[list[Candidate], list[NearMiss], list[Ruling]]:
    """Return a service's bodies, best first, with entries and evidence; what fails a rule becomes a near miss."""
    own = [match for match in answered if fit.code in match.services]
    fitting, misses, ruled = _fitting(own, fit.code, reading)
    found = [
        replace(_candidate(fit, choice, fitting, ruled, reading), need=max(need, 1), score=score)
        for choice, score in offered
    ]
    return found, misses, [ruling for rules in ruled.values() for ruling in rules]


def _lead(reading: Reading) -> str:
    """Return the body that leads requests outside the region, where the text needs one [C37]; the plan names it."""
    return (reading.known.routing.get("outside_region") or {}).get("lead", "") if reading.kind == "outside_region" else ""


def _lead_first(choices: list[Choice], lead: str, reading: Reading) -> list[Choice]:
    """Put the body that leads first; where the text says that it declined, say why it stands there all the same."""
    for one in choices:
        if one.body == lead and lead in reading.said.bodies:
            one.evidence.append(Evidence("met", _("断ったと書かれていますが、域外を探すのはこの機関です")))
    return sorted(choices, key=lambda one: one.body != lead)


def _fitting(
    own: Sequence[Match], service: str, reading: Reading
) -> tuple[list[Match], list[NearMiss], dict[str, list[Ruling]]]:
    """Tell entries that can be had from those that fail a rule or are over."""
    fitting, misses, ruled, industry = [], [], {}, industry_of(reading.known.content)
    for match in own:
        if _is_too_far(match, reading):
            continue
        rules, miss = _ruled(match, service, reading, industry)
        if miss:
            misses.append(miss)
        else:
            fitting.append(match)
            ruled[match.entry.id] = rules
    return fitting, misses[:4], ruled


def _had(answered: Sequence[Match], reading: Reading) -> list[Match]:
    """Return the best of what can be had: what fails a rule or is over answers nothing."""
    industry = industry_of(reading.known.content)
    able = (match for match in answered if not _is_too_far(match, reading) and _ruled(match, "", reading, industry)[1] is None)
    return list(islice(able, _ANSWERS))


def _is_too_far(match: Match, reading: Reading) -> bool:
    """Tell whether something outside the region is found while somebody here may still have it [C37]."""
    return match.entry.kind == EntryKind.OUTSIDE and reading.kind != "outside_region"


def _ruled(match: Match, service: str, reading: Reading, industry: Industry) -> tuple[list[Ruling], NearMiss | None]:
    """Return the rules of an entry, each held against what is known, and what keeps it from being had, if anything."""
    entry = match.entry
    rules = rulings(entry.facts.get("eligible") or {}, reading.facts, industry)
    failed = next((rule for rule in rules if rule.is_met is False), None)
    _day, words, is_open = window_words(match.windows, reading.on)
    if failed is None and is_open:
        return rules, None
    key, text = (failed.key, failed.text) if failed else ("window", words)
    return rules, NearMiss(entry.name, service, entry.body_id or "", key, text, entry.credit)


def _candidate(
    fit: Fit, choice: Choice, fitting: Sequence[Match], ruled: Mapping[str, list[Ruling]], reading: Reading
) -> Candidate:
    own = [match for match in fitting if match.entry.body_id in {choice.body, None}]
    near = (match for match in own if match.entry.kind == EntryKind.PROGRAMME or (match.score >= _NEAR and match.has_reason))
    shown = here_first(islice(near, _ENTRIES))
    programme = next((match for match in shown if match.entry.kind in {EntryKind.PROGRAMME, EntryKind.EVENT}), None)
    day, words, _is_open = window_words(programme.windows, reading.on) if programme else (None, "", True)
    rules = [rule.evidence() for rule in ruled.get(programme.entry.id, [])] if programme else []
    courses = any(wants_course(match.entry.facts) for match in shown)
    return Candidate(
        service=fit.code,
        body=choice.body,
        stage=reading.known.services[fit.code].stage,
        score=_round(fit.score),
        need=1,
        date=day,
        date_words=words,
        entries=[_hit(match, reading) for match in shown],
        evidence=[*_words(fit, choice, reading.text), *choice.evidence, *away_words(shown), *rules,
                  *advice.courses_first(fit.code, reading.known, reading.facts, courses)],
        blocked_by=advice.blocked(fit.code, reading.known, reading.facts),
        is_ahead=bool(programme and day and day > reading.on and any(one.opens == day for one in programme.windows)),
    )


def _round(score: float) -> float:
    return round(max(score, 0.0), 3)


def _hit(match: Match, reading: Reading) -> EntryHit:
    entry = match.entry
    return EntryHit(entry.id, entry.kind, match.score, entry.name, match.words(reading.text), tuple(reasons(match, reading.text)), body=entry.body_id or "",
                    credit=entry.credit)  # fmt: skip


def _answer(match: Match, supports: Sequence[Candidate], reading: Reading) -> EntryHit:
    hit = _hit(match, reading)
    return replace(hit, reasons=(*hit.reasons, *served(match, reading.known, supports), *_said_no(match, reading)))


def _said_no(match: Match, reading: Reading) -> list[Evidence]:
    """Say of people of a body that it declined, where help is looked for outside; the people who lead that are still to be spoken to.

    Machines keep their places: graders found those of the body that declined of use all the same.
    """
    entry = match.entry
    is_no = reading.kind == "outside_region" and entry.body_id in reading.said.bodies - {_lead(reading)}
    return [said_no()] if is_no and entry.kind == EntryKind.PERSON else []


def _words(fit: Fit, choice: Choice, text: str) -> list[Evidence]:
    """Return the words of the text that speak for the service, the strongest first, then those for the body.

    What the plan does not call strong is named only when it says more than every text does.
    """
    told = [_as_said(hit, text) for hit in _telling(fit.hits, text)]
    told += [as_said(text, *span) for span in choice.words if says_something(text, [span])]
    return [Evidence("word", word) for word in list(dict.fromkeys(told))[:_WORDS]]


def _telling(hits: Sequence[Hit], text: str) -> list[Hit]:
    spoken = sorted((hit for hit in hits if hit.weight > 0), key=lambda hit: (-hit.weight, hit.spans))
    return [hit for hit in spoken if hit.weight >= _STRONG or says_something(text, hit.spans)]


def _as_said(hit: Hit, text: str) -> str:
    return "…".join(as_said(text, *span) for span in sorted(set(hit.spans)))


def _ordered(listed: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    order = {code: number for number, code in enumerate(reading.known.services)}
    return sorted(listed, key=lambda one: (-one.score, order[one.service], one.body))


def _proposed_needs(
    reading: Reading, needs_of: Mapping[str, int], supports: Sequence[Candidate], misses: Sequence[NearMiss]
) -> list[ProposedNeed]:
    found = []
    for number in sorted(set(needs_of.values())):
        own = [one for one in supports if one.need == number]
        if not own:
            continue
        services = {code for code, need in needs_of.items() if need == number}
        leading = next(fit for fit in reading.services if fit.code == own[0].service)
        at = max(range(len(leading.by_clause)), key=lambda n: (leading.by_clause[n], -n), default=0)
        spans = sorted({span for hit in leading.hits if hit.weight > 0 for span in hit.spans})
        title = _title(reading.clauses[at].text) if reading.clauses else _("内容を聞き取る")
        found.append(
            ProposedNeed(
                number, title, own[0].stage, spans, list(own), [miss for miss in misses if miss.service in services]
            )
        )
    return found


def _title(text: str) -> str:
    """Return a clause short enough for a heading."""
    plain = " ".join(text.split()).strip("。、 ")
    return plain if len(plain) <= _TITLE else plain[: _TITLE - 1] + "…"


def _contacts(reading: Reading) -> list[Contact]:
    """Return who else can help: those the text speaks of strongly enough, and the best where the matter is somebody else's."""
    found: list[Contact] = []
    for fit in reading.outside:
        contact = reading.known.contact(fit.code.removeprefix(OUT))
        is_theirs = reading.kind == "out_of_scope" and not found
        is_told = fit.told >= kinds.OUTSIDE_TOLD if is_theirs else fit.score >= kinds.OUTSIDE_AT_LEAST
        if contact is None or not contact.holds(reading.on) or not is_told or len(found) >= 3:
            continue
        evidence, spans = _spoken_for(fit, reading)
        found.append(Contact(contact.code, contact.name, contact.about, contact.phone, evidence, spans))
    return found


def _spoken_for(fit: Fit, reading: Reading) -> tuple[list[Evidence], list[tuple[int, int]]]:
    """Return the words that counted for a contact and where they stand; where none did, that the text is near in meaning."""
    hits = _telling(counted(fit.hits), reading.text)
    words = list(dict.fromkeys(_as_said(hit, reading.text) for hit in hits))[:_WORDS]
    if not words and any(one.get(fit.code) for one in reading.near):
        return [Evidence("near", "")], []
    shown = [hit for hit in hits if _as_said(hit, reading.text) in words]
    return [Evidence("word", word) for word in words], sorted({span for hit in shown for span in hit.spans})
