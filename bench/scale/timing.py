"""How long questions and parts of their path take, in milliseconds."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from unittest import mock

Row = dict[str, Any]
LOOPS = ("add_rows", "add_phrases", "nearnesses", "weigh", "meet", "come_near", "hold")


def times(ask: Callable[[Any], Any], given: Sequence[Any], *, seconds: float = math.inf) -> Row:
    """Return median and p95, in milliseconds, of asking once for each; ``cpu`` is the median of this process's own work.

    After ``seconds`` no more is asked; ``asked`` tells how often it was, where that is less.
    """
    taken: list[float] = []
    worked: list[float] = []
    end = time.perf_counter() + seconds
    for one in given:
        if len(taken) > 1 and time.perf_counter() > end:
            break
        begun, at_work = time.perf_counter(), time.thread_time()
        ask(one)
        taken.append((time.perf_counter() - begun) * 1000)
        worked.append((time.thread_time() - at_work) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    found: Row = {"p50": round(statistics.median(taken), 2), "p95": round(p95, 2), "cpu": round(statistics.median(worked), 2)}
    return found | ({"asked": len(taken)} if len(taken) < len(given) else {})


def parts(texts: Sequence[str]) -> Row:
    """Return how long the parts of the path take: looking whether the index is current, the ranking alone, reading what it found."""
    from renkei.matching import fetching, index
    from renkei.matching.entries import KINDS, PER_KIND
    from renkei.matching.words import content_forms

    def ranked(text: str) -> list[str]:
        return [hit.id for hit in index.find_by_kind(text, audience="staff", kinds=KINDS, limit=PER_KIND)]

    return {
        "current": times(lambda _text: index.ensure(), texts),
        "analysis": times(content_forms, texts),
        "ranking": times(ranked, texts),
        "reading": times(fetching.with_windows, [ranked(text) for text in texts]),
    }


def loops_alone(ask: Callable[[str], Any], texts: Sequence[str]) -> Row:
    """Return how long the compiled loops of the whole path take, all that stands between them left out: no path with these signs is quicker."""
    from renkei.matching import loops

    spent = 0.0

    def timed(loop: Callable[..., None]) -> Callable[..., None]:
        def run(*given: Any) -> None:
            nonlocal spent
            begun = time.perf_counter()
            loop(*given)
            spent += time.perf_counter() - begun

        return run

    taken: list[float] = []
    with ExitStack() as stack:
        for name in LOOPS:
            stack.enter_context(mock.patch.object(loops, name, timed(getattr(loops, name))))
        for text in texts:
            spent = 0.0
            ask(text)
            taken.append(spent * 1000)
    return {"p50": round(statistics.median(taken), 2), "p95": round(statistics.quantiles(taken, n=20)[-1], 2)}
