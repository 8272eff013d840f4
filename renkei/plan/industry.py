"""Which firms count as small and medium-sized, by industry: limits of the plan against what is known of a firm.

Either limit is enough (capital or heads; Small and Medium-sized Enterprise Basic Act, article 2). What is not known stays
unknown and names what to ask; it never turns into a no.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from renkei.base.language import shown_money
from renkei.plan.content import PlanContent


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """Industries under one pair of limits; ``codes`` are divisions (letters) and leading digits, empty: all others."""

    code: str
    name: str
    codes: tuple[str, ...]
    capital_yen: int
    employees: int


@dataclass(frozen=True, slots=True)
class Size:
    """Whether a firm is small or medium-sized (None: not known), why, and which facts are missing."""

    is_sme: bool | None
    reason: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Industry:
    """The plan's section: revisions of the classification, divisions by their two digits, and the groups."""

    revisions: tuple[tuple[str, str], ...]
    divisions: tuple[tuple[str, str, str], ...]
    groups: tuple[SizeGroup, ...]

    def division(self, code: str) -> str:
        """Return the letter of a code such as 2731 or E27; empty when nothing tells it."""
        letter, figures = _parts(code)
        return letter or next((name for name, first, last in self.divisions if figures and first <= figures[:2] <= last), "")

    def groups_of(self, code: str) -> list[SizeGroup]:
        """Return the groups a code may fall under: all of them for no code, several for one that is too rough."""
        letter, figures = self.division(code), _parts(code)[1]
        if not letter and not figures:
            return list(self.groups)
        sure = [one for one in self.groups if any(
            entry == letter or (figures and figures.startswith(entry)) for entry in one.codes)]
        if sure:
            return sure[:1]
        rough = [one for one in self.groups if any(self._finer(entry, letter, figures) for entry in one.codes)]
        return rough + [one for one in self.groups if not one.codes]

    def _finer(self, entry: str, letter: str, figures: str) -> bool:
        if not entry.isdigit():
            return False
        return entry.startswith(figures) if figures else self.division(entry) == letter


# A plan that says nothing about it: manufacturing, by the same article.
_BY_LAW = SizeGroup("other", "製造業その他", (), 300_000_000, 300)


def industry_of(content: PlanContent | None) -> Industry:
    """Return what a plan version says about industries."""
    said = (content.raw.get("industry") if content else None) or {}
    groups = tuple(
        SizeGroup(one["code"], one["name"], tuple(one["jsic"]), one["capital_yen"], one["employees"])
        for one in said.get("groups", [])
    )
    spans = tuple((letter, *span.split("-")) for letter, span in (said.get("divisions") or {}).items())
    names = tuple((one["code"], one["name"]) for one in said.get("revisions", []))
    return Industry(names, spans, groups or (_BY_LAW,))


def size_of(
    industry: Industry, *, jsic: str = "", capital_yen: int | None, employees: int | None, deemed_large: bool | None = None
) -> Size:
    """Tell whether a firm is small or medium-sized. ``capital_yen`` in yen; ``deemed_large``: a large firm's own."""
    if deemed_large:
        return Size(False, _("大企業の子会社など（みなし大企業）"))
    groups = industry.groups_of(jsic)
    answers = [_under(group, capital_yen, employees) for group in groups]
    if len({one.is_sme for one in answers}) == 1 and (len(groups) == 1 or answers[0].is_sme is not None):
        return answers[0] if len(groups) == 1 else Size(answers[0].is_sme, _("どの業種でも同じ結果です。%(why)s") % {"why": answers[0].reason})
    missing = [*(() if len(groups) == 1 else ("jsic",)), *dict.fromkeys(key for one in answers for key in one.missing)]
    return Size(None, answers[0].reason if len(groups) == 1 else _("業種が分かると決まります。"), tuple(missing))


def _under(group: SizeGroup, capital_yen: int | None, employees: int | None) -> Size:
    limits = _("%(name)sは資本金%(yen)s以下か従業員%(heads)s人以下") % {
        "name": group.name, "yen": shown_money(group.capital_yen), "heads": group.employees}
    known = []
    if capital_yen is not None:
        known.append((capital_yen <= group.capital_yen, _("資本金%(yen)s") % {"yen": shown_money(capital_yen)}))
    if employees is not None:
        known.append((employees <= group.employees, _("従業員%(heads)s人") % {"heads": employees}))
    for fits, words in known:
        if fits:
            return Size(True, f"{limits}（{words}）")
    if len(known) == 2:
        return Size(False, f"{limits}（{'、'.join(words for _fits, words in known)}）")
    missing = tuple(key for key, value in (("employees", employees), ("capital_yen", capital_yen)) if value is None)
    return Size(None, limits, missing)


def _parts(code: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFKC", code).strip().upper()
    letter = plain[:1] if plain[:1].isalpha() else ""
    return letter, "".join(char for char in plain if char.isdigit())
