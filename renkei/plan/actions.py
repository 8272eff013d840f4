"""Publish a plan, change its draft, write it out as files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.memo import forget
from renkei.base.refusal import Refused
from renkei.plan.checks import check_document, check_shape
from renkei.plan.content import PlanContent
from renkei.plan.files import SECTIONS, Source, write_folder
from renkei.plan.models import (
    Body,
    Field,
    Municipality,
    Party,
    Plan,
    PlanDraft,
    PlanVersion,
    Provision,
    Service,
    Stage,
)
from renkei.plan.queries import newest_version
from renkei.plan.rules import require_editor

_PUBLISH_LOCK = 0x706C616E  # one publication at a time: identity rows belong to all plans


@dataclass(frozen=True, slots=True)
class Decided:
    """When a change of the plan was decided, and from when it holds; both may be unknown."""

    on: dt.date | None = None
    effective_from: dt.date | None = None


UNDATED = Decided()


@transaction.atomic
def publish(document: dict[str, Any], *, by: Actor, note: str = "", decided: Decided = UNDATED) -> PlanVersion:
    """Make ``document`` the newest version of its plan and write the rows that cases point at.

    ``note`` is the reason of a change; when it was decided and from when it holds stand on the paper of the change.

    Publishing the same content twice returns the version that is there. Identity rows (party, body, field, stage,
    service, municipality) are shared by all plans: the plan that ends last words them, an older one only adds what
    is missing. Raises Refused for a document with faults and for anyone but the lead party's members and the system.
    """
    faults = check_document(document)
    if faults:
        raise Refused(_("計画に直すところが%(n)sつあります。%(first)s") % {"n": len(faults), "first": faults[0].message}, "plan_faults")
    lock_plans()
    head = document["plan"]
    plan = Plan.objects.filter(pk=head["code"]).first()
    newest = newest_version(plan) if plan else None
    if plan is not None and (newest or plan.predecessor_id):  # without a version: begun as the next plan
        require_editor(by, plan)
    elif not by.is_system:
        raise Refused(_("新しい計画を公開できるのは、設置した人だけです（renkei plan publish）。"), "not_allowed")
    if newest is not None and newest.content == document:
        return newest
    _write_identity(document, leads=_is_latest(head))
    plan = _write_plan(head)
    version = PlanVersion.objects.create(
        plan=plan,
        number=newest.number + 1 if newest else 1,
        content=document,
        published_at=clock.now(),
        published_by=by.person,
        note=note[:200],
        decided_on=decided.on,
        effective_from=decided.effective_from,
    )
    _write_provisions(plan, document["provisions"])
    _close_bodies()
    forget()
    record(by, "plan.publish", plan, version, content=document)
    return version


def lock_plans() -> None:
    """Let one publication, or one beginning of a next plan, happen at a time; until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISH_LOCK])


def _is_latest(head: dict[str, Any]) -> bool:
    others = Plan.objects.filter(versions__isnull=False).exclude(pk=head["code"])
    return not others.filter(term_to__gt=head["term"]["to"]).exists()


def _write_identity(document: dict[str, Any], *, leads: bool) -> None:
    """Write the rows all plans share; only the plan that ends last changes rows that are there."""
    today = clock.today()
    content = PlanContent(document)
    for order, row in enumerate(document["parties"]):
        _put(Party, row["code"], leads, name=content.dated(row["names"], today)["value"], order=order)
    for order, row in enumerate(document["stages"]):
        _put(Stage, row["code"], leads, name=row["name"], short=row["short"], order=order)
    for row in document["fields"]:
        _put(Field, row["code"], leads, name=row["name"])
    for order, row in enumerate(document["services"]):
        _put(Service, row["code"], leads, stage_id=row["stage"], name=row["name"], short=row["short"], order=order)
    _write_bodies(document["bodies"], leads=leads)
    for row in document.get("municipalities") or []:
        _put(Municipality, row["code"], leads, name=row["name"], kana=row["kana"], areas=row["areas"])


def _write_bodies(rows: list[dict[str, Any]], *, leads: bool) -> None:
    """Receipt numbers of two bodies never look alike, not even of one that has left the plan."""
    prefixes = {row["code"]: row["number_prefix"] for row in rows}
    taken = Body.objects.exclude(pk__in=prefixes).filter(number_prefix__in=prefixes.values()).first()
    if taken:
        raise Refused(_("受付番号の頭「%(prefix)s」は「%(name)s」が使っています。") % {"prefix": taken.number_prefix, "name": taken.name}, "prefix_taken")
    if leads:  # two bodies may swap theirs
        for index, (code, prefix) in enumerate(prefixes.items()):
            Body.objects.filter(pk=code).exclude(number_prefix=prefix).update(number_prefix=f"~{index}")
    for order, row in enumerate(rows):
        plain = {key: row[key] for key in ("number", "name", "short", "kind", "number_prefix")}
        contact = {key: row.get(key, "") for key in ("mail", "phone")}
        _put(Body, row["code"], leads, party_id=row["party"], order=order, **plain, **contact)


def _put(model: Any, code: str, leads: bool, **values: Any) -> None:
    if leads:
        model.objects.update_or_create(pk=code, defaults=values)
    else:
        model.objects.get_or_create(pk=code, defaults=values)


def _write_plan(head: dict[str, Any]) -> Plan:
    predecessor = head["predecessor"]
    if predecessor and not Plan.objects.filter(pk=predecessor, versions__isnull=False).exists():
        raise Refused(_("前の計画「%(code)s」がまだ公開されていません。先に公開してください。") % {"code": predecessor}, "no_predecessor")
    plan, _made = Plan.objects.update_or_create(
        pk=head["code"],
        defaults={
            "title": head["title"],
            "term_from": _day(head["term"]["from"]),
            "term_to": dt.date.fromisoformat(head["term"]["to"]),
            "front_desk_id": head["front_desk"],
            "lead_party_id": head["lead_party"],
            "predecessor_id": predecessor,
            "is_fictional": head["fictional"],
        },
    )
    return plan


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _write_provisions(plan: Plan, rows: list[dict[str, Any]]) -> None:
    """A provision the document no longer has is withdrawn, never deleted: supports rest on it."""
    kept = []
    for row in rows:
        provision, _made = Provision.objects.update_or_create(
            plan=plan,
            service_id=row["service"],
            body_id=row["body"],
            valid_from=_day(row.get("from")),
            defaults={
                "valid_to": _day(row.get("to")),
                "source": row["source"],
                "note": row.get("note", ""),
                "withdrawn": False,
            },
        )
        kept.append(provision.pk)
    Provision.objects.filter(plan=plan, withdrawn=False).exclude(pk__in=kept).update(withdrawn=True)


def _close_bodies() -> None:
    """Close the bodies that no running plan names (the last one to end, when none runs), and open the others."""
    plans = list(Plan.objects.filter(versions__isnull=False).distinct().order_by("-term_to"))
    running = [plan for plan in plans if plan.term_to >= clock.today()] or plans[:1]
    named: set[str] = set()
    for plan in running:
        newest = newest_version(plan)
        named |= {row["code"] for row in newest.content["bodies"]} if newest else set()
    Body.objects.filter(closed_on__isnull=True).exclude(pk__in=named).update(closed_on=clock.today())
    Body.objects.filter(closed_on__isnull=False, pk__in=named).update(closed_on=None)


def export(plan: Plan, folder: Path) -> list[Path]:
    """Write the newest version as files that publish to the same plan, and return their paths."""
    newest = newest_version(plan)
    if newest is None:
        raise Refused(_("この計画はまだ公開されていません。"), "not_published")
    return write_folder(newest.content, folder)


@transaction.atomic
def open_draft(plan: Plan, *, by: Actor) -> PlanDraft:
    """Return the plan's draft, made from the newest version when there is none."""
    require_editor(by, plan)
    if draft := PlanDraft.objects.filter(plan=plan).first():
        return draft
    newest = newest_version(plan)
    if newest is None:
        raise Refused(_("この計画はまだ公開されていません。"), "not_published")
    start = {"content": newest.content, "based_on": newest.number, "saved_at": clock.now(), "saved_by": by.person}
    draft, made = PlanDraft.objects.get_or_create(plan=plan, defaults=start)
    if made:
        record(by, "plan.draft", plan, draft)
    return draft


@transaction.atomic
def save_draft(plan: Plan, section: str, value: Any, *, by: Actor, version: int) -> PlanDraft:
    """Put one section into the draft. ``version`` is the draft's version the person saw.

    The shape must be right; codes that do not agree across sections may wait until publication. Raises Refused
    ``changed_meanwhile`` when somebody saved in between, ``unknown_section`` and ``plan_faults``.
    """
    if section not in SECTIONS:
        raise Refused(_("計画にその節はありません。"), "unknown_section")
    draft = _locked_draft(plan, by, version)
    faults = list(check_shape(Source(value, {(section,): (section, 1)}), (section,)))
    if faults:
        raise Refused(faults[0].message, "plan_faults", field="text")
    if section == "plan" and value["code"] != plan.pk:
        raise Refused(_("計画のコードは変えられません。"), "plan_code", field="text")
    if section == "plan" and draft.based_on == 0 and value["predecessor"] != plan.predecessor_id:
        raise Refused(_("次の計画の下書きでは、前の計画（predecessor）を変えられません。"), "plan_predecessor", field="text")
    draft.content = {**draft.content, section: value}
    _save(draft, by)
    record(by, "plan.save_draft", plan, draft, section=section, value=value)
    return draft


@transaction.atomic
def publish_draft(plan: Plan, *, by: Actor, version: int, note: str = "", decided: Decided = UNDATED) -> PlanVersion:
    """Publish the draft as it stood when the person looked at it (``version``), with when it was decided and holds from.

    Refused: ``changed_meanwhile``, ``nothing_changed``, ``decided_later`` (a decision in the future), and what ``publish`` refuses.
    """
    if decided.on is not None and decided.on > clock.today():
        raise Refused(_("決めた日が、まだ来ていない日です。今日までの日を入れてください。"), "decided_later")
    draft = _locked_draft(plan, by, version)
    newest = newest_version(plan)
    if (newest.number if newest else 0) != draft.based_on:
        raise Refused(
            _("下書きを始めたあとに、別の版が公開されました。違いを確かめ、下書きを作り直してください。"), "changed_meanwhile"
        )
    if newest is not None and newest.content == draft.content:
        raise Refused(_("公開した版と同じです。直してから公開してください。"), "nothing_changed")
    published = publish(draft.content, by=by, note=note, decided=decided)
    draft.based_on = published.number
    _save(draft, by)
    return published


@transaction.atomic
def reset_draft(plan: Plan, *, by: Actor, version: int) -> PlanDraft:
    """Throw the changes away: the draft becomes the newest version again."""
    draft = _locked_draft(plan, by, version)
    newest = newest_version(plan)
    if newest is None:
        raise Refused(_("この計画はまだ公開されていません。"), "not_published")
    draft.content, draft.based_on = newest.content, newest.number
    _save(draft, by)
    record(by, "plan.reset_draft", plan, draft)
    return draft


def _locked_draft(plan: Plan, by: Actor, version: int) -> PlanDraft:
    open_draft(plan, by=by)
    draft = PlanDraft.objects.select_for_update().get(plan=plan)
    if draft.version != version:
        raise Refused(
            _("ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。入力した文は残してあります。"),
            "changed_meanwhile",
        )
    return draft


def _save(draft: PlanDraft, by: Actor) -> None:
    draft.version += 1
    draft.saved_at, draft.saved_by = clock.now(), by.person
    draft.save()
