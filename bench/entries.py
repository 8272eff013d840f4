"""``python -m bench.entries``: nDCG@10 of the catalogue's entries for consultations whose entries a reader has graded.

Measured is what ``renkei match`` prints, beside plain BM25 in the same run. The grades (0 to 3, ``bench/data/graded-entries.tsv``) come from a reader who had not seen the ranker; nothing is learned
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
    from renkei.matching.commands import best_entries
    from renkei.matching.entries import KINDS

    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (HERE / "data" / "graded-entries.tsv").read_text(encoding="utf-8").splitlines()[2:]:
        consultation, entry, grade = line.split("\t")
        grades[consultation][entry] = int(grade)
    rows = map(json.loads, (SHARED / "consultations-dev.jsonl").read_text(encoding="utf-8").splitlines())
    texts = {row["id"]: row["text"] for row in rows}
    ours, words = [], []
    for key, judged in grades.items():
        ours.append(_figure([one["id"] for one in best_entries(texts[key])], judged))
        ids, signs = index.pool(texts[key], kinds=KINDS)
        words.append(_figure([ids[n] for n in sorted(range(len(ids)), key=lambda n: (-float(signs["words"][n]), ids[n]))], judged))
    for name, values in (("renkei match", ours), ("plain BM25 of the same words", words)):
        mean, low, high = measures.interval(values)
        print(f"{name}: entries for {len(values)} consultations, nDCG@10 {mean:.3f} [{low:.3f}, {high:.3f}]")


def _figure(ids: list[str], judged: dict[str, int]) -> float:
    from renkei.matching import measures

    return measures.ndcg([judged.get(one, 0) for one in ids[:10]], list(judged.values()))


if __name__ == "__main__":
    raise SystemExit(main())
