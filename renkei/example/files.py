"""The data files of the example region, and the password all its people share. Needs no Django."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

PASSWORD = "renkei-example"  # noqa: S105  printed for every visitor; example mode only


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data file of this package."""
    text = resources.files("renkei.example").joinpath("data", name).read_text(encoding="utf-8")
    for line in text.splitlines():
        yield json.loads(line)
