"""The tiny made-up region as files: loaded, and loaded with one thing changed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from renkei.plan.files import load

REGION = Path(__file__).parent / "region"


def region() -> dict[str, Any]:
    """Return the region's document, free to change."""
    return copy.deepcopy(load(REGION).document)
