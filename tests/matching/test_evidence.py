"""Why: every word shown stands in the firm's text, nothing of an entry or of anybody else does, and the answer never wavers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base.actor import SYSTEM
from renkei.matching import index
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.entries import matches
from renkei.matching.facts import Facts
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.proposal import Candidate, Evidence, Proposal
from renkei.matching.propose import propose
from tests.matching.conftest import CUES, TODAY, entries
from tests.world import CENTER, LAB, World

Region = Callable[..., World]
PLATING = "ひばり市の会社です。めっきが剥がれる不良が続き、原因が分からないので見てほしいです。"
SECRET = "秘密の配合はクロム7.3、納め先はまぼろし重工。"
BITS = ["めっき", "ﾒｯｷ", "鍍金", "ＡＩの評価", "測って", "いただけますか", "ほしい", "が剥がれる", "。", "、", "\n", "\r\n", " ", "㍿", "🦊", "\x00", "\u202e", "①", "②", "原因がわかりません", "補助金", "開発の", "<b>売り先</b>", "國", "大きすぎて", "県外で", "残業代", "就業規則"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(BITS), max_size=14).map("".join)


def words(candidate: Candidate) -> list[str]:
    return [one.text for one in candidate.evidence if one.kind == "word"]


def stands_in(text: str, proposal: Proposal) -> None:
    """Every word, place and heading of a proposal is taken from the text."""
    for one in proposal.supports:
        assert all(part in text for word in words(one) for part in word.split("…"))
        assert all(part in text for hit in one.entries for part in hit.words.split("、"))
    for mark in proposal.analysis.marks:
        assert 0 <= mark.start < mark.end <= len(text)
        assert mark.need in {need.number for need in proposal.needs}
    for need in proposal.needs:
        assert all(0 <= start < end <= len(text) for start, end in need.spans)
        told = " ".join(text.split())
        assert need.title.removesuffix("…") in told or need.title == "内容を聞き取る"
        assert len(need.title) <= 40
    for contact in proposal.outside:
        assert all(part in text for one in contact.evidence if one.kind == "word" for part in one.text.split("…"))
        assert all(0 <= start < end <= len(text) for start, end in contact.spans)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ﾒｯｷが剥がれる。", "剥がれる"),
        ("めっきがはがれました。", "はがれました"),
        ("原因がわかりません。不良です。", "原因がわかりません"),
        ("強度を測っていただけますか。", "測っていただけます"),
        ("成績書のため、装置をお借りしたいです。", "装置をお借り"),
        ("補助金で、治具の開発を。", "補助金…開発"),
    ],
)
def test_words_are_shown_as_the_firm_wrote_them(region: Region, text: str, told: str) -> None:
    region()
    assert told in words(propose(text).supports[0])


def test_the_strongest_words_come_first_and_six_at_most(region: Region) -> None:
    told = ["不良", "錆", "割れ", "曲がり", "欠け", "変色", "膨れ"]
    region(cues={**CUES, "services": {"tech-consultation": {"words": told, "strong": ["剥がれる"], "against": ["薄い"]}}})
    assert words(propose("薄い。" + "、".join(told) + "。剥がれる。").supports[0]) == ["剥がれる", *told[:5]]


def test_a_mark_covers_the_words_of_its_need(region: Region) -> None:
    region()
    text = "まず、めっきの厚さを測ってほしい。落ち着いたら売り先を一緒に探してほしい。"
    marks = propose(text).analysis.marks
    assert {(text[mark.start : mark.end], mark.need) for mark in marks} == {("測ってほしい", 1), ("売り先", 2)}
    assert [mark.start for mark in marks] == sorted(mark.start for mark in marks)


def test_a_contact_names_the_words_that_counted_for_it(region: Region) -> None:
    words = {"strong": ["残業代", "未払いの残業", "就業規則"], "words": ["残業"], "against": ["社員食堂"]}
    region(cues={**CUES, "outside": {"labour": words | {"says": ["残業代のことで困っている。"]}}})
    text = "社員食堂はあります。就業規則ではなく、残業代を求められました。未払いの残業があるそうです。"
    found = propose(text).outside[0]
    assert [(one.kind, one.text) for one in found.evidence] == [("word", "残業代"), ("word", "未払いの残業")]
    assert [text[start:end] for start, end in found.spans] == ["残業代", "未払いの残業"]


def test_a_contact_without_a_word_is_near_in_meaning(region: Region) -> None:
    region(cues={**CUES, "outside": {"labour": {"strong": ["就業規則"], "says": ["辞めた人に給料の残りを求められて困っている。"]}}})
    proposal = propose("辞めた人に給料の残りを求められて困っています。")
    assert proposal.kind == "out_of_scope"
    assert [(one.evidence, one.spans) for one in proposal.outside] == [([Evidence("near", "")], [])]


def test_any_text_is_answered_with_its_own_words_only(region: Region) -> None:
    region()

    @settings(max_examples=25)
    @given(TEXTS)
    def holds(text: str) -> None:
        found = propose(text)
        stands_in(text, found)
        assert asdict(found) == asdict(propose(text))

    holds()


@pytest.mark.parametrize(
    "text",
    [
        "めっきが剥がれる。" * 200, "🦊" * 10_000, "㍿" * 6_000, "\x00" * 10_000, "①" * 500,
        "ｶﾞ" * 2_000, "\u0301" * 10_000, "。" * 10_000, "<script>測ってほしい</script>", "';DROP TABLE plan_body;--測ってほしい",
        "\u202e測ってほしい\u202c", "測\u200bってほしい", "鍍金ガ剝ガレル", "{{ 7*7 }}{% load x %}売り先", "%s %(day)s 補助金の開発", "売り先\ufeff",
    ],
)  # fmt: skip
def test_hostile_text_is_answered_with_its_own_words_only(region: Region, text: str) -> None:
    region()
    stands_in(text, propose(text))


def test_what_lies_behind_the_first_twenty_thousand_characters_is_not_read(region: Region) -> None:
    region()
    filler, wish = "あ" * 20_000, "売り先を探したい。"
    assert [one.service for one in propose(filler + wish).supports] == []
    assert propose(filler[len(wish) :] + wish).supports[0].service == "sales-adviser"


def test_nothing_that_an_entry_holds_is_shown_but_its_name(region: Region) -> None:
    region()
    about = f"めっきの剥がれ。{SECRET}"
    rows = [
        EntryRow(id="S1", kind="person", name="露崎 遥", body=LAB, summary=about, text=about, facts={"post": "engineer", "note": SECRET}),
        EntryRow(id="S2", kind="seed", name="密着の研究", body=LAB, owner_name=SECRET, summary=about, source=SECRET[:40]),
        EntryRow(id="S3", kind="example", name="めっきの相談", summary=about, facts={"supports": [["tech-consultation", LAB, "done"]]}),
    ]
    put_entries(rows, kept_by="t", by=SYSTEM)
    assert {"S1", "S2", "S3"} <= {match.entry.id for match in matches(PLATING, knowledge())}
    found = propose(PLATING)
    assert {"S1", "S2"} <= {hit.id for one in found.supports for hit in one.entries}
    assert [part for part in ("クロム", "7.3", "まぼろし重工", "配合") if part in repr(asdict(found))] == []
    stands_in(PLATING, found)


def test_what_another_firm_said_before_leaves_no_trace(region: Region) -> None:
    region()
    first = asdict(propose(PLATING))
    propose(SECRET + "めっきが剥がれる。大至急、県外でも。", facts=Facts(employees=7, answers={"award": "決まった"}))
    assert asdict(propose(PLATING)) == first


def test_given_facts_are_not_shown(region: Region) -> None:
    region()
    facts = Facts(employees=4711, capital_yen=81_549_300, answers={"wish": SECRET, "employees": SECRET})
    shown = repr(asdict(propose(PLATING + "開発の補助金も。", facts=facts)))
    assert [part for part in ("4711", "81549300", "81,549,300", "クロム") if part in shown] == []


def test_the_order_in_which_entries_were_written_does_not_matter(region: Region) -> None:
    region()
    texts = [PLATING, "開発の試作の補助金を。", "強度と膜厚を測ってほしい。"]
    before = [asdict(propose(text)) for text in texts]
    for rows in list(permutations(entries()))[1:5000:1700]:
        Entry.objects.all().delete()
        put_entries(rows, kept_by="test", by=SYSTEM)
        index.rebuild()
        assert [asdict(propose(text)) for text in texts] == before


def test_an_entry_withdrawn_is_shown_no_more(region: Region) -> None:
    region()
    assert "PE1" in {hit.id for one in propose(PLATING).supports for hit in one.entries}
    withdraw_entries(["PE1"], kept_by="test", on=TODAY, by=SYSTEM)
    assert "PE1" not in {hit.id for one in propose(PLATING).supports for hit in one.entries}


def test_an_entry_stands_with_its_own_body_and_one_without_a_body_with_each(region: Region) -> None:
    region()
    rows = [
        EntryRow(id="LAB1", kind="seed", name="めっきの剥がれ、試験", body=LAB), EntryRow(id="CTR1", kind="seed", name="めっきの剥がれ", body=CENTER),
        EntryRow(id="ANY1", kind="seed", name="めっきの不良", owner_name="国"),
    ]  # fmt: skip
    put_entries(rows, kept_by="t", by=SYSTEM)
    shown = {one.body: {hit.id for hit in one.entries} & {"LAB1", "CTR1", "ANY1"} for one in propose(PLATING).supports if one.service == "tech-consultation"}
    assert shown == {LAB: {"LAB1", "ANY1"}, CENTER: {"CTR1", "ANY1"}}


def test_no_more_than_five_entries_are_shown_the_nearest_first(region: Region) -> None:
    region()
    put_entries([EntryRow(id=f"S{n}", kind="seed", name="めっきの剥がれ", body=LAB) for n in range(8)], kept_by="t", by=SYSTEM)
    shown = propose(PLATING).supports[0].entries
    assert len(shown) == 5
    assert [hit.score for hit in shown] == sorted((hit.score for hit in shown), reverse=True)
    assert [hit.id for hit in shown if hit.id != "PE1"] == sorted(hit.id for hit in shown if hit.id != "PE1")
