"""Text: cleaned as typed, and normalised into the key by which Japanese names are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.text import bigrams, clean_text, search_key, to_katakana

NAMES = st.text(
    st.sampled_from([*"株式会社有限合同()（）㈱髙高﨑崎ヶケがガ谷鎌市川ァアあーー-・ ABcＡ１1㍻ﾊﾟ゛ﾞ濱\u200b\u202e"]), max_size=24
)


@pytest.mark.parametrize(
    "alike",
    [
        ["株式会社まぼろし計測", "㈱まぼろし計測", "まぼろし計測(株)", "マボロシ計測 株式会社", "ﾏﾎﾞﾛｼ計測", "まぼろし　計測"],
        ["髙橋", "高橋"], ["山﨑製作所", "山崎製作所"], ["𠮷田", "吉田"], ["渡邊", "渡邉", "渡辺"], ["齋藤", "斉藤", "斎藤"],
        ["鎌ケ谷", "鎌ヶ谷", "鎌が谷", "鎌ガ谷"], ["有限会社ABC", "ＡＢＣ", "abc", "Ａ・Ｂ・Ｃ"],
        ["コンピューター", "コンピュータ"], ["04-7100-0002", "０４７１０００００２", "04（7100）0002"],
    ],
)  # fmt: skip
def test_one_name_written_in_many_ways_has_one_key(alike: list[str]) -> None:
    assert len({search_key(text) for text in alike}) == 1


def test_different_names_keep_different_keys() -> None:
    names = ["ガラス", "カラス", "ケラス", "鎌谷", "鎌ケ谷", "まぼろし計測", "まぼろし計器", "高橋", "高梁"]
    assert len({search_key(name) for name in names}) == len(names)


def test_a_legal_form_alone_leaves_nothing() -> None:
    assert [search_key(text) for text in ("株式会社", "㈱", "(有)", "　", "・")] == [""] * 5


@given(st.one_of(NAMES, st.text(max_size=40)))
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    key = search_key(text)
    assert search_key(key) == key


@given(NAMES, st.sampled_from(["株式会社", "㈱", "(有)", " ", "　", "\x00", "\u202e"]))
def test_legal_forms_and_spaces_around_do_not_matter(name: str, extra: str) -> None:
    assert search_key(f"{extra}{search_key(name)}{extra}") == search_key(name)


@given(st.text(max_size=80))
def test_clean_text_drops_what_nobody_sees_and_nothing_else(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert not set(clean) & {"\x00", "\r", "\x1b", "\x85", "\u200b", "\u202e", "\u2066", "\ufeff"}
    assert "あ" + clean == clean_text("あ" + clean)


def test_clean_text_keeps_lines_tabs_and_emoji() -> None:
    assert clean_text(" 一行目\r\n\t二行目\r三\x00行目👨‍👩‍👧 \u202eevil ") == "一行目\n\t二行目\n三行目👨‍👩‍👧 evil"
    assert clean_text("\ud800a") == "a"


@given(st.text(st.characters(min_codepoint=0x3041, max_codepoint=0x3096), max_size=20))
def test_hiragana_becomes_katakana_of_the_same_length(text: str) -> None:
    kana = to_katakana(text)
    assert len(kana) == len(text)
    assert all("ァ" <= char <= "ヶ" for char in kana)
    assert to_katakana(kana) == kana


@given(st.text(min_size=1, max_size=20))
def test_bigrams_cover_the_key(key: str) -> None:
    pairs = bigrams(key)
    assert len(pairs) == max(1, len(key) - 1)
    assert pairs[0][0] + "".join(pair[1:] for pair in pairs) == key


def test_bigrams_of_nothing() -> None:
    assert bigrams("") == []
