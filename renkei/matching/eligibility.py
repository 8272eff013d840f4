"""Rules of a programme against what is known: met, failed or unknown. An unknown fact is a question, never a no (P7)."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.language import in_english, shown_day
from renkei.matching.excluded import meetings
from renkei.matching.facts import PARTNERS, Facts
from renkei.matching.models import Window
from renkei.matching.proposal import Evidence, Question
from renkei.plan.industry import Industry, Size, industry_of, size_of

SME_HEADS = 300  # a limit of heads above this says nothing that the test of size does not say


@dataclass(frozen=True, slots=True)
class Ruling:
    """One rule: its key, whether it is met (None: not known), in words."""

    key: str
    is_met: bool | None
    text: str

    def evidence(self) -> Evidence:
        """Return the ruling as evidence; an unknown one names its question."""
        kind = "unknown" if self.is_met is None else "met" if self.is_met else "failed"
        return Evidence(kind, self.text, self.key if self.is_met is None else "")


def rulings(eligible: dict[str, Any], facts: Facts, industry: Industry | None = None) -> list[Ruling]:
    """Return the rules of a programme, each against the facts; ``industry`` says which firms count as small."""
    return list(_rulings(eligible, facts, industry or industry_of(None)))


def _rulings(eligible: dict[str, Any], facts: Facts, industry: Industry) -> Iterator[Ruling]:
    if eligible.get("sme_only"):
        size = _size(facts, industry)
        missing = [key for key in size.missing if key != "jsic"] or [*size.missing, "employees" if facts.capital_yen is None else "capital_yen"]
        yield Ruling(missing[0], size.is_sme, _("中小企業であること"))
    if (most := eligible.get("max_employees")) and most < SME_HEADS:
        met = None if facts.employees is None else facts.employees <= most
        yield Ruling("employees", met, _("従業員が%(most)s人以下であること") % {"most": most})
    if eligible.get("in_prefecture"):
        yield Ruling("municipality", facts.in_region, _("地域内に事業所があること"))
    if places := eligible.get("municipalities"):
        met = (False if facts.in_region is False else None) if facts.municipality is None else facts.municipality in places
        yield Ruling("municipality", met, _("決まった市町村にあること"))
    yield from _age_rulings(eligible, facts)
    if trades := eligible.get("jsic"):
        yield Ruling("jsic", _is_trade(facts.jsic, trades), _("対象の業種であること"))
    yield from _plan_rulings(eligible, facts)
    if words := [str(one) for one in eligible.get("excludes") or []]:
        yield from _excluded_rulings(words, facts, industry)


def _size(facts: Facts, industry: Industry) -> Size:
    return size_of(industry, jsic=facts.jsic or "", capital_yen=facts.capital_yen, employees=facts.employees, deemed_large=facts.deemed_large)


def _age_rulings(eligible: dict[str, Any], facts: Facts) -> Iterator[Ruling]:
    if years := eligible.get("min_age_years"):
        met = None if facts.age_years is None else facts.age_years >= years
        yield Ruling("age_years", met, _("創業から%(years)s年以上であること") % {"years": years})
    if years := eligible.get("max_age_years"):
        met = None if facts.age_years is None else facts.age_years <= years
        yield Ruling("max_age_years" if met is False else "age_years", met, _("創業から%(years)s年以内であること") % {"years": years})


def _plan_rulings(eligible: dict[str, Any], facts: Facts) -> Iterator[Ruling]:
    """Return the rules about what the firm plans: with whom, how far it is, what is left out."""
    if (partners := eligible.get("consortium_min") or 0) > 1:
        met = _has_partners(facts, partners)
        yield Ruling("partners" if met is None and "partner" in facts.states else "partner", met, _("%(count)s者以上で組むこと") % {"count": partners})
    if stages := eligible.get("stage"):
        yield Ruling("stage", _is_stage(facts, {str(one) for one in stages}), _("開発が対象の段階にあること"))


def _excluded_rulings(words: list[str], facts: Facts, industry: Industry) -> Iterator[Ruling]:
    """Return what is left out: first what the case's own words meet, then the rest. Words tell too little for a yes or a no."""
    met = meetings(words, facts, _size(facts, industry))
    if met:
        yield Ruling("", None, _("対象外かもしれません（%(met)s）。会社に確かめてください") % {"met": "、".join(str(one) for one in met)})
    if rest := [word for word in words if word not in {one.excluded for one in met}]:
        yield Ruling("", None, _("次に当たらないこと：%(words)s") % {"words": "、".join(rest)})


def _is_trade(jsic: str | None, trades: list[str]) -> bool | None:
    """Tell whether a trade falls under a list of divisions (letters) and groups (digits). 09 to 32 lie in division E.

    A trade known more roughly than the list asks (a division, or its first digits) is not known.
    """
    code = unicodedata.normalize("NFKC", jsic or "").strip().upper()
    if not code:
        return None
    digits = "".join(char for char in code if char.isdigit())
    division = code[0] if code[0].isalpha() else _division(digits)
    if any(trade == division or (digits and digits.startswith(trade)) for trade in trades):
        return True
    finer = any(trade.startswith(digits) if digits else _division(trade) == division for trade in trades)
    return None if finer else False


def _division(digits: str) -> str:
    return "E" if "09" <= digits[:2] <= "32" else ""


def _is_stage(facts: Facts, stages: set[str]) -> bool | None:
    """Tell whether the firm is at one of the stages. What its text speaks of may say yes; only its own answer says no."""
    if facts.stage is not None:
        return facts.stage in stages
    return True if facts.near_stages & stages else None


def _has_partners(facts: Facts, count: int) -> bool | None:
    if facts.partners is not None:
        return facts.partners + 1 >= count
    return True if "partner" in facts.states and count == 2 else None


def window_words(windows: Sequence[Window], on: dt.date) -> tuple[dt.date | None, str, bool]:
    """Return the day that matters, in words, and whether anything can still be had: open, opening, or over."""
    if not windows:
        return None, "", True
    if any(window.always_open for window in windows):
        return None, _("いつでも申し込めます"), True
    ahead = [window for window in windows if window.closes and window.closes >= on]
    if not ahead:
        return None, _("今年の受付は終わりました"), False
    window = min(ahead, key=lambda one: (_opens(one) > on, one.closes or dt.date.max, _opens(one)))
    if window.opens and window.opens > on:
        return window.opens, _("%(day)sから受付") % {"day": _day(window.opens, on)}, True
    if window.starts and window.starts >= on:
        words = _("%(start)s開催（申込みは%(day)sまで）")
        return window.closes, words % {"start": _day(window.starts, on), "day": _day(window.closes, on)}, True
    return window.closes, _("受付中（%(day)sまで）") % {"day": _day(window.closes, on)}, True


def _opens(window: Window) -> dt.date:
    return window.opens or dt.date.min


def general_questions(keys: set[str], stages: Sequence[str] = ()) -> list[Question]:
    """Return the questions about the firm itself that the named unknown rules need; ``stages``: the plan's, by name."""
    listed = [
        Question("employees", _("従業員は何人ですか"), _("使える制度が人数で変わります。"), []),
        Question("capital_yen", _("資本金はいくらですか"), _("中小企業に入るかどうかが決まります。"), []),
        Question("municipality", _("工場や事務所はどの市町村にありますか"), _("近い施設と、市町村の制度が分かります。"), []),
        Question("age_years", _("創業から何年ですか"), _("創業からの年数を条件にする制度があります。"), []),
        Question("jsic", _("主な業種は何ですか"), _("業種を条件にする制度があります。産業分類の名前か番号で答えます。例：金属製品製造業、24"), []),
        Question("partner", _("一緒に取り組む大学や会社は決まっていますか"), _("組んで申し込む制度があります。"), [str(one) for one in PARTNERS]),
        Question("partners", _("一緒に取り組む大学や会社は、いくつ決まっていますか"), _("何者以上で組むかを条件にする制度があります。数で答えます。例：2"), []),
        Question("stage", _("開発はいま、どの段階ですか"), _("段階を条件にする制度があります。"), list(stages)),
    ]  # fmt: skip
    return [question for question in listed if question.key in keys]


def _day(day: dt.date | None, on: dt.date) -> str:
    """Return a day without its weekday; one of another year says so, or next autumn reads as one gone by."""
    if day is None:
        return ""
    return shown_day(day, on) if in_english() or day.year != on.year else f"{day.month}月{day.day}日"
