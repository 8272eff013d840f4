"""Agenda and minutes on paper, and the bundle of a meeting: by the body's own template in Word, as PDF on A4 [C98].

A paper holds what its reader may read: items for some are on the papers of those they name only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki, weekday
from renkei.base.language import written
from renkei.documents.papers import Row, paper_docx
from renkei.documents.pdf import Part, bind, pdf_of_docx
from renkei.documents.store import KINDS, path_of
from renkei.meetings.models import (
    AgendaItem,
    Material,
    Meeting,
    Minutes,
    MinutesItem,
    Stance,
)
from renkei.meetings.queries import items_of, series_names
from renkei.meetings.telling import meeting_name
from renkei.plan.models import Body
from renkei.plan.queries import short_names


def agenda_docx(meeting: Meeting, actor: Actor) -> bytes:
    """Return the agenda as the actor reads it, as docx."""
    items = items_of(meeting, actor)
    numbered = numbered_materials(meeting, items, actor)
    values = _head(meeting) | {"主催": meeting.host.name, "通知": meeting.reason or written("資料は、連携の画面の「会議」で読めます。"), "作成日": wareki(clock.today())}
    rows: dict[str, Sequence[Row]] = {
        "議題": _agenda_rows(meeting, items),
        "資料": [{"資料番号": number, "資料名": one.name} for number, one in numbered] or [{"資料番号": "", "資料名": ""}],
    }
    return paper_docx("agenda", values, rows, by=actor)


def minutes_docx(minutes: Minutes, actor: Actor) -> bytes:
    """Return minutes as they were sent out, as far as the actor reads them, as docx."""
    meeting = minutes.meeting
    shorts = short_names()
    items = list(MinutesItem.objects.visible_to(actor).filter(minutes=minutes))
    locked = meeting.locked_number == minutes.number
    due = written("%(day)sまでに各機関が確認") % {"day": wareki(minutes.due_on)} if minutes.due_on else ""
    values = _head(meeting) | {
        "日時": _when(dt.date.fromisoformat(minutes.head["held_on"]), meeting), "場所": minutes.head.get("place", ""), "議長": minutes.head.get("chair", ""),
        "主催": meeting.host.name, "記録": minutes.sent_by.name if minutes.sent_by else "", "議事録番号": f"{meeting.fiscal_year}-{meeting.number}",
        "版": written("第%(n)s版") % {"n": minutes.number}, "確認": written("確定") if locked else due, "作成日": wareki(minutes.sent_at.astimezone(clock.JST).date()),
    }  # fmt: skip
    tasks = [{"内容": task["what"], "担当": shorts.get(task["body"], task["body"]), "期日": wareki(dt.date.fromisoformat(task["due_on"]))}
             for one in items for task in one.said["tasks"]]  # fmt: skip
    rows: dict[str, Sequence[Row]] = {
        "出席": _presence_rows(minutes.head["attendance"]),
        "議事": [{"番号": str(place), "件名": one.title, "記録": _record(one, shorts), "決定": one.said["decision"]} for place, one in enumerate(items, 1)],
        "宿題": tasks or [{"内容": written("なし"), "担当": "", "期日": ""}],
    }
    return paper_docx("minutes", values, rows, by=actor)


def bundle_pdf(meeting: Meeting, actor: Actor) -> bytes:
    """Return the agenda and the newest version of each material the actor reads as one PDF, in order, with page numbers.

    Refused: ``unreadable`` (a material that is damaged or locked), ``too_many_pages``.
    """
    name = meeting_name(meeting)
    parts = [Part(written("次第"), agenda_docx(meeting, actor), KINDS["docx"])]
    for number, one in numbered_materials(meeting, items_of(meeting, actor), actor):
        label = written("資料%(number)s　%(name)s") % {"number": number, "name": one.name}
        parts.append(Part(label, path_of(one.sha256).read_bytes(), one.media_type))
    return bind(parts, title=name)


def as_pdf(docx: bytes, title: str) -> bytes:
    """Return a paper as A4 PDF."""
    return pdf_of_docx(docx, title=title, foot=title)


def numbered_materials(meeting: Meeting, items: Sequence[AgendaItem], actor: Actor) -> list[tuple[str, Material]]:
    """Return the newest versions the actor reads with their numbers: those of the meeting (0-1, 0-2), then item by item (1-1, 2-1)."""
    places: dict[UUID | None, int] = {None: 0}  # the meeting's own
    for place, item in enumerate(items, 1):
        places[item.pk] = place
    own = Material.objects.visible_to(actor).newest().filter(meeting=meeting)
    found = sorted((one for one in own if one.item_id in places), key=lambda one: (places[one.item_id], one.added_at, str(one.pk)))
    counts: dict[int, int] = {}
    numbered = []
    for one in found:
        place = places[one.item_id]
        counts[place] = counts.get(place, 0) + 1
        numbered.append((f"{place}-{counts[place]}", one))
    return numbered


@dataclass(frozen=True, slots=True)
class Paper:
    """The newest version of a material as a page shows it, with its number and the versions it replaced, the newest first."""

    number: str
    material: Material
    earlier: list[Material]


def materials_of(meeting: Meeting, items: Sequence[AgendaItem], actor: Actor) -> dict[UUID | None, list[Paper]]:
    """Return the materials of each item, and (under None) of the meeting itself."""
    known = {one.pk: one for one in Material.objects.visible_to(actor).filter(meeting=meeting).select_related("body")}
    found: dict[UUID | None, list[Paper]] = {}
    for number, one in numbered_materials(meeting, items, actor):
        earlier, before = [], known.get(one.replaces_id) if one.replaces_id else None
        while before is not None:
            earlier.append(before)
            before = known.get(before.replaces_id) if before.replaces_id else None
        found.setdefault(one.item_id, []).append(Paper(number, known[one.pk], earlier))
    return found


def _head(meeting: Meeting) -> dict[str, str]:
    series = series_names().get(meeting.series, meeting.series)
    return {"会議名": series, "回": written("第%(n)s回") % {"n": meeting.number}, "日時": _when(meeting.held_on, meeting), "場所": meeting.place}


def _when(day: dt.date, meeting: Meeting) -> str:
    hours = "〜".join(f"{one:%H:%M}" for one in (meeting.starts, meeting.ends) if one)
    return f"{wareki(day)}（{weekday(day)}）" + (f"　{hours}" if hours else "")


def _agenda_rows(meeting: Meeting, items: Sequence[AgendaItem]) -> list[Row]:
    moment = dt.datetime.combine(meeting.held_on, meeting.starts) if meeting.starts else None
    rows: list[Row] = []
    for place, one in enumerate(items, 1):
        who = written("説明　%(who)s") % {"who": one.presenter} if one.presenter else ""
        told = "\n".join(part for part in (one.question, who) if part)
        rows.append({"番号": str(place), "時刻": f"{moment:%H:%M}" if moment else "", "件名": one.title, "説明": told, "提出": one.put_up_by.short})
        moment = moment + dt.timedelta(minutes=one.planned_minutes) if moment else None
    return rows or [{"番号": "", "時刻": "", "件名": written("議題はまだありません"), "説明": "", "提出": ""}]


def _presence_rows(attendance: Sequence[dict[str, str]]) -> list[Row]:
    """Return a row a body in the plan's order, absent ones too, and those that came and have closed since; guests last."""
    rows: list[Row] = []
    there = {one["body"] for one in attendance}
    for body in Body.objects.filter(Q(closed_on__isnull=True) | Q(pk__in=there)).select_related("party"):
        own = [one for one in attendance if one["body"] == body.pk]
        names = "、".join(f"{one['name']}（{written('%(who)sの代理') % {'who': one['in_place_of']}}）" if one["in_place_of"] else one["name"] for one in own)
        proxy = bool(own) and all(one["in_place_of"] for one in own)
        rows.append({"者": body.party.name, "機関": body.name, "出席者": names, "出欠": (written("代理") if proxy else written("出席")) if own else written("欠席")})
    return rows + [{"者": "", "機関": one["organisation"], "出席者": one["name"], "出欠": written("出席")} for one in attendance if not one["body"]]


def _record(item: MinutesItem, shorts: dict[str, str]) -> str:
    votes = [f"{shorts.get(one['body'], one['body'])}　{written(Stance(one['stance']).label)}　{one['words']}".strip() for one in item.said.get("votes", [])]
    return "\n".join(part for part in (item.said["notes"], *votes) if part)
