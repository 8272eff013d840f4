"""Call a meeting, change it, call it off, hold it, write down who came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.states import check_step
from renkei.cases.steps import fit, fit_name
from renkei.meetings.models import MEETING_STEPS, Attendance, Meeting, MeetingKind, MeetingState
from renkei.meetings.rules import require_runs, runs_meeting
from renkei.meetings.telling import tell_of_meeting
from renkei.plan.content import Series
from renkei.plan.models import Body
from renkei.plan.queries import content_now, current_plan


def series_named(code: str) -> Series:
    """Return a series of the plan. Refused ``unknown_series``."""
    found = next((one for one in content_now().series if one.code == code), None)
    if found is None:
        raise Refused(_("会議を一覧から選んでください。"), "unknown_series", field="series")
    return found


@transaction.atomic
def call_meeting(
    series: str, *, by: Actor, held_on: dt.date, kind: str = MeetingKind.REGULAR, starts: dt.time | None = None, ends: dt.time | None = None,
    place: str = "", chair: str = "", reason: str = "", theme: str = "", session: str = "",
) -> Meeting:  # fmt: skip
    """Call the next meeting of a series; its number follows the last of the fiscal year.

    A meeting that took place already may be written down with its day. Refused: ``unknown_series``, ``unknown_kind``,
    ``reason_empty`` (an extra one), ``too_long``, ``ends_first``, ``unknown_session``, ``called_meanwhile``, ``not_allowed``.
    """
    rule = series_named(series)
    if not runs_meeting(by, rule.owner):
        raise Refused(_("この会議を開けるのは、開催の機関か窓口だけです。"), "not_allowed")
    values = _details(kind, place, chair, reason) | _hours(starts, ends) | _session(rule, theme, session)
    year = FiscalYear.of(held_on).start_year
    plan = current_plan()
    of_year = Meeting.objects.filter(plan=plan, series=series, fiscal_year=year)
    number = 1 + max(of_year.values_list("number", flat=True), default=0)
    try:
        with transaction.atomic():
            made = Meeting.objects.create(plan=plan, series=series, fiscal_year=year, number=number, host_id=rule.owner, held_on=held_on,
                                          called_at=clock.now(), changed_at=clock.now(), **values)  # fmt: skip
    except IntegrityError as error:
        raise Refused(_("ほかの人が、同時に会議を作りました。もう一度押してください。"), "called_meanwhile") from error
    tell_of_meeting(made, written("会議が開かれます"), by=by)
    record(by, "meeting.call", made, series=series, held_on=held_on, kind=kind)
    return made


@transaction.atomic
def change_meeting(
    meeting: Meeting, *, by: Actor, version: int, held_on: dt.date, starts: dt.time | None = None, ends: dt.time | None = None, place: str = "",
    chair: str = "", theme: str = "", session: str = "",
) -> Meeting:  # fmt: skip
    """Change day, hour, place, chair until it is held. The number stays, so the day stays within its fiscal year.

    Refused: ``changed_meanwhile``, ``held``, ``off``, ``other_year``, ``ends_first``, ``unknown_session``, ``too_long``, ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by, version=version)
    if locked.state == MeetingState.OFF:
        raise Refused(_("取りやめた会議です。開くことにしてから、日や場所を直してください。"), "off")
    if locked.kind == MeetingKind.CIRCULATION and locked.state != MeetingState.PLANNED:
        raise Refused(_("もう回した持ち回りの期限は変えられません。"), "held")
    if locked.state != MeetingState.PLANNED:
        raise Refused(_("開催した会議の日や場所は変えられません。"), "held")
    if FiscalYear.of(held_on).start_year != locked.fiscal_year:
        raise Refused(_("年度が変わります。取りやめて、新しい年度の会議を作ってください。"), "other_year", field="held_on")
    before = _where(locked)
    hours = _hours(starts, ends)
    locked.held_on, locked.starts, locked.ends = held_on, hours["starts"], hours["ends"]
    locked.place, locked.chair = fit(place, 200, "place"), fit_name(chair, "chair")
    told = _session(series_named(locked.series), theme, session)
    locked.theme, locked.session = told["theme"], told["session"]
    _save(locked)
    if _where(locked) != before:
        tell_of_meeting(locked, written("会議の日時か場所が変わりました"), by=by)
    record(by, "meeting.change", locked, held_on=held_on)
    return locked


@transaction.atomic
def move_meeting(meeting: Meeting, *, by: Actor, state: str, reason: str = "") -> Meeting:
    """Hold a meeting, call it off, call it anew, or reopen it after its minutes were locked: the last three say why.

    Refused: ``wrong_state``, ``reason_empty``, ``not_yet`` (held before its day), ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by)
    before, after = MeetingState(locked.state), MeetingState(state)
    check_step(MEETING_STEPS, before, after)
    if after in {MeetingState.CHECKING, MeetingState.LOCKED}:
        raise Refused(_("議事録は、送る・確定するの操作で進めてください。"), "wrong_state")
    words = fit(reason, 200, "reason")
    if not words and (after == MeetingState.OFF or before in {MeetingState.OFF, MeetingState.LOCKED}):
        raise Refused(_("理由を書いてください。"), "reason_empty", field="reason")
    if after == MeetingState.HELD and before == MeetingState.PLANNED and locked.kind == MeetingKind.CIRCULATION:
        raise Refused(_("持ち回りは、「回す」の操作で進めてください。"), "wrong_state")
    if after == MeetingState.HELD and before == MeetingState.PLANNED and locked.held_on > clock.today():
        raise Refused(_("まだ開催の日になっていません。日が変わったときは、先に開催日を直してください。"), "not_yet")
    locked.state, locked.state_reason = after, words
    if after == MeetingState.HELD and locked.held_at is None:
        locked.held_at = clock.now()
    _save(locked)
    if after == MeetingState.OFF:
        tell_of_meeting(locked, written("会議を取りやめました"), by=by)
    elif before == MeetingState.OFF:
        tell_of_meeting(locked, written("取りやめた会議を開くことになりました"), by=by)
    record(by, f"meeting.{after}", locked, before=before, reason=words)
    return locked


@transaction.atomic
def attend(
    meeting: Meeting, *, by: Actor, name: str, body: Body | None = None, organisation: str = "", in_place_of: str = ""
) -> Attendance:
    """Write down who came: of a body, perhaps in place of somebody, or a guest with where they are from [C87, C90].

    Refused: ``name_empty``, ``organisation_empty``, ``no_guests`` (the plan knows none here), ``there_already``, ``locked``.
    """
    locked = lock_meeting(meeting, by=by)
    _require_writable(locked)
    who = fit_name(" ".join(name.split()), "name")  # one name, however its spaces were typed
    if not who:
        raise Refused(_("お名前を入れてください。"), "name_empty", field="name")
    where = fit(organisation, 200, "organisation")
    if body is None and not series_named(locked.series).guests:
        raise Refused(_("この会議に、機関の外の人は加わりません。機関を選んでください。"), "no_guests", field="body")
    if body is None and not where:
        raise Refused(_("機関の外の方は、所属を入れてください。"), "organisation_empty", field="organisation")
    try:
        with transaction.atomic():
            made = Attendance.objects.create(meeting=locked, body=body, name=who, organisation=where, in_place_of=fit_name(in_place_of, "in_place_of"))
    except IntegrityError as error:
        raise Refused(_("この方は、もう出席者に入っています。"), "there_already", field="name") from error
    record(by, "meeting.attend", made, locked, name=who)
    return made


@transaction.atomic
def attend_again(meeting: Meeting, before: Iterable[Attendance], *, by: Actor) -> list[Attendance]:
    """Write down at once who came to an earlier meeting and came again, each for themselves; who is there already stays as written.

    Refused: ``nobody``, ``locked``, ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by)
    _require_writable(locked)
    people = list(before)
    if not people:
        raise Refused(_("来た人に印を付けてください。"), "nobody")
    there: set[tuple[str | None, str]] = set(Attendance.objects.filter(meeting=locked, ended_at__isnull=True).values_list("body_id", "name"))
    made = []
    for one in people:
        if (one.body_id, one.name) not in there:
            there.add((one.body_id, one.name))
            made.append(Attendance.objects.create(meeting=locked, body_id=one.body_id, name=one.name, organisation=one.organisation))
            record(by, "meeting.attend", made[-1], locked, name=one.name)
    return made


@transaction.atomic
def take_off(attendance: Attendance, *, by: Actor) -> Attendance:
    """Take somebody off who did not come after all; twice changes nothing."""
    locked = lock_meeting(attendance.meeting, by=by)
    _require_writable(locked)
    found = Attendance.objects.select_for_update(of=("self",)).get(pk=attendance.pk)
    if found.ended_at is None:
        found.ended_at = clock.now()
        found.save(update_fields=["ended_at"])
        record(by, "meeting.take_off", found, locked)
    return found


def lock_meeting(meeting: Meeting, *, by: Actor, version: int | None = None) -> Meeting:
    """Return the meeting, its row locked, for who runs it. Refused: ``not_allowed``, ``changed_meanwhile``."""
    locked = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    require_runs(by, locked)
    if version is not None and locked.version != version:
        raise Refused(_("ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。入力した文は残してあります。"),
                      "changed_meanwhile")  # fmt: skip
    return locked


def hold_meeting(meeting_id: UUID) -> Meeting:
    """Return a meeting that nobody moves on until the transaction ends; many may hold it at once. For who says a word, by a link too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT meeting_hold(%s)", [meeting_id])
    return Meeting.objects.get(pk=meeting_id)


def _details(kind: str, place: str, chair: str, reason: str) -> dict[str, str]:
    if kind not in MeetingKind.values:
        raise Refused(_("会議の種類を一覧から選んでください。"), "unknown_kind", field="kind")
    why = fit(reason, 200, "reason")
    if kind == MeetingKind.EXTRA and not why:
        raise Refused(_("臨時に開く理由を書いてください。"), "reason_empty", field="reason")
    return {"kind": kind, "place": fit(place, 200, "place"), "chair": fit_name(chair, "chair"), "reason": why}


def _hours(starts: dt.time | None, ends: dt.time | None) -> dict[str, dt.time | None]:
    if ends is not None and (starts is None or ends <= starts):
        raise Refused(_("終わりの時刻は、始まりより後にしてください。"), "ends_first", field="ends")
    return {"starts": starts, "ends": ends}


def _session(rule: Series, theme: str, session: str) -> dict[str, str]:
    if session and session not in rule.sessions:
        raise Refused(_("会の形を一覧から選んでください。"), "unknown_session", field="session")
    return {"theme": fit(theme, 100, "theme"), "session": session}


def _where(meeting: Meeting) -> tuple[object, ...]:
    return (meeting.held_on, meeting.starts, meeting.ends, meeting.place)


def _require_writable(meeting: Meeting) -> None:
    if not meeting.is_writable:
        raise Refused(_("確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"), "locked")


def _save(meeting: Meeting) -> None:
    meeting.version += 1
    meeting.changed_at = clock.now()
    meeting.save()
