"""What the page of a route shows: steps, picture, what has slipped, what to do after a no."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.language import shown_day, shown_money
from renkei.cases.models import Case, Route, RouteStep
from renkei.cases.queries.next_best import next_candidates
from renkei.cases.queries.route_choices import MACHINES, near_machines
from renkei.cases.queries.route_meetings import climbing
from renkei.cases.queries.route_page import (
    Line,
    answers_to,
    current_version,
    last_sending,
    lines_of,
    with_news,
    with_standing,
)
from renkei.cases.queries.route_picture import picture
from renkei.cases.queries.route_plan import Draft, Ground, draft_of, ground, planned, told_days, waits_for_course
from renkei.cases.queries.route_proposal import chosen_words, entry_for
from renkei.cases.rules import runs_case
from renkei.matching.models import Entry
from renkei.matching.schedule import Placed, changes, latest_known, whole_end
from renkei.plan.models import Body, Service
from renkei.plan.queries import providers

MOST_OPTIONS = 4


@dataclass(frozen=True, slots=True)
class Shift:
    """One step before and after: its words, its days then and now."""

    words: str
    was: str
    now: str
    is_earlier: bool = False
    is_found: bool = False  # a day that was not known is known now, and no other has moved


@dataclass(frozen=True, slots=True)
class Option:
    """Another way to do a step: who, with what, when, what it costs in time and money."""

    letter: str
    value: str
    body: str
    service: str
    entry: str
    when: str
    cost: str
    fee: str
    shifts: list[Shift]
    chosen: tuple[str, ...] = ()
    credit: str = ""


def route_page(case: Case, route: Route, actor: Actor) -> dict[str, Any]:
    """Return everything the page shows."""
    version = current_version(route)
    lines = lines_of(version, case, actor)
    runs = runs_case(actor, case) and case.is_open
    drafts = [draft_of(one.step) for one in lines]
    on = ground(case, drafts, actor=actor)
    lines = with_news(with_standing(lines, on.entries), on.councils)
    told = told_days((one.step for one in lines), on)
    fresh = planned(drafts, on, told)
    names = {str(one.step.key): _words(one) for one in lines}
    slipped = shifts(_written(lines), fresh, names, on.today) if runs else []
    sent = last_sending(case, actor)
    return {
        "case": case, "route": route, "version": version, "lines": lines, "runs": runs,
        "picture": picture(lines, on.today), "climbing": climbing(case, actor),
        "ends": max((one.step.ends_on for one in lines if one.step.ends_on), default=None),
        "is_open_ended": any(one.step.ends_on is None for one in lines),
        "courses": {one.key for one in drafts if waits_for_course(one, on)} if runs else set(),
        "slipped": slipped, "is_sooner": bool(slipped) and all(one.is_earlier for one in slipped),
        "is_found": bool(slipped) and all(one.is_found for one in slipped),
        "vain": [(one, replacements(one, drafts, on, case, names)) for one in lines if one.is_vain and one.support] if runs else [],
        "sent": sent, "answers": answers_to(sent, actor) if sent else [],
        "is_sent": sent is not None and sent.version_id == version.pk,
    }  # fmt: skip


def shifts(before: Sequence[Placed], after: Sequence[Placed], names: dict[str, str], today: dt.date) -> list[Shift]:
    """Return the steps whose days differ, in words."""
    return [
        Shift(names.get(one.key, ""), span_words(one.before, today), span_words(one.after, today), _is_earlier(one.before, one.after),
              _is_found(one.before, one.after))
        for one in changes(before, after) if one.after is not None
    ]  # fmt: skip


def _is_earlier(before: Placed | None, after: Placed) -> bool:
    return before is not None and before.begins is not None and after.begins is not None and after.begins < before.begins


def _is_found(before: Placed | None, after: Placed) -> bool:
    return before is not None and all(was in {None, now} for was, now in ((before.begins, after.begins), (before.ends, after.ends)))


def span_words(one: Placed | None, today: dt.date) -> str:
    """Return the days of a step in words; what is not known is said."""
    if one is None or (one.begins is None and one.ends is None):
        return _("日は未定")
    begins = shown_day(one.begins, today) if one.begins else _("未定")
    ends = shown_day(one.ends, today) if one.ends else _("終わりは未定")
    return begins if one.begins == one.ends else _("%(start)sから%(end)s") % {"start": begins, "end": ends}


def replacements(line: Line[RouteStep], drafts: list[Draft], on: Ground, case: Case, names: dict[str, str]) -> list[Option]:
    """Return who could do a step instead after a no, next best first, each with what it costs."""
    support = line.support
    assert support is not None  # noqa: S101  only supports are declined
    support.case = case
    found = next_candidates(support)[:MOST_OPTIONS]
    new = [Draft(uuid.uuid5(line.step.key, f"{one.service}|{one.body}"), line.step.need_id, one.service, one.body, entry_for(one),
                 chosen=chosen_words(one)) for one in found]  # fmt: skip
    return _options(line.step.key, new, drafts, on, names)


def alternatives(line: Line[RouteStep], drafts: list[Draft], on: Ground, entries: Sequence[Entry]) -> list[Option]:
    """Return other ways to do a step, each with what it costs: bodies, and of ``entries`` calls and courses and the nearest machines."""
    step = line.step
    bodies = [one.pk for one in providers(step.service_id)]
    fits = [one for one in entries if one.pk != step.entry and (one.body_id or step.body_id) in bodies]
    dated = [one for one in fits if one.kind not in MACHINES]
    own = [(one.body_id or step.body_id, one.pk) for one in [*dated, *near_machines(step, fits, MOST_OPTIONS)]]
    plain = [(body, "") for body in bodies if body != step.body_id]
    new = [Draft(step.key, step.need_id, step.service_id, body, entry) for body, entry in [*own, *plain]]
    options = _options(step.key, new, drafts, on, {})
    return options[: 2 * MOST_OPTIONS]


def _options(key: uuid.UUID, new: Sequence[Draft], drafts: list[Draft], on: Ground, names: dict[str, str]) -> list[Option]:
    on = on.with_entries(one.entry for one in new)
    bodies = {one.pk: one.short for one in Body.objects.all()}
    services = {one.pk: one.short for one in Service.objects.all()}
    now = planned(drafts, on)
    found = []
    for draft in new:
        changed = [draft if one.key == key else one for one in drafts]
        then = planned(changed, on)
        own = next(one for one in then if one.key == str(draft.key))
        entry = on.entries.get(draft.entry)
        found.append((own, Option(
            "", f"{draft.service}|{draft.body}|{draft.entry}", bodies.get(draft.body, draft.body), services.get(draft.service, ""),
            entry.name if entry else "", span_words(own, on.today), cost_words(now, then), _fee(entry),
            shifts(_renamed(now, key, draft.key), then, names | {str(draft.key): bodies.get(draft.body, "")}, on.today), draft.chosen,
            entry.credit if entry else "")))
    ranked = found if names else sorted(found, key=lambda one: (one[0].ends or one[0].begins or dt.date.max))
    return [replace(one, letter=chr(ord("A") + number)) for number, (_own, one) in enumerate(ranked[:26])]


def _renamed(placed: Sequence[Placed], old: uuid.UUID, new: uuid.UUID) -> list[Placed]:
    return [replace(one, key=str(new)) if one.key == str(old) else one for one in placed]


def cost_words(before: Sequence[Placed], after: Sequence[Placed]) -> str:
    """Return what another plan costs: so many days later or earlier at the end of the whole; unknown where it is unknown."""
    old, new = whole_end(before), whole_end(after)
    if old is None or new is None:
        old, new = latest_known(before), latest_known(after)
    if old is None or new is None:
        return _("全体の終わりは、まだ分かりません")
    days = (new - old).days
    if days == 0:
        return _("全体の終わりは変わりません")
    words = _("全体が%(n)s日おそくなります") if days > 0 else _("全体が%(n)s日早くなります")
    return words % {"n": abs(days)}


def _fee(entry: Entry | None) -> str:
    fee = entry.facts.get("fee_yen") if entry is not None else None
    if not isinstance(fee, int):
        return ""
    return _("無料") if fee == 0 else shown_money(fee)


def _written(lines: Sequence[Line[RouteStep]]) -> list[Placed]:
    return [Placed(str(one.step.key), one.step.begins_on, one.step.ends_on) for one in lines]


def _words(line: Line[RouteStep]) -> str:
    return f"{line.step.service.short}（{line.step.body.short}）"
