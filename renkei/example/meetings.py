"""The example's meetings: some held and locked, one whose minutes wait to be confirmed, the next one called, a hard case on its agenda."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.models import Consent, Escalation, Need
from renkei.cases.queries.ladder import may_climb
from renkei.cases.states import DisclosureClass, NeedState
from renkei.example.cast import Cast
from renkei.example.scene import phrases
from renkei.meetings.actions.agenda import Wording, add_item, put_up
from renkei.meetings.actions.calling import attend, call_meeting, move_meeting
from renkei.meetings.actions.confirming import confirm, lock_minutes
from renkei.meetings.actions.minuting import decide, give_task, send_out, take_up_decision, write_notes
from renkei.meetings.actions.trends import tell_trend
from renkei.meetings.models import AgendaItem, Basis, ItemKind, Meeting, MeetingState
from renkei.plan.content import Series
from renkei.plan.queries import add_business_days, content_now

_AHEAD = dt.timedelta(days=14)
_SPACING = 35  # days: about ten a year


def meet(cast: Cast, today: dt.date) -> Iterator[dt.datetime]:
    """Call and hold the meetings of the last months, and call the next ones; a need that was declined goes to the newest and to the next."""
    days = [add_business_days(today - dt.timedelta(days=back), 1) for back in (8 + 3 * _SPACING, 8 + 2 * _SPACING, 8 + _SPACING, 8)]
    for turn, day in enumerate(days):
        for series in _of_day(turn):
            yield clock.at(day - _AHEAD, 9, 40)
            meeting = _call(cast, series, day)
            yield clock.at(day, 14)
            _hold(cast, meeting, turn, is_newest=turn == len(days) - 1)
    yield clock.at(add_business_days(today, -1), 16)
    for series in _of_day(0):
        following = _call(cast, series, add_business_days(today + dt.timedelta(days=12), 1))
        if series.guests:
            _put_up(cast, following)


def _of_day(turn: int) -> list[Series]:
    """Return who meets on the turn's day: what meets often each time, the yearly meeting on the first."""
    known = [one for one in content_now().series if one.per_year]
    return [one for one in known if one.per_year > 1 or turn == 0]


def _call(cast: Cast, series: Series, day: dt.date) -> Meeting:
    said = phrases()["meetings"]
    host = cast.of(series.owner)
    return call_meeting(series.code, by=host, held_on=day, starts=dt.time(14), place=said["place"], chair=host.name)


def _hold(cast: Cast, meeting: Meeting, turn: int, *, is_newest: bool) -> None:
    """Hold a meeting: a report, a hard case where there is one, who came, the minutes; the newest minutes wait for the bodies."""
    said, host = phrases()["meetings"], cast.of(meeting.host_id)
    report = said["reports"][turn % len(said["reports"])]
    items = [add_item(meeting, by=host, wording=Wording(report["title"], presenter=host.name), kind=ItemKind.REPORT)]
    items += _put_up(cast, meeting)
    held = move_meeting(meeting, by=host, state=MeetingState.HELD)
    for number, (code, body) in enumerate(sorted(cast.bodies.items())):
        if number % 5 != turn % 5 and cast.staff.get(code):
            attend(held, by=host, name=cast.of(code, turn).name, body=body, in_place_of=said["head"] if number == turn else "")
    for item in items:
        case = item.kind == ItemKind.CASE
        noted = write_notes(item, by=host, notes=said["case_notes"] if case else report["notes"], version=item.version)
        decide(noted, by=host, outcome="helped" if case else "noted", decision=said["helped"] if case else report["decision"], version=noted.version)
        if case:
            give_task(noted, by=host, what=said["task"], body=cast.bodies[item.bodies[0]], due_on=meeting.held_on + dt.timedelta(days=7))
            take_up_decision(item.pk, by=host)
    _tell(cast, held, turn)
    minutes = send_out(held, by=host)
    for code in sorted(cast.bodies)[: 3 if is_newest else len(cast.bodies)]:
        if cast.staff.get(code):
            confirm(minutes, by=cast.of(code, turn), agrees=True)
    if not is_newest:
        lock_minutes(held, by=host, version=Meeting.objects.get(pk=held.pk).version)


def _tell(cast: Cast, meeting: Meeting, turn: int) -> None:
    """Let two banks tell the meeting of business trends: without a word that leads to a firm, once with the client's consent [C86]."""
    said, banks = phrases()["meetings"]["trends"], sorted(code for code, body in cast.bodies.items() if body.kind == "bank" and cast.staff.get(code))
    for place, code in enumerate(banks[:2]):
        one = said[(2 * turn + place) % len(said)]
        whose = {"client": one["client"], "consent_on": meeting.held_on - dt.timedelta(days=one["days"])} if "client" in one else {}
        tell_trend(meeting, by=cast.of(code, turn), text=one["text"], basis=Basis.CONSENT if whose else Basis.ANONYMOUS, **whose)


def _put_up(cast: Cast, meeting: Meeting) -> list[AgendaItem]:
    """Put one need up that bodies have declined, for those who may read its summary; nothing where there is none."""
    said = phrases()["meetings"]
    for need in Need.objects.filter(state=NeedState.OPEN, case__state="active").select_related("case").order_by("case__number", "order"):
        supports = list(need.supports.all())
        if not may_climb(need, supports, stands=Escalation.objects.open().filter(need=need).exists()):
            continue
        consents = Consent.objects.live().filter(case=need.case, klass=DisclosureClass.SUMMARY)
        bodies = tuple(sorted({need.case.holder_id, *consents.values_list("body_id", flat=True)}))
        wording = Wording(need.title, said["question"], "named", bodies, cast.of(need.case.holder_id).name, 15)
        try:
            return [put_up(need, meeting, by=cast.of(need.case.holder_id), wording=wording, reason=said["reason"])]
        except Refused:
            continue
    return []
