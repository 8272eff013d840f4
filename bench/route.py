"""``make measure-route``: how often the proposal is right, with bootstrap 95% intervals.

Runs on an own throw-away database with the example region's plan and catalogue. The labelled consultations and the
scorer lie outside the repository (``../shared/data``); our own lie in ``bench/consultations``. ``own``, ``unseen-1`` and ``kinds`` are
read and learned from (``bench.kinds``); ``unseen-2`` and ``unseen-3`` are for measuring only (see docs/matching.md).
"""

from __future__ import annotations

import importlib.util
import json
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from io import StringIO
from pathlib import Path
from typing import Any

from bench.throw_away import throw_away

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared" / "data"
TARGETS = ("0.60", "0.85", "0.55", "0.70")
KINDS = {"vague": "clarify", "external": "outside_region", "out-of-scope": "out_of_scope"}
DRAWS = 2_000
Row = dict[str, Any]


def main() -> int:
    """Measure every labelled file that is there; fails when a target is missed on the shared one."""
    with throw_away() as place:
        return max(_measure(path, place) for path in _files())


def _files() -> list[Path]:
    given = [Path(argument) for argument in sys.argv[1:]]
    found = given or [SHARED / "consultations-dev.jsonl", *sorted((HERE / "consultations").glob("*.jsonl"))]
    missing = [path for path in found if not path.is_file()]
    for path in missing:
        print(f"NOT MEASURED: {path} is not there")
    return [path for path in found if path.is_file()]


def _measure(gold_file: Path, place: Path) -> int:
    from renkei.matching.commands import route_lines
    from renkei.matching.vectors import missing

    gold = [json.loads(line) for line in gold_file.read_text(encoding="utf-8").splitlines()]
    asked = "".join(json.dumps({"id": row["id"], "text": row["text"]}, ensure_ascii=False) + "\n" for row in gold)
    answer = StringIO()
    began = time.perf_counter()
    route_lines(StringIO(asked), answer)
    taken = time.perf_counter() - began
    (place / "out.jsonl").write_text(answer.getvalue(), encoding="utf-8")
    print(f"\n== {gold_file.name}: {len(gold)} texts, {taken / len(gold) * 1000:.0f} ms each; {missing() or 'with word vectors'}")
    code = 0
    if (SHARED / "score_route.py").is_file():
        targets = TARGETS if gold_file.parent == SHARED else ()
        scorer = [sys.executable, str(SHARED / "score_route.py"), str(gold_file), str(place / "out.jsonl"), *targets]
        code = subprocess.run(scorer, check=False).returncode  # noqa: S603  our own scorer
    _intervals(gold, {row["id"]: row for row in map(json.loads, answer.getvalue().splitlines())})
    return code


def _intervals(gold: list[Row], out: dict[str, Row]) -> None:
    rows = [_points(row, out[row["id"]]) for row in gold]
    draw = random.Random(1)
    drawn: dict[str, list[float]] = defaultdict(list)
    for _ in range(DRAWS):
        for name, value in _figures(draw.choices(rows, k=len(rows))).items():
            drawn[name].append(value)
    for name, value in _figures(rows).items():
        cuts = statistics.quantiles(drawn[name], n=40)
        print(f"  {name:9} {value:.3f}  [{cuts[0]:.3f}, {cuts[-1]:.3f}]")


def _points(row: Row, out: Row) -> Row:
    """Return what one text adds to each figure, as the scorer counts it."""
    want_kind = KINDS.get(row["kind"], "route")
    points: Row = {"class": want_kind, "kind": out["kind"] == want_kind}
    if want_kind != "route":
        return points
    want = set(row["services"]) if row.get("any") else {row["services"][0]}
    got = list(dict.fromkeys(one["service"] for one in out["supports"]))
    body = next((one["body"] for one in out["supports"] if one["service"] in want), None)
    points |= {"first": bool(got) and got[0] in want, "in three": bool(want & set(got[:3])), "body": body in row["bodies"]}
    if row["kind"] == "multi":
        points["several"] = len(set(row["services"]) & set(got[:5])) / len(set(row["services"]))
    return points


def _figures(rows: list[Row]) -> dict[str, float]:
    found = {}
    for name in ("first", "in three", "body", "several"):
        values = [row[name] for row in rows if name in row]
        found[name] = sum(values) / len(values) if values else 0.0
    recall = [[row["kind"] for row in rows if row["class"] == kind] for kind in {row["class"] for row in rows}]
    found["kind"] = sum(sum(values) / len(values) for values in recall) / len(recall)
    return found


if __name__ == "__main__":
    if importlib.util.find_spec("sudachipy") is None:
        raise SystemExit("sudachipy is missing")
    raise SystemExit(main())
