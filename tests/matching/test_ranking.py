"""The one way of ranking: candidates by words and by meaning, signs that say what they say, an order that holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from renkei.matching import fusion, lexical, meaning, ranking, signs
from renkei.matching.encoders import EncoderError, Matrix, Role
from renkei.matching.fusion import Model
from renkei.matching.postings import EMPTY, Extent, Postings, PostingsWriter, learn_prior
from renkei.matching.ranking import Ranker, encode_documents, made_of
from renkei.matching.retrieval import build
from renkei.matching.terms import FIELDS, Document, analysed, document_terms, places, query_terms
from tests.matching.judged import documents


@pytest.fixture(scope="module")
def ranker(tmp_path_factory: pytest.TempPathFactory) -> Ranker:
    return build(documents(), tmp_path_factory.mktemp("postings"))


def row(ranker: Ranker, key: str) -> int:
    return ranker.postings.row_of[key]


def test_the_fitting_document_comes_first(ranker: Ranker) -> None:
    asked = {"腕時計の電池を替えたい": "clock", "刺身がほしい": "fish", "自転車のパンク": "bicycle", "風邪": "doctor"}
    assert {text: ranker.rank(text)[0].id for text in asked} == asked


def test_nothing_is_found_for_nothing(ranker: Ranker) -> None:
    assert [ranker.rank(text) for text in ("", " ", "。、", "のをに")] == [[], [], [], []]


def test_the_order_is_the_same_each_time_and_equals_go_by_id(tmp_path: Path) -> None:
    same = [Document(key, "花屋", "花束を作る。") for key in ("c", "a", "b")]
    made = build(same, tmp_path)
    assert [[one.id for one in made.rank("花束")] for _ in range(3)] == [["a", "b", "c"]] * 3


def test_kinds_narrow_what_is_found(ranker: Ranker) -> None:
    assert {one.id for one in ranker.rank("パンを直す店", kinds=["food"])} == {"bread", "fish"}
    assert {one.kind for one in ranker.rank("パンを直す店", kinds=["food", "shop"])} == {"food", "shop"}
    assert ranker.rank("パン", kinds=["nobody"]) == []


def test_what_each_sign_adds_is_the_score(ranker: Ranker) -> None:
    for one in ranker.rank("止まった腕時計を直す"):
        assert one.score == pytest.approx(sum(one.parts.values()), abs=1e-4)


def test_signs_of_words_are_nought_where_no_word_is_shared(ranker: Ranker) -> None:
    pool = ranker.pool("腕時計の電池")
    own = pool.rows.tolist().index(row(ranker, "clock"))
    for name in ("words", "title", "text", "pairs", "cover", "units"):
        values = pool.signs[name]
        assert values[own] > 0
        assert np.count_nonzero(values) == 1, name
    assert set(pool.signs) == set(signs.SIGNALS)


def test_cover_is_whole_when_every_word_is_held(ranker: Ranker) -> None:
    pool = ranker.pool("腕時計の電池を替える")
    assert pool.signs["cover"][pool.rows.tolist().index(row(ranker, "clock"))] == pytest.approx(1.0)


def test_a_word_in_the_title_counts_as_title_and_as_word(ranker: Ranker) -> None:
    pool = ranker.pool("古本")
    own = pool.rows.tolist().index(row(ranker, "books"))
    assert pool.signs["title"][own] > 0
    assert pool.signs["text"][own] == 0


def test_words_that_mean_the_same_are_a_sign_of_their_own(tmp_path: Path) -> None:
    listed = analysed([Document("rust", "腐食の試験", "金属の腐食を調べる。"), Document("cake", "菓子", "菓子を焼く。")])
    writer = PostingsWriter(tmp_path, prior=learn_prior(listed))
    writer.add(listed)
    index = lexical.make()
    with lexical.writing(index) as to:
        lexical.add(to, listed)
    plain = Ranker(Postings(tmp_path, writer.extent), index)
    wise = Ranker(Postings(tmp_path, writer.extent), index, expand=lambda _text: [("腐食",), ("焼く", "菓子")])
    assert plain.pool("サビ").signs["synonyms"].sum() == 0
    pool = wise.pool("サビ")
    found = dict(zip([wise.postings.ids[one] for one in pool.rows], pool.signs["synonyms"].tolist(), strict=True))
    assert found["rust"] > 0
    assert found["cake"] == 0  # a phrase finds a candidate and does not count by one of its words


@pytest.mark.skipif(not meaning.is_there(), reason="word vectors are not installed")
def test_meaning_finds_what_no_word_finds(ranker: Ranker) -> None:
    pool = ranker.pool("病院")
    assert pool.signs["words"].sum() == 0
    nearest = ranker.postings.ids[pool.rows[int(np.argmax(pool.signs["near"]))]]
    assert nearest == "doctor"
    assert ranker.rank("病院")[0].id == "doctor"


@pytest.mark.skipif(not meaning.is_there(), reason="word vectors are not installed")
@pytest.mark.parametrize("near", [0, 1])
def test_fewer_may_be_found_by_meaning_than_by_words(ranker: Ranker, near: int) -> None:
    kinds, text = ["food", "shop"], "パンを直す店"
    whole, few = ranker.pool(text, kinds=kinds), ranker.pool(text, kinds=kinds, near=near)
    alone = [sum(ranker.postings.kind_of(one) == kind for one in few.rows[~few.told].tolist()) for kind in kinds]
    assert max(alone) <= near < (~whole.told).sum()
    assert set(whole.rows[whole.told].tolist()) == set(few.rows[few.told].tolist())


def test_without_vectors_words_still_rank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.matching.vectors.table", lambda: None)
    made = build(documents(), tmp_path)
    assert made.rank("腕時計の電池")[0].id == "clock"
    pool = made.pool("腕時計の電池")
    assert all(not pool.signs[name].any() for name in signs.MEANT)


def test_a_large_catalogue_looks_among_the_first_by_words(
    ranker: Ranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "SCANNED", 1)
    assert ranker.rank("腕時計の電池")[0].id == "clock"
    assert {ranker.postings.ids[one] for one in ranker.pool("腕時計の電池").rows} == {"clock"}


class Wise:
    """An encoder that knows that hunger wants bread."""

    name, version, width = "wise", "1", 2

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        return np.array([[1, 0] if "空腹" in text or "パン屋" in text else [0, 1] for text in texts], dtype=np.float32)


class Short(Wise):
    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        return np.zeros((1, 1), dtype=np.float32)


def test_a_plugged_in_encoder_finds_and_is_a_sign(tmp_path: Path) -> None:
    model = Model("by encoder", {"encoder": (1.0, 0.0, 0.0)})
    made = build(documents(), tmp_path, Wise())
    pool = made.pool("空腹")
    assert pool.signs["encoder"].sum() == pool.signs["encoder_title"].sum() == 1
    told = Ranker(made.postings, made._words, model=model, encoded=encode_documents(Wise(), documents()))
    assert told.rank("空腹")[0].id == "bread"
    assert set(told.rank("空腹")[0].parts) == {"encoder"}


def test_an_encoder_that_answers_amiss_is_told(ranker: Ranker) -> None:
    nothing = np.zeros((8, 1), dtype=np.float32)
    broken = Ranker(ranker.postings, ranker._words, encoded=made_of(Short(), nothing, nothing))
    with pytest.raises(EncoderError):
        encode_documents(Short(), documents())
    assert broken.postings is ranker.postings


def test_terms_of_a_document_lie_in_their_fields() -> None:
    terms = document_terms(Document("a", "自転車の店", "パンクを直す。"))
    assert set(terms.by_field) == set(FIELDS)
    assert "自転車" in terms.by_field["title"]
    assert "自転車" not in terms.by_field["text"]
    assert [*terms.words] == [*terms.by_field["title"], *terms.by_field["text"]]
    assert "を直" in terms.by_field["chars"]
    assert query_terms("花 花 花").words == ["花"]
    assert len(query_terms("".join(f"花{chr(0x4E00 + n)}、" for n in range(3000))).words) <= 160


def test_a_term_has_one_number_everywhere() -> None:
    assert places(["花", "本", "花"]).tolist() == [places(["花"])[0], places(["本"])[0], places(["花"])[0]]
    assert places([]).shape == (0,)


def test_postings_grow_and_forget(tmp_path: Path) -> None:
    listed = analysed(documents())
    writer = PostingsWriter(tmp_path, prior=learn_prior(listed))
    writer.add(listed[:5])
    before = writer.extent
    writer = PostingsWriter(tmp_path, before)
    writer.bury([0])
    writer.add(listed[5:])
    read = Postings(tmp_path, writer.extent)
    assert read.ids == [one.id for one, _terms in listed]
    assert sorted(read.row_of) == sorted(one.id for one, _terms in listed[1:])
    old = Postings(tmp_path, before)  # who opened it before still reads what it was told
    assert (len(old.ids), bool(old.alive.all())) == (5, True)
    at_once = PostingsWriter(tmp_path / "other", prior=learn_prior(listed))
    at_once.add(listed)
    whole = Postings(tmp_path / "other", at_once.extent)
    for name in ("numbers", "ends", "lengths"):
        assert np.array_equal(getattr(read, name), getattr(whole, name)), name
    assert np.allclose(read.both, whole.both, atol=1e-5)


def test_what_a_crash_left_is_not_read_and_is_cut_off(tmp_path: Path) -> None:
    listed = analysed(documents())
    writer = PostingsWriter(tmp_path, prior=learn_prior(listed))
    writer.add(listed[:4])
    kept = writer.extent
    writer.add(listed[4:])  # killed before the state was written
    assert len(Postings(tmp_path, kept).ids) == 4
    again = PostingsWriter(tmp_path, kept)
    again.add(listed[6:])
    assert Postings(tmp_path, again.extent).ids == [one.id for one, _ in [*listed[:4], *listed[6:]]]


@pytest.mark.parametrize("name", ["names.jsonl", "names.ends", "ends.i8", "numbers.i4", "lengths.f4", "vectors.i1", "scales.f4"])
def test_a_file_cut_short_is_told(tmp_path: Path, name: str) -> None:
    listed = analysed(documents())
    writer = PostingsWriter(tmp_path, prior=learn_prior(listed))
    writer.add(listed)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:8])
    with pytest.raises((OSError, ValueError)):
        Postings(tmp_path, writer.extent)


def test_empty_postings_are_read(tmp_path: Path) -> None:
    writer = PostingsWriter(tmp_path)
    assert writer.extent == EMPTY == Extent(0, 0, 0)
    index = lexical.make()
    assert Ranker(Postings(tmp_path, EMPTY), index).rank("花") == []


def test_weights_are_plain_data() -> None:
    model = fusion.published()
    assert set(model.weights) == set(signs.SIGNALS)
    assert fusion.from_data(model.as_data()).weights == model.weights
    with pytest.raises(ValueError):
        fusion.from_data({"name": "half", "weights": {"words": [1]}})


def test_a_sign_alike_for_all_adds_nothing() -> None:
    model = Model("one", {"words": (1.0, 0.0, 0.0)})
    assert model.score({"words": np.ones(4, dtype=np.float32)}).tolist() == [0, 0, 0, 0]
    assert model.score({}).tolist() == []
    assert model.score({"other": np.ones(2, dtype=np.float32)}).tolist() == [0, 0]


@pytest.mark.parametrize("kinds", [["food"], ["food", "shop"], ["shop", "none"], [""], ["none"]], ids=str)
def test_the_first_by_words_of_some_kinds_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch, ranker: Ranker, kinds: list[str]) -> None:
    monkeypatch.setattr(ranking, "SCANNED", 0)
    monkeypatch.setattr(ranking, "_FAR", 2)
    dice = np.random.default_rng(7)
    postings = ranker.postings
    for _ in range(40):
        score = np.round(dice.random(postings.extent.rows) * 6) * (dice.random(postings.extent.rows) > 0.3)
        own = [row for row in range(postings.extent.rows) if score[row] > 0 and (kinds == [""] or postings.kind_of(row) in kinds)]
        found = ranker._far(score, kinds).tolist()
        assert found == sorted(set(found))
        assert set(found) <= set(own)
        assert sorted(score[found]) == sorted(score[own])[-2:]
