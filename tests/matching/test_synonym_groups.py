"""The list of synonyms as a whole: alike is alike both ways, no word for everything, and a file that is our own."""

from __future__ import annotations

import csv
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.matching import language, synonyms
from renkei.matching.words import content_forms


def groups() -> dict[str, list[str]]:
    text = (files("renkei.matching") / "data" / "synonyms.txt").read_text(encoding="utf-8")
    found: dict[str, list[str]] = defaultdict(list)
    for row in csv.reader(line for line in text.splitlines() if line.strip() and not line.startswith("#")):
        found[row[0]].append(row[8])
    return found


@pytest.fixture
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of the test's own, in the place of the package's."""
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(synonyms, "files", lambda _package: tmp_path)
    monkeypatch.setattr(synonyms, "_alike", synonyms._alike.__wrapped__)
    return tmp_path / "data" / "synonyms.txt"


def line(group: str, word: str) -> str:
    return f"{group},1,0,1,0,0,0,(),{word},,\n"


def test_alike_is_alike_both_ways() -> None:
    alike = synonyms._alike()
    assert [(form, other) for form, others in alike.items() for other in others if form not in alike[other]] == []
    assert [form for form, others in alike.items() if form in others] == []


def test_every_group_holds_two_words_or_more_and_none_twice() -> None:
    assert [group for group, words in groups().items() if len(words) < 2 or len(set(words)) < len(words)] == []


def test_every_listed_word_but_five_leaves_something_to_search_for() -> None:
    """A word of the stop list, or one the analyser takes for an adverb, stands there for nothing: no more of these."""
    idle = [word for words in groups().values() for word in words if not content_forms(word)]
    assert idle == ["ざらざら", "ばり", "バリ", "何でできているか", "中を見る"]


def test_no_word_stands_for_half_the_catalogue() -> None:
    assert max(len(others) for others in synonyms._alike().values()) < 60


def test_lines_of_one_group_meet_whatever_their_order(own_list: Path) -> None:
    own_list.write_text(line("2", "腐食") + "# remark\n\n" + line("1", "融資") + line("2", "塩害") + line("1", "借入"), encoding="utf-8")
    assert synonyms.expanded(["腐食"]) == {"塩害"} == set(content_forms("塩害"))
    assert synonyms.expanded(["塩害"]) == {"腐食"}
    assert "融資" not in synonyms.expanded(["腐食", "塩害"])


def test_a_word_of_two_groups_means_both(own_list: Path) -> None:
    own_list.write_text(line("1", "腐食") + line("1", "塩害") + line("2", "塩害") + line("2", "潮風"), encoding="utf-8")
    assert synonyms.expanded(["塩害"]) >= {"腐食"} | set(content_forms("潮風"))
    assert synonyms.expanded(["腐食"]) == {"塩害"}


def test_an_empty_list_expands_nothing(own_list: Path) -> None:
    own_list.write_text("# nothing yet\n", encoding="utf-8")
    assert synonyms.expanded(["腐食"]) == set()


@given(st.sets(st.sampled_from(sorted(synonyms._alike())), max_size=6))
def test_what_was_given_is_never_among_what_is_added(forms: set[str]) -> None:
    added = synonyms.expanded(forms)
    assert added & forms == set()
    assert added == {other for form in forms for other in synonyms._alike()[form]} - forms


@given(st.text(max_size=80))
def test_every_phrase_found_is_one_that_is_said_and_stands_in_the_text(text: str) -> None:
    for name in language._patterns():
        spans = language.found(name, text)
        assert bool(spans) is language.says(name, text)
        assert all(0 <= start < end <= len(text) for start, end in spans)


@pytest.mark.parametrize("name", ["request", "negated", "later", "first", "declined", "elsewhere", "everywhere", "vague", "prefectures"])
def test_no_kind_of_phrase_is_said_by_an_empty_or_a_very_long_text(name: str) -> None:
    assert not language.says(name, "")
    assert not language.says(name, "あ" * 20_000)
    assert language.found(name, "ん" * 20_000) == []


def test_a_kind_nobody_wrote_down_is_a_fault_and_not_a_no() -> None:
    with pytest.raises(KeyError):
        language.says("sung", "まず厚さから")
