"""What kind of answer a text needs: at the edges of what is told, and outside the region only after a no from here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.cues import Met, word_lexicon
from renkei.matching.kinds import KINDS, NOTHING, Declined, declined, kind_of, nothing_told, published, signs
from renkei.matching.reading import points
from renkei.matching.scoring import Fit
from tests.matching.making import clauses

NAMES = word_lexicon({"lab": ["試験所"], "center": ["センター"]})
HERE = word_lexicon({"here": ["県内", "ひばり"]})
NOBODY = Declined(frozenset(), is_nothing_here=False, asks_elsewhere=False)
SHORT, LONG = "測定。", "工場の金属部品の表面のめっきの厚さと強度と硬度と成分と外観を測定。"


def said(text: str, own: tuple[str, ...] = ("千葉",)) -> Declined:
    met = Met(points(text))
    named = [frozenset(hit.code for hit in hits) for hits in met.by(NAMES)]
    return declined(clauses(text), named, [bool(hits) for hits in met.by(HERE)], own)


def told(score: float) -> list[Fit]:
    return [Fit("tests", told=score), Fit("loan", told=0.1)]


def kind(text: str, service: float, other: float = 0.0, near: dict[str, float] | None = None, found: Declined | None = None) -> str:
    read, who = clauses(text), found or said(text)
    near_each = [near or {"tests": service / 3}] * len(read)
    return kind_of(signs(told(service), [Fit("outside:labour", told=other)], near_each, read, who), is_no=who.is_no)


@pytest.mark.covers("C37")
@pytest.mark.parametrize(
    ("text", "bodies", "nothing"),
    [
        ("試験所に断られました。", {"lab"}, False),
        ("試験所とセンターに断られました。", {"lab", "center"}, False),
        ("試験所に行きました。大きすぎるとのことでした。", {"lab"}, False),
        ("試験所に行きました。混んでいました。断られました。", set(), False),
        ("試験所で測れました。", set(), False),
        ("断られました。試験所に行きます。", set(), False),
        ("試験所に行きました。センターに断られました。", {"center"}, False),
        ("断られました。", set(), False),
        ("県内には設備がないそうです。", set(), True),
        ("県内で探しています。", set(), False),
        ("銀行に断られました。", set(), False),
        ("試験所に断られました。センターには受けてもらえました。", {"lab"}, False),
        ("試験所で受けてもらえますか。", set(), False),
        ("試験所では受けてもらえませんでした。", {"lab"}, False),
        ("", set(), False),
    ],
)
def test_a_no_belongs_to_whom_its_clause_or_the_one_before_names(text: str, bodies: set[str], nothing: bool) -> None:
    found = said(text)
    assert (found.bodies, found.is_nothing_here) == (bodies, nothing)


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("県外でもかまいません。", True), ("埼玉の施設でも。", True), ("千葉の施設で。", False), ("千葉か埼玉で。", True),
        ("ほかに当たりたい。", True), ("どこか測れるところを。", True), ("県内で。", False), ("", False),
        ("東京ビッグサイトに出ます。", False),
    ],
)  # fmt: skip
def test_help_from_elsewhere_is_asked_for_and_the_own_region_is_not_elsewhere(text: str, elsewhere: bool) -> None:
    assert said(text).asks_elsewhere is elsewhere


@pytest.mark.parametrize(
    ("text", "everywhere"),
    [
        ("県内はどこも同じで断られました。", True), ("試験所もセンターもどちらも断られました。", True), ("どこにも断られました。", False),
        ("県内はどこも混んでいます。", False), ("試験所に断られました。", False),
    ],
)  # fmt: skip
def test_everywhere_counts_beside_a_no_from_here(text: str, everywhere: bool) -> None:
    assert said(text).is_everywhere is everywhere


@pytest.mark.parametrize(
    ("text", "doubted", "here"),
    [
        ("試験所では扱わないそうです。", {"lab"}, False), ("センターは無理、とのこと。", {"center"}, False), ("試験所は10GHzまでしか。", {"lab"}, False),
        ("県内は知見なし。", set(), True), ("試験所で測りました。", set(), False), ("銀行は無理でした。", set(), False),
        ("試験所に聞きました。分からないとのこと。", {"lab"}, False), ("", set(), False),
    ],
)  # fmt: skip
def test_any_no_beside_a_name_is_a_weaker_sign_than_a_plain_refusal(text: str, doubted: set[str], here: bool) -> None:
    found = said(text)
    assert (found.doubted, found.is_doubted_here) == (doubted, here)
    assert found.is_no is bool(doubted or here)


@pytest.mark.covers("C37")
def test_two_bodies_asked_before_looking_further_count_as_a_no() -> None:
    assert said("試験所は10Gまで。センターは18Gまで。埼玉の施設なら。").is_no
    assert not said("試験所は10Gまで。センターは18Gまで。").is_no
    assert not said("試験所は10Gまで。埼玉の施設なら。").is_no


@pytest.mark.covers("C37")
@settings(max_examples=100)
@given(st.fixed_dictionaries({name: st.floats(-30, 30) for name in published().names}))
def test_no_signs_lead_outside_without_a_no_from_here(told_signs: dict[str, float]) -> None:
    assert kind_of(told_signs, is_no=False) != "outside_region"


@pytest.mark.covers("C37")
def test_outside_is_led_who_met_a_no_here_and_looks_further() -> None:
    text = "部品の曲げの試験をしたい。試験所に断られ、センターにも機械がないとのことでした。県外の施設を紹介してください。"
    assert kind(text, 5.0) == "outside_region"
    assert kind("部品の曲げの試験をしたい。県外の施設を紹介してください。", 5.0) == "route"


@pytest.mark.covers("C37")
@settings(max_examples=100)
@given(st.fixed_dictionaries({name: st.floats(-30, 30) for name in published().names if name not in {"words", "leads"}}))
def test_who_plainly_met_a_no_and_looks_further_is_not_merely_asked(told_signs: dict[str, float]) -> None:
    assert kind_of(told_signs | {"words": 2.0, "leads": 1.0}, is_no=True) != "clarify"


@pytest.mark.covers("C30")
@pytest.mark.parametrize("text", ["", "あ", "asdf jkl;", "ｗｗｗｗ", "🦊", "\x00", "。。。", "こんにちは", "？", "相談"])
def test_nothing_a_word_or_nonsense_is_asked_about(text: str) -> None:
    assert kind(text, 0.0) == "clarify"


@pytest.mark.covers("C30")
def test_who_tells_nothing_is_asked_and_who_tells_much_is_not() -> None:
    assert kind("担当の方はいますか。用件は会って話します。", 1.0, near={NOTHING: 3.0}) == "clarify"
    assert kind(LONG, 9.0) == "route"


def test_somebody_elses_matter_must_be_told_more_strongly_than_ours() -> None:
    text = "辞めた社員から残業代を請求されています。"
    assert kind(text, 0.5, other=6.0, near={"outside:labour": 3.0}) == "out_of_scope"
    assert kind(LONG, 9.0, other=3.0) == "route"


@settings(max_examples=60)
@given(st.floats(0, 12), st.floats(0, 12), st.sampled_from([SHORT, LONG, "何かいい支援は。"]), st.floats(0, 4))
def test_more_told_never_turns_a_route_into_questions(one: float, other: float, text: str, empty: float) -> None:
    less, more = (kind(text, score, near={NOTHING: empty}, found=NOBODY) for score in sorted((one, other)))
    assert (less, more) != ("route", "clarify")


def test_the_weights_are_those_of_the_signs_and_what_tells_nothing_is_plain_text() -> None:
    given_signs = signs([], [], [], clauses(SHORT), NOBODY)
    assert list(given_signs) == list(published().names)
    assert published().scores(given_signs).shape == (len(KINDS),)
    assert len(set(nothing_told())) == len(nothing_told()) > 50
    assert all(one.strip() == one != "" for one in nothing_told())
