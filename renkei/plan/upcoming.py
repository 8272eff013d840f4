"""The next plan, while it is prepared: a plan with a predecessor and a draft that nobody has published yet.

Everything that asks for plans asks for published ones (``queries.published_plans``), so nothing of the house follows it
before its day. The editors of the plan before it edit its draft like any other and publish it as version 1.
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.plan.actions import lock_plans
from renkei.plan.models import Plan, PlanDraft
from renkei.plan.queries import newest_version, published_plans
from renkei.plan.rules import require_editor

MOST_YEARS = 15
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """What the next plan is called and its first and last day."""

    code: str
    title: str
    begins: dt.date
    ends: dt.date


def upcoming(plan: Plan) -> Plan | None:
    """Return the plan that is prepared to follow this one, or None."""
    return Plan.objects.filter(predecessor=plan, versions__isnull=True, draft__isnull=False).first()


def upcoming_called(code: str) -> Plan | None:
    """Return the prepared plan of that code, or None."""
    found = Plan.objects.filter(pk=code, predecessor__isnull=False, versions__isnull=True, draft__isnull=False)
    return found.select_related("predecessor", "lead_party").first()


def may_be_followed(plan: Plan) -> bool:
    """Tell whether a next plan may be begun: this one is the published plan that ends last."""
    return published_plans()[:1] == [plan]


@transaction.atomic
def begin_next(plan: Plan, head: Head, *, by: Actor) -> Plan:
    """Prepare the plan that follows ``plan``: a draft copied from its newest version, with the new term and no target set yet.

    Who begins while one is prepared gets that one. Refused: ``not_allowed``, ``not_last``, ``code_taken``, ``term_begins`` (before
    the plan's end), ``term_ends`` (before it begins, or more than fifteen years later).
    """
    require_editor(by, plan)
    lock_plans()
    newest = newest_version(plan)
    if newest is None or not may_be_followed(plan):
        raise Refused(_("次の計画は、いちばん後に終わる計画からだけ始められます。"), "not_last")
    if there := upcoming(plan):
        return there
    other = Plan.objects.filter(pk=head.code).first()
    if other is not None and (other.versions.exists() or other.predecessor_id is not None):
        raise Refused(_("そのコードは別の計画が使っています。別のコードにしてください。"), "code_taken", field="code")
    if head.begins <= plan.term_to:
        raise Refused(_("いまの計画は%(day)sまでです。その次の日からの日を入れてください。") % {"day": wareki(plan.term_to)}, "term_begins", field="begins")
    if not head.begins < head.ends < head.begins.replace(year=head.begins.year + MOST_YEARS, day=min(head.begins.day, 28)):
        raise Refused(_("始まりの日より後で、%(n)s年以内の日を入れてください。") % {"n": MOST_YEARS}, "term_ends", field="ends")
    made, _new = Plan.objects.update_or_create(
        pk=head.code,
        defaults={"title": head.title, "term_from": head.begins, "term_to": head.ends, "front_desk_id": plan.front_desk_id,
                  "lead_party_id": plan.lead_party_id, "predecessor": plan, "is_fictional": plan.is_fictional},
    )  # fmt: skip
    content = carried_over(newest.content, head)
    draft, fresh = PlanDraft.objects.get_or_create(
        plan=made, defaults={"content": content, "based_on": 0, "saved_at": clock.now(), "saved_by": by.person}
    )
    if not fresh:  # one of that code was thrown away before
        draft.content, draft.saved_at, draft.saved_by, draft.version = content, clock.now(), by.person, draft.version + 1
        draft.save()
    record(by, "plan.begin_next", made, plan, draft)
    return made


def carried_over(content: Document, head: Head) -> Document:
    """Return what the next plan takes over: all but the term, the approval, the targets, what ended, and remarks on the old text."""
    fresh = copy.deepcopy(content)
    first, last = wareki(head.begins), f"{FiscalYear.of(head.ends)}末日" if head.ends == FiscalYear.of(head.ends).last_day else wareki(head.ends)
    fresh["plan"] |= {
        "code": head.code, "title": head.title, "predecessor": content["plan"]["code"],
        "approval": {"date": None, "written": "承認の日"},
        "term": {"from": head.begins.isoformat(), "from_written": first, "to": head.ends.isoformat(), "to_written": last,
                 "written": f"本計画の期間は、{first}から{last}までとする。"},
    }  # fmt: skip
    years = range(FiscalYear.of(head.begins).start_year, FiscalYear.of(head.ends).start_year + 1)
    fresh["targets"] = [{"fiscal_years": [year], "written": str(FiscalYear(year)), "count": 0, "count_written": "0件"} for year in years]
    if "targets_total" in fresh:
        fresh["targets_total"] |= {"count": 0} | ({"count_written": "0件"} if "count_written" in fresh["targets_total"] else {})
    _leave_out_what_ended(fresh, head.begins)
    if "notes" in fresh:
        fresh["notes"] = []
    return fresh


def _leave_out_what_ended(fresh: Document, begins: dt.date) -> None:
    """Take out of a document what ended before the day: provisions, posts, rules of forms, contacts, networks and their members, and what names them."""

    def standing(rows: list[Document]) -> list[Document]:
        return [row for row in rows if not row.get("to") or row["to"] >= begins.isoformat()]

    for section in ("provisions", "posts", "form_rules", "outside_contacts", "networks"):
        if section in fresh:
            fresh[section] = standing(fresh[section])
    known = set()
    for network in fresh.get("networks", []):
        network["members"] = standing(network["members"])
        known.add(network["code"])
    for rung in fresh.get("ladder", []):
        if "networks" in rung:
            rung["networks"] = [code for code in rung["networks"] if code in known]
    outside = (fresh.get("routing") or {}).get("outside_region", {})
    if outside.get("network") not in known:
        outside.pop("network", None)


def still_open(content: Document, before: Document) -> list[tuple[str, str]]:
    """Return what has to be looked at before the next plan is published: section and a sentence. Nothing here forbids publishing."""
    found = []
    if content["plan"]["approval"]["date"] is None:
        found.append(("plan", _("承認の日がまだありません。決まったら入れてください。")))
    if not sum(row["count"] for row in content.get("targets") or []):
        found.append(("targets", _("目標の件数がまだ0件です。")))
    if content.get("document") and content["document"] == before.get("document"):
        found.append(("document", _("計画書の本文は、前の計画のままです。年度と件数を書き直してください。")))
    if content["plan"].get("parent") and content["plan"]["parent"] == before["plan"].get("parent"):
        found.append(("plan", _("もとになる基本計画が、前の計画のままです。")))
    return found


@transaction.atomic
def drop_next(plan: Plan, *, by: Actor, version: int) -> None:
    """Throw a prepared plan away: it follows nothing any more, and another may be begun. Refused: ``not_allowed``, ``changed_meanwhile``, ``published``."""
    require_editor(by, plan)
    draft = PlanDraft.objects.select_for_update().get(plan=plan)  # in the order of publishing: first the draft, then all plans
    lock_plans()
    if newest_version(plan) is not None:
        raise Refused(_("この計画は、もう公開されています。"), "published")
    if draft.version != version or upcoming_called(plan.pk) is None:
        raise Refused(_("ほかの人が先に保存しました。新しい内容を確かめてから、もう一度押してください。"), "changed_meanwhile")
    before = plan.predecessor
    Plan.objects.filter(pk=plan.pk).update(predecessor=None)
    record(by, "plan.drop_next", plan, draft, before=before.pk if before else "")
