"""How quick the machine is just now, for figures that are compared with other days."""

from __future__ import annotations

import time


def yardstick() -> float:
    """Return the milliseconds of a million additions in plain Python."""
    begun, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number
    return round((time.perf_counter() - begun) * 1000, 1)
