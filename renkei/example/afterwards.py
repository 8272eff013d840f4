"""What became of the example's closed cases: asked by the job that asks everywhere, answered by some."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

from renkei.base.actor import link_holder
from renkei.cases.actions.follow_ups import Answer, answer_follow_up, record_follow_up
from renkei.cases.after import run_follow_ups
from renkei.cases.models import AskedHow, FollowUp
from renkei.example.cast import Cast
from renkei.example.scene import phrases, playing
from renkei.post.models import Link, LinkPurpose


def ask_and_answer(cast: Cast, mornings: list[dt.datetime]) -> Iterator[dt.datetime]:
    """Ask what is due on each of ``mornings``; of three firms two answer, one of them by telephone, and one stays silent."""
    known: set[uuid.UUID] = set()
    for morning in mornings:
        yield morning
        run_follow_ups()
        waiting = FollowUp.objects.waiting().exclude(pk__in=known).select_related("case")
        for row in sorted(waiting, key=lambda one: (one.case.number, one.months)):
            _answer(cast, row, turn=len(known))
            known.add(row.pk)


def _answer(cast: Cast, row: FollowUp, turn: int) -> None:
    said = phrases()["afterwards"]
    answer = Answer(**said[turn // 3 * 2 % len(said) + turn % 3 % 2]) if turn % 3 < 2 else None
    if answer is None:
        return
    link = Link.objects.filter(subject=row.pk, purpose=LinkPurpose.FOLLOWUP).first()
    if turn % 3 == 0 and row.asked_how == AskedHow.MAIL and link is not None:
        firm = link_holder(link.pk, name=link.recipient_name)
        with playing(firm):
            answer_follow_up(row, answer, by=firm)
    else:
        who = cast.of(row.case.holder_id, turn)
        person = row.case.consultations.order_by("consulted_at").values_list("person_given", flat=True).first()
        with playing(who):
            record_follow_up(row, answer, by=who, said_by=person or "代表の方")
