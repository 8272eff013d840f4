"""Our own list of synonyms, in Sudachi's file format."""

from __future__ import annotations

import csv
from importlib.resources import files

from renkei.matching import synonyms
from renkei.matching.words import content_forms


def test_plain_words_meet_technical_ones() -> None:
    assert "腐食" in synonyms.expanded(["さび"])
    assert "融資" in synonyms.expanded(content_forms("借入"))
    assert synonyms.expanded(["融資", "借入"]) & {"融資", "借入"} == set()
    assert synonyms.expanded(["知らない語"]) == set()


def test_every_line_of_the_list_has_the_columns_of_the_format() -> None:
    text = (files("renkei.matching") / "data" / "synonyms.txt").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if line and not line.startswith("#")))
    assert {len(row) for row in rows} == {11}
    assert all(row[0].isdigit() and row[8].strip() for row in rows)
    assert len({row[0] for row in rows}) > 150
