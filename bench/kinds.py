"""``python -m bench.kinds [--learn]``: learn the weights by which a text's kind is told, and how good they are on texts not seen.

Learned from ``own``, ``unseen-1`` and ``kinds`` in ``bench/consultations`` and from ``bench/data/more-kinds`` (of which only the kind is told): neither
the shared set nor those kept for measuring (``bench.route``) have any part in it. Printed is the recall of each kind, cross-validated in ten parts, with a bootstrap interval of its
mean. ``--learn`` writes ``renkei/matching/data/kinds.json``, learned from all. An own throw-away database, as for ``bench.route``.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.route import DRAWS, HERE, KINDS
from bench.throw_away import throw_away

LEARNED_FROM = ("consultations/own", "consultations/unseen-1", "consultations/kinds", "data/more-kinds")
TARGET = HERE.parent / "renkei" / "matching" / "data" / "kinds.json"
PARTS, STEPS, STEP = 10, 2_000, 0.5
HELD = 3.0  # how strongly weights are held towards nought
EVEN = 0.7  # how far rare kinds count as much as common ones: 1 is altogether
Table = NDArray[np.float64]


def main() -> int:
    """Measure cross-validated, and learn from all when asked to."""
    with throw_away():
        names, rows, wanted = _read()
        _measure(rows, wanted)
        if "--learn" in sys.argv:
            _write(names, *_learn(rows, wanted))
    return 0


def _read() -> tuple[list[str], Table, NDArray[np.int64]]:
    """Return the signs' names, a row of them a text, and the number of each text's kind."""
    from renkei.base import clock
    from renkei.base.actor import SYSTEM
    from renkei.base.context import acting
    from renkei.matching import kinds
    from renkei.matching.understanding import signs_of

    told: list[dict[str, float]] = []
    wanted: list[int] = []
    with acting(SYSTEM):
        for name in LEARNED_FROM:
            for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
                row: dict[str, Any] = json.loads(line)
                told.append(signs_of(row["text"], on=clock.today()))
                wanted.append(kinds.KINDS.index(KINDS.get(row["kind"], "route")))
    return list(told[0]), np.array([list(one.values()) for one in told]), np.array(wanted)


def _learn(rows: Table, wanted: NDArray[np.int64]) -> tuple[Table, Table, Table]:
    """Return means, spreads and weights (last row: what each kind starts with): multinomial logistic regression, held towards nought."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    values = np.column_stack([(rows - mean) / spread, np.ones(len(rows))])
    count = np.bincount(wanted, minlength=4)
    counts = ((len(wanted) / (4 * np.maximum(count, 1))) ** EVEN)[wanted]
    counts /= counts.mean()
    aims = np.eye(4)[wanted]
    weights = np.zeros((values.shape[1], 4))
    for _step in range(STEPS):
        scores = values @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        held = weights.copy()
        held[-1] = 0
        weights -= STEP * (values.T @ ((chances - aims) * counts[:, None]) + HELD * held) / len(wanted)
    return mean, spread, weights


def _guess(learned: tuple[Table, Table, Table], rows: Table) -> NDArray[np.int64]:
    mean, spread, weights = learned
    return np.asarray((np.column_stack([(rows - mean) / spread, np.ones(len(rows))]) @ weights).argmax(axis=1))


def _measure(rows: Table, wanted: NDArray[np.int64]) -> None:
    from renkei.matching.kinds import KINDS as NAMES

    order = np.random.default_rng(1).permutation(len(wanted))
    guessed = np.zeros(len(wanted), dtype=np.int64)
    for part in range(PARTS):
        held = order[part::PARTS]
        seen = np.setdiff1d(order, held)
        guessed[held] = _guess(_learn(rows[seen], wanted[seen]), rows[held])
    right = [(guessed[wanted == number] == number).tolist() for number in range(len(NAMES))]
    for name, one in zip(NAMES, right, strict=True):
        print(f"  {name:15} {sum(one) / len(one):.3f} of {len(one)}")
    draw = random.Random(1)
    drawn = [statistics.mean(statistics.mean(map(float, draw.choices(one, k=len(one)))) for one in right) for _ in range(DRAWS)]
    cuts = statistics.quantiles(drawn, n=40)
    print(f"  mean recall     {statistics.mean(sum(one) / len(one) for one in right):.3f}  [{cuts[0]:.3f}, {cuts[-1]:.3f}], {PARTS} parts")


def _write(names: list[str], mean: Table, spread: Table, weights: Table) -> None:
    from renkei.matching.kinds import KINDS as NAMES

    told = {
        "signs": {
            name: {"mean": round(mean[at], 4), "spread": round(spread[at], 4)} | {kind: round(one, 4) for kind, one in zip(NAMES, weights[at], strict=True)}
            for at, name in enumerate(names)
        },
        "start": {kind: round(one, 4) for kind, one in zip(NAMES, weights[-1], strict=True)},
    }
    TARGET.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
