"""Words, sentences and pairs, with places that fit the text."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching import words as words_module
from renkei.matching.words import MAX_LENGTH, content_forms, pairs, placed_forms, sentences, spoken, spoken_forms, words


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


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_every_word_stands_where_it_says(text: str) -> None:
    assert [text[word.start : word.end] for word in words(text)] == [word.surface for word in words(text)]
    assert placed_forms(text) == [(word.start, word.end, word.form) for word in words(text)]


def test_threads_do_not_share_a_tokenizer() -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(content_forms("めっきの厚さ" * 50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("國の補助", ["国", "補助"]), ("鍍金とメッキとﾒｯｷ", ["鍍金"] * 3), ("ＩｏＴとIoT", ["iot"] * 2),
        ("溶接熔接", ["溶接"] * 2), ("剥がれ、はがれる", ["剥がれる"] * 2), ("", []), ("　\t\n", []), ("を、が、は。", []),
        ("弊社の者がご相談", []), ("第３回の１２件", ["第", "回"]),
    ],
)  # fmt: skip
def test_content_meets_over_widths_old_forms_and_spellings(text: str, forms: list[str]) -> None:
    assert content_forms(text) == forms


@pytest.mark.parametrize("sign", ["㍿", "㌢", "㍉", "ﷺ", "𩸽", "ｶﾞ", "🦊", "\u0301"])
def test_signs_that_grow_when_written_out_are_read_too(sign: str) -> None:
    text = sign * 9_000 + "測定"
    found = words(text)
    assert found[-1].end == len(text)
    assert "".join(word.surface for word in found) == text


def test_a_block_of_the_analyser_keeps_its_places() -> None:
    text = "㌢" * 3_000 + "測定" * 3_000
    assert [text[word.start : word.end] for word in words(text)] == [word.surface for word in words(text)]
    assert placed_forms(text) == [(word.start, word.end, word.form) for word in words(text)]
    assert content_forms(text).count("測定") >= 2_990


def test_an_offset_moves_every_word_alike() -> None:
    here, there = words("めっきの厚さ"), words("めっきの厚さ", 100)
    assert [(one.start + 100, one.end + 100, one.form) for one in here] == [(one.start, one.end, one.form) for one in there]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []), ("あいう", []), ("A", []), ("鉄", []), ("IoT化", ["io", "ot", "t化"]), ("ＩｏＴ", ["io", "ot"]),
        ("塩水、噴霧", ["塩水", "噴霧"]), ("塩の水", []), ("a_b", []), ("3Dプリンタ", ["3d", "dプ", "プリ", "リン", "ンタ"]), ("カー", ["カー"]),
    ],
)  # fmt: skip
def test_pairs_never_reach_over_a_sign_or_hiragana(text: str, found: list[str]) -> None:
    assert pairs(text) == found


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["めっき。", "測りたい\n", "何？！", "「はい。」", "①次", "🦊", "\x00。"]), max_size=12).map("".join))
def test_sentences_follow_each_other_and_hold_their_words(text: str) -> None:
    end = 0
    for one in sentences(text):
        assert text[one.start : one.end] == one.text
        assert one.start >= end
        end = one.end
        assert all(one.start <= word.start < word.end <= one.end for word in one.words)


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_pairs_do_not_depend_on_what_stands_in_another_line(text: str, other: str) -> None:
    assert pairs(f"{text}\n{other}") == [*pairs(text), *pairs(other)]


@pytest.mark.parametrize(
    "text",
    ["三千円と１０００円と二十一個、1,234.5kg、百、千、2千", "バリを取る。バリが出る。ザラザラした面", "パキテ機とパキテ液", "サビがひどくて壊れた", "", "\U0001f600あ", "㍿めっき①"],
)
def test_what_is_spoken_is_told_alike_from_words_and_again(text: str) -> None:
    """A unit is known by its number in the dictionary, or by how it is written: neither may change what is said of it."""
    first = spoken_forms(text)
    assert first == spoken_forms(text) == spoken(words(text))
    assert content_forms(text) == [form for form, is_content in first if is_content]


def test_a_word_is_named_alike_whether_it_was_met_before_or_not() -> None:
    text = "バリが出る。ピカピカに磨いたSUS304をお借りできますか。ヌペラ膜、㍿、Ⅳ型のバリ取り。"
    words_module._named.clear()
    first = list(words_module._words(text, 3))
    assert words_module._named
    assert list(words_module._words(text, 3)) == first
    for one in list(words_module._named):
        words_module._named.pop(one)
        assert list(words_module._words(text, 3)) == first
