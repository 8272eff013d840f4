"""What is kept of each kind of entry beside its name and words: the keys of ``Entry.facts``, their form and unit.

This table is the only place that lists them: the form on screen, the columns of a sheet, the entry's page and
``docs/catalogue.md`` follow it. A key with a point lies one level deeper (``eligible.sme_only``). Keys that modules keep beside
these stay as they are when people change an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from renkei.matching.models import EntryKind as Kind


class Shape(StrEnum):
    """How a value is written and read."""

    TEXT = "text"
    LINES = "lines"  # one a line
    WORDS = "words"  # with 、 between them
    YEN = "yen"
    NUMBER = "number"
    YES = "yes"
    CHOICE = "choice"
    POST = "post"  # a word of the plan's posts
    STAGES = "stages"  # codes of the plan's stages
    PLACES = "places"  # six-digit codes of municipalities
    SPANS = "spans"  # first and last days, one pair a line
    MEMBER = "member"  # the account of a person of the owner
    TRADES = "trades"  # divisions (letters) and groups (digits) of the classification of industries


@dataclass(frozen=True, slots=True)
class Fact:
    """One key: its label, shape and unit, the kinds that have it, and the least and most of a number."""

    key: str
    label: str | Promise
    shape: Shape
    kinds: frozenset[str]
    unit: str | Promise = ""
    help: str | Promise = ""
    choices: tuple[tuple[str, str | Promise], ...] = ()
    least: int = 0
    most: int = 10**12

    @property
    def name(self) -> str:
        """Return the key as the name of a form field."""
        return self.key.replace(".", "__")


_MACHINES = frozenset({Kind.EQUIPMENT.value, Kind.OUTSIDE.value})
_SEED, _TEST, _PROGRAMME = (frozenset({one.value}) for one in (Kind.SEED, Kind.TEST, Kind.PROGRAMME))
_PERSON, _EVENT, _NEED, _EXAMPLE = (frozenset({one.value}) for one in (Kind.PERSON, Kind.EVENT, Kind.NEED, Kind.EXAMPLE))
_ASKS = _MACHINES | _TEST | _PROGRAMME | _EVENT | _SEED  # what may ask something of a firm
_USE = (("可", _("使える")), ("要相談", _("相談のうえ")), ("不可", _("使えない")))

FACTS: tuple[Fact, ...] = (
    Fact("lab", _("部門・場所"), Shape.TEXT, _MACHINES),
    Fact("spec", _("仕様"), Shape.LINES, _MACHINES, help=_("1行に1つ")),
    Fact("standards", _("規格"), Shape.WORDS, _MACHINES | _TEST, help=_("「、」で区切る。例：JIS K 0124、CISPR 32")),
    Fact("setup_fee_yen", _("基本料"), Shape.YEN, _MACHINES, _("円")),
    Fact("hourly_yen", _("1時間の料金"), Shape.YEN, _MACHINES, _("円")),
    Fact("training_level", _("講習の段階"), Shape.NUMBER, _MACHINES, help=_("1は講習なし、2は講習を受けてから、3は職員が立ち会う"), least=1, most=3),
    Fact("opening", _("使える時間"), Shape.TEXT, _MACHINES, help=_("例：平日 9時から17時")),
    Fact("external_use", _("外からの利用"), Shape.CHOICE, _MACHINES, choices=_USE),
    Fact("network", _("広域の連携"), Shape.TEXT, frozenset({Kind.OUTSIDE.value}), help=_("どの連携を通じて使えるか")),
    Fact("unit", _("数え方"), Shape.TEXT, _TEST, help=_("例：1試料1成分")),
    Fact("method", _("方法"), Shape.TEXT, _TEST),
    Fact("days", _("かかる日数"), Shape.NUMBER, _TEST, _("日"), most=3660),
    Fact("machine", _("使う機器の番号"), Shape.TEXT, _TEST),
    Fact("fee_yen", _("料金"), Shape.YEN, _TEST | _EVENT | _PERSON, _("円"), help=_("無料は0")),
    Fact("lead_days", _("申し込んでから始まるまで"), Shape.NUMBER, _MACHINES | _SEED | _PERSON | _EVENT, _("日"), most=3660),
    Fact("rate", _("補助率"), Shape.TEXT, _PROGRAMME, help=_("例：1/2、2/3以内")),
    Fact("rate_small", _("小規模企業の補助率"), Shape.TEXT, _PROGRAMME),
    Fact("cap_yen", _("上限"), Shape.YEN, _PROGRAMME, _("円")),
    Fact("floor_yen", _("下限"), Shape.YEN, _PROGRAMME, _("円")),
    Fact("fund_needs_approval", _("会社の計画の承認が要る"), Shape.YES, _PROGRAMME),
    Fact("decision_weeks", _("締切から決定まで"), Shape.NUMBER, _PROGRAMME, _("週"), most=520),
    Fact("requires", _("出すもの"), Shape.WORDS, _PROGRAMME, help=_("「、」で区切る")),
    Fact("researcher", _("研究者"), Shape.TEXT, _SEED),
    Fact("trl", _("技術の段階（TRL）"), Shape.NUMBER, _SEED, help=_("1から9"), least=1, most=9),
    Fact("ip_state", _("権利"), Shape.TEXT, _SEED, help=_("例：出願済、登録済、なし")),
    Fact("wants", _("望む相手"), Shape.TEXT, _SEED),
    Fact("post", _("役目"), Shape.POST, _PERSON),
    Fact("account", _("この人のアカウント"), Shape.MEMBER, _PERSON,
         help=_("選ぶと、不在の日と手持ちの件数を記録から読み、提案の順に使います。いつまで不在かと件数は、どの機関の職員にも見えます（理由は見えません）。")),
    Fact("absent", _("不在の期間"), Shape.SPANS, _PERSON, help=_("アカウントを選んでいない人の分。1行に1つ。例：2026/12/21〜2026/12/28")),
    Fact("languages", _("ことば"), Shape.WORDS, _PERSON, help=_("「、」で区切る")),
    Fact("place", _("会場"), Shape.TEXT, _EVENT),
    Fact("online", _("オンラインで出られる"), Shape.YES, _EVENT),
    Fact("capacity", _("定員"), Shape.NUMBER, _EVENT, _("人"), most=1_000_000),
    Fact("qualifies_for", _("受けると使える機器"), Shape.WORDS, _EVENT, help=_("機器の番号か種類の名前。「、」で区切る。例：EQ1、恒温恒湿槽")),
    Fact("result", _("結果"), Shape.TEXT, _EXAMPLE),
    Fact("months", _("かかった月数"), Shape.NUMBER, _EXAMPLE, _("か月"), most=600),
    Fact("contact", _("問合せ先"), Shape.TEXT, _MACHINES | _SEED | _TEST | _PROGRAMME | _EVENT | _NEED),
    Fact("eligible.sme_only", _("中小企業だけ"), Shape.YES, _ASKS),
    Fact("eligible.in_prefecture", _("地域内に事業所があること"), Shape.YES, _ASKS),
    Fact("eligible.municipalities", _("市町村"), Shape.PLACES, _ASKS, help=_("決まった市町村の会社だけのとき。「、」で区切る")),
    Fact("eligible.max_employees", _("従業員数の上限"), Shape.NUMBER, _ASKS, _("人"), most=1_000_000),
    Fact("eligible.min_age_years", _("創業からの年数"), Shape.NUMBER, _ASKS, _("年以上"), most=500),
    Fact("eligible.max_age_years", _("創業からの年数の上限"), Shape.NUMBER, _ASKS, _("年以内"), most=500),
    Fact("eligible.jsic", _("業種"), Shape.TRADES, _ASKS, help=_("産業分類の大分類（E）か番号（39）。「、」で区切る")),
    Fact("eligible.consortium_min", _("組む者の数"), Shape.NUMBER, _ASKS, _("者以上"), most=100),
    Fact("eligible.stage", _("段階"), Shape.STAGES, _ASKS),
    Fact("eligible.excludes", _("対象にならないもの"), Shape.WORDS, _ASKS, help=_("「、」で区切る")),
)  # fmt: skip


def facts_of(kind: str) -> list[Fact]:
    """Return the facts kept of a kind, in the order of the form."""
    return [fact for fact in FACTS if kind in fact.kinds]


def value_of(facts: Mapping[str, Any], key: str) -> Any:
    """Return what stands under a key; None where nothing does."""
    first, _point, rest = key.partition(".")
    found = facts.get(first)
    return (found or {}).get(rest) if rest else found


def with_values(facts: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts with ``values`` put in by key; what is None or empty takes its key away (no is kept)."""
    result: dict[str, Any] = {key: dict(value) if key == "eligible" else value for key, value in facts.items()}
    for key, value in values.items():
        first, _point, rest = key.partition(".")
        inner = result.setdefault(first, {}) if rest else result
        name = rest or first
        if value in (None, "", [], ()):
            inner.pop(name, None)
        else:
            inner[name] = value
    if not result.get("eligible", True):
        del result["eligible"]
    return result
