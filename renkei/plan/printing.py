"""The plan as the A4 document it came from: its sections, tables and remarks in their order, as blocks for paper [C98]."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from renkei.documents.letters import Block
from renkei.plan.content import PlanContent
from renkei.plan.models import Plan, PlanVersion
from renkei.plan.queries import plan_content, version_content
from renkei.plan.reading import day_of, holds

_OWN_NUMBER = re.compile(r"(?:\([^()]*\)|[①-⑳]|[^-()①-⑳]+)$")
_PAPER_WIDTH = 160


def plan_blocks(plan: Plan, on: dt.date | None = None) -> list[Block]:
    """Return the plan on a day (its own: today inside the term) as blocks; nothing but the title where it has no document."""
    content, day = plan_content(plan), on or day_of(plan)
    blocks = [Block(plan.title, level=1, side="center"), Block()]
    for part in content.section("document"):
        if not part.get("added"):
            blocks.append(Block(heading_of(part), level=min(part["level"], 3)))
        blocks += [Block(words) for words in part["paragraphs"]]
        blocks += _table(content, part.get("table", ""), day)
        blocks += [Block(rows=((one["text"],),), widths=(_PAPER_WIDTH,)) for one in content.section("optional_sections") if one["number"] == part["number"]]
        blocks.append(Block())
    return blocks


def heading_of(part: dict[str, Any]) -> str:
    """Return a heading with its own number, as the document writes it: ``I-2(1)①`` stands there as ``①``."""
    number, title = str(part["number"]), str(part["title"])
    own = _OWN_NUMBER.search(number)
    if not number or number in {title, "図"} or own is None:
        return f"({title})" if number == title else title
    return f"{own.group()}{'' if own.group() in '①②③④⑤⑥⑦⑧⑨⑩' else ' '}{title}"


def form_rule(content: PlanContent, code: str, on: dt.date, form: str = "") -> dict[str, Any] | None:
    """Return the rule for papers that holds on a day: of ``seal``, whether a seal, a signature, neither or a file is asked for [C97].

    A rule that names forms is for these alone and goes before one for all; ``content`` is that of the paper's own version.
    """
    rules = [one for one in content.section("form_rules")
             if one["code"] == code and holds(one, on) and (not one.get("forms") or form in one["forms"])]  # fmt: skip
    return max(rules, key=lambda one: (bool(one.get("forms")), one.get("from") or "")) if rules else None


def sign_place(content: PlanContent, on: dt.date, form: str) -> str:
    """Return what stands behind the name of who signs a form: the place of a seal, of a signature, or nothing."""
    accepted = (form_rule(content, "seal", on, form) or {}).get("accepts", [])
    return "　㊞" if "seal" in accepted else "　（自署）" if "signature" in accepted else ""


def content_at(plan: Plan, at: dt.datetime) -> PlanContent:
    """Return the content that was published by a moment; the first one before that. A paper keeps the rules of its day."""
    versions = list(PlanVersion.objects.filter(plan=plan).order_by("number").values_list("pk", "published_at"))
    return version_content([versions[0][0], *(pk for pk, published in versions if published <= at)][-1])


def _table(content: PlanContent, name: str, on: dt.date) -> list[Block]:
    if name == "targets":
        return [_targets(content)]
    if name == "figure":
        return _figure(content, on)
    return [_parties(content, on)] if name == "parties" else []


def _targets(content: PlanContent) -> Block:
    """The targets across, as the document writes them [C39]."""
    aims = content.section("targets")
    total = content.raw.get("targets_total") or {}
    head = ["年度", *(one["written"] for one in aims), *([total.get("written") or "合計"] if total else [])]
    counts = ["件数", *(one.get("count_written") or f"{one['count']} 件" for one in aims), *([total.get("count_written") or f"{total['count']} 件"] if total else [])]
    return Block(rows=(tuple(head), tuple(counts)), has_head=True)


def _figure(content: PlanContent, on: dt.date) -> list[Block]:
    """Stages with their services and the numbers of the bodies that offer each, and who the numbers are [C66]."""
    numbers = {one["code"]: one["number"] for one in content.section("bodies")}
    offers = [one for one in content.section("provisions") if one["source"] != "text" and holds(one, on)]
    rows = [("", "主な支援内容")]
    for stage in content.section("stages"):
        lines = []
        for service in content.section("services"):
            by = "".join(sorted(numbers[one["body"]] for one in offers if one["service"] == service["code"]))
            if service["stage"] == stage["code"] and by:
                lines.append(f"・{service.get('figure') or service['name']} {by}")
        if lines:
            rows.append((stage.get("name_figure") or stage["name"], "\n".join(lines)))
    who = " ".join(f"{one['number']}{one.get('figure_name') or one['name']}" for one in content.section("bodies"))
    return [Block(rows=tuple(rows), has_head=True, widths=(45, 115)), Block("【支援機関】"), Block(who)]


def _parties(content: PlanContent, on: dt.date) -> Block:
    """The parties with name, address and representative on the left and their roles on the right."""
    rows = [("", "当該連携支援事業を実施する者の①名称、②住所、③代表者名", "④当該連携支援事業における役割")]
    for party in content.section("parties"):
        name, address, person = (content.dated(party[key], on) for key in ("names", "addresses", "representatives"))
        roles = ["④"]
        for role in party["roles"]:
            if holds(role, on):
                roles += [role["heading"], *(f"・{item}" for item in role["items"])] if role["heading"] else [f"・{item}" for item in role["items"]]
        left = f"①{name['value']}\n②{address['value']}\n③{person['title']} {person['name']}"
        rows.append((party["number"], left, "\n".join(roles)))
    return Block(rows=tuple(rows), has_head=True, widths=(10, 65, 85))
