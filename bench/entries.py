"""``python -m bench.entries [--learn]``: nDCG@10 of the catalogue's entries for consultations whose entries a reader has graded.

Measured is what a proposal shows on the desk and ``renkei match`` lists (one path), beside plain BM25 in the same run. The grades (0 to 3, ``bench/data/graded-entries.tsv``)
come from a reader who had not seen the ranker. The shipped weights have been learned from them, so the figure to quote is the
cross-validated one: each eighth of the consultations under weights learned from the others. ``--learn`` writes the weights
learned from all (``renkei/matching/data/answering.json``). An own throw-away database, as for ``bench.route``.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench.route import HERE, SHARED
from bench.throw_away import throw_away

PARTS = 8
TARGET = HERE.parent / "renkei" / "matching" / "data" / "answering.json"


def main() -> int:
    """Measure once and print the means with their intervals."""
    with throw_away():
        _measure(learns="--learn" in sys.argv)
    return 0


def _measure(*, learns: bool) -> None:
    from renkei.matching import learning
    from renkei.matching.commands import best_entries

    grades, texts = _graded(), _texts()
    examples = [_example(texts[key], judged) for key, judged in grades.items()]
    if learns:
        told = learning.fit(examples, trees=False).as_data() | {"name": "answering"}
        TARGET.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    unseen = [0.0] * len(examples)
    for held, model in learning.cross_validated(examples, PARTS, fitted=lambda some: learning.fit(some, trees=False)):
        for number in held:
            unseen[number] = examples[number].gain(model)
    plain = [_figure(_order(one.signs["words"]), one.grades.tolist(), one.all_grades) for one in examples]
    shipped = [
        _figure(range(10), [judged.get(one["id"], 0) for one in best_entries(texts[key])], list(judged.values()))
        for key, judged in grades.items()
    ]
    _tell(f"weights learned from the other consultations ({PARTS} parts)", unseen)
    _tell("beyond plain BM25, pair by pair", [a - b for a, b in zip(unseen, plain, strict=True)])
    _tell("renkei match as shipped, which has seen these grades", shipped)
    _tell("plain BM25 of the same words", plain)


def _example(text: str, judged: Mapping[str, int]) -> Any:
    import numpy as np

    from renkei.matching.answering import seek, signs_for
    from renkei.matching.knowledge import knowledge
    from renkei.matching.learning import Example
    from renkei.matching.propose import propose

    sought = seek(text, knowledge())
    own = np.array([judged.get(one.entry.id, 0) for one in sought.matches], dtype=np.int64)
    return Example(signs_for(sought, knowledge(), propose(text).supports), own, tuple(judged.values()))


def _graded() -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (HERE / "data" / "graded-entries.tsv").read_text(encoding="utf-8").splitlines()[2:]:
        consultation, entry, grade = line.split("\t")
        grades[consultation][entry] = int(grade)
    return grades


def _texts() -> dict[str, str]:
    rows = map(json.loads, (SHARED / "consultations-dev.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["text"] for row in rows}


def _order(score: Any) -> list[int]:
    return sorted(range(len(score)), key=lambda n: (-float(score[n]), n))


def _figure(order: Sequence[int], own: Sequence[int], all_grades: Sequence[int]) -> float:
    from renkei.matching import measures

    return measures.ndcg([own[n] for n in order if n < len(own)][:10], all_grades)


def _tell(name: str, values: Sequence[float]) -> None:
    from renkei.matching import measures

    mean, low, high = measures.interval(values)
    print(f"{name}: entries for {len(values)} consultations, nDCG@10 {mean:.3f} [{low:.3f}, {high:.3f}]", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
