"""Cues: met as written and in normal form, both parts of a pair, weighed by how many share them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching import cues as cues_module
from renkei.matching.cues import STRENGTH, Met, Reader, lexicon, word_lexicon
from renkei.matching.words import content_forms, sentences


def met(cue: str, text: str) -> list[str]:
    """Return the parts of the text a cue is met in."""
    found = lexicon({"x": {"strong": [cue]}})
    return [text[a:b] for one in sentences(text) for hit in found.hits(one) for a, b in hit.spans]


@pytest.mark.parametrize(
    ("cue", "text", "places"),
    [
        ("測ってほしい", "厚さを測っていただけますか", ["測っていただけ"]),
        ("測ってほしい", "厚さを測って下さい", ["測って下さい"]),
        ("装置を借りる", "装置をお借りしたい", ["装置をお借り"]),
        ("原因が分からない", "原因がわかりません", ["原因がわかりません"]),
        ("EMC", "ＥＭＣの試験", ["ＥＭＣ"]),
        ("ランプ", "ﾗﾝﾌﾟがつかない", ["ﾗﾝﾌﾟ"]),
        ("開発+補助", "開発の費用の補助", ["開発", "補助"]),
        ("開発+補助", "開発した。補助がほしい。", []),
        ("剥がれる", "塗膜がはがれた", ["はがれ"]),
        ("何でできているか", "何か手はないか", []),
        ("測ってほしい", "測る話ではない", []),
    ],
)
def test_a_cue_is_met(cue: str, text: str, places: list[str]) -> None:
    assert met(cue, text) == places


def test_a_cue_of_many_owners_weighs_less() -> None:
    found = lexicon({"a": {"words": ["契約", "特許"]}, "b": {"words": ["契約"]}})
    weights = {(hit.code, hit.spans): round(hit.weight, 3) for hit in found.hits(sentences("契約と特許")[0])}
    assert weights == {("a", ((0, 2),)): 1.154, ("b", ((0, 2),)): 1.154, ("a", ((3, 5),)): 1.5}


def test_a_cue_against_keeps_its_full_weight() -> None:
    found = lexicon({"a": {"against": ["融資"]}, "b": {"strong": ["融資"]}})
    assert sorted((hit.code, hit.weight) for hit in found.hits(sentences("融資")[0])) == [("a", -2.0), ("b", 3.0)]


def test_plain_word_lists_weigh_one() -> None:
    found = word_lexicon({"lab": ["めっき"], "center": ["基板"]})
    assert [(hit.code, hit.weight) for hit in found.hits(sentences("メッキと基板")[0])] == [("lab", 1.0), ("center", 1.0)]


def test_no_cues_no_hits() -> None:
    assert lexicon({}).hits(sentences("めっき")[0]) == []


@pytest.mark.parametrize(
    ("cue", "text", "places"),
    [
        ("EMC", "emcの試験", ["emc"]),
        ("emc", "ＥＭＣ", ["ＥＭＣ"]),
        ("ガス", "ｶﾞｽが漏れる", ["ｶﾞｽ"]),
        ("ゲギ", "ﾄｹﾞｷﾞﾒ", ["ｹﾞｷﾞ"]),
        ("株式", "㍿まぼろし", ["㍿"]),
        ("平成", "㍻の機械", ["㍻"]),
        ("めっき", "鍍金の会社", ["鍍金"]),
        ("国", "國の補助", ["國"]),
        ("測ってほしい", "測っ\nてほしい", []),
        ("測ってほしい", "測ってくれませんか", ["測ってくれ"]),
        ("測ってほしい", "測りたい", []),
        ("装置を借りる", "装置が借りられる", ["装置が借り"]),
        ("装置を借りる", "借りる装置", []),
        ("補助+開発", "開発の費用の補助", ["補助", "開発"]),
        ("開発+開発", "開発の開発", ["開発", "開発"]),
        ("a+b+c", "cとbとa", ["a", "b", "c"]),
        ("a+b+c", "cとb", []),
        ("断られた", "断った", []),
        ("来ない", "返事が来ません", ["来ません"]),
        ("めっき", "", []),
    ],
)
def test_a_cue_meets_widths_old_forms_and_politeness_and_no_more(cue: str, text: str, places: list[str]) -> None:
    assert met(cue, text) == places


def test_a_cue_stands_where_it_is_met_first() -> None:
    text = "厚さのめっき、厚さ、厚さ。"
    found = [hit.spans for one in sentences(text) for hit in word_lexicon({"x": ["厚さ"]}).hits(one)]
    assert found == [((0, 2),)]


def test_places_count_from_the_start_of_the_whole_text() -> None:
    text = "はじめまして。めっきの件です。"
    [_hello, second] = sentences(text)
    assert [hit.spans for hit in word_lexicon({"x": ["めっき"]}).hits(second)] == [((7, 10),)]


@pytest.mark.parametrize(("strength", "weight"), STRENGTH.items())
def test_a_cue_weighs_by_its_list(strength: str, weight: float) -> None:
    found = lexicon({"x": {strength: ["めっき"]}})
    assert [hit.weight for hit in found.hits(sentences("めっき")[0])] == [weight]


@pytest.mark.parametrize("owners", [1, 2, 5])
def test_each_further_owner_takes_weight_from_a_cue(owners: int) -> None:
    found = lexicon({f"s{n}": {"strong": ["契約"]} for n in range(owners)}).hits(sentences("契約")[0])
    assert {round(hit.weight, 6) for hit in found} == {round(3.0 / (1 + 0.3 * (owners - 1)), 6)}
    assert len(found) == owners


def test_an_owner_against_takes_no_weight_from_a_cue() -> None:
    found = lexicon({"a": {"against": ["契約"]}, "b": {"strong": ["契約"]}, "c": {"against": ["契約"]}})
    assert sorted((hit.code, hit.weight) for hit in found.hits(sentences("契約")[0])) == [("a", -2.0), ("b", 3.0), ("c", -2.0)]


def test_hits_come_in_the_order_of_the_cues() -> None:
    found = word_lexicon({"b": ["基板", "回路"], "a": ["めっき"]})
    assert [hit.code for hit in found.hits(sentences("めっき、回路、基板")[0])] == ["b", "b", "a"]
    assert [hit.spans for hit in found.hits(sentences("めっき、回路、基板")[0])] == [((7, 9),), ((4, 6),), ((0, 3),)]


def test_an_unknown_list_of_cues_is_no_cue() -> None:
    assert lexicon({"x": {"says": ["めっき"], "note": ["めっき"]}}).hits(sentences("めっき")[0]) == []


def test_each_lexicon_is_asked_by_itself() -> None:
    both = Met(sentences("めっき。基板。"))
    first, second = word_lexicon({"lab": ["めっき"]}), word_lexicon({"center": ["基板"], "bank": ["融資"]})
    assert [[hit.code for hit in hits] for hits in both.by(first)] == [["lab"], []]
    assert [[hit.code for hit in hits] for hits in both.by(second)] == [[], ["center"]]
    assert (both.codes(first), both.codes(second)) == ({"lab"}, {"center"})
    assert both.by(first) is both.by(first)


def test_nothing_said_meets_nothing() -> None:
    assert (Met([]).by(word_lexicon({"x": ["めっき"]})), Met([]).codes(word_lexicon({"x": ["めっき"]}))) == ([], set())


BITS = st.lists(st.sampled_from(["めっき", "ﾒｯｷ", "測って", "いただけますか", "ほしい", "ｶﾞｽ", "㍿", "鍍金", "EMC", "、", " ", "\x00", "\x1f", "🦊", "が", "剥がれ", "ない"]), max_size=12)
CUES = ["めっき", "測ってほしい", "ガス", "株式", "emc", "剥がれない", "めっき+ガス"]


@settings(max_examples=50)
@given(BITS.map("".join))
def test_a_place_holds_what_was_looked_for(text: str) -> None:
    found = word_lexicon({cue: [cue] for cue in ("めっき", "ガス", "株式", "emc")})
    for one in sentences(text):
        for hit in found.hits(one):
            told = "".join(text[start:end] for start, end in hit.spans)
            written = unicodedata.normalize("NFKC", told).lower()
            assert hit.code in written or content_forms(told) == content_forms(hit.code)


@settings(max_examples=50)
@given(BITS.map("".join), st.permutations(CUES))
def test_the_order_of_the_cues_changes_nothing_but_the_order_of_the_hits(text: str, cues: list[str]) -> None:
    for one in sentences(text):
        here, there = (lexicon({"x": {"words": listed}}).hits(one) for listed in (CUES, cues))
        assert sorted((hit.weight, hit.spans) for hit in here) == sorted((hit.weight, hit.spans) for hit in there)


@settings(max_examples=40)
@given(BITS.map("".join), BITS.map("".join))
def test_what_is_added_behind_takes_no_written_cue_away(text: str, more: str) -> None:
    found = word_lexicon({cue: [cue] for cue in ("ガス", "株式", "emc")})
    before = {hit.code for one in sentences(text) for hit in found.hits(one)}
    after = {hit.code for one in sentences(f"{text}。{more}") for hit in found.hits(one)}
    assert before <= after


PIECES = ["測ってほしい", "測る", "装置を借りる", "お借りしたい", "EMC", "ＥＭＣ", "ﾗﾝﾌﾟ", "開発+補助", "開発", "補助", "塗", "塗膜がはがれた", "剥がれる", "、", "。", "x", "が", "分からない", "①"]


@given(cues=st.lists(st.sampled_from(PIECES), min_size=1, max_size=8, unique=True), said=st.lists(st.sampled_from(PIECES), max_size=10))
@settings(max_examples=60)
def test_looking_by_beginnings_finds_what_looking_for_every_part_finds(cues: list[str], said: list[str]) -> None:
    """Only parts whose beginning stands in the sentence are looked for: none that is there may be missed."""
    known = lexicon({"x": {"strong": cues}})
    for sentence in sentences("".join(said).replace("+", "")):
        reader = Reader(sentence)
        there = {name for name, part in known.parts.items() if part.plain in reader.plain or (part.forms and part.forms in reader.forms)}
        assert there <= known._beginning(reader)
        assert len(known.hits(sentence)) == sum(there.issuperset(parts) for _code, _weight, parts in known.cues)


SIGNS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("ガガｶﾞﾊﾟか゛Ⅳ㍿ΣσİIßÅ①Ａａ\u0301ᅡ각")), max_size=12)


@given(SIGNS)
@settings(max_examples=150)
def test_a_folded_text_knows_where_each_sign_came_from(text: str) -> None:
    plain, places = cues_module._folded(text)
    expected: list[tuple[str, tuple[int, int]]] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and (text[end] in "ﾞﾟ" or unicodedata.combining(text[end])):
            end += 1
        expected += [(sign, (at, end)) for sign in unicodedata.normalize("NFKC", text[at:end]).lower()]
        at = end
    assert (list(plain), places) == ([sign for sign, _span in expected], [span for _sign, span in expected])
