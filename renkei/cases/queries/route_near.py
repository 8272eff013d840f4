"""What almost fits a case and is therefore in no route: with what would make it fit (a partner, a date, a size)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.cases.models import Case
from renkei.cases.queries.route_proposal import proposal_for
from renkei.matching.proposal import NearMiss

MOST = 6


@dataclass(frozen=True, slots=True)
class Near:
    """An entry's name, the rule it fails, and what would make it fit."""

    name: str
    rule: str
    wants: str


def near_misses(case: Case, actor: Actor) -> list[Near]:
    """Return what almost fits, each name once, in the order of the proposal."""
    found: dict[str, Near] = {}
    for miss in proposal_for(case, actor).near_misses:
        found.setdefault(miss.name, Near(miss.name, miss.text, wants(miss)))
    return list(found.values())[:MOST]


def wants(miss: NearMiss) -> str:
    """Return what would make an entry fit; empty where nothing that anybody could do is known."""
    words = {
        "partner": _("一緒に取り組む大学や会社が決まれば使えます。共同研究や連携体づくりを、先の段取りに入れてください。"),
        "window": _("次の受付が始まれば使えます。機関に時期を確かめ、始まりの日を入れて段取りに足してください。"),
        "employees": _("従業員の数が条件に入れば使えます。いまの人数を会社に確かめてください。"),
        "capital_yen": _("資本金が条件に入れば使えます。いまの額を会社に確かめてください。"),
        "municipality": _("条件の地域に事業所があれば使えます。ほかの工場や事務所がないか、会社に確かめてください。"),
        "age_years": _("創業からの年数が足りるようになれば使えます。設立の日を会社に確かめてください。"),
        "jsic": _("対象の業種なら使えます。ほかの事業がないか、会社に確かめてください。"),
    }
    return words.get(miss.rule, "")
