"""What kind of answer a text needs: at the edges of what is told, and outside the region only after a no from here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.cues import Met, word_lexicon
from renkei.matching.kinds import (
    ENOUGH,
    ENOUGH_IF_TOLD,
    ENOUGH_IF_VAGUE,
    OUTSIDE_AT_LEAST,
    OUTSIDE_SHARE,
    Declined,
    declined,
    kind_of,
)
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


@pytest.mark.covers("C37")
@pytest.mark.parametrize(
    ("bodies", "nothing", "elsewhere", "everywhere", "leads"),
    [
        ([], False, False, False, False),
        ([], False, True, False, False),
        ([], False, False, True, False),
        ([], False, True, True, False),
        ([], True, False, False, False),
        ([], True, True, False, True),
        ([], True, False, True, True),
        (["lab"], False, False, False, False),
        (["lab"], False, True, False, True),
        (["lab"], False, False, True, True),
        (["lab", "center"], False, False, False, True),
    ],
)
def test_outside_needs_a_no_from_here_and_a_look_further(
    bodies: list[str], nothing: bool, elsewhere: bool, everywhere: bool, leads: bool
) -> None:
    found = Declined(frozenset(bodies), nothing, elsewhere, everywhere)
    assert found.leads_outside is leads
    assert kind_of(told(9.0), [], found, clauses(SHORT)) == ("outside_region" if leads else "route")


@pytest.mark.covers("C30")
@pytest.mark.parametrize(
    ("text", "enough"), [(SHORT, ENOUGH), (LONG, ENOUGH_IF_TOLD), ("何かいい支援は。", ENOUGH_IF_VAGUE), ("とりあえず" + LONG, ENOUGH_IF_VAGUE)]
)
def test_what_must_be_told_depends_on_how_much_is_said(text: str, enough: float) -> None:
    assert kind_of(told(enough), [], NOBODY, clauses(text)) == "route"
    assert kind_of(told(enough - 0.01), [], NOBODY, clauses(text)) == "clarify"


@pytest.mark.covers("C30")
@pytest.mark.parametrize("text", ["", "あ", "めっき", "asdf jkl;", "ｗｗｗｗ", "🦊", "\x00", "。。。", "こんにちは", "？"])
def test_nothing_a_word_or_nonsense_is_asked_about(text: str) -> None:
    assert kind_of([], [], NOBODY, clauses(text)) == "clarify"
    assert kind_of(told(0.0), [], said(text), clauses(text)) == "clarify"


@pytest.mark.parametrize(
    ("service", "other", "kind"),
    [
        (0.0, OUTSIDE_AT_LEAST, "out_of_scope"),
        (0.0, OUTSIDE_AT_LEAST - 0.01, "clarify"),
        (5.0, 5.0 * OUTSIDE_SHARE, "out_of_scope"),
        (5.0, 5.0 * OUTSIDE_SHARE - 0.01, "route"),
        (5.0, 0.0, "route"),
        (2.7, OUTSIDE_AT_LEAST, "out_of_scope"),
    ],
)
def test_what_is_not_ours_must_be_told_strongly_and_nearly_as_strongly_as_the_best(
    service: float, other: float, kind: str
) -> None:
    assert kind_of(told(service), [Fit("outside:labour", told=other)], NOBODY, clauses(SHORT)) == kind


def test_what_is_not_ours_is_not_sent_outside_the_region() -> None:
    both_said_no = Declined(frozenset({"lab", "center"}), is_nothing_here=True, asks_elsewhere=True)
    assert kind_of(told(1.0), [Fit("outside:labour", told=4.0)], both_said_no, clauses(SHORT)) == "out_of_scope"


def test_votes_make_no_text_clear() -> None:
    assert kind_of([Fit("tests", score=99.0, told=0.0)], [], NOBODY, clauses(SHORT)) == "clarify"


BITS = st.lists(
    st.sampled_from(["試験所に断られた。", "県外でも。", "県内には設備がない。", "測りたい。", "どこも同じ。", "センターで。", "何か支援は。"]),
    max_size=5,
)


@settings(max_examples=50)
@given(BITS)
def test_no_text_leads_outside_without_a_no(bits: list[str]) -> None:
    found = said("".join(bits))
    told_no = any("断られた" in bit or "設備がない" in bit for bit in bits)
    assert not found.leads_outside or told_no
    assert not found.bodies or told_no


@settings(max_examples=40)
@given(st.floats(0, 12), st.floats(0, 12), st.sampled_from([SHORT, LONG, "何かいい支援は。"]))
def test_more_told_never_turns_a_route_into_questions(one: float, other: float, text: str) -> None:
    less, more = (kind_of(told(score), [], NOBODY, clauses(text)) for score in sorted((one, other)))
    assert (less, more) in {("clarify", "clarify"), ("clarify", "route"), ("route", "route")}
