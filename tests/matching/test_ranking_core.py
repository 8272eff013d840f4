"""The parts of ranking at their edges, without a database: terms, meaning, signs, the fusion, figures, learning from what tells."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching import learning, measures, signs
from renkei.matching.fusion import BENDS, Model, bent, from_data, published, standard, tree_rows
from renkei.matching.learning import Example, fit, learn
from renkei.matching.lessons import compare
from renkei.matching.meaning import WIDTH, Static, means, prior_of, unit
from renkei.matching.postings import EMPTY, Postings, PostingsWriter
from renkei.matching.retrieval import build
from renkei.matching.terms import FIELDS, MOST_TERMS, SPACE, Document, analysed, document_terms, places, query_terms
from tests.matching.judged import documents

ODD = ["", " ", "。", "🔥", "🔥" * 300, "\x00", "a", "あ", "'; DROP TABLE--", "\u202e逆", "𠮷野家", "ｶﾞﾗｽ", "Ti-6Al-4V", "1" * 500, "\n" * 99, "ヶ" * 50, "腐食" * 20_000]
GRADES = st.lists(st.integers(0, 3), max_size=20)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


class TestTerms:
    @pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
    def test_any_text_has_its_fields_and_a_query_no_term_twice(self, text: str) -> None:
        document, query = document_terms(Document("1", text[:300], text)), query_terms(text)
        assert set(document.by_field) == set(query.by_field) == set(FIELDS)
        for terms in query.by_field.values():
            assert len(terms) == len(set(terms)) <= 400
        assert len(query.words) <= MOST_TERMS

    def test_only_the_first_twenty_thousand_characters_are_read(self) -> None:
        long = "腐食。" * 6_667
        assert document_terms(Document("1", "", long + "溶接")).words == document_terms(Document("1", "", long)).words
        assert "溶接" not in query_terms(long + "溶接").words

    def test_a_title_is_no_body_and_both_are_words(self) -> None:
        found = document_terms(Document("1", "塩水噴霧試験機", "腐食を調べる"))
        assert [*found.by_field["title"], *found.by_field["text"]] == list(found.words)
        assert found.by_field["title"]
        assert not set(found.by_field["title"]) & set(found.by_field["text"])

    @given(terms=st.lists(st.text(max_size=12), max_size=40))
    @settings(max_examples=60)
    def test_a_term_has_one_place_and_places_keep_the_order(self, terms: list[str]) -> None:
        clean = [term.encode("utf-8", "ignore").decode() for term in terms]
        found = places(clean)
        assert len(found) == len(clean)
        assert all(0 <= int(one) < SPACE for one in found)
        assert found.tolist() == [int(places([one])[0]) for one in clean]


class TestMeaning:
    def test_every_row_has_length_one_or_none(self) -> None:
        rows = Static().of_words([["腐食"], [], ["ありえない語彙ズモモ"], ["腐食", "錆"]])
        lengths = np.linalg.norm(rows, axis=1)
        assert rows.shape == (4, WIDTH)
        assert all(abs(float(one) - 1) < 1e-4 or float(one) == 0 for one in lengths)
        assert float(lengths[1]) == float(lengths[2]) == 0
        assert not np.isnan(rows).any()

    @given(values=st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3), min_size=1, max_size=8))
    @settings(max_examples=60)
    def test_length_one_is_reached_once_and_stays(self, values: list[list[float]]) -> None:
        rows = np.array(values, dtype=np.float32)
        once = unit(np.where(np.abs(rows) < 1e-6, 0, rows).astype(np.float32))  # smaller ones are nought when squared
        assert np.allclose(unit(once), once, atol=1e-4)
        assert np.isfinite(once).all()

    def test_what_all_documents_say_counts_for_less(self) -> None:
        prior = prior_of([["装置", f"語{n}"] for n in range(50)] + [["装置", "腐食"]])
        assert prior.share("装置", 0.0) > 10 * prior.share("腐食", 0.0)
        assert prior.total == 102
        assert 0 <= prior.share("ありえない語彙", 0.0) < prior.share("腐食", 0.0)

    def test_too_few_documents_share_no_direction(self) -> None:
        cases: list[list[list[str]]] = [[], [["腐食"]], [["腐食"], ["錆"]], [[], [], []]]
        for listed in cases:
            assert not prior_of(listed).common.any()
        assert means([], None).shape == (0, WIDTH)


class TestPostings:
    def test_odd_documents_are_kept_and_found_by_their_name(self, tmp_path: Path) -> None:
        kept = [Document(f"odd/{n} 🔥\n", text[:200], text[:3_000], "kind'\n", f"m{n}") for n, text in enumerate(ODD)]
        writer = PostingsWriter(tmp_path)
        writer.add(analysed(kept))
        found = Postings(tmp_path, writer.extent)
        assert found.ids == [one.id for one in kept]
        assert {found.kind_of(row) for row in range(len(kept))} == {"kind'\n"}
        assert [found.mark_of(row) for row in range(len(kept))] == [one.mark for one in kept]
        assert writer.rows_of([kept[3].id, "none", ""]) == [3]

    def test_a_buried_row_counts_for_nothing(self, tmp_path: Path) -> None:
        writer = PostingsWriter(tmp_path)
        writer.add(analysed([Document("a", "腐食", ""), Document("b", "腐食", ""), Document("c", "溶接", "")]))
        before = Postings(tmp_path, writer.extent).often.rarity(0, places(["腐食"]))[0]
        writer.bury([0])
        found = Postings(tmp_path, writer.extent)
        assert found.row_of == {"b": 1, "c": 2}
        assert found.of_kind("").tolist() == [1, 2]
        assert float(found.often.rarity(0, places(["腐食"]))[0]) > float(before)
        assert found.of_kind("nothing of the kind").tolist() == []

    def test_an_empty_writer_writes_nothing(self, tmp_path: Path) -> None:
        writer = PostingsWriter(tmp_path)
        writer.add([])
        assert writer.extent == EMPTY
        assert writer.rows_of(["a"]) == []
        assert Postings(tmp_path, writer.extent).ids == []


class TestSigns:
    def test_odd_queries_are_ranked_without_a_fault_and_the_same_each_time(self, tmp_path: Path) -> None:
        ranker = build(documents(), tmp_path)
        for text in ODD:
            first, second = ranker.rank(text[:5_000]), ranker.rank(text[:5_000])
            assert first == second
            assert all(math.isfinite(one.score) and all(math.isfinite(part) for part in one.parts.values()) for one in first)
            told = [(-round(one.score, 4), one.id) for one in first]
            assert told == sorted(told)

    def test_each_sign_is_a_number_for_each_row_the_same_each_time(self, tmp_path: Path) -> None:
        ranker = build(documents(), tmp_path)
        rows = ranker.postings.of_kind("")
        query = signs.query_of("金属の腐食を調べたい", ranker.postings, [("錆",), ("塩水", "噴霧")])
        found = signs.signals(query, ranker.postings, rows)
        assert set(found) == set(signs.SIGNALS)
        assert {len(values) for values in found.values()} == {len(rows)}
        assert all(np.isfinite(values).all() for values in found.values())
        assert float(found["cover"].max()) <= 1.0001
        again = signs.signals(query, ranker.postings, rows)
        assert all((again[name] == values).all() for name, values in found.items())

    @given(values=st.lists(st.floats(-100, 100), max_size=30), limit=st.integers(0, 40))
    @settings(max_examples=80)
    def test_the_best_are_the_largest(self, values: list[float], limit: int) -> None:
        held = np.array(values)
        found = signs.best(held, limit)
        assert sorted(held[found].tolist(), reverse=True) == sorted(values, reverse=True)[:limit]

    def test_what_has_no_number_is_never_among_the_best(self) -> None:
        assert signs.best(np.array([1.0, -np.inf, 3.0, -np.inf]), 4).tolist() in ([2, 0], [0, 2])
        assert signs.best(np.array([]), 5).tolist() == []


class TestFusion:
    @given(values=NUMBERS)
    @settings(max_examples=80)
    def test_places_have_no_unit(self, values: list[float]) -> None:
        held = np.array(values)
        found = standard(held)
        assert np.isfinite(found).all()
        assert abs(float(found.mean())) < 1e-6
        if found.any():
            assert abs(float(found.std()) - 1) < 1e-6

    @given(values=NUMBERS)
    @settings(max_examples=60)
    def test_bends_begin_where_they_begin(self, values: list[float]) -> None:
        held = np.array(values)
        columns = bent(held)
        assert columns.shape == (len(values), 1 + len(BENDS))
        assert (columns[:, 1:] >= 0).all()
        assert (columns[held <= min(BENDS), 1:] == 0).all()

    def test_a_model_goes_through_plain_data_and_back_to_the_same_order(self) -> None:
        dice = np.random.default_rng(3)
        pool = {name: dice.normal(size=50).astype(np.float32) for name in published().weights}
        again = from_data(json.loads(json.dumps(published().as_data())))
        assert np.argsort(-again.score(pool)).tolist() == np.argsort(-published().score(pool)).tolist()

    @pytest.mark.parametrize("data", [{}, {"name": "x"}, {"weights": {}}, {"name": "x", "weights": {"a": [1]}}, {"name": "x", "weights": {"a": ["x", 0, 0]}}, {"name": "x", "weights": {"a": [0] * 4}}])
    def test_what_is_no_model_is_told(self, data: dict[str, Any]) -> None:
        with pytest.raises((ValueError, KeyError)):
            from_data(data)

    def test_signs_that_are_missing_or_unknown_add_nothing(self) -> None:
        model = Model("x", {"a": (1.0, 0.0, 0.0), "gone": (5.0, 0.0, 0.0)})
        pool = {"a": np.array([1.0, 2.0], dtype=np.float32), "odd": np.array([9.0, 0.0], dtype=np.float32)}
        assert set(model.parts(pool)) == {"a"}
        assert np.argmax(model.score(pool)) == 1
        assert model.score({}).tolist() == []
        assert Model("none", {}).score(pool).tolist() == [0.0, 0.0]
        assert tree_rows(pool, ["a", "odd"]).shape == (2, 6)


class TestFigures:
    @given(ranked=GRADES, rest=GRADES)
    @settings(max_examples=100)
    def test_figures_lie_between_nought_and_one(self, ranked: list[int], rest: list[int]) -> None:
        every, fitting = [*ranked, *rest], sum(one > 0 for one in [*ranked, *rest])
        for value in (measures.ndcg(ranked, every), measures.average_precision(ranked, fitting), measures.reciprocal_rank(ranked), measures.recall(ranked, fitting)):
            assert 0 <= value <= 1 + 1e-9

    @given(grades=GRADES)
    @settings(max_examples=60)
    def test_the_best_order_has_one_and_a_worse_one_no_more(self, grades: list[int]) -> None:
        best = sorted(grades, reverse=True)
        assert measures.ndcg(best, grades) == pytest.approx(1.0 if any(grades) else 0.0)
        assert measures.ndcg(best[::-1], grades) <= measures.ndcg(best, grades) + 1e-9

    def test_the_interval_holds_the_mean_and_is_the_same_each_time(self) -> None:
        values = [0.1, 0.5, -0.2, 0.3, 0.0, 0.4]
        mean, low, high = measures.interval(values)
        assert low <= mean <= high
        assert measures.interval(values) == (mean, low, high)
        assert measures.interval([]) == (0.0, 0.0, 0.0)
        assert measures.interval([0.25] * 9) == (0.25, 0.25, 0.25)


def judged(count: int, strength: float, seed: int = 0, size: int = 25) -> list[Example]:
    """Simulated judgments: one fitting document each, which a sign tells with a strength."""
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        grades = np.zeros(size, dtype=np.int64)
        grades[dice.integers(size)] = 3
        pool = {name: dice.normal(size=size).astype(np.float32) for name in ("words", "sense", "noise")}
        pool["sense"] = (pool["sense"] + strength * (grades > 0)).astype(np.float32)
        found.append(Example(pool, grades, (3,)))
    return found


NOW = Model("now", {"words": (1.0, 0.0, 0.0), "sense": (0.1, 0.0, 0.0), "noise": (0.5, 0.0, 0.0)})


class TestLearning:
    @pytest.mark.parametrize(("strength", "gains"), [(3.0, True), (1.5, True), (0.0, False)])
    def test_a_gain_is_found_where_there_is_one_and_only_there(self, strength: float, gains: bool) -> None:
        outcome = compare(judged(60, strength), NOW)
        assert (outcome.gain_low > 0) is gains
        assert outcome.examples == 60
        if gains:
            assert outcome.after > outcome.before + 0.1
            fresh = judged(60, strength, seed=99)
            learned = from_data(outcome.weights)
            assert np.mean([one.gain(learned) for one in fresh]) > np.mean([one.gain(NOW) for one in fresh]) + 0.1

    def test_the_same_judgments_teach_the_same(self) -> None:
        first, second = (fit(judged(40, 2.0), trees=False).as_data() for _ in range(2))
        assert first == second
        assert compare(judged(40, 2.0), NOW) == compare(judged(40, 2.0), NOW)

    def test_the_order_of_judgments_does_not_matter(self) -> None:
        listed = judged(40, 2.0)
        one, other = fit(listed, trees=False).weights, fit(listed[::-1], trees=False).weights
        assert all(np.allclose(one[name], other[name], atol=1e-6) for name in one)

    def test_answers_that_fit_nothing_teach_nothing_and_spoil_nothing(self) -> None:
        nothing = [Example(one.signs, np.zeros_like(one.grades), (0,)) for one in judged(10, 2.0, seed=5)]
        listed = judged(40, 2.0)
        assert fit([*listed, *nothing], trees=False).as_data() == fit(listed, trees=False).as_data()
        with pytest.raises(ValueError, match="nothing|no judged"):
            fit(nothing, trees=False)

    def test_too_few_never_change_the_order(self) -> None:
        for count in (0, 1, learning.LINEAR_FROM - 1):
            found = learn(judged(count, 3.0), NOW)
            assert (found.model is NOW, found.is_better) == (True, False)

    def test_a_few_wrong_answers_do_not_turn_it_round(self) -> None:
        listed = judged(60, 2.5)
        wrong = [Example(one.signs, np.roll(one.grades, 7), one.all_grades) for one in listed[:6]]
        outcome = compare([*wrong, *listed[6:]], NOW)
        assert outcome.gain_low > 0
        weights = outcome.weights["weights"]
        assert weights["sense"][0] > abs(weights["noise"][0])

    def test_signs_that_are_alike_for_all_are_no_fault(self) -> None:
        flat = [Example({**one.signs, "noise": np.zeros_like(one.signs["noise"])}, one.grades, one.all_grades) for one in judged(40, 2.0)]
        model = fit(flat, trees=False)
        assert all(math.isfinite(part) for weight in model.weights.values() for part in weight)
