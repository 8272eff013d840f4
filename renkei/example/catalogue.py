"""The catalogue of the example region, from data files: seeds, machines, programmes, people, events, needs, past cases.

All of it is fictional (架空). Dates are shifted by whole weeks, so that the files' reference day falls in this week.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries, put_services
from renkei.matching.models import EntryKind, WindowKind
from renkei.matching.tying import ACCOUNT, account_of
from renkei.plan.models import Body

REFERENCE_DAY = dt.date(2026, 11, 25)  # the files were written as of this day
KEPT_BY = "screen"  # its people keep it, as they would at home
Row = dict[str, Any]


def load_catalogue() -> int:
    """Write every row of the catalogue as an entry, and the plan's services. Returns how many changed; twice is none."""
    loader = _Loader()
    return put_services(by=SYSTEM) + put_entries(loader.rows(), kept_by=KEPT_BY, by=SYSTEM)


def shifted(day: str | None) -> dt.date | None:
    """Return a day of the files moved by whole weeks to the present."""
    if not day:
        return None
    weeks = (clock.today() - REFERENCE_DAY).days // 7
    return dt.date.fromisoformat(day[:10]) + dt.timedelta(weeks=weeks)


def _file(name: str) -> Iterator[Row]:
    text = resources.files("renkei.example").joinpath("data", "catalogue", f"{name}.jsonl").read_text(encoding="utf-8")
    return (json.loads(line) for line in text.splitlines() if line.strip())


class _Loader:
    """Turns the rows of each file into entries; bodies outside the plan become owner names."""

    def __init__(self) -> None:
        self.bodies = set(Body.objects.values_list("pk", flat=True))

    def rows(self) -> Iterator[EntryRow]:
        makers: dict[str, Callable[[Row], Iterator[EntryRow]]] = {
            "seeds": self._seed, "equipment": self._machine, "external_equipment": self._outside,
            "programmes": self._programme, "people": self._person, "events": self._event, "needs": self._need,
            "past_cases": self._example,
        }  # fmt: skip
        for name, make in makers.items():
            for row in _file(name):
                yield from make(row)

    def _body(self, code: str) -> str | None:
        return code if code in self.bodies else None

    def _seed(self, row: Row) -> Iterator[EntryRow]:
        yield EntryRow(
            id=row["id"], kind=EntryKind.SEED, name=row["title"], body=self._body(row["body"]), owner_name=row["unit"],
            summary=row["summary"], text=_text(row["keywords"], row["applications"], row["wants"]), is_public=True,
            facts={key: row[key] for key in ("trl", "ip_state", "wants", "contact", "researcher")},
        )  # fmt: skip

    def _machine(self, row: Row) -> Iterator[EntryRow]:
        tests = row.get("tests", [])
        facts = {key: row[key] for key in _MACHINE_FACTS if row.get(key) is not None}
        yield EntryRow(
            id=row["id"], kind=EntryKind.EQUIPMENT, name=row["name"], kana=row["kana"], body=self._body(row["body"]),
            summary=row["purpose"], facts=facts, is_public=True,
            text=_text(row["lab"], row["keywords"], row["standards"], row["spec"], [t["name"] for t in tests]),
        )  # fmt: skip
        for test in tests:
            yield EntryRow(
                id=test["id"], kind=EntryKind.TEST, name=test["name"], body=self._body(row["body"]), is_public=True,
                summary=f"{test['unit']}、{test['method']}", text=_text(row["name"], row["keywords"], row["lab"]),
                facts={"fee_yen": test["fee_yen"], "days": test["days"], "machine": row["id"]},
            )  # fmt: skip

    def _outside(self, row: Row) -> Iterator[EntryRow]:
        facts = {key: row[key] for key in (*_MACHINE_FACTS, "network", "in_region", "in_region_equipment") if key in row}
        yield EntryRow(
            id=row["id"], kind=EntryKind.OUTSIDE, name=row["name"], kana=row["kana"], owner_name=row["owner"],
            summary=row["purpose"], text=_text(row["lab"], row["keywords"], row["standards"], row["spec"]),
            facts=facts, is_public=True,
        )  # fmt: skip

    def _programme(self, row: Row) -> Iterator[EntryRow]:
        window = WindowRow(
            WindowKind.CALL, shifted(row["opens_on"]), shifted(row["closes_on"]), always_open=row["always_open"]
        )
        facts = {key: row[key] for key in _PROGRAMME_FACTS if row.get(key) is not None}
        yield EntryRow(
            id=row["id"], kind=EntryKind.PROGRAMME, name=row["name"], body=self._body(row["body"]),
            owner_name="" if row["body"] in self.bodies else {"national": "国", "city": "市町村"}.get(row["body"], ""),
            service=row["service"], summary=row["summary"], text=_text(row["keywords"], row["cost_heads"]),
            facts=facts, is_public=True, windows=(window,),
        )  # fmt: skip

    def _person(self, row: Row) -> Iterator[EntryRow]:
        absent = [{end: str(shifted(span[end])) for end in ("from", "to")} for span in row["absent"]]
        yield EntryRow(
            id=row["id"], kind=EntryKind.PERSON, name=row["name"], kana=row["kana"], body=self._body(row["body"]),
            summary=row["profile"], text=_text(row["role_ja"], row["specialities"]),
            facts={"post": row["role"], "languages": row["languages"]} | ({"absent": absent} if absent else {}) | self._account(row),
        )  # fmt: skip

    def _account(self, row: Row) -> Row:
        """Return whose account a person's entry is tied to: that of the same name in its body."""
        account = account_of(row["name"], row["body"])
        return {ACCOUNT: account} if account else {}

    def _event(self, row: Row) -> Iterator[EntryRow]:
        starts = shifted(row["starts"])
        is_course = row["kind"] in {"course", "salon"}
        window = WindowRow(
            WindowKind.COURSE if is_course else WindowKind.MEETING, None, shifted(row["closes_on"]) or starts, starts
        )
        yield EntryRow(
            id=row["id"], kind=EntryKind.EVENT, name=row["title"], body=self._body(row["hosts"][0]),
            service=row["service"], summary=row["abstract"], windows=(window,), is_public=True,
            text=_text(row["keywords"], row["place"], [s["title"] for s in row["sessions"]]),
            facts={key: row[key] for key in ("fee_yen", "capacity", "online", "place", "hosts", "kind")} | _qualifies_for(row),
        )  # fmt: skip

    def _need(self, row: Row) -> Iterator[EntryRow]:
        """A need is found by what may be public of it; who has it and its details stay with its keeper."""
        due = shifted(row["due"])
        yield EntryRow(
            id=row["id"], kind=EntryKind.NEED, name=row["title"], summary=row["public_summary"],
            is_public=row["disclosure"] == "public", facts={"source": row["source"], "disclosure": row["disclosure"]},
            windows=(WindowRow(WindowKind.CALL, None, due),) if due else (),
        )  # fmt: skip

    def _example(self, row: Row) -> Iterator[EntryRow]:
        supports = [[s["service"], s["body"], s["result"]] for s in row["supports"]]
        yield EntryRow(
            id=row["id"], kind=EntryKind.EXAMPLE, name=f"{row['field']}の事例: {row['text'][:40]}", summary=row["text"],
            text=_text(row["field"], row["outcome"]["story"], row["lessons"]),
            facts={"supports": supports, "months": row["months"], "result": row["outcome"]["result"]},
        )  # fmt: skip


_MACHINE_FACTS = ("lab", "setup_fee_yen", "hourly_yen", "training_level", "standards", "external_use", "spec", "opening")
_PROGRAMME_FACTS = ("eligible", "rate", "rate_small", "cap_yen", "floor_yen", "decision_weeks", "requires")


def _qualifies_for(row: Row) -> Row:
    """Return the equipment people work with in an event's sessions, each kind once; it qualifies them for that."""
    named = list(dict.fromkeys(kind for session in row["sessions"] for kind in session["equipment_kinds"]))
    return {"qualifies_for": named} if named else {}


def _text(*parts: str | list[str] | None) -> str:
    return "\n".join("、".join(part) if isinstance(part, list) else part for part in parts if part)
