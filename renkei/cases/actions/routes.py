"""The support route (支援ルート) is made, edited, sent and followed; every change is a new version, none is ever changed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override as speaking

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.triage import add_need
from renkei.cases.models import Case, Need, Route, RouteDid, RouteStep, RouteVersion, Verb, log_step
from renkei.cases.queries.route_plan import (
    Draft,
    Ground,
    draft_of,
    ground,
    idle_courses,
    open_needs,
    planned,
    told_days,
    waits_for_course,
)
from renkei.cases.queries.route_proposal import (
    MOST,
    asked_drafts,
    candidate_drafts,
    proposal_for,
    same_need,
    with_courses,
)
from renkei.cases.rules import require, runs_case
from renkei.cases.states import CaseState
from renkei.cases.steps import fit, lock_case, require_open
from renkei.matching.entries import services_of
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.schedule import HORIZON, Fault, Placed
from renkei.matching.schedule_words import as_data, fault_words
from renkei.matching.standing import alive
from renkei.plan.models import Body
from renkei.plan.queries import provisions_on

MOST_STEPS = 20
Edit = Callable[[list[Draft]], list[Draft]]


@transaction.atomic
def make_route(case: Case, *, by: Actor) -> Route:
    """Make the route from what was chosen already and the proposal, dated. Once more gives the route that is there.

    Needs that stand only in the proposal are written down. Refused: ``not_allowed``, ``case_closed``, ``no_steps``.
    """
    locked = _lock_case(case, by=by)
    there = Route.objects.filter(case=locked).first()
    if there is not None:
        return there
    with speaking(settings.LANGUAGE_CODE):
        drafts = _proposed(locked, by=by)
        if not drafts:
            raise Refused(_("課題と候補がまだないので、支援ルートを作れません。先に課題を書いてください。"), "no_steps")
        on = ground(locked, drafts, actor=by)
        drafts = with_courses(drafts, on)
        on = on.with_entries(one.entry for one in drafts)
        drafts = _in_time(drafts, on)
    route = Route.objects.create(case=locked, version=1, made_at=clock.now())
    _write(route, _first(route, by=by), drafts, planned(drafts, on), on=on, by=by)
    return route


@transaction.atomic
def change_step(
    route: Route, key: uuid.UUID, *, by: Actor, version: int, body: str, entry: str = "", begin: dt.date | None = None,
    end: dt.date | None = None, override: str = "", words: str = "",
) -> RouteVersion:  # fmt: skip
    """Change body, entry or days of a step; what depends on it moves. Dates left empty are planned.

    A broken rule refuses with its sentence: ``rule_broken`` when it is a fact, ``rule_advice`` when a reason
    (``override``) may stand instead. Refused too: ``step_gone``, ``changed_meanwhile``, ``no_provision``, ``unknown_entry``,
    ``end_before_begin``, ``begin_past``, ``too_far``, ``nothing_changed``.
    """

    def edit(drafts: list[Draft]) -> list[Draft]:
        step = _step(drafts, key)
        _check_offer(step.service, body)
        _check_days(step, begin, end)
        if (entry, body) != (step.entry, step.body):  # what the step already had stays, also when it has ended since
            _check_entry(entry, step.service, body)
        new = replace(step, body=body, entry=entry, set_begin=begin, set_end=end, override=fit(override, 200, "override"))
        if body != step.body:
            new = replace(new, chosen=())
        if entry != step.entry:  # a course is one for a machine
            new = replace(new, trained_on=None, trained_by=None)
        return [new if one.key == key else one for one in drafts]

    did = RouteDid.CHANGED
    return _edit(route, edit, did, by=by, version=version, words=words, checked=key)


@transaction.atomic
def add_step(
    route: Route, *, by: Actor, version: int, need: Need, service: str, body: str, entry: str = "",
    begin: dt.date | None = None, end: dt.date | None = None, override: str = "",
) -> RouteVersion:  # fmt: skip
    """Add a step at the end. Refusals as in ``change_step``; also ``too_many_steps``, ``wrong_need``, ``step_there``."""
    new = Draft(uuid.uuid4(), need.pk, service, body, entry, begin, end, override=fit(override, 200, "override"))

    def edit(drafts: list[Draft]) -> list[Draft]:
        if len(drafts) >= MOST_STEPS:
            raise Refused(_("段取りは20件までです。終わったものを外すか、まとめてください。"), "too_many_steps")
        if need.pk not in {one.pk for one in open_needs(route.case)}:
            raise Refused(_("この案件の、対応中の課題を選んでください。"), "wrong_need", field="need")
        if any(one.ask == new.ask and one.entry == new.entry for one in drafts):
            raise Refused(_("同じ段取りが、もうあります。"), "step_there", field="provision")
        _check_offer(service, body)
        _check_entry(entry, service, body)
        _check_days(replace(new, set_begin=None, set_end=None), begin, end)
        return [*drafts, new]

    return _edit(route, edit, RouteDid.ADDED, by=by, version=version, checked=new.key)


@transaction.atomic
def remove_step(route: Route, key: uuid.UUID, *, by: Actor, version: int) -> RouteVersion:
    """Take a step out; what waited for it moves up. The last one stays. Refused: ``last_step``, ``step_gone``."""

    def edit(drafts: list[Draft]) -> list[Draft]:
        _step(drafts, key)
        if len(drafts) == 1:
            raise Refused(_("最後の段取りは外せません。別のものを足してから外してください。"), "last_step")
        return [one for one in drafts if one.key != key]

    return _edit(route, edit, RouteDid.REMOVED, by=by, version=version)


@transaction.atomic
def move_step(route: Route, key: uuid.UUID, *, by: Actor, version: int, up: bool) -> RouteVersion:
    """Move a step one place in the order that people read. Days do not change. Refused: ``at_the_edge``, ``step_gone``."""

    def edit(drafts: list[Draft]) -> list[Draft]:
        place = drafts.index(_step(drafts, key))
        other = place - 1 if up else place + 1
        if not 0 <= other < len(drafts):
            raise Refused(_("これより先には動かせません。"), "at_the_edge")
        drafts[place], drafts[other] = drafts[other], drafts[place]
        return drafts

    return _edit(route, edit, RouteDid.CHANGED, by=by, version=version, words=written("順番"))


@transaction.atomic
def note_course_taken(route: Route, key: uuid.UUID, *, by: Actor, version: int) -> RouteVersion:
    """Write down that the firm has had the course for the machine of a step [C57]: it waits for none any more.

    A course that was planned for this machine alone, and asked of nobody, leaves the route. Refused: ``no_course`` where none is
    waited for, ``step_gone``, ``changed_meanwhile``.
    """

    def edit(drafts: list[Draft]) -> list[Draft]:
        step, on = _step(drafts, key), ground(route.case, drafts, actor=by)
        if not waits_for_course(step, on):
            raise Refused(_("この段取りは、講習を待っていません。"), "no_course")
        idle = idle_courses(step, drafts, on)
        new = replace(step, trained_on=clock.today(), trained_by=by.person)
        return [new if one.key == key else one for one in drafts if one.key not in idle]

    return _edit(route, edit, RouteDid.CHANGED, by=by, version=version, words=written("講習は受講済み"))


@transaction.atomic
def replan(route: Route, *, by: Actor, version: int) -> RouteVersion:
    """Place every step anew from today, after the holder has seen what changes. Refused: ``nothing_changed``."""
    return _edit(route, lambda drafts: drafts, RouteDid.REPLANNED, by=by, version=version)


@transaction.atomic
def replace_step(route: Route, key: uuid.UUID, *, by: Actor, version: int, service: str, body: str, entry: str = "",
                 chosen: Sequence[str] = ()) -> RouteVersion:  # fmt: skip
    """Give a step to another body (or service) after a no, and place everything anew; the holder has seen what it costs.

    The step keeps its place and gets a new key: it is another support. Refused: ``no_provision``, ``unknown_entry``,
    ``step_gone``, ``changed_meanwhile``.
    """

    def edit(drafts: list[Draft]) -> list[Draft]:
        old = _step(drafts, key)
        _check_offer(service, body)
        _check_entry(entry, service, body)
        new = Draft(uuid.uuid4(), old.need, service, body, entry, chosen=tuple(chosen))
        return [new if one.key == key else one for one in drafts]

    return _edit(route, edit, RouteDid.REPLANNED, by=by, version=version)


@transaction.atomic
def undo(route: Route, *, by: Actor, version: int) -> RouteVersion:
    """Go back to the version before; once more goes back further. Refused: ``nothing_to_undo``, ``changed_meanwhile``."""
    locked = lock_route(route, by=by, version=version)
    current = RouteVersion.objects.get(route=locked, number=locked.version)
    earlier = RouteVersion.objects.filter(route=locked, number=current.base).first()
    if earlier is None:
        raise Refused(_("これより前の版はありません。"), "nothing_to_undo")
    made = _version(locked, RouteDid.UNDONE, by=by, base=earlier.base, words=written("第%(n)s版に") % {"n": earlier.number})
    steps = list(RouteStep.objects.filter(version=earlier))
    for step in steps:
        step.pk, step.version = uuid.uuid4(), made
        step._state.adding = True  # noqa: SLF001  a copy, as Django's own documentation makes one
    RouteStep.objects.bulk_create(steps)
    _log(locked, made, by=by)
    return made


def _proposed(case: Case, *, by: Actor) -> list[Draft]:
    """Return the first draft: what was chosen already, then the best of the proposal for each need."""
    drafts = asked_drafts(case, by)
    taken = {(one.need, one.service) for one in drafts}
    needs = open_needs(case)
    for proposed in proposal_for(case, by).needs if case.state != CaseState.CLOSED else []:
        need = same_need(proposed, needs)
        if need is None:
            need = add_need(case, title=proposed.title, stage=proposed.stage, spans=proposed.spans, by=by)
        drafts += candidate_drafts(need.pk, proposed.candidates, taken)
    return drafts[:MOST]


def _in_time(drafts: list[Draft], on: Ground) -> list[Draft]:
    """Order by the day a step begins; what has no day yet stands last, in the order it came."""
    days = {one.key: one.begins or dt.date.max for one in planned(drafts, on)}
    return sorted(drafts, key=lambda one: days[str(one.key)])


def _edit(
    route: Route, edit: Edit, did: RouteDid, *, by: Actor, version: int, words: str = "",
    checked: uuid.UUID | None = None,
) -> RouteVersion:  # fmt: skip
    locked = lock_route(route, by=by, version=version)
    rows = list(RouteStep.objects.filter(version__route=locked, version__number=locked.version))
    before = [draft_of(one) for one in rows]
    drafts = edit(list(before))
    on = ground(locked.case, drafts, actor=by)
    same = {one.key for one in drafts if one in before}
    on = on.with_entries(one.entry for one in drafts)
    told = {key: day for key, day in told_days(rows, on).items() if key in same}
    placed = planned(drafts, on, told)
    if drafts == before and [(one.begins_on, one.ends_on) for one in rows] == [(one.begins, one.ends) for one in placed]:
        raise Refused(_("前の版と同じです。変えたいところを直してから保存してください。"), "nothing_changed")
    _check_faults(drafts, placed, checked, on.today)
    made = _version(locked, did, by=by, base=locked.version, words=words)
    return _write(locked, made, drafts, placed, on=on, by=by)


def _check_faults(drafts: Sequence[Draft], placed: Sequence[Placed], checked: uuid.UUID | None, today: dt.date) -> None:
    """Refuse days that break a rule: a fact always, advice unless somebody wrote why it does not hold here."""
    for draft, one in zip(drafts, placed, strict=True):
        if draft.key != checked:
            continue
        for fault in sorted(one.faults, key=lambda found: found.is_advice):
            _refuse(fault, draft, today)


def _refuse(fault: Fault, draft: Draft, today: dt.date) -> None:
    if not fault.is_advice:
        raise Refused(_("%(why)sほかの日を入れてください。") % {"why": fault_words(fault, today)}, "rule_broken", field="begin")
    if not draft.override:
        raise Refused(_("%(why)sそれでもこの日にするときは、理由を書いてください。") % {"why": fault_words(fault, today)}, "rule_advice", field="override")  # fmt: skip


def _write(
    route: Route, made: RouteVersion, drafts: Sequence[Draft], placed: Sequence[Placed], *, on: Ground, by: Actor
) -> RouteVersion:
    RouteStep.objects.bulk_create(
        RouteStep(
            version=made, key=draft.key, order=number, need_id=draft.need, service_id=draft.service, body_id=draft.body,
            entry=draft.entry, entry_name=on.entries[draft.entry].name if draft.entry in on.entries else "",
            begins_on=one.begins, ends_on=one.ends, set_begin=draft.set_begin, set_end=draft.set_end,
            why=[as_data(reason) for reason in one.why], missing=[as_data(reason) for reason in one.missing],
            chosen=list(draft.chosen), override=draft.override, trained_on=draft.trained_on, trained_by_id=draft.trained_by,
        )
        for number, (draft, one) in enumerate(zip(drafts, placed, strict=True), 1)
    )  # fmt: skip
    _log(route, made, by=by)
    return made


def _first(route: Route, *, by: Actor) -> RouteVersion:
    return RouteVersion.objects.create(route=route, number=1, base=0, did=RouteDid.MADE, made_at=clock.now(),
                                       made_body_id=by.body or route.case.holder_id, made_by_id=by.person)


def _version(route: Route, did: RouteDid, *, by: Actor, base: int, words: str) -> RouteVersion:
    route.version += 1
    route.save(update_fields=["version"])
    return RouteVersion.objects.create(
        route=route, number=route.version, base=base, did=did, words=fit(words, 400, "words"), made_at=clock.now(),
        made_body_id=by.body or route.case.holder_id, made_by_id=by.person,
    )  # fmt: skip


def _log(route: Route, made: RouteVersion, *, by: Actor) -> None:
    log_step(route.case, Verb.ROUTE, by=by, subject=route, before=str(made.base or ""), after=made.did)
    record(by, f"route.{made.did}", route, made, route.case, number=made.number)


def _lock_case(case: Case, *, by: Actor) -> Case:
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    return locked


def lock_route(route: Route, *, by: Actor, version: int) -> Route:
    """Return the route for who runs the case, its row locked. Raises Refused when somebody changed it since ``version``."""
    case = _lock_case(route.case, by=by)
    locked = Route.objects.select_for_update().get(pk=route.pk)
    locked.case = case
    if locked.version != version:
        raise Refused(
            _("ほかの人が先に支援ルートを直しました。新しい内容を確かめて、もう一度してください。"), "changed_meanwhile"
        )
    return locked


def _step(drafts: Sequence[Draft], key: uuid.UUID) -> Draft:
    found = next((one for one in drafts if one.key == key), None)
    if found is None:
        raise Refused(_("この段取りは、もうありません。画面を開き直してください。"), "step_gone")
    return found


def _check_offer(service: str, body: str) -> None:
    if not provisions_on().filter(service_id=service, body_id=body).exists():
        name = Body.objects.filter(pk=body).values_list("short", flat=True).first() or body
        raise Refused(_("%(body)sは、いまの計画ではこの支援をしていません。別の機関を選んでください。") % {"body": name}, "no_provision", field="provision")  # fmt: skip


def _check_entry(entry: str, service: str, body: str) -> None:
    """Refuse an entry that has ended, belongs to another body, or speaks for other services: its own, else those the plan gives its kind."""
    if not entry:
        return
    found = alive(Entry.objects.filter(pk=entry)).first()
    if found is None or found.body_id not in {None, body} or service not in services_of(found, knowledge()):
        raise Refused(_("この制度・機器・講座は選べません。一覧から選んでください。"), "unknown_entry", field="entry")


def _check_days(step: Draft, begin: dt.date | None, end: dt.date | None) -> None:
    today = clock.today()
    for name, day in (("begin", begin), ("end", end)):
        if day is not None and day - today > HORIZON:
            raise Refused(_("3年より先の日は入れられません。"), "too_far", field=name)
    if begin is not None and begin < today and begin != step.set_begin:
        raise Refused(_("始まりの日が過ぎています。今日より後の日を入れてください。"), "begin_past", field="begin")
    if end is not None and end < (begin or today) and end != step.set_end:
        raise Refused(_("終わりの日が、始まりより前です。"), "end_before_begin", field="end")
