"""The list that comes with the program, as a whole: no word of it is dead, and none stands for everything."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.matching import language, synonyms
from renkei.matching.wordfile import KINDS, MEANS, SYMPTOM, lines, shipped, written
from renkei.matching.words import words

LISTED = synonyms.default()
WORDS = [(group.code, one.word, one.kind) for group in shipped() for one in group.words]
TEXTS = Path(__file__).parents[2].parent / "shared" / "data" / "consultations-dev.jsonl"


def test_the_list_is_as_long_as_a_region_needs_and_in_the_files_own_form() -> None:
    assert len(shipped()) >= 600
    assert {kind for _code, _word, kind in WORDS} == set(KINDS)
    text = written(shipped())
    assert [line for line in lines(text) if line.word is None] == []


def test_no_word_is_dead() -> None:
    """Each word that may start a search does, by its own group, whatever the analyser makes of it."""
    dead = [(code, word) for code, word, kind in WORDS if kind != MEANS and code not in
            {one.group for one in LISTED.used(words(word))}]  # fmt: skip
    assert dead == []
    mute = [(code, word) for code, word, kind in WORDS if kind != SYMPTOM and not synonyms.term_of(word, kind).forms]
    assert mute == []


def test_every_group_holds_two_words_or_more_and_none_twice() -> None:
    assert [group.code for group in shipped() if len({one.word for one in group.words}) < max(2, len(group.words))] == []
    assert [group.code for group in shipped() if len({synonyms.term_of(one.word).keys for one in group.words}) < 2] == []
    assert [code for code, n in Counter(group.code for group in shipped()).items() if n > 1] == []


def test_no_word_is_too_short_or_too_long() -> None:
    assert [word for _code, word, _kind in WORDS if len(word) > 20 or (len(word) < 2 and not "一" <= word <= "鿿")] == []


def test_no_word_stands_for_half_the_catalogue() -> None:
    assert max(len(LISTED.expanded([one.word])) for group in shipped() for one in group.words) < 30
    assert max(Counter(word for _code, word, _kind in WORDS).values()) <= 3


def test_no_phrase_was_taken_from_the_texts_we_measure_with() -> None:
    """A general word may stand in any text; a phrase of nine characters that does was copied."""
    if not TEXTS.exists():
        pytest.skip("the shared texts are not here")
    told = " ".join(json.loads(line)["text"] for line in TEXTS.read_text(encoding="utf-8").splitlines())
    assert [word for _code, word, _kind in WORDS if any(word[at : at + 9] in told for at in range(len(word) - 8))] == []


@given(st.lists(st.sampled_from([word for _code, word, _kind in WORDS]), max_size=6))
def test_what_a_text_says_is_never_among_what_is_added(told: list[str]) -> None:
    units = words("。".join(told))
    own = {unit.form for unit in units if unit.is_content}
    assert [forms for forms in LISTED.added(units) if own.issuperset(forms) or not forms] == []
    assert LISTED.expanded(own) & own == set()


@given(st.text(max_size=80))
def test_every_word_found_stands_in_the_text_where_it_is_said_to(text: str) -> None:
    for one in LISTED.used(words(text)):
        assert 0 <= one.start < one.end <= len(text)
        assert one.others


@given(st.text(max_size=80))
def test_every_phrase_found_is_one_that_is_said_and_stands_in_the_text(text: str) -> None:
    for name in language._patterns():
        spans = language.found(name, text)
        assert bool(spans) is language.says(name, text)
        assert all(0 <= start < end <= len(text) for start, end in spans)


@pytest.mark.parametrize("name", ["request", "negated", "done", "absent", "besides", "later", "first", "declined", "elsewhere", "everywhere", "vague", "prefectures"])
def test_no_kind_of_phrase_is_said_by_an_empty_or_a_very_long_text(name: str) -> None:
    assert not language.says(name, "")
    assert not language.says(name, "あ" * 20_000)
    assert language.found(name, "ん" * 20_000) == []


def test_a_kind_nobody_wrote_down_is_a_fault_and_not_a_no() -> None:
    with pytest.raises(KeyError):
        language.says("sung", "まず厚さから")
