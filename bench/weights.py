"""``python -m bench.weights``: learn the published weights from the development queries, both collections alike.

Writes ``renkei/matching/data/ranking.json``. The collections lie outside the repository (``../shared/data/retrieval``) and
nothing of them gets in but these numbers. Quote the cross-validated figures it prints, not those of the finished weights.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from renkei.matching import learning, retrieval
from renkei.matching.learning import Example

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared" / "data" / "retrieval"
TARGET = HERE.parent / "renkei" / "matching" / "data" / "ranking.json"
SETS = ("faq-dev", "jsquad-valid")
MOST = 264  # queries of each collection, so that neither outweighs the other


def main() -> int:
    sets = {one: _examples(one) for one in SETS}
    for held_in, examples in sets.items():
        _cross_validate(held_in, sets, examples)
    model = learning.fit([one for examples in sets.values() for one in examples], trees=False)
    told = {"words and static vectors": model.as_data() | {"name": "published"}}
    TARGET.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _examples(name: str) -> list[Example]:
    found = retrieval.read(*(SHARED / name / file for file in ("corpus.jsonl", "queries.jsonl", "qrels.tsv")))
    keys = sorted(found.queries)
    kept = [keys[n] for n in np.random.default_rng(5).permutation(len(keys))[:MOST]]
    few = retrieval.Collection(found.documents, {key: found.queries[key] for key in kept}, found.grades)
    with tempfile.TemporaryDirectory() as place:
        return retrieval.examples_of(few, retrieval.build(few.documents, Path(place)))


def _cross_validate(name: str, sets: dict[str, list[Example]], examples: list[Example]) -> None:
    others = [one for other, listed in sets.items() if other != name for one in listed]
    gained = np.zeros(len(examples))
    for held, model in learning.cross_validated(
        examples, 5, fitted=lambda own: learning.fit([*own, *others], trees=False)
    ):
        for number in held:
            gained[number] = examples[number].gain(model)
    print(name, "nDCG@10 of weights learned on the rest of it and all of the other:", round(float(gained.mean()), 4), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
