"""Steps of support routes whose day has gone by, told to whoever has to move: once a step and missed day, in the day's one mail."""

from __future__ import annotations

import uuid

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.era import screen_date
from renkei.base.language import written
from renkei.cases import mails
from renkei.cases.models import Case
from renkei.cases.queries.route_late import LateStep, late_steps
from renkei.cases.queries.route_meetings import NEWS_WORDS
from renkei.post.models import Nudge

LATE = "step_late"


def tell_of_late_steps(case_id: uuid.UUID) -> bool:
    """Tell of each late step of a case that nobody was told of since its day; True when somebody was. Safe to run twice."""
    case = Case.objects.select_for_update().filter(pk=case_id).first()  # without joins: see answers
    if case is None or not case.is_open:
        return False
    news = [one for one in late_steps([case_id]) if not _is_told(one)]
    for one in news:
        _tell(case, one)
    if news:
        record(SYSTEM, "route.late", case, *(one.step for one in news))
    return bool(news)


def _is_told(late: LateStep) -> bool:
    """A step keeps its key in every version: it is told of again only when a later day was missed, or by another reader's turn.

    What has become of its meeting is told once a version.
    """
    if late.news is not None:
        return Nudge.objects.filter(kind=LATE, about=late.step.key, made_at__gte=late.step.version.made_at, words=_meeting_words(late)).exists()
    rows = Nudge.objects.filter(kind=LATE, about=late.step.key, made_at__gte=clock.at(late.day, 0))
    return rows.filter(body=late.step.body_id).exists() if late.is_at_body else rows.exists()


def _tell(case: Case, late: LateStep) -> None:
    what = _named(late)
    if late.news is not None:
        mails.tell_holder(case, by=SYSTEM, subject=written("支援ルートが待つ会議について"), words=_meeting_words(late), purpose=LATE, about=late.step.key)
        return
    day = screen_date(late.day, clock.today())
    subject = written("支援ルートの日を過ぎています")
    if late.is_at_body and late.support is not None:
        words = written("%(what)sは、%(day)sに終わる予定でした。終わっていれば結果を書き、まだなら見込みを主担当に知らせてください。")
        mails.tell_other(late.step.body, case, by=SYSTEM, subject=subject, words=words % {"what": what, "day": day}, purpose=LATE,
                         person=late.support.person, about=late.step.key)
        return
    if late.day == late.step.ends_on:
        words = written("%(what)sは、%(day)sに終わる予定でした。日を組み直してください。")
    else:
        words = written("%(what)sは、%(day)sに始める予定でしたが、まだ頼んでいません。頼むか、日を組み直してください。")
    mails.tell_holder(case, by=SYSTEM, subject=subject, words=words % {"what": what, "day": day}, purpose=LATE, about=late.step.key)


def _meeting_words(late: LateStep) -> str:
    assert late.news is not None  # noqa: S101  only news is put into words
    return written("%(what)s：%(news)s。日を組み直してください。") % {"what": _named(late), "news": written(NEWS_WORDS[late.news])}


def _named(late: LateStep) -> str:
    return f"{late.step.service.short}（{late.step.body.short}）"
