"""Why an entry was found: each named word is in both texts, each synonym has a side in each, nearness is named when no word is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base.actor import SYSTEM
from renkei.matching import index, vectors
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.commands import match_lines, route_text
from renkei.matching.eligibility import rulings
from renkei.matching.entries import Match, forms_of, matches
from renkei.matching.facts import Facts
from renkei.matching.finding import look, read_wish
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.proposal import Evidence
from renkei.matching.propose import propose
from renkei.matching.reasons import ARROW, LINK, as_written, nearest, reasons, why_found
from renkei.matching.search import search
from renkei.matching.showing import marked, shown
from renkei.matching.synonyms import current, term_of
from renkei.matching.words import content_forms, words
from renkei.plan.industry import industry_of
from tests.matching.conftest import CUES
from tests.world import LAB, World

Region = Callable[..., World]
ROW = EntryRow(id="X1", kind="seed", name="腐食を抑える塗膜", body=LAB, summary="屋外で使う金具の腐食を抑える方法。")
BITS = ["サビ", "腐食", "ひび", "クラック", "ゆがみ", "めっき", "屋外", "金具", "方法", "資料", "使う", "が出る", "を測る", "、", "。", "樹脂", "🦊", "ﾒｯｷ", "塗膜"]


def put(*rows: EntryRow) -> None:
    put_entries(rows, kept_by="more", by=SYSTEM)


def why(text: str, entry: str = "X1", *, typed: bool = False) -> list[tuple[str, str]]:
    [found] = [one for one in matches(text, knowledge(), typed=typed) if one.entry.id == entry]
    return [(one.kind, one.text) for one in reasons(found, text)]


def own(entry: Entry) -> str:
    return f"{entry.name}\n{entry.summary}\n{entry.text}"


def is_true(one: Evidence, match: Match, text: str) -> bool:
    """Tell whether a reason holds, looked at from the texts alone."""
    entry = own(match.entry)
    if one.kind == "word":
        return one.text in text and set(content_forms(one.text)) & set(content_forms(entry)) != set()
    if one.kind == "alike":
        said, other = one.text.split(ARROW)
        listed = {term.word: term for group in current().used(words(text)) if group.said == said for term in group.others}
        written = all(part in entry for part in other.split("…"))
        return said in text and written and any(set(term.forms) <= set(content_forms(entry)) for term in listed.values())
    pairs = [pair.split(LINK) for pair in one.text.split("、")] if one.text else []
    return all(said in text and other in match.entry.name for said, other in pairs) and (bool(pairs) or match.near >= index.NEAR_ENOUGH)


def test_a_weak_word_is_neither_named_nor_counted(region: Region) -> None:
    region()
    put(ROW)
    text = "屋外の金具の方法。"
    [match] = [one for one in matches(text, knowledge()) if one.entry.id == "X1"]
    assert why(text) == [("word", "屋外"), ("word", "金具")]
    assert len(match.spans) == 2


def test_what_shares_only_weak_words_is_not_proposed(region: Region) -> None:
    region()
    put(replace(ROW, id="X2", name="方法の資料", summary="方法を使う。"), ROW)
    text = "屋外の金具の、めっきが剥がれる不良を減らす方法の資料。"
    assert {"X1", "X2"} <= {one.entry.id for one in matches(text, knowledge())}
    shown = {hit.id for one in propose(text).supports for hit in one.entries}
    assert ("X1" in shown, "X2" in shown) == (True, False)


def test_the_same_entry_tells_the_word_and_the_other_word(region: Region) -> None:
    region()
    put(ROW)
    assert why("屋外でサビが出る。") == [("word", "屋外"), ("alike", "サビ → 腐食")]
    assert why("屋外で腐食する。") == [("word", "屋外"), ("word", "腐食")]


def test_a_word_of_the_list_is_told_as_the_entry_writes_it() -> None:
    entry = Entry(name="ｸﾗｯｸの検出", summary="熱による変形を、測る。", text="")
    assert as_written(term_of("クラック"), entry) == "ｸﾗｯｸ"
    assert as_written(term_of("熱変形"), entry) == "熱…変形"
    assert as_written(term_of("検出"), entry) == "検出"


@pytest.mark.skipif(vectors.table() is None, reason="the word vectors are not installed")
def test_nearness_in_meaning_is_told_with_the_words_that_are_near_and_only_where_no_word_is() -> None:
    text, near = "めっきとアルマイトの相談。", index.NEAR_ENOUGH
    match = Match(Entry(id="X1", name="溶射の研究"), (), 1.0, (), (), near=near)
    [one] = reasons(match, text)
    assert (one.kind, is_true(one, match, text)) == ("near", True)
    assert one.text.split("、")[0].endswith(f"{LINK}溶射")
    assert [one.kind for one in reasons(replace(match, spans=((0, 3),)), text)] == ["word"]
    assert reasons(replace(match, entry=Entry(id="X1", name="方法")), text) == [Evidence("near", "")]
    assert reasons(replace(match, entry=Entry(id="X1", name="方法"), near=near - 0.01), text) == []


@pytest.mark.parametrize(("weight", "expected"), [(2.0, True), (1.99, False)])
def test_one_word_that_many_entries_have_is_too_little(weight: float, *, expected: bool) -> None:
    match = Match(Entry(id="X1", name="溶射"), (), 1.0, ((0, 2),), (), weight=weight)
    assert match.has_reason is expected


def test_rare_words_weigh_more(region: Region) -> None:
    region()
    put(*[replace(ROW, id=f"N{n}", name="塗膜" if n % 10 else "塗膜と蝶番", summary="") for n in range(120)], replace(ROW, id="X1", name="膜", summary="腐食。"))
    index.ensure()
    weight = {one.entry.id: one.weight for one in matches("サビと蝶番。", knowledge(), kinds=["seed"], per_kind=200)}
    assert (2.0 <= weight["N10"] < 3.0, weight["X1"] > 5.0) == (True, True)


@pytest.mark.parametrize(("spans", "near", "expected"), [(((0, 2),), 0.0, True), ((), index.NEAR_ENOUGH, True), ((), index.NEAR_ENOUGH - 0.01, False)])
def test_an_entry_has_a_reason_by_a_word_or_by_nearness(spans: tuple[tuple[int, int], ...], near: float, *, expected: bool) -> None:
    assert Match(Entry(id="X1", name="溶射"), (), 1.0, spans, (), near=near).has_reason is expected


def test_pairs_are_different_words_each_named_once_and_none_where_none_are_near() -> None:
    said = words("めっきとアルマイトと溶接と検査の方法。")
    found = [pair.split(LINK) for pair in nearest(said, "溶射と塗装の検査方法")]
    assert len(found) <= 2
    assert all(one != other and "方法" not in {one, other} for one, other in found)
    assert len({one for one, _other in found}) == len(found) == len({other for _one, other in found})
    assert nearest(words("方法"), "溶射") == []
    assert nearest(said, "") == []


def test_without_word_vectors_no_pairs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "table", lambda: None)
    assert nearest(words("めっき"), "溶射") == []


def test_every_reason_told_is_true(region: Region) -> None:
    region()
    put(ROW, replace(ROW, id="X2", name="クラックの検出", summary="樹脂の割れと熱変形を測る。"), replace(ROW, id="X3", kind="equipment", name="恒温槽", summary="熱変形。"))

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(BITS), min_size=1, max_size=10).map("".join))
    def holds(text: str) -> None:
        for match in matches(text, knowledge()):
            assert [one for one in reasons(match, text) if not is_true(one, match, text)] == []

    holds()


def test_a_planted_lie_is_seen(region: Region) -> None:
    region()
    put(ROW)
    text = "屋外のサビ。"
    [match] = [one for one in matches(text, knowledge()) if one.entry.id == "X1"]
    lies = [Evidence("word", "金具"), Evidence("word", "サビ"), Evidence("alike", "サビ → 塗装"), Evidence("alike", "屋外 → 腐食"), Evidence("near", "屋外と溶射")]
    assert [one for one in lies if is_true(one, match, text)] == []
    assert all(is_true(one, match, text) for one in reasons(match, text))


def test_a_search_tells_common_words_when_only_such_were_typed(region: Region) -> None:
    region()
    put(ROW)
    assert why("方法", typed=True) == [("word", "方法")]
    assert why("屋外の方法", typed=True) == [("word", "屋外")]
    [hit] = [one for one in search("サビ", actor=SYSTEM) if one.id == "X1"]
    assert [(one.kind, one.text) for one in hit.reasons] == [("alike", "サビ → 腐食")]


def test_the_commands_tell_the_reasons(region: Region) -> None:
    region()
    put(ROW)
    text, out = "屋外の金具にサビが出る。不良の原因が分からない。", StringIO()
    match_lines(StringIO(json.dumps({"id": 1, "text": text})), out)
    [one] = [entry for entry in json.loads(out.getvalue())["entries"] if entry["id"] == "X1"]
    assert [why for why in one["evidence"] if why["kind"] != "met"] == [{"kind": "word", "text": "屋外"}, {"kind": "word", "text": "金具"}, {"kind": "alike", "text": "サビ → 腐食"}]
    assert "X1 腐食を抑える塗膜（屋外、金具、言い換え サビ → 腐食）" in route_text(text)


def test_a_common_word_of_the_plan_is_no_reason_for_a_service_but_a_strong_cue_is(region: Region) -> None:
    cues = {"services": {"tech-consultation": {"strong": ["方法"], "words": ["必要", "不良"]}}, "bodies": {LAB: {"words": ["対応", "めっき"]}}}
    region(cues=cues)
    [one] = [one for one in propose("不良に必要な方法。めっきの対応。").supports if (one.service, one.body) == ("tech-consultation", LAB)]
    assert [told.text for told in one.evidence if told.kind == "word"] == ["方法", "不良", "めっき"]


def test_the_share_of_entries_with_a_word_is_told_of_enough_entries_only(region: Region) -> None:
    region()
    assert index.often({"めっき"}) == {}
    put(*[replace(ROW, id=f"N{n}", name="塗膜", summary="扉。" if n % 4 else "扉と蝶番。") for n in range(120)])
    index.ensure()
    found = index.often({"扉", "蝶番", "まぼろし"})
    assert found["扉"] == pytest.approx(121 / 127, abs=0.02)
    assert found["蝶番"] == pytest.approx(30 / 127, abs=0.02)
    assert found["まぼろし"] < 0.01
    assert index.often({"扉"}, audience="public") == {}
    assert [one.words("扉の蝶番。") for one in matches("扉の蝶番。", knowledge(), kinds=["seed"])] == [""] * 8


def test_a_row_of_results_tells_what_its_marks_do_not_show(region: Region) -> None:
    region()
    put(ROW, replace(ROW, id="X2", name="塩水噴霧", summary="試験。", text="サビを見る。"), replace(ROW, id="X3", name="サビの絵", summary=""))
    found = shown(look(read_wish({"q": "サビ"}), actor=SYSTEM), str)
    told = {row.entry.id: [(one.kind, one.text) for one in row.reasons] for row in found.rows}
    assert {key: told[key] for key in ("X1", "X2", "X3")} == {"X1": [("alike", "サビ → 腐食")], "X2": [("word", "サビ")], "X3": []}
    without = shown(look(read_wish({"q": "サビ"}, ["腐食"]), actor=SYSTEM), str)
    assert [one for row in without.rows for one in row.reasons if one.text.endswith("腐食")] == []


def test_an_entry_is_asked_only_where_its_marks_do_not_tell_all(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    put(ROW, replace(ROW, id="X2", name="塩水噴霧", summary="試験。", text="サビの絵を見る。"), replace(ROW, id="X3", name="サビの絵", summary=""))
    asked: list[str] = []

    def asking(entry: Entry, *given: Any) -> list[Evidence]:
        asked.append(entry.id)
        return why_found(entry, *given)

    monkeypatch.setattr("renkei.matching.showing.why_found", asking)
    found = [row.entry.id for row in shown(look(read_wish({"q": "サビ"}), actor=SYSTEM), str).rows]
    assert asked == found  # each may say 腐食 for it
    asked.clear()
    marks = {row.entry.id: any(part.marked for part in (*row.name, *row.about)) for row in shown(look(read_wish({"q": "絵"}), actor=SYSTEM), str).rows}
    assert (marks["X2"], marks["X3"]) == (False, True)
    assert asked == [key for key, is_marked in marks.items() if not is_marked]


def test_of_what_is_asked_only_the_text_is_read_that_the_index_does_not_hold(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    put(ROW, replace(ROW, id="X2", name="塩水噴霧", summary="試験。", text="サビを見る。"))
    read: list[str] = []

    def reading(entry: Entry) -> frozenset[str]:
        read.append(entry.id)
        return forms_of(entry)

    def reasons_now() -> dict[str, list[str]]:
        return {row.entry.id: [one.text for one in row.reasons] for row in shown(look(read_wish({"q": "サビ"}), actor=SYSTEM), str).rows}

    monkeypatch.setattr("renkei.matching.reasons.forms_of", reading)
    told = reasons_now()
    assert ({key: told[key] for key in ("X1", "X2")}, read) == ({"X1": [f"サビ{ARROW}腐食"], "X2": ["サビ"]}, [])
    monkeypatch.setattr(index, "ensure", lambda: None)  # the index is behind
    Entry.objects.filter(pk="X2").update(text="腐食を見る。", text_hash="other")
    assert (reasons_now()["X2"], read) == ([f"サビ{ARROW}腐食"], ["X2"])


def test_what_was_typed_is_marked_from_the_beginning_of_a_word_only() -> None:
    assert [part.text for part in marked("トレーサビリティ", frozenset(), "サビ") if part.marked] == []
    assert [part.text for part in marked("計量のサビリ", frozenset(), "サビ") if part.marked] == ["サビ"]
    assert [part.text for part in marked("膜厚計", frozenset(), "膜厚") if part.marked] == ["膜厚"]


@pytest.mark.parametrize(("known", "failed"), [({"employees": 500}, {"employees"}), ({"capital_yen": 900_000_000, "employees": 2_000}, {"capital_yen", "employees"})])
def test_a_failed_rule_that_is_named_fails_when_evaluated_alone(region: Region, known: dict[str, Any], failed: set[str]) -> None:
    region()
    facts = Facts(**known)
    text = "開発の試作の補助金を申し込みたい。"
    [miss] = [one for one in propose(text, facts=facts).near_misses if one.name == "試作の補助金"]
    eligible = Entry.objects.get(pk="PG1").facts["eligible"]
    alone = [one for key, value in eligible.items() for one in rulings({key: value}, facts, industry_of(knowledge().content))]
    assert {one.key for one in alone if one.is_met is False} == failed
    assert miss.rule in failed
    assert [one for one in propose(text, facts=Facts()).near_misses if one.name == "試作の補助金"] == []


def test_a_piece_of_a_bodys_name_is_no_reason_but_typed_it_finds(region: Region) -> None:
    region(cues={**CUES, "bodies": {LAB: {"names": ["つばめテクノ塗膜館", "ﾂﾊﾞﾒ塗膜"]}}})
    put(replace(ROW, summary="塗膜の館。"))
    for text in ("つばめテクノ塗膜館に電話したが、つばめテクノ塗膜館は休み。", "ツバメ塗膜と、つばめテクノ塗膜館。"):
        [match] = [one for one in matches(text, knowledge()) if one.entry.id == "X1"]
        assert (match.spans, match.alike, match.words(text)) == ((), (), "")
        assert [one for one in reasons(match, text) if "塗膜" in one.text or "館" in one.text] == []
        assert "X1" not in {hit.id for one in propose(text).supports for hit in one.entries}
        assert ("word", "塗膜") in why(text, typed=True)
    assert why("つばめテクノ塗膜館で、塗膜の腐食。") == [("word", "塗膜"), ("word", "腐食")]


@pytest.mark.skipif(vectors.table() is None, reason="the word vectors are not installed")
def test_no_pair_is_told_of_a_piece_of_a_name() -> None:
    text, near = "めっきとアルマイトの相談。", index.NEAR_ENOUGH
    match = Match(Entry(id="X1", name="溶射の研究"), (), 1.0, (), (), near=near, names=((0, 9),))
    assert reasons(match, text) == [Evidence("near", "")]
