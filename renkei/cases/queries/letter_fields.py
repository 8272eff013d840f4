"""The fields a letter can hold: what each means, an example, and from whose eyes its class keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NUMBER, DATE, SENDER = "文書番号", "日付", "差出人"


@dataclass(frozen=True, slots=True)
class LetterField:
    """One field by the name templates use. ``technical``: only in letters of that class. ``rows`` of its box when written."""

    name: str
    meaning: Promise
    example: str
    kinds: tuple[str, ...] = field(default=())
    technical: bool = False
    rows: int = 1
    most: int = 200


_ALL = ("sheet", "request", "reply", "handover")
_LETTERS = ("request", "reply", "handover")
FIELDS: tuple[LetterField, ...] = (
    LetterField(NUMBER, _("決裁のときに付く番号。決裁の前は「（案）」"), "産第12号"),
    LetterField(DATE, _("決裁の日（和暦）"), "令和8年11月27日"),
    LetterField("宛先", _("だれに出すか。敬称まで"), "ひばり工業株式会社　様", _LETTERS),
    LetterField("差出人機関", _("作る機関の正式な名前"), "ひばり県産業課"),
    LetterField(SENDER, _("機関の長など、差し出す人"), "課長　相川 志保", _LETTERS),
    LetterField("件名", _("文書の件名"), "技術支援について（依頼）", _ALL, most=100),
    LetterField("本文", _("前文と用件。相談票では所見・指示"), "日ごろから…", _ALL, rows=8, most=4000),
    LetterField("依頼事項", _("頼むこと"), "落下と振動の試験", ("request", "reply"), rows=4, most=2000),
    LetterField("回答期限", _("返事の期限（和暦）"), "令和8年12月4日", ("request",)),
    LetterField("回答", _("回答の文"), "試験をお引き受けします。", ("reply",), rows=6, most=4000),
    LetterField("引継状態", _("引継ぎのときの状態"), "試験が終わり、結果を渡した", ("handover",), rows=6, most=2000),
    LetterField("約束", _("会社や機関に約束したこと"), "12月4日に電話する", ("handover",), rows=4, most=2000),
    LetterField("未了事項", _("残っていること"), "販路の相談先を決める", ("handover",), rows=4, most=2000),
    LetterField("要約", _("会社が確かめた要約"), "小さな水質計の試験と販路", ("sheet", "request"), rows=4, most=600),
    LetterField("添付一覧", _("付けるものの名前"), "図面.pdf", ("request", "handover"), rows=2, most=1000),
    LetterField("担当者", _("作る人の名前"), "相川 志保", _LETTERS),
    LetterField("担当電話", _("作る機関の電話"), "000-000-0000", _LETTERS),
    LetterField("担当メール", _("作る機関のメール"), "desk@hibari.example", _LETTERS),
    LetterField("受付番号", _("相談の受付番号"), "県 8-0001"),
    LetterField("受付日", _("相談を受けた日（和暦）"), "令和8年11月25日"),
    LetterField("会社名", _("会社の名前。引き受ける前の機関への依頼文では伏せる"), "ひばり工業株式会社"),
    LetterField("会社所在地", _("会社の市町村と住所"), "ひばり市1-1"),
    LetterField("会社担当者", _("相談した人"), "髙梨 芽衣"),
    LetterField("会社電話", _("相談した人の電話"), "000-000-0001"),
    LetterField("相談件名", _("案件の件名"), "水質計を発売したい"),
    LetterField("相談内容", _("会社の言葉。区分「技術」の文書だけに入る"), "手のひらに乗る水質計を…", technical=True),
    LetterField("課題", _("課題と段階。区分「技術」の文書だけに入る"), "落下でも狂わないか（開発・試験）", technical=True),
    LetterField("支援一覧", _("頼んだ機関と支援、その状況"), "工業試験所　設備・試験　引受け"),
    LetterField("主担当", _("主担当の機関と人"), "ひばり県産業課　相川 志保"),
    LetterField("次の一手", _("次にすること"), "会社に電話する"),
    LetterField("次の期日", _("その期日（和暦）"), "令和8年12月4日"),
)
BY_NAME = {one.name: one for one in FIELDS}
EXAMPLES = {one.name: one.example for one in FIELDS}


def written_fields(kind: str) -> list[LetterField]:
    """Return the fields a person may write over before a letter of a kind is made, in order."""
    return [one for one in FIELDS if kind in one.kinds]
