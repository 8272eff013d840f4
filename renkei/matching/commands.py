"""What ``renkei route`` and ``renkei match`` do. Nothing in the database changes.

A line that cannot be read gets one sentence on standard error with its number; the others are answered all the same, and
the command ends with exit code 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from renkei.matching.knowledge import Knowledge, knowledge
from renkei.matching.proposal import Candidate, Contact, EntryHit, Evidence, Proposal
from renkei.matching.propose import propose

MAX_TEXT = 20_000
_KIND_WORDS = {
    "route": "支援ルートの案",
    "clarify": "まず会社に尋ねること",
    "outside_region": "地域の外に頼る案",
    "out_of_scope": "ここの支援の外（行き先の案内）",
}
_MARKS = {"word": "言葉", "alike": "言い換え", "near": "意味が近い", "met": "合う", "failed": "合わない", "unknown": "不明"}


class BadLineError(ValueError):
    """A line that cannot be answered; the message says why."""


def route_lines(stream: TextIO, out: TextIO) -> None:
    """Read ``{"id", "text"}`` lines and write one proposal a line. Exits with 1 at the end when a line was bad."""
    _each(stream, out, lambda text: _proposal(propose(text)))


def match_lines(stream: TextIO, out: TextIO) -> None:
    """Read ``{"id", "text"}`` lines and write the 20 best entries of all kinds a line."""
    _each(stream, out, lambda text: {"entries": best_entries(text)})


def route_text(text: str) -> str:
    """Return a proposal to read."""
    proposal = propose(text[:MAX_TEXT])
    known = knowledge()
    lines = [f"■ {_KIND_WORDS[proposal.kind]}（分野: {proposal.field}）", ""]
    lines += [f"  {contact.name} {contact.phone}: {contact.about}" for contact in proposal.outside]
    for need in proposal.needs if proposal.kind != "out_of_scope" else []:
        lines.append(f"課題{need.number}「{need.title}」")
        for candidate in need.candidates:
            lines += _candidate_lines(candidate, known)
    lines += [f"  惜しい: {miss.name} … {miss.text}" for miss in proposal.near_misses[:4]]
    lines += [f"  注意: {clash.title} … {clash.text}" for clash in proposal.clashes]
    if proposal.questions:
        lines += ["", "尋ねること", *(f"  ・{one.text}" for one in proposal.questions)]
    if proposal.path and proposal.kind == "route":
        lines += ["", "道筋", *(f"  {step.stage}: {'、'.join(step.what)} {step.when}".rstrip() for step in proposal.path)]
    if proposal.missing:
        lines += ["", proposal.missing]
    return "\n".join(lines)


def best_entries(text: str) -> list[dict[str, Any]]:
    """Return the 20 best entries of all kinds for a text: near to it, of a service and a body that are proposed for it; who is away or declined last."""
    return [_entry(hit) for hit in sorted(propose(text).answers, key=lambda hit: hit.comes_last)]


def _entry(hit: EntryHit) -> dict[str, Any]:
    return {"id": hit.id, "kind": hit.kind, "score": hit.score, "evidence": _reasons(hit.reasons)}


def _reasons(listed: Sequence[Evidence]) -> list[dict[str, str]]:
    return [{"kind": one.kind, "text": one.text} for one in listed]


def _candidate_lines(candidate: Candidate, known: Knowledge) -> Iterator[str]:
    body = next((b["short"] for b in known.content.section("bodies") if b["code"] == candidate.body), candidate.body)
    yield f"  {candidate.score:5.1f}  {known.services[candidate.service].name} … {body} {candidate.date_words}".rstrip()
    reasons: dict[str, list[str]] = {}
    for one in candidate.evidence:
        reasons.setdefault(_MARKS[one.kind], []).append(one.text)
    for mark, texts in reasons.items():
        yield f"         {mark}: {'、'.join(texts)}"
    for entry in candidate.entries[:3]:
        why = "、".join(f"{_MARKS[one.kind]} {one.text}".strip() if one.kind != "word" else one.text for one in entry.reasons)
        yield f"         {entry.id} {entry.name}{f'（{why}）' if why else ''}"
    if candidate.blocked_by:
        yield f"         まだ頼めません: {candidate.blocked_by}"


def _proposal(proposal: Proposal) -> dict[str, Any]:
    stages = [int(stage) for stage in proposal.stages if stage.isdigit()]
    return {
        "kind": proposal.kind,
        "field": proposal.field,
        "stages": stages,
        "supports": [_support(one) for one in proposal.supports],
        "near_misses": [asdict(miss) for miss in proposal.near_misses],
        "questions": [asdict(question) for question in proposal.questions],
        "outside": [_contact(one) for one in proposal.outside],
    }


def _contact(one: Contact) -> dict[str, str]:
    words = "、".join(told.text for told in one.evidence if told.kind == "word")
    return {"code": one.code, "name": one.name, "about": one.about, "phone": one.phone, "words": words}


def _support(one: Candidate) -> dict[str, Any]:
    return {
        "service": one.service,
        "body": one.body,
        "stage": int(one.stage) if one.stage.isdigit() else one.stage,
        "score": one.score,
        "date": one.date.isoformat() if one.date else None,
        "entries": [_entry(hit) for hit in one.entries],
        "evidence": [asdict(evidence) for evidence in one.evidence],
    }


def _each(stream: TextIO, out: TextIO, answer: Callable[[str], dict[str, Any]]) -> None:
    failed = False
    for number, line in enumerate(_lines(stream), 1):
        if line is not None and not line.strip():
            continue
        try:
            key, text = _parsed(line)
        except BadLineError as error:
            failed = True
            sys.stderr.write(f"{number}行目: {error}\n")
            continue
        out.write(json.dumps({"id": key, **answer(text)}, ensure_ascii=False) + "\n")
        out.flush()  # who asks through a pipe, line by line, waits for it
    if failed:
        raise SystemExit(1)


def _lines(stream: TextIO) -> Iterator[str | None]:
    """Yield the lines; None for one that is not text at all."""
    while True:
        try:
            line = stream.readline()
        except UnicodeDecodeError:
            yield None
            return
        if not line:
            return
        yield line


def _parsed(line: str | None) -> tuple[Any, str]:
    if line is None:
        raise BadLineError("文字として読めません。UTF-8 の文字にしてください。ここから先は読めません。")
    try:
        row = json.loads(line.removeprefix("\ufeff"))  # Windows' editor begins a file with a mark
    except (ValueError, RecursionError):
        raise BadLineError('JSON として読めません。{"id": "..", "text": ".."} の形にしてください。') from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise BadLineError('"text" がありません。{"id": "..", "text": ".."} の形にしてください。')
    text = row["text"]
    if not text.strip():
        raise BadLineError('"text" が空です。相談文を入れてください。')
    if len(text) > MAX_TEXT:
        raise BadLineError(f'"text" が長すぎます（{len(text):,}字）。{MAX_TEXT:,}字までにしてください。')
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BadLineError('"text" に文字でないものが入っています。')
    return row.get("id"), text
