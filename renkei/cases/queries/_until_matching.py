"""Stands in for the matcher until it is there; not committed for long."""
from __future__ import annotations
try:
    from renkei.matching.proposal import Candidate
    from renkei.matching.propose import next_best
except ImportError:
    from dataclasses import dataclass, field
    from typing import Any
    @dataclass
    class Candidate:  # type: ignore[no-redef]
        service: str
        body: str
        stage: str
        score: float
        need: int
        date: Any
        date_words: str
        entries: list[Any]
        evidence: list[Any]
        blocked_by: str = ""
    def next_best(text: str, service: str, *, declined: Any, facts: Any) -> list[Candidate]:  # type: ignore[misc]
        return []
