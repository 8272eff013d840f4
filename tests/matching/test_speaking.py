"""What entries speak of is told once a text, kept on disk for every process, and told anew where the file is of no use."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from renkei.matching import index, speaking
from renkei.matching.answering import seek
from renkei.matching.answering import speaking as columns
from renkei.matching.knowledge import Knowledge, knowledge
from renkei.matching.speaking import Told, spoken_of
from tests.world import World

Region = Callable[..., World]
pytestmark = pytest.mark.django_db


class Teller:
    """Tells numbers that a float has no short form for, and remembers what it was asked."""

    def __init__(self, known: Knowledge) -> None:
        self.asked: list[str] = []
        self._size = len(known.services)

    def __call__(self, text: str) -> Told:
        self.asked.append(text)
        return tuple(len(text) / (n + 3) for n in range(self._size)), tuple(0.1 * n for n in range(self._size))


@pytest.fixture
def known(region: Region) -> Knowledge:
    region()
    speaking.forget()
    return knowledge()


def asked(known: Knowledge, place: Path, texts: list[str]) -> tuple[list[Told], list[str]]:
    """What is told, and of which texts it had to be told anew."""
    teller = Teller(known)
    return spoken_of(known, texts, place=place, tell=teller), teller.asked


def test_a_text_is_told_once_and_is_the_same_to_the_last_bit_from_memory_and_from_disk(known: Knowledge, tmp_path: Path) -> None:
    place, texts = tmp_path / "spoken.sqlite", ["めっき", "", "'; DROP TABLE spoken; --", "めっき", "\ud800"]
    first, anew = asked(known, place, texts)
    assert anew == ["めっき", "", "'; DROP TABLE spoken; --", "\ud800"]
    assert asked(known, place, texts) == (first, [])
    speaking.forget()
    assert asked(known, place, [*texts, "新しい"]) == ([*first, Teller(known)("新しい")], ["新しい"])
    assert first[0] == first[3] == Teller(known)("めっき")
    assert asked(known, place, []) == ([], [])


def test_no_text_stands_in_the_file(known: Knowledge, tmp_path: Path) -> None:
    asked(known, tmp_path / "spoken.sqlite", ["SECRET-TEXT-OF-AN-ENTRY"])
    assert b"SECRET" not in (tmp_path / "spoken.sqlite").read_bytes()


def test_another_version_of_what_is_known_is_told_anew_and_the_first_one_stays(known: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "spoken.sqlite"
    other = replace(known, version=known.version + 1, content=replace(known.content, raw={**known.content.raw, "cues": {}}))
    monkeypatch.setattr(speaking, "knowledge_of", {known.version: known, other.version: other}.__getitem__)
    speaking._mark.cache_clear()
    assert [asked(one, place, ["めっき"])[1] for one in (known, other, known, other)] == [["めっき"], ["めっき"], [], []]
    speaking.forget()
    assert [asked(one, place, ["めっき"])[1] for one in (known, other)] == [[], []]
    speaking._mark.cache_clear()


def test_vectors_that_come_or_go_are_told_anew(known: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "spoken.sqlite"
    told = []
    for lacking in ("", "no vectors", ""):
        monkeypatch.setattr(speaking.vectors, "missing", lambda lacking=lacking: lacking)
        speaking.forget()
        told.append(asked(known, place, ["めっき"])[1])
    assert told == [["めっき"], ["めっき"], []]


def test_two_at_once_write_without_harm(known: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "_PATIENCE", 10.0)
    place, mark = tmp_path / "spoken.sqlite", speaking._mark(known.version, False)
    blocks = [[f"{who}-{n}-{part}" for part in range(3)] for n in range(15) for who in ("一", "二")]
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda block: speaking._write(place, mark, {text: Teller(known)(text) for text in block}), blocks))
    whole = [text for block in blocks for text in block]
    assert speaking._read(place, mark, whole, len(known.services)) == {text: Teller(known)(text) for text in whole}


@pytest.mark.parametrize("harm", ["no database", "cut short", "another table", "short rows"])
def test_a_file_of_no_use_is_begun_anew(known: Knowledge, tmp_path: Path, harm: str) -> None:
    place = tmp_path / "spoken.sqlite"
    first = asked(known, place, ["めっき"])[0]
    speaking.forget()
    if harm == "no database":
        place.write_bytes(b"x" * 8_192)
        (tmp_path / "spoken.sqlite-journal").write_bytes(b"x" * 512)
    elif harm == "cut short":
        place.write_bytes(place.read_bytes()[:4_096])
    else:
        with closing(sqlite3.connect(place)) as file, file:
            file.execute("ALTER TABLE spoken RENAME TO other" if harm == "another table" else "UPDATE spoken SET told = x'00'")
    assert asked(known, place, ["めっき"]) == (first, ["めっき"])
    speaking.forget()
    assert asked(known, place, ["めっき"]) == (first, [])


def test_where_nothing_can_be_kept_it_is_told_all_the_same(known: Knowledge, tmp_path: Path) -> None:
    assert asked(known, tmp_path / "none" / "spoken.sqlite", ["めっき"])[1] == ["めっき"]
    assert not (tmp_path / "none").exists()
    place = tmp_path / "spoken.sqlite"
    asked(known, place, ["錆"])
    with closing(sqlite3.connect(place)) as other, other:
        other.execute("BEGIN EXCLUSIVE")
        speaking.forget()
        assert asked(known, place, ["錆", "傷"])[1] == ["錆", "傷"]
    speaking.forget()
    assert asked(known, place, ["錆", "傷"])[1] == ["傷"]  # what was kept is still there


def test_a_file_grown_too_large_is_emptied(known: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "spoken.sqlite"
    asked(known, place, ["一"])
    monkeypatch.setattr(speaking, "_MOST_PAGES", 1)
    monkeypatch.setattr(speaking, "_MOST_KEPT", 1)
    asked(known, place, ["二", "三"])
    speaking.forget()
    assert asked(known, place, ["一", "二", "三"])[1] == ["一"]


def test_the_signs_of_entries_are_the_same_whoever_told_them(known: Knowledge) -> None:
    entries = [one.entry for one in seek("めっきの厚さを測ってほしい。", known).matches]
    assert entries
    index.home().mkdir(parents=True, exist_ok=True)
    (index.home() / "spoken.sqlite").unlink(missing_ok=True)
    speaking.forget()
    first = columns(entries, known)
    assert (index.home() / "spoken.sqlite").is_file()
    speaking.forget()
    again = columns(entries, known)
    assert [(one == other).all() for one, other in zip(first, again, strict=True)] == [True, True]
