"""Is a document a plan? First its shape (JSON Schema), then what must agree across sections.

Every fault names file, line and rule; nothing here raises for bad content.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from renkei.base.era import ERAS
from renkei.base.fiscal_year import FiscalYear
from renkei.base.numbers import is_municipality_code
from renkei.plan.files import Fault, Place, Source, load, schema

_KINDS = {
    "string": "文字", "integer": "整数", "number": "数", "boolean": "true か false", "array": "並び（- で始まる行）",
    "object": "「名前: 中身」の形", "null": "null",
}  # fmt: skip
# Sections whose rows carry a code of their own.
_CODED = [
    "fields", "parties", "bodies", "stages", "services", "areas", "estates", "municipalities", "meetings", "designations", "ladder",
    "networks", "outside_contacts", "units", "universities", "medical_partners", "precedence", "queues", "notes",
]  # fmt: skip
_DAYS = {"from", "to", "date", "consent_date"}
# section, key of the row, section or vocabulary the code must stand in
_POINTERS = [
    ("bodies", "party", "parties"), ("bodies", "kind", "body_kinds"), ("services", "stage", "stages"),
    ("services", "asks", "asks"), ("provisions", "service", "services"), ("provisions", "body", "bodies"),
    ("posts", "post", "posts"), ("posts", "body", "bodies"), ("units", "body", "bodies"),
    ("universities", "party", "parties"), ("medical_partners", "party", "parties"), ("estates", "area", "areas"),
    ("estates", "municipality", "municipalities"), ("municipalities", "areas", "areas"),
    ("meetings", "owner", "bodies"), ("meetings", "decides", "services"), ("ladder", "lead", "bodies"), ("ladder", "meetings", "meetings"),
    ("designations", "meetings", "meetings"), ("designations", "services", "services"),
    ("ladder", "networks", "networks"), ("networks", "through", "bodies"), ("indicators", "area", "areas"),
    ("queues", "stages", "stages"), ("queues", "services", "services"),
]  # fmt: skip
# section and list inside its rows: where that names a body, it is one of ours
_NAMING_BODIES = [("parties", "roles"), ("fields", "sources"), ("networks", "members")]
_DATED = [("parties", "names"), ("parties", "addresses"), ("parties", "representatives"), ("units", "states")]
_MOST_CLOSED = 100  # days a year: who closes always would be waited for without end
_SHORT_CODES = {"channels": 20, "contact_outcomes": 20}  # as long as the columns that hold them


def check_files(folder: Path) -> list[Fault]:
    """Return every fault of a folder of plan files, in the order of files and lines."""
    return check(load(folder))


def check_document(document: dict[str, Any]) -> list[Fault]:
    """Return every fault of a document that came from no file; the section takes the place of the file."""
    marks: dict[Place, tuple[str, int]] = {(section,): (section, 1) for section in document}
    return check(Source(document, marks))


def check(source: Source) -> list[Fault]:
    """Return the faults met while reading, of shape, and (only where the shape is right) across sections."""
    faults = list(source.faults)
    shape = list(check_shape(source))
    if not shape and not faults:
        faults += _cross(source)
    return sorted({*faults, *shape})


def check_shape(source: Source, root: Place = ()) -> Iterator[Fault]:
    """Yield what does not follow the schema; ``root`` is a section's name when the document is that section alone."""
    shape = schema()
    for name in root:
        shape = {**shape["properties"][name], "$defs": shape["$defs"]}
    for error in Draft202012Validator(shape).iter_errors(source.document):
        yield from _in_words(error, source, root)


def _in_words(error: ValidationError, source: Source, root: Place) -> Iterator[Fault]:
    path = (*root, *error.absolute_path)
    kind, wanted, name = str(error.validator), cast("Any", error.validator_value), ".".join(map(str, path)) or "全体"
    if kind == "required":
        missing = [key for key in wanted if key not in cast("dict[str, Any]", error.instance)]
        yield source.fault(path, "required", f"「{name}」に「{'」「'.join(missing)}」がありません。")
    elif kind == "additionalProperties" and isinstance(wanted, bool):
        known = cast("dict[str, Any]", error.schema).get("properties", {})
        for key in sorted(set(cast("dict[str, Any]", error.instance)) - set(known)):
            yield source.fault((*path, key), "unknown-key", f"「{name}」に「{key}」という項目はありません。")
    elif kind == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        yield source.fault(path, "type", f"「{name}」は{'か'.join(_KINDS[k] for k in kinds)}で書いてください。")
    elif kind == "enum":
        yield source.fault(path, "choice", f"「{name}」は {'、'.join(map(str, wanted))} のどれかです。")
    elif kind == "anyOf" and any(part.get("$ref") == "#/$defs/day" for part in wanted):
        yield source.fault(path, "date", f"「{name}」は 2024-03-31 のような日付か null で書いてください。")
    elif kind == "pattern":
        yield source.fault(path, "pattern", f"「{name}」の書き方が違います：{str(error.instance)[:40]}")
    else:
        yield source.fault(path, kind, f"「{name}」が決まりに合いません（{kind} {str(wanted)[:60]}）。")


def _cross(source: Source) -> Iterator[Fault]:
    for rule in (_codes, _pointers, _days, _plan, _bodies, _provisions, _targets, _municipalities, _routing, _words, _meetings, _follow_up):
        yield from rule(source)


def _rows(source: Source, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    for index, row in enumerate(source.document.get(section) or []):
        yield (section, index), row


def _known(source: Source, name: str) -> set[str]:
    words = source.document["vocabularies"].get(name)
    if name in {"posts", "asks", "body_kinds", "roles"}:
        return {word["code"] for word in words or []}
    return {row["code"] for row in source.document.get(name) or []}


def _codes(source: Source) -> Iterator[Fault]:
    """No code twice in a section or a vocabulary."""
    lists: list[tuple[Place, list[dict[str, Any]]]]
    lists = [((section,), source.document.get(section) or []) for section in _CODED]
    lists += [(("vocabularies", name), words) for name, words in source.document["vocabularies"].items()]
    lists += [((*path, "members"), row["members"]) for path, row in _rows(source, "networks")]
    for path, rows in lists:
        seen: set[str] = set()
        for index, row in enumerate(rows):
            if row["code"] in seen:
                yield source.fault((*path, index, "code"), "code-twice", f"コード「{row['code']}」が二度あります。")
            seen.add(row["code"])


def _pointers(source: Source) -> Iterator[Fault]:
    """Every code that points somewhere points at something."""
    for path, code, target in _pointing(source):
        if code not in _known(source, target):
            yield source.fault(path, "unknown-code", f"「{code}」は {target} にありません。")


def _pointing(source: Source) -> Iterator[tuple[Place, str, str]]:
    """Yield place, code and the section or vocabulary it points at. A vocabulary that is left out limits nothing."""
    for section, key, target in _POINTERS:
        if target in {"asks", "body_kinds"} and target not in source.document["vocabularies"]:
            continue
        for path, row in _rows(source, section):
            value = row.get(key)
            codes = value if isinstance(value, list) else [value]
            yield from (((*path, key), code, target) for code in codes if code)
    for section, key in _NAMING_BODIES:
        for path, row in _rows(source, section):
            inner = enumerate(row.get(key) or [])
            yield from (((*path, key, i, "body"), one["body"], "bodies") for i, one in inner if one.get("body"))
    for path, row in _rows(source, "letters"):
        yield from (((*path, "prefixes", code), code, "bodies") for code in row.get("prefixes") or {})
        if "roles" in source.document["vocabularies"]:
            yield from (((*path, "steps", i), role, "roles") for i, role in enumerate(row.get("steps") or []) if role)


def _days(source: Source) -> Iterator[Fault]:
    """Every day exists, nothing ends before it begins, and dated values follow each other."""
    for section, content in source.document.items():
        if section != "calendar":
            yield from _days_in(source, content, (section,))
    for section, key in _DATED:
        for path, row in _rows(source, section):
            begins = [value["from"] or "" for value in row[key]]
            for index in range(1, len(begins)):
                if begins[index] <= begins[index - 1]:
                    words = "日付つきの値は、古いものから順に、始まりの日を変えて並べてください。"
                    yield source.fault((*path, key, index, "from"), "dated-order", words)
    yield from _closures(source)


def _closures(source: Source) -> Iterator[Fault]:
    total = 0
    for index, span in enumerate(source.document["calendar"]["closed"]):
        days = [f"2024-{span[key]}" for key in ("from", "to")]
        wrong = [key for key, day in zip(("from", "to"), days, strict=True) if not is_day(day)]
        for key in wrong:
            yield source.fault(("calendar", "closed", index, key), "no-such-day", f"「{span[key]}」という日はありません。")
        if not wrong:
            start, end = map(dt.date.fromisoformat, days)
            total += (end - start).days % 366 + 1
    if total > _MOST_CLOSED:
        words = f"休みが合わせて年に{total}日あります（{_MOST_CLOSED}日まで。土日と祝日は書きません）。"
        yield source.fault(("calendar", "closed"), "closed-too-long", words)


def _days_in(source: Source, value: Any, path: Place) -> Iterator[Fault]:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _days_in(source, inner, (*path, index))
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in _DAYS and isinstance(inner, str) and not is_day(inner):
            yield source.fault((*path, key), "no-such-day", f"「{inner}」という日はありません。")
        yield from _days_in(source, inner, (*path, key))
    begins, ends = value.get("from"), value.get("to")
    if isinstance(begins, str) and isinstance(ends, str) and ends < begins:
        yield source.fault((*path, "to"), "ends-before-start", f"終わり（{ends}）が始まり（{begins}）より前です。")


def is_day(text: str) -> bool:
    """Tell whether the text is a day of the calendar that pages can write (none before 明治)."""
    try:
        return dt.date.fromisoformat(text) >= ERAS[-1].first_day
    except ValueError:
        return False


def _plan(source: Source) -> Iterator[Fault]:
    """Lead party and the one front desk are known, and the desk belongs to a party of the plan."""
    plan = source.document["plan"]
    for key, target in (("lead_party", "parties"), ("front_desk", "bodies")):
        if plan[key] not in _known(source, target):
            yield source.fault(("plan", key), "unknown-code", f"「{plan[key]}」は {target} にありません。")
    if plan["predecessor"] == plan["code"]:
        yield source.fault(("plan", "predecessor"), "own-predecessor", "前の計画に自分自身は書けません。")
    known = _known(source, "fields")
    for code in plan.get("parent", {}).get("fields", []):
        if code not in known:
            yield source.fault(("plan", "parent", "fields"), "unknown-code", f"「{code}」は fields にありません。")


def _bodies(source: Source) -> Iterator[Fault]:
    """One front desk; numbers and prefixes once; a role of a party speaks of the party's own bodies."""
    rows = list(_rows(source, "bodies"))
    desk = source.document["plan"]["front_desk"]
    for path, row in rows:
        if row["kind"] == "desk" and row["code"] != desk:
            yield source.fault((*path, "kind"), "second-desk", f"窓口は一つです。いまの窓口は「{desk}」です。")
    for key, words in (("number_prefix", "受付番号の頭"), ("number", "番号")):
        seen: dict[str, str] = {}
        for path, row in rows:
            if row[key] in seen:
                said = f"{words}「{row[key]}」は「{seen[row[key]]}」と同じです。"
                yield source.fault((*path, key), "prefix-twice" if key == "number_prefix" else "number-twice", said)
            seen.setdefault(row[key], row["code"])
    owners = {row["code"]: row["party"] for _, row in rows}
    for path, party in _rows(source, "parties"):
        for index, role in enumerate(party["roles"]):
            if owners.get(role["body"], party["code"]) != party["code"]:
                place = (*path, "roles", index, "body")
                yield source.fault(place, "foreign-role", f"「{role['body']}」はこの者の機関ではありません。")


def _provisions(source: Source) -> Iterator[Fault]:
    """A body does not offer a service twice at the same time."""
    spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for path, row in _rows(source, "provisions"):
        span = (row.get("from") or "0000-00-00", row.get("to") or "9999-99-99")
        pair = (row["service"], row["body"])
        if any(span[0] <= other[1] and other[0] <= span[1] for other in spans.get(pair, [])):
            words = f"「{row['service']}」を「{row['body']}」が同じ時期に二度担っています。"
            yield source.fault(path, "provision-overlap", words)
        spans.setdefault(pair, []).append(span)


def _targets(source: Source) -> Iterator[Fault]:
    """Each year once, inside the term, and the written total is the sum."""
    term = source.document["plan"]["term"]
    if not is_day(term["to"]) or not is_day(term["from"] or term["to"]):
        return
    last = FiscalYear.of(dt.date.fromisoformat(term["to"])).start_year
    first = FiscalYear.of(dt.date.fromisoformat(term["from"])).start_year if term["from"] else None
    seen: set[int] = set()
    total = 0
    for path, row in _rows(source, "targets"):
        total += row["count"]
        for year in row["fiscal_years"]:
            if year > last or (first is not None and year < first):
                yield source.fault((*path, "fiscal_years"), "year-outside-term", f"{year}年度は計画の期間の外です。")
            if year in seen:
                yield source.fault((*path, "fiscal_years"), "year-twice", f"{year}年度の目標が二度あります。")
            seen.add(year)
    stated = source.document.get("targets_total")
    if stated and stated["count"] != total:
        words = f"合計 {stated['count']} が目標の和 {total} と違います。"
        yield source.fault(("targets_total", "count"), "wrong-total", words)


def _municipalities(source: Source) -> Iterator[Fault]:
    """Codes have the right check digit; an area of estates holds no municipality [C09]."""
    estates = {row["code"] for row in source.document.get("areas") or [] if row["kind"] == "estates"}
    for path, row in _rows(source, "municipalities"):
        if not is_municipality_code(row["code"]):
            yield source.fault((*path, "code"), "check-digit", f"市町村コード「{row['code']}」の検査数字が合いません。")
        if estates & set(row["areas"]):
            yield source.fault((*path, "areas"), "estate-area", "工業団地の地域に市町村は入れられません。")


def _routing(source: Source) -> Iterator[Fault]:
    """Rules name bodies that offer the services they speak of."""
    routing = source.document.get("routing") or {}
    bodies, services = _known(source, "bodies"), _known(source, "services")
    offers = {(row["service"], row["body"]) for _, row in _rows(source, "provisions")}
    named: list[tuple[Place, list[str]]]
    named = [(("routing", "default", i), [row["body"]]) for i, row in enumerate(routing.get("default", []))]
    named += [(("routing", "rules", i), [r["first"], *r.get("with", [])]) for i, r in enumerate(routing.get("rules", []))]
    if "outside_region" in routing:
        named.append((("routing", "outside_region"), [routing["outside_region"]["lead"]]))
        network = routing["outside_region"].get("network")
        if network and network not in _known(source, "networks"):
            yield source.fault(("routing", "outside_region"), "unknown-code", f"「{network}」は networks にありません。")
    for path, codes in named:
        for code in codes:
            if code not in bodies:
                yield source.fault(path, "unknown-code", f"「{code}」は bodies にありません。")
    for index, rule in enumerate(routing.get("rules", [])):
        for service in rule["services"]:
            place = ("routing", "rules", index, "services")
            if service not in services:
                yield source.fault(place, "unknown-code", f"「{service}」は services にありません。")
            elif (service, rule["first"]) not in offers:
                yield source.fault(place, "not-offered", f"「{rule['first']}」は「{service}」を担っていません。")


def _words(source: Source) -> Iterator[Fault]:
    """Codes fit the columns that hold them; a general consent is limited for kinds of bodies that exist."""
    for name, most in _SHORT_CODES.items():
        for index, word in enumerate(source.document["vocabularies"][name]):
            if len(word["code"]) > most:
                words = f"コード「{word['code']}」は{most}文字までにしてください。"
                yield source.fault(("vocabularies", name, index, "code"), "code-length", words)
    kinds = {row["kind"] for _, row in _rows(source, "bodies")}
    for kind in (source.document.get("sharing") or {}).get("never_by_general_consent", {}):
        if kind not in kinds:
            place = ("sharing", "never_by_general_consent", kind)
            yield source.fault(place, "unknown-kind", f"「{kind}」という種類の機関はありません。")


def _meetings(source: Source) -> Iterator[Fault]:
    """A service is decided by one series of meetings, in sessions that series has."""
    told: set[str] = set()
    for path, row in _rows(source, "meetings"):
        for index, session in enumerate(row.get("decides_in", [])):
            if session not in row.get("sessions", []):
                yield source.fault((*path, "decides_in", index), "unknown-session", f"会の形「{session}」は、この会議の sessions にありません。")
        for index, service in enumerate(row.get("decides", [])):
            if service in told:
                yield source.fault((*path, "decides", index), "decided-twice", f"「{service}」を諮る会議は1つにしてください。")
            told.add(service)


def _follow_up(source: Source) -> Iterator[Fault]:
    """The months stand in order, and the reminder leaves while answers are still waited for."""
    rule = source.document.get("follow_up") or {}
    months = rule.get("months", [])
    if months != sorted(months):
        yield source.fault(("follow_up", "months"), "months-order", "何か月後に聞くかは、早いものから順に書いてください。")
    remind, wait = rule.get("remind_after_days", 14), rule.get("wait_days", 60)
    if remind >= wait:
        words = f"うながすまでの日数（{remind}日）を、返事を待つ日数（{wait}日）より短くしてください。"
        yield source.fault(("follow_up", "remind_after_days"), "reminder-too-late", words)
