"""Why a step of a route has its dates, what is still to be asked, and which rule is broken: in words for people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.language import shown_day
from renkei.matching.schedule import AT_MEETING, NO_MEETING, PUT_TO, Fault, Reason


def reason_words(one: Reason, today: dt.date) -> str:
    """Return a reason for a date in one phrase, such as 募集 4月1日から5月20日."""
    span = _span(one.day, one.until, today)
    words = {
        "call": _("募集 %(span)s") % {"span": span},
        "slot": _("空き %(span)s") % {"span": span},
        "always": _("いつでも申し込める"),
        "weeks": _("決定まで%(n)s週") % {"n": one.n},
        "days": _("開いている日で%(n)s日かかる") % {"n": one.n},
        "lead": _("準備に%(n)s営業日") % {"n": one.n},
        "answer": _("機関の返事まで%(n)s営業日") % {"n": one.n},
        "after": _("先の段取りが%(day)sまで：%(text)s") % {"day": _day(one.day, today), "text": one.text},
        "decided": _("決まるまでの目安が%(n)s週：%(text)s") % {"n": one.n, "text": one.text},
        "course": _("講座の日（申込みは%(day)sまで）") % {"day": _day(one.until or one.day, today)},
        "meeting": _("催しの日（申込みは%(day)sまで）") % {"day": _day(one.until or one.day, today)},
        PUT_TO: _put_to(one, today),
        "began": _("%(day)sに引受け・開始") % {"day": _day(one.day, today)},
        "done": _("%(day)sに終わった") % {"day": _day(one.day, today)},
        "set": _("人が決めた日"),
        "set_end": _("終わりは人が決めた日"),
        "note": one.text,
    }
    return words.get(one.code, "")


def missing_words(one: Reason, today: dt.date) -> str:
    """Return what is not known about a date, as a sentence that says what to do."""
    words = {
        "waits": _("先の段取りの終わりが分からないので、まだ日を置けません（%(text)s）") % {"text": one.text},
        "circle": _("順番の決まりが輪になっています。計画の「順番の決まり」を確かめてください（%(text)s）") % {"text": one.text},
        "no_window": _("間に合う受付が分かりません（分かっている受付は%(day)sまで）。次の受付を機関に確かめてください") % {"day": _day(one.day, today)},
        NO_MEETING: _("「%(text)s」に諮りますが、間に合う回の日がまだ決まっていません。開く機関に確かめてください") % {"text": one.text},
        AT_MEETING: _("機関の会議に諮って決まります。日は、決まったらお知らせします"),
        "decision": _("決定まで何週かかるかが分かりません。機関に確かめてください"),
        "length": _("終わりの日は、引き受けた機関と決めます"),
        "course_missing": _("機器の前に受ける講習が、この支援ルートにありません（%(text)s）") % {"text": one.text},
        "earlier_missing": _("先に済ませることが、この支援ルートにありません（%(text)s）") % {"text": one.text},
    }
    return words.get(one.code, "")


def fault_words(one: Fault, today: dt.date) -> str:
    """Return which rule the dates break, and why."""
    if one.code == "order":
        until = _("先の段取りの終わりは%(day)sです。") % {"day": _day(one.day, today)} if one.day else _("先の段取りの終わりが分かりません。")
        return f"{until}{one.text}"
    if one.code == "window":
        return _("受付の期間の外です（%(span)s）。") % {"span": _span(one.day, one.until, today)}
    return _("%(day)sは、機関が開いていない日です。") % {"day": _day(one.day, today)}


def as_data(one: Reason) -> dict[str, Any]:
    """Return a reason as it is kept with a step: only what it says."""
    found: dict[str, Any] = {"code": one.code}
    for name, day in (("day", one.day), ("until", one.until)):
        if day is not None:
            found[name] = day.isoformat()
    if one.n:
        found["n"] = one.n
    if one.text:
        found["text"] = one.text
    return found


def from_data(kept: dict[str, Any]) -> Reason:
    """Return a reason as it was kept."""
    day, until = (dt.date.fromisoformat(kept[name]) if kept.get(name) else None for name in ("day", "until"))
    return Reason(str(kept["code"]), day, until, int(kept.get("n", 0)), str(kept.get("text", "")))


def _day(day: dt.date | None, today: dt.date) -> str:
    return shown_day(day, today) if day else _("まだ分からない日")


def _put_to(one: Reason, today: dt.date) -> str:
    said = {"text": one.text, "day": _day(one.day, today), "until": _day(one.until, today)}
    if one.until and one.until != one.day:
        return _("%(day)sの%(text)sに諮る。議題は%(until)sまで") % said
    return _("%(day)sの%(text)sに諮る") % said


def _span(start: dt.date | None, end: dt.date | None, today: dt.date) -> str:
    if start and end:
        return _("%(start)sから%(end)sまで") % {"start": _day(start, today), "end": _day(end, today)}
    if end:
        return _("%(end)sまで") % {"end": _day(end, today)}
    return _day(start, today)
