"""Every figure of the house, defined in one place: what it counts, whom, when, and what is the same thing twice [C38-C40].

The SQL of each (``counting/``) returns records, never a number; the number is how many there are, or the middle of
their days. A change of how something is counted is a new version: :data:`VERSIONS` keeps the earlier ones, so that a
frozen period is counted again as it was counted then.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from renkei.reporting.counting import cases, ladder, supports


class Kind(StrEnum):
    """How the number is made of the records."""

    COUNT = "count"
    STOCK = "stock"  # what there is on the last day, whenever it began
    SHARED = "shared"  # whole for all, by agreed per cents for each body
    DAYS = "days"  # the middle of calendar days
    BUSINESS_DAYS = "business_days"  # the middle of the plan's business days


class Split(StrEnum):
    """What the codes of a split are, and so which words they have."""

    NONE = "none"
    CHANNEL = "channels"
    CLOSE_REASON = "close_reasons"
    RESULT = "results"
    DECLINE_REASON = "decline_reasons"
    PRESSURE = "pressures"
    PURPOSE = "purposes"
    STAGE = "stage"
    SERVICE = "service"
    RUNG = "rung"
    OUTSIDE = "outside"
    SERIES = "series"
    GAP = "gap"
    AREA = "area"
    ANSWER = "answer"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. ``overlaps`` says that its parts are never summed: one record may lie in several [C10]."""

    code: str
    version: int
    name: str | Promise
    unit: str | Promise
    what: str | Promise
    when: str | Promise
    once: str | Promise
    sql: str
    kind: Kind = Kind.COUNT
    split: Split = Split.NONE
    overlaps: bool = False
    clock: str = ""  # of the plan, where there is a promise to hold against

    @property
    def function(self) -> str:
        """Return the name of the database's function of this version."""
        return f"figure_{self.code}_{self.version}"


_DAY_OF_STEP = _("起きた日の年度に数えます。数える日より後に記録されたものは入りません。")
_AT_THE_END = _("年度の終わりに終わっている案件を、終わった日の年度に数えます。年度のうちに再開したものは入りません。")
_AS_SORTED = _("受け付けた日の年度に数えます。数える日より後に直された区分は「その後に直された」に入れます。")

FIGURES: tuple[Figure, ...] = (
    Figure(
        "projects", 2, _("支援した地域経済牽引事業"), _("件"),
        _("承認番号と承認日が記録された事業。機関の列は、関わった機関がみな同意した割合で分けます。分け方に同意がそろうまで、どの機関の数にも入れません。"),
        _("決まったときに定めた、数える年度に入れます。"),
        _("同じ承認番号は、機関や案件がいくつあっても、計画全体では1件です。機関の数を足すと、分け方が決まったものの件数になります。"),
        supports.PROJECTS_2, Kind.SHARED, Split.YEAR,
    ),
    Figure(
        "consultations", 1, _("受け付けた相談"), _("件"),
        _("受け付けた相談と、台帳から取り込んだ相談。いたずらと、取り消した取込みは数えません。"), _DAY_OF_STEP,
        _("同じ相談は1件。案件を分けても増えず、まとめても減りません。"), cases.CONSULTATIONS_1, split=Split.CHANNEL,
    ),
    Figure(
        "closed", 1, _("終わった案件（終わり方）"), _("件"), _("終わった案件。ほかの案件にまとめたものと、いたずらは数えません。"),
        _AT_THE_END, _("同じ案件は1件。再開してもう一度終わったときは、最後の終わりだけを数えます。"), cases.CLOSED_1,
        split=Split.CLOSE_REASON,
    ),
    Figure(
        "results", 1, _("終わった案件（会社の答え）"), _("件"), _("終わった案件を、会社が答えた結果で分けたもの。まだ答えていないときは、終えたときに入れた結果を使います。"),
        _AT_THE_END, _("同じ案件は1件。答えが変わったときは、最後の答えだけを数えます。"), cases.RESULTS_1, split=Split.RESULT,
    ),
    Figure(
        "first_answer", 1, _("最初の答えまで"), _("営業日"),
        _("受け付けた日から、職員が会社に初めて伝えた日（連絡、つながったやりとり、終了の知らせ）までの営業日の真ん中の値。"),
        _("答えた日の年度に数えます。まだ答えていない案件は入りません。"), _("案件ごとに1回。"), supports.FIRST_ANSWER_1,
        Kind.BUSINESS_DAYS, clock="first_answer",
    ),
    Figure(
        "body_answer", 1, _("機関の返事まで"), _("営業日"), _("依頼した日から、機関が引き受けるか断った日までの営業日の真ん中の値。"),
        _("返事をした日の年度に数えます。返事のないものは「返事のなかった依頼」にあります。"), _("依頼ごとに、初めの返事だけを数えます。"),
        supports.BODY_ANSWER_1, Kind.BUSINESS_DAYS, Split.ANSWER, clock="offer_answer",
    ),
    Figure(
        "supports", 1, _("引き受けた支援"), _("件"), _("機関が引き受けた支援。取りやめたものと、あとで断ったものは数えません。"),
        _("引き受けた日の年度に数えます。数える日より後に記録されたものは入りません。"), _("同じ依頼は1件。"), supports.SUPPORTS_1,
        split=Split.STAGE,
    ),
    Figure(
        "declines", 1, _("断った依頼"), _("件"), _("機関が断った依頼。あとで引き受けたものは数えません。"),
        _("断った日の年度に数えます。数える日より後に記録されたものは入りません。"), _("同じ依頼は1件。"), supports.DECLINES_1,
        split=Split.DECLINE_REASON,
    ),
    Figure(
        "silent", 1, _("返事のなかった依頼"), _("件"), _("うながしても返事がないと、窓口に知らされた依頼。あとから返事があったものも数えます。"),
        _DAY_OF_STEP, _("同じ依頼は1件。"), supports.SILENT_1,
    ),
    Figure(
        "open", 1, _("続いている案件"), _("件"), _("終わっていない案件を、そのとき主担当だった機関で数えます。"),
        _("年度の終わり（まだなら、数える日）に続いているものを数えます。"), _("同じ案件は1件。まとめた案件は、まとめ先だけを数えます。"),
        cases.OPEN_1, Kind.STOCK,
    ),
    Figure(
        "dwell", 1, _("段階にいた日数"), _("日"), _("課題が1つの段階にいた日数（暦の日数）の真ん中の値。戻ったときは、別の回として数えます。"),
        _("その段階を出た日の年度に数えます。"), _("課題と段階の、1回ごと。"), supports.DWELL_1, Kind.DAYS, Split.STAGE,
    ),
    Figure(
        "areas", 1, _("地域ごとの案件"), _("件"),
        _("会社の所在地といまの計画の地域で分けます。地域には重なりがあり、1つの案件が2つの地域に入ることがあります。"), _AS_SORTED,
        _("同じ案件は、1つの地域に1件。地域の数は足し合わせません。"), cases.AREAS_1, split=Split.AREA, overlaps=True,
    ),
    Figure(
        "pressures", 1, _("経営課題ごとの案件"), _("件"), _("窓口が付けた経営課題の区分。1つの案件に、いくつも付くことがあります。"), _AS_SORTED,
        _("同じ案件は、1つの区分に1件。区分の数は足し合わせません。"), cases.PRESSURES_1, split=Split.PRESSURE, overlaps=True,
    ),
    Figure(
        "purposes", 1, _("目的ごとの案件"), _("件"), _("窓口が付けた目的の区分。1つの案件に、いくつも付くことがあります。"), _AS_SORTED,
        _("同じ案件は、1つの区分に1件。区分の数は足し合わせません。"), cases.PURPOSES_1, split=Split.PURPOSE, overlaps=True,
    ),
    Figure(
        "services", 1, _("支援メニューごとの支援"), _("件"), _("機関が引き受けた支援を、支援メニューで分けたもの。取りやめたものと、あとで断ったものは数えません。"),
        _("引き受けた日の年度に数えます。数える日より後に記録されたものは入りません。"), _("同じ依頼は1件。"), supports.SERVICES_1,
        split=Split.SERVICE,
    ),
    Figure(
        "climbs", 1, _("段階的対応に上がった課題"), _("件"), _("窓口で引き受ける機関がなく、会議や地域の外に上げた課題。"), _DAY_OF_STEP,
        _("同じ課題は、1つの段に上がるたびに1件。会議から地域の外へ上がれば、段ごとに1件です。"), ladder.CLIMBS_1, split=Split.RUNG,
    ),
    Figure(
        "outside", 1, _("地域の外への依頼"), _("件"), _("地域の外の機関に出した依頼。いまの返事で分けます。"), _("依頼した日の年度に数えます。数える日より後の返事は入りません。"),
        _("同じ依頼は1件。同じ課題をほかの機関にも頼めば、別の1件です。"), ladder.OUTSIDE_1, split=Split.OUTSIDE,
    ),
    Figure(
        "gaps", 1, _("足りなかったもの"), _("件"), _("地域の中で支援できなかったときに、足りなかったと記録された設備、技術、人手。"),
        _("記録した日の年度に数えます。"), _("記録ごとに1件。同じものが別の課題で足りなければ、別の1件です。"), ladder.GAPS_1, split=Split.GAP,
    ),
    Figure(
        "meetings", 1, _("開いた会議"), _("回"), _("開いた会議。臨時の会議も入ります。持ち回り、取りやめたもの、これから開くものは数えません。"),
        _("開いた日の年度に数えます。数える日より後に「開いた」と記録されたものは入りません。"), _("同じ会議は1回。"), ladder.MEETINGS_1,
        split=Split.SERIES,
    ),
    Figure(
        "trends", 2, _("会議に出した企業動向"), _("件"), _("機関が会議に出した企業動向の情報。中身は数えず、出した数だけを会議ごとに数えます。取り下げたものは、取り下げた日から数えません。"),
        _("初めに出した日の年度に数えます。"), _("直しても1件。取引先の同意が取り消されて名前を消しても、1件のまま数えます。"), ladder.TRENDS_2, split=Split.SERIES,
    ),
)  # fmt: skip
BY_CODE = {figure.code: figure for figure in FIGURES}
# What was counted before, and still is where a year was closed or a report approved with it.
EARLIER: tuple[Figure, ...] = (
    Figure(
        "projects", 1, _("支援した地域経済牽引事業"), _("件"),
        _("承認番号と承認日が記録された事業。関わった機関の列には、機関ごとに1件と数えます。"),
        _("決まったときに定めた、数える年度に入れます。"),
        _("同じ承認番号は、機関や案件がいくつあっても、計画全体では1件です。"), supports.PROJECTS_1, split=Split.YEAR,
    ),
    Figure(
        "trends", 1, _("会議に出した企業動向"), _("件"), _("機関が会議に出した企業動向の情報。中身は数えず、出した数だけを会議ごとに数えます。"),
        _("出した日の年度に数えます。"), _("出すごとに1件。"), ladder.TRENDS_1, split=Split.SERIES,
    ),
)  # fmt: skip
VERSIONS = {(figure.code, figure.version): figure for figure in (*FIGURES, *EARLIER)}
PROJECTS, MEETINGS = "projects", "meetings"
TRENDS = "trends"
