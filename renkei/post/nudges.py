"""What people are told about cases: on screen at once, by mail inside the one mail of the day.

Settling is the case engine's: whoever has acted is not told any more. Reading is an act of its own: a GET never writes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.post.models import Nudge, Wishes

# What may be told, in the words of the settings page. An unknown kind is shown as ``told``.
KINDS = {
    "company": gettext_lazy("会社から連絡があった"),
    "question": gettext_lazy("機関から質問が届いた"),
    "answer": gettext_lazy("頼んだ機関が答えた"),
    "reminder": gettext_lazy("返事をうながされた"),
    "silence": gettext_lazy("頼んだ機関の返事がない"),
    "late": gettext_lazy("回答の期限が過ぎた"),
    "idle": gettext_lazy("しばらく動きがない"),
    "step_late": gettext_lazy("支援ルートの日を過ぎた"),
    "handover": gettext_lazy("引継ぎのお願い"),
    "follow_up": gettext_lazy("終わった案件の会社から返事があった"),
    "partner": gettext_lazy("渡した研究者・外の相手から連絡があった"),
    "entry": gettext_lazy("案件に使えるものが新しく入った"),
    "search": gettext_lazy("保存した検索に新しく入った"),
    "check": gettext_lazy("台帳に確かめるものがある"),
    "meeting": gettext_lazy("会議が開かれる・変わった・取りやめになった"),
    "minutes": gettext_lazy("議事録の確認を頼まれた"),
    "task": gettext_lazy("会議の宿題"),
    "told": gettext_lazy("そのほかの知らせ"),
}
MEETING_KINDS = ("meeting", "minutes", "task")  # about no case: ``renkei.meetings`` settles them
GROUPS = {"accepted": "answer", "declined": "answer", "recorded": "answer", "expired": "silence", "close_asked": "told"}
WEEKLY = {"idle"}  # alone they cause no more than one mail a week


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told: a person of a body, or (without ``person``) the body's queue, each with its mail address or none."""

    body: str
    person: uuid.UUID | None = None
    address: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What is told: ``kind`` decides what settles it, ``about`` is the row it asks about (the case itself often)."""

    kind: str
    title: str
    words: str
    case: uuid.UUID
    number: str
    about: uuid.UUID | None = None


def group_of(kind: str) -> str:
    """Return the kind under which the settings page speaks of it."""
    group = GROUPS.get(kind, kind)
    return group if group in KINDS else "told"


def put_nudge(news: News, reader: Reader, *, by: Actor) -> Nudge | None:
    """Tell somebody, in the transaction of the act; None for what the reader does itself.

    A body's queue is told of its own people's acts only when somebody else of it has to confirm them.
    """
    if by.body == reader.body and (reader.person == by.person if reader.person else news.kind != "close_asked"):
        return None
    return Nudge.objects.create(
        person=reader.person,
        body=reader.body,
        address=reader.address,
        name=reader.name[:200],
        kind=news.kind[:20],
        about=news.about or news.case,
        case=news.case,
        number=news.number,
        title=clean_text(news.title).replace("\n", " ")[:200],
        words=clean_text(news.words),
        made_at=clock.now(),
    )


@transaction.atomic
def read_nudges(nudges: Iterable[Nudge], *, by: Actor) -> int:
    """Mark as read what the actor sees and nobody has read; returns how many. What is read is in no mail any more."""
    if not by.is_staff or by.person is None:
        raise Refused(_("機関の職員として入ってから押してください。"), "not_staff")
    wanted = Nudge.objects.visible_to(by).filter(pk__in=[one.pk for one in nudges], read_at__isnull=True)
    rows = list(wanted.select_for_update().order_by("pk"))
    for row in rows:
        row.read_at, row.read_by = clock.now(), by.person
    Nudge.objects.bulk_update(rows, ["read_at", "read_by"])
    if rows:
        record(by, "nudge.read", *rows)
    return len(rows)


@transaction.atomic
def save_wishes(*, by: Actor, by_mail: bool, minute: int | None, days: list[int], without: list[str]) -> Wishes:
    """Keep how the actor wants to be told: ``minute`` of the day (None: the plan's), ``days`` (0 is Monday; none: all).

    Refused: ``not_person``, ``wrong_time``, ``wrong_day``, ``unknown_kind``.
    """
    if by.person is None:
        raise Refused(_("入ってから決めてください。"), "not_person")
    if minute is not None and not 0 <= minute < 24 * 60:
        raise Refused(_("時刻を選んでください。"), "wrong_time", field="minute")
    if set(days) - set(range(7)):
        raise Refused(_("曜日を選んでください。"), "wrong_day", field="days")
    if set(without) - set(KINDS):
        raise Refused(_("知らせの種類を選んでください。"), "unknown_kind", field="kinds")
    values = {"by_mail": by_mail, "minute": minute, "days": sorted(set(days)), "without": sorted(set(without)),
              "changed_at": clock.now()}  # fmt: skip
    wishes, _made = Wishes.objects.update_or_create(person=by.person, defaults=values)
    record(by, "wishes.save", wishes, by_mail=by_mail, minute=minute, days=values["days"], without=values["without"])
    return wishes
