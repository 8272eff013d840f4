"""Names as offices write them: one firm has one key, two firms have two, whatever the typist's habits are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.text import _VARIANTS, bigrams, clean_text, search_key, to_katakana

KANJI = st.text(st.sampled_from([*"山川田中森林石金銀鉄電機工業製作所精密化学"]), min_size=2, max_size=8)
FORMS = ["株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "㈱", "㈲", "(株)", "（株）", "(有)", "（有）", "(同)", "株 式 会 社", "株式會社"]


@given(KANJI, st.sampled_from(FORMS), st.sampled_from(["", " ", "　", "・"]))
def test_the_legal_form_before_or_behind_is_no_part_of_the_name(name: str, form: str, gap: str) -> None:
    assert search_key(f"{form}{gap}{name}") == search_key(f"{name}{gap}{form}") == search_key(name) == name


@pytest.mark.parametrize("variant", sorted(map(chr, set(_VARIANTS) - {ord("ヶ"), ord("ヵ")})))
def test_a_variant_of_a_kanji_is_found_by_the_common_one_and_the_other_way_round(variant: str) -> None:
    common = _VARIANTS[ord(variant)]
    assert search_key(f"{variant}田") == search_key(f"{common}田") == f"{common}田"
    assert search_key(f"山{variant}製作所") == search_key(f"山{common}製作所")


def test_variants_lead_to_a_kanji_that_is_none_itself() -> None:
    """Otherwise two writings of one name would end in two keys."""
    assert {target for target in _VARIANTS.values() if ord(str(target)) in _VARIANTS} == set()


@pytest.mark.parametrize("between", ["ヶ", "ケ", "が", "ガ"])
@pytest.mark.parametrize(("left", "right"), [("鎌", "谷"), ("霞", "関"), ("三", "月"), ("桜", "丘"), ("龍", "崎"), ("塚", "原")])
def test_small_ke_and_ga_between_kanji_are_alike(left: str, between: str, right: str) -> None:
    assert search_key(left + between + right) == search_key(f"{left}ケ{right}")
    assert search_key(left + between + right) != search_key(left + right)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ガラス", "ケラス"), ("がんばる工業", "けんばる工業"), ("工業ガス", "工業ケス"), ("ながおか", "なけおか"), ("かき", "がき"),
        ("ハス", "バス"), ("ヒロ", "ピロ"), ("山田", "山日"), ("東洋", "東陽"), ("1号", "2号"), ("abc", "abd"), ("サイトウ", "サトウ"),
    ],
)  # fmt: skip
def test_names_that_differ_keep_two_keys(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("ﾏﾎﾞﾛｼ計測", "マボロシ計測"), ("ガラス工業", "ガラス工業"), ("か\u3099らす", "ガラス"), ("ｳﾞｧｲｵﾘﾝ", "ヴァイオリン"), ("ゔぁいおりん", "ヴァイオリン"),
        ("ＡＢＣ－１２３", "abc123"), ("Ⅲ", "iii"), ("①", "1"), ("㌔", "キロ"), ("コーヒー", "コヒ"), ("A&B", "ab"), ("A＆B", "ab"),
        ("「まぼろし」計測", "マボロシ計測"), ("まぼろし、計測。", "マボロシ計測"), ("ま\u200bぼ\u202eろし", "マボロシ"), ("ま\x00ぼろし", "マボロシ"),
        ("O'NEILL", "oneill"), ("“計測”", "計測"), ("ß", "ß"), ("İ", "i̇"), ("ヶ", "ケ"), ("三ヵ月", "三カ月"),
    ],
)  # fmt: skip
def test_the_key_of_what_is_typed(typed: str, key: str) -> None:
    assert search_key(typed) == unicodedata.normalize("NFKC", key)


@given(st.text(st.sampled_from([*"アイウカガキギサザタダナハバパマヤラワンァッャー"]), min_size=1, max_size=12))
def test_kana_of_any_width_and_kind_have_one_key(kana: str) -> None:
    hiragana = "".join(chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char for char in kana)
    decomposed = unicodedata.normalize("NFD", kana)
    assert search_key(hiragana) == search_key(kana) == search_key(decomposed)


@given(st.text(st.sampled_from([*"abcXYZ0123456789"]), max_size=12))
def test_letters_and_figures_of_any_width_have_one_key(text: str) -> None:
    full = "".join(chr(ord(char) + 0xFEE0) for char in text)
    assert search_key(full) == search_key(text) == search_key(text.upper()) == text.lower()


@given(st.text(max_size=40))
def test_a_key_holds_nothing_a_search_could_stumble_over(text: str) -> None:
    key = search_key(text)
    assert not set(key) & set(" 　\t\n\x00・,.、。()（）「」ー\u200b\u202e&/")
    assert key == key.lower()
    assert not set(key) & set(map(chr, _VARIANTS))


@pytest.mark.parametrize("selector", ["\U000e0100", "\U000e0101", "\U000e01ef", "\ufe00", "\ufe0f"])
def test_a_kanji_with_a_variation_selector_is_found_without_it(selector: str) -> None:
    """Registers of people and firms hand out names as 葛 with the variant's number behind it, unseen."""
    typed = f"葛{selector}原製作所"
    assert search_key(typed) == search_key("葛原製作所")
    assert clean_text(typed) == typed


@given(KANJI, KANJI)
def test_a_part_of_a_name_shares_its_pairs_with_the_name(name: str, more: str) -> None:
    """What a search in the database rests on: the pairs of a part are among the pairs of the whole."""
    assert set(bigrams(search_key(name))) <= set(bigrams(search_key(name + more)))
    assert set(bigrams(search_key(name))) <= set(bigrams(search_key(more + name)))


def test_pairs_of_short_keys() -> None:
    assert [bigrams(key) for key in ("", "a", "ab", "abc", "𠮷田")] == [[], ["a"], ["ab"], ["ab", "bc"], ["𠮷田"]]


@pytest.mark.parametrize("mark", ["\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"])
def test_no_direction_mark_survives(mark: str) -> None:
    """A name that shows itself the other way round could pass for another."""
    assert clean_text(f"報告{mark}gpj.exe") == "報告gpj.exe"
    assert clean_text(mark) == ""


@pytest.mark.parametrize("code", [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)])
def test_no_control_character_survives(code: int) -> None:
    assert clean_text(f"あ{chr(code)}い") == "あい"


@pytest.mark.parametrize("kept", ["\t", "\n", "　", "\u00a0", "é", "👍🏽", "👨‍👩‍👧", "が", "か\u3099", "㈱", "𠮷", "ｱ", "–", "…", "<b>", "&amp;", "'; --"])
def test_what_people_mean_is_kept_as_typed(kept: str) -> None:
    assert clean_text(f"あ{kept}い") == f"あ{kept}い"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("a\n\rb", "a\n\nb"), ("\r\n", ""), ("\r\n a \r\n", "a"), ("a\r\n\r\nb", "a\n\nb"), ("　前後　", "前後"),
     ("\ufeff題", "題"), ("a\ud800b", "ab")],
)  # fmt: skip
def test_line_ends_are_one_kind_and_outer_space_goes(typed: str, clean: str) -> None:
    assert clean_text(typed) == clean


@given(st.text(max_size=60))
def test_clean_text_can_be_stored(text: str) -> None:
    """PostgreSQL takes neither NUL nor half a surrogate pair."""
    clean = clean_text(text)
    assert "\x00" not in clean
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert clean == clean.strip()


@given(st.text(max_size=30))
def test_katakana_changes_hiragana_only(text: str) -> None:
    kana = to_katakana(text)
    assert len(kana) == len(text)
    assert all(before == after or "ぁ" <= before <= "ゖ" for before, after in zip(text, kana, strict=True))
    assert not any("ぁ" <= char <= "ゖ" for char in kana)
