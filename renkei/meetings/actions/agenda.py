"""Put a hard case, or anything else, on the agenda of a meeting; order it and give it time [C89, C93]."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.disclosable import check_giveaways, lock_open
from renkei.cases.actions.escalation import climb, wait_for
from renkei.cases.models import Case, Escalation, Need, RungNumber
from renkei.cases.queries.ladder import tried_in_words
from renkei.cases.steps import NextStep, fit, fit_name
from renkei.meetings.actions.calling import lock_meeting
from renkei.meetings.models import AgendaItem, ItemKind, ItemSource, Level, Meeting, MeetingState
from renkei.meetings.rules import knowing, require_writes
from renkei.meetings.telling import meeting_name
from renkei.plan.models import Body
from renkei.plan.queries import content_now

MOST_MINUTES = 240


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands on the agenda, and who reads it; ``sure``: words that may lead to the firm are meant."""

    title: str
    question: str = ""
    level: str = Level.ALL
    bodies: tuple[str, ...] = ()
    presenter: str = ""
    minutes: int = 10
    sure: bool = False


@transaction.atomic
def put_up(need: Need, meeting: Meeting, *, by: Actor, wording: Wording, reason: str = "", nobody_offers: bool = False) -> AgendaItem:
    """Take a need to a meeting: it climbs where it has not yet, and waits for the day of the meeting.

    What every body reads names nobody and is confirmed by the firm; an item for some names only bodies that may read the
    summary. Refused: ``not_on_ladder`` (this meeting is no rung), ``not_confirmed``, ``no_consent``, ``giveaway``,
    ``over`` (held already), ``on_agenda``, and what climbing refuses.
    """
    case = lock_open(need.case, by=by)
    day = _of_ladder(meeting)
    _check_sight(need, case, wording, by=by)
    step = meeting_step(day)
    rung = Escalation.objects.open().filter(need=need).first()
    if rung is None:
        rung = climb(need, by=by, reason=reason, nobody_offers=nobody_offers, step=step)
    elif rung.rung != RungNumber.MEETING:
        raise Refused(_("この課題は、もう地域の外に求めています。"), "on_rung")
    elif ItemSource.objects.filter(escalation=rung, item__outcome="").exists():
        raise Refused(_("この課題は、もう議題になっています。"), "on_agenda")
    else:
        wait_for(rung, step, by=by)
    item = _create(day, ItemKind.CASE, wording, by=by, tried=_tried(rung))
    ItemSource.objects.create(item=item, case=case, escalation=rung)
    record(by, "meeting.put_up", item, day, case, need, level=item.level)
    return item


@transaction.atomic
def add_item(meeting: Meeting, *, by: Actor, wording: Wording, kind: str = ItemKind.OTHER) -> AgendaItem:
    """Add a report or anything else. Refused: ``title_empty``, ``unknown_kind``, ``over``, ``no_bodies``, ``not_allowed``."""
    if not (by.is_staff or by.is_system):
        raise Refused(_("機関の職員として入ってから送ってください。"), "not_allowed")
    if kind not in {ItemKind.REPORT, ItemKind.OTHER}:
        raise Refused(_("議題の種類を一覧から選んでください。"), "unknown_kind", field="kind")
    locked = _ahead(Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk))
    item = _create(locked, kind, wording, by=by)
    record(by, "meeting.add_item", item, locked, kind=kind)
    return item


def add_ready(
    meeting: Meeting, kind: str, wording: Wording, *, by: Actor, made_from: str, case: Case | None = None, need: Need | None = None
) -> AgendaItem:
    """Add what the rules proposed, about a case that stands on no rung or about none. The caller has locked the meeting.

    Refused: ``over``, and for a case what putting it up refuses.
    """
    day = _ahead(meeting)
    if case is not None:
        case = lock_open(case, by=by)
        _check_sight(need, case, wording, by=by)
    item = _create(day, kind, wording, by=by)
    item.made_from = made_from
    item.save(update_fields=["made_from"])
    if case is not None:
        ItemSource.objects.create(item=item, case=case)
        record(by, "meeting.take_up_case", item, day, case, kind=kind)
    else:
        record(by, "meeting.add_item", item, day, kind=kind)
    return item


@transaction.atomic
def order_items(meeting: Meeting, order: Sequence[UUID], *, by: Actor, shown: Sequence[UUID] | None = None) -> None:
    """Put the items one sees into an order; the others keep their places behind them. ``shown`` is the order it was made from.

    Refused: ``changed_meanwhile`` (what was shown has been moved since), ``locked``, ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by)
    if not locked.is_writable:
        raise Refused(_("確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"), "locked")
    now = AgendaItem.objects.visible_to(by).filter(meeting=locked).values_list("pk", flat=True)
    if shown is not None and [key for key in now if key in set(shown)] != list(shown):
        raise Refused(_("ほかの人が先に順番を変えました。新しい順番を確かめて、もう一度動かしてください。"), "changed_meanwhile")
    items = {one.pk: one for one in AgendaItem.objects.select_for_update(of=("self",)).filter(meeting=meeting)}
    places = sorted(one.order for one in items.values())
    wanted = [items[key] for key in dict.fromkeys(order) if key in items]
    wanted += [one for key, one in items.items() if key not in set(order)]
    for place, one in zip(places, wanted, strict=True):
        if one.order != place:
            one.order = place
            one.save(update_fields=["order"])
    record(by, "meeting.order", meeting, order=[str(one.pk) for one in wanted])


def meeting_step(meeting: Meeting) -> NextStep:
    """Return the next step of a case that waits for a meeting."""
    return NextStep(what=written("会議に諮る（%(meeting)s）") % {"meeting": meeting_name(meeting)}, on=meeting.held_on, kind="wait")


def _of_ladder(meeting: Meeting) -> Meeting:
    locked = _ahead(Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk))
    rungs = content_now().ladder
    if len(rungs) < RungNumber.MEETING or locked.series not in rungs[RungNumber.MEETING - 1].meetings:
        raise Refused(_("難しい相談を諮る会議ではありません。ほかの会議を選んでください。"), "not_on_ladder", field="meeting")
    return locked


def _ahead(meeting: Meeting) -> Meeting:
    if meeting.state not in {MeetingState.PLANNED, MeetingState.HELD}:
        raise Refused(_("この会議の議題は、もう足せません。次の会議を選んでください。"), "over", field="meeting")
    return meeting


def _check_sight(need: Need | None, case: Case, wording: Wording, *, by: Actor) -> None:
    if wording.level == Level.ALL:
        if need is None or need.public_confirmed_at is None:
            raise Refused(
                _("すべての機関が読む議題には、会社が確かめた「名を伏せた文」が要ります。先に会社に確かめるか、要約に同意のある機関だけを名指ししてください。"),
                "not_confirmed", field="level",
            )  # fmt: skip
        check_giveaways(f"{wording.title}\n{wording.question}", case, by=by, sure=wording.sure)
        return
    told = knowing(case, str(by.body))
    without = [one for one in Body.objects.filter(pk__in=wording.bodies) if one.pk not in told]
    if without:
        raise Refused(_("要約を見せる同意がありません：%(bodies)s") % {"bodies": "、".join(one.short for one in without)}, "no_consent", field="bodies")


def _tried(rung: Escalation) -> list[str]:
    """Return who was tried in the words of the house: they stand on every body's agenda."""
    told = tried_in_words(rung.tried, content_now(), Body.objects.in_bulk())
    return ["　".join(part for part in (one.body, one.said, one.reason) if part)[:200] for one in told]


def _create(meeting: Meeting, kind: str, wording: Wording, *, by: Actor, tried: Iterable[str] = ()) -> AgendaItem:
    title, question = fit(wording.title, 100, "title"), fit(wording.question, 1000, "question")
    if not title:
        raise Refused(_("議題を、ひとことで書いてください。"), "title_empty", field="title")
    last = AgendaItem.objects.filter(meeting=meeting).aggregate(last=Max("order"))["last"] or 0
    return AgendaItem.objects.create(
        meeting=meeting, order=last + 1, kind=kind, title=title, question=question, tried=list(tried), put_up_by_id=_body(by, meeting),
        presenter=fit_name(wording.presenter, "presenter"), planned_minutes=check_minutes(wording.minutes), **_sight(wording),
    )  # fmt: skip


def _body(by: Actor, meeting: Meeting) -> str:
    return by.body if by.is_staff and by.body else meeting.host_id


def check_minutes(given: int) -> int:
    """Return how long an item may take, as given. Refused: ``minutes``."""
    if not 1 <= given <= MOST_MINUTES:
        raise Refused(_("時間は1分から%(most)s分までで入れてください。") % {"most": MOST_MINUTES}, "minutes", field="minutes")
    return given


def _sight(wording: Wording) -> dict[str, Any]:
    if wording.level not in Level.values:
        raise Refused(_("だれが読む議題かを選んでください。"), "unknown_level", field="level")
    if wording.level == Level.ALL:
        return {"level": Level.ALL, "bodies": []}
    known = list(Body.objects.filter(pk__in=wording.bodies, closed_on__isnull=True).values_list("pk", flat=True))
    if not known:
        raise Refused(_("議題を読む機関を1つ以上選んでください。"), "no_bodies", field="bodies")
    return {"level": Level.NAMED, "bodies": known}


def lock_item(item: AgendaItem, *, by: Actor, version: int | None = None) -> AgendaItem:
    """Return the item, its row locked, for who writes it. Refused: ``not_allowed``, ``changed_meanwhile``, ``locked``."""
    require_writes(by, item)  # first: the database gives nobody a row to lock that he may not write
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=item.meeting_id)
    locked = AgendaItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    locked.meeting = meeting
    require_writes(by, locked)
    if not meeting.is_writable:
        raise Refused(_("確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"), "locked")
    if version is not None and locked.version != version:
        raise Refused(_("ほかの人が先に書きました。下に、いまの文があります。あなたの文と合わせて、もう一度保存してください。"), "changed_meanwhile")
    return locked
