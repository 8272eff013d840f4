"""The pictures of the docs and the guide are made here, so that they cannot outlive the pages they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.pictures import DOCS, FOR_DOCS, FOR_GUIDE, GUIDE, SIZES, take
from tests.browser.conftest import Site


def test_every_picture_of_the_docs_and_the_guide_is_made(site: Site, chromium: Any, tmp_path: Path) -> None:
    docs, guide = tmp_path / "docs", tmp_path / "guide"
    docs.mkdir()
    guide.mkdir()
    take(chromium, site.address, docs, guide)
    assert {path.name for path in docs.iterdir()} == {f"{name}-{width}.png" for name in FOR_DOCS for width, _height in SIZES}
    assert {path.name for path in guide.iterdir()} == {f"{name}-{width}.webp" for name in FOR_GUIDE for width, _height in SIZES}
    assert {path.name for path in docs.iterdir()} == {path.name for path in DOCS.iterdir()}
    assert {path.name for path in guide.iterdir()} == {path.name for path in GUIDE.iterdir()}
    assert [path.name for folder in (docs, guide) for path in folder.iterdir() if path.stat().st_size < 4_000] == []
