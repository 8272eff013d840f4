"""The English catalogue is whole: every message of the source has its English, and the .mo says what the .po says."""

from __future__ import annotations

import gettext
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.messages import CATALOGUE, Message, faults, mo_bytes, po_text, read_po

REPO = Path(__file__).parents[2]


def test_no_message_lacks_its_english() -> None:
    messages = read_po(CATALOGUE)
    assert len(messages) > 2_500
    assert [one.msgid for one in messages if not one.is_whole] == []


def test_no_english_is_a_guess() -> None:
    assert [one.msgid for one in read_po(CATALOGUE) if "fuzzy" in one.flags] == []
    assert "#~" not in CATALOGUE.read_text(encoding="utf-8")


def test_placeholders_are_the_same_in_both_languages() -> None:
    assert [fault for one in read_po(CATALOGUE) for fault in faults(one)] == []


def test_the_compiled_catalogue_says_what_the_written_one_says() -> None:
    """Machines that run Renkei need no gettext tools: the .mo is committed, so it can go stale."""
    messages = read_po(CATALOGUE)
    compiled = CATALOGUE.with_suffix(".mo")
    assert compiled.read_bytes() == mo_bytes(messages)
    with compiled.open("rb") as file:
        loaded = gettext.GNUTranslations(file)
    for one in messages:
        if one.plural:
            assert [loaded.ngettext(one.msgid, one.plural, n) for n in (1, 2)] == one.english
        else:
            assert loaded.gettext(one.msgid) == one.english[0]


def test_every_message_of_the_source_is_in_the_catalogue() -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("NO XGETTEXT HERE: whether the catalogue holds every message of the source was not looked at")
    command = [sys.executable, "-W", "ignore", "-m", "bench.messages", "--check"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run: make messages\n{done.stdout}{done.stderr}"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    messages = [
        Message("一行", english=["one line"]), Message("二行\nある", english=['two\n"lines" \\ here'], flags=["python-format"]),
        Message("%(n)s件", "%(n)s件", ["%(n)s thing", "%(n)s things"]), Message("まだ", english=[""]),
    ]  # fmt: skip
    path = tmp_path / "some.po"
    path.write_text(po_text(messages), encoding="utf-8")
    assert read_po(path) == messages


@pytest.mark.parametrize(("japanese", "english", "wrong"), [
    ("%(n)s件", "%(n)s", 0), ("%(n)s件", "%(m)s", 1), ("%(n)s件", "many", 1), ("%(a)sと%(b)s", "%(b)s, %(a)s", 0),
    ("<b>太い</b>", "<b>bold</b>", 0), ("<b>太い</b>", "bold", 1), ("件", "%(n)s", 1),
])  # fmt: skip
def test_a_lost_placeholder_is_seen(japanese: str, english: str, wrong: int) -> None:
    assert len(faults(Message(japanese, english=[english]))) == wrong
