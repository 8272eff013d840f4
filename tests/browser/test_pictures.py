"""The pictures of the docs and the guide are made here, so that they cannot outlive the pages they show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bench.pictures import DOCS, FOR_DOCS, FOR_GUIDE, GUIDE, SIZES, WORDS, take
from tests.browser.conftest import Site

ALIKE = 0.75  # of the words; the rest may be data: names, days, who has how much
_OF_THE_DAY = re.compile(r"(株式|有限|合同)会社|社名は未確認|（[月火水木金土日]）")


@pytest.mark.long  # so it comes first: the pictures are of the region as it begins, before other tests play in it
@pytest.mark.timeout(600)
def test_every_picture_of_the_docs_and_the_guide_is_made_and_fresh(site: Site, chromium: Any, tmp_path: Path) -> None:
    docs, guide = tmp_path / "docs", tmp_path / "guide"
    docs.mkdir()
    guide.mkdir()
    said = take(chromium, site.address, docs, guide)
    assert {path.name for path in docs.iterdir()} == {f"{name}-{width}.png" for name in FOR_DOCS for width, _height in SIZES}
    assert {path.name for path in guide.iterdir()} == {f"{name}-{width}.webp" for name in FOR_GUIDE for width, _height in SIZES}
    assert {path.name for path in docs.iterdir()} == {path.name for path in DOCS.iterdir()}
    assert {path.name for path in guide.iterdir()} == {path.name for path in GUIDE.iterdir()}
    assert [path.name for folder in (docs, guide) for path in folder.iterdir() if path.stat().st_size < 4_000] == []
    assert stale(json.loads(WORDS.read_text(encoding="utf-8")), said) == {}, "the pages have changed: make pictures"


def stale(then: dict[str, list[str]], now: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the pictures whose pages speak other words now, with the words that came or went."""
    found = {}
    for name in then.keys() | now.keys():
        before, after = _lasting(then.get(name, ())), _lasting(now.get(name, ()))
        if len(before & after) < ALIKE * len(before | after):
            found[name] = sorted(before ^ after)
    return found


def _lasting(words: Iterable[str]) -> set[str]:
    """Return the words that a page says on any day: on a Saturday other firms are to be called than on a Friday."""
    return {word for word in words if not _OF_THE_DAY.search(word)}


def test_a_picture_is_stale_when_its_page_says_other_words() -> None:
    assert stale({"one": ["答える", "今日（金）"]}, {"one": ["答える", "今日（土）", "浦島製網有限会社"]}) == {}
    then = {"one": ["答える", "断る", "尋ねる", "渡す"], "two": ["保存する"]}
    assert stale(then, then) == {}
    assert stale(then, then | {"one": ["答える", "断る", "尋ねる", "渡す", "やめる"]}) == {}
    assert stale(then, then | {"one": ["引き受ける", "断る", "尋ねる", "渡す"]}) == {"one": ["引き受ける", "答える"]}
    assert stale(then, {"one": then["one"]}) == {"two": ["保存する"]}
    assert stale(then, then | {"three": ["送る"]}) == {"three": ["送る"]}
