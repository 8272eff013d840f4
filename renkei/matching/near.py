"""What would make a programme fit that almost fits: what somebody can do about the rule it fails."""

from __future__ import annotations

from django.utils.translation import gettext as _


def wants_of(rule: str) -> str:
    """Return what would make an entry fit that fails a rule; empty where nothing that anybody could do is known."""
    words = {
        "partner": _("一緒に取り組む大学や会社が決まれば使えます。共同研究や連携体づくりを、先の段取りに入れてください。"),
        "window": _("次の受付が始まれば使えます。機関に時期を確かめ、始まりの日を入れて段取りに足してください。"),
        "employees": _("従業員の数が条件に入れば使えます。いまの人数を会社に確かめてください。"),
        "capital_yen": _("資本金が条件に入れば使えます。いまの額を会社に確かめてください。"),
        "municipality": _("条件の地域に事業所があれば使えます。ほかの工場や事務所がないか、会社に確かめてください。"),
        "age_years": _("創業からの年数が足りるようになれば使えます。設立の日を会社に確かめてください。"),
        "max_age_years": _("創業からの年数が条件を超えていなければ使えます。設立の日を会社に確かめてください。"),
        "jsic": _("対象の業種なら使えます。ほかの事業がないか、会社に確かめてください。"),
        "stage": _("開発が条件の段階になれば使えます。いまの段階を会社に確かめてください。"),
    }
    return words.get(rule, "")
