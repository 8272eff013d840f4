"""``python -m bench.entries``: nDCG@10 of the catalogue's entries for consultations whose entries a reader has graded.

The grades (0 to 3, ``bench/data/graded-entries.tsv``) come from a reader who had not seen the ranker; nothing is learned
from them. An own throw-away database, as for ``bench.route``.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.route import HERE, SHARED, _prepare
from renkei.run.postgres import Server


def main() -> int:
    """Measure once and print the mean with its interval."""
    with tempfile.TemporaryDirectory(prefix="rk-entries-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        server = Server(Path(place), throw_away=True)
        server.start()
        try:
            os.environ.update(server.environment())
            os.environ.update(RENKEI_HOME=place, RENKEI_LOGIN="owner")
            _prepare()
            _measure()
        finally:
            from django.db import connections

            connections.close_all()
            server.stop()
    return 0


def _measure() -> None:
    from renkei.matching import index, measures
    from renkei.matching.models import EntryKind

    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (HERE / "data" / "graded-entries.tsv").read_text(encoding="utf-8").splitlines()[2:]:
        consultation, entry, grade = line.split("\t")
        grades[consultation][entry] = int(grade)
    rows = map(json.loads, (SHARED / "consultations-dev.jsonl").read_text(encoding="utf-8").splitlines())
    texts = {row["id"]: row["text"] for row in rows}
    values = []
    for key, judged in grades.items():
        hits = index.find_by_kind(texts[key], audience="staff", kinds=EntryKind.values, limit=10)
        best = sorted(hits, key=lambda hit: (-hit.score, hit.id))[:10]
        values.append(measures.ndcg([judged.get(hit.id, 0) for hit in best], list(judged.values())))
    mean, low, high = measures.interval(values)
    print(f"entries for {len(values)} consultations: nDCG@10 {mean:.3f} [{low:.3f}, {high:.3f}]")


if __name__ == "__main__":
    raise SystemExit(main())
