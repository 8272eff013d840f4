"""Words, sentences and pairs, with places that fit the text."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.words import MAX_LENGTH, content_forms, pairs, sentences, words


def test_words_meet_in_their_normal_form() -> None:
    assert [word.form for word in words("お借りできる")] == ["御", "借りる", "出来る"]
    assert [word.form for word in words("立替え")] == [word.form for word in words("立て替え")] == ["立て替え"]


def test_half_width_katakana_keeps_its_place() -> None:
    [lamp, *_rest] = words("ﾗﾝﾌﾟの信号")
    assert (lamp.surface, lamp.form, lamp.start, lamp.end) == ("ﾗﾝﾌﾟ", "ランプ", 0, 4)


def test_only_words_that_carry_meaning_are_content() -> None:
    assert content_forms("お世話になっております。めっきの厚さを測りたいのですが。") == ["鍍金", "厚い", "さ", "測る"]


def test_numbers_and_signs_are_no_content() -> None:
    assert content_forms("100 1,500 … （） ①") == []


def test_pairs_come_from_runs_without_hiragana() -> None:
    assert pairs("塩水噴霧でﾃｽﾄ") == ["塩水", "水噴", "噴霧", "テス", "スト"]


def test_sentences_keep_their_places() -> None:
    text = "めっきが剥がれる。\n原因は？『分からない』"
    assert [(one.text, text[one.start : one.end] == one.text) for one in sentences(text)] == [
        ("めっきが剥がれる。\n", True), ("原因は？", True), ("『分からない』", True),
    ]  # fmt: skip


def test_a_very_long_text_is_read_up_to_the_limit() -> None:
    found = sentences("あ。" * MAX_LENGTH)
    assert found[-1].end <= MAX_LENGTH


def test_text_longer_than_a_block_of_the_analyser_is_read_whole() -> None:
    assert content_forms("測定" * 9_000).count("測定") == 9_000


@pytest.mark.parametrize("text", ["", "\x00\x01", "🦊" * 50, "\ufeff\u202e逆", "a" * 500, "\n\n\n"])
def test_hostile_text_is_read_without_a_fault(text: str) -> None:
    for one in sentences(text):
        assert text[one.start : one.end] == one.text
    assert isinstance(content_forms(text), list)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_every_word_stands_where_it_says(text: str) -> None:
    assert [text[word.start : word.end] for word in words(text)] == [word.surface for word in words(text)]


def test_threads_do_not_share_a_tokenizer() -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(content_forms("めっきの厚さ" * 50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)
