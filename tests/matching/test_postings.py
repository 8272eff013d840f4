"""Postings: numbers that say what the words say, words and names that come back, counts that follow what comes and goes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from renkei.matching import meaning, postings, signs
from renkei.matching.columns import runs
from renkei.matching.digest import BLOCK, digest, digests, keys_in, places_in
from renkei.matching.meaning import Static
from renkei.matching.postings import BODY, BOTH, TITLE, Extent, Postings, PostingsWriter, learn_prior
from renkei.matching.terms import FIELDS, SPACE, Document, analysed, places
from renkei.matching.words import content_forms
from tests.matching.judged import documents

LISTED = analysed(documents())


def written(folder: Path, *sizes: int) -> PostingsWriter:
    writer = PostingsWriter(folder, prior=learn_prior(LISTED))
    at = 0
    for size in sizes or (len(LISTED),):
        writer.add(LISTED[at : at + size])
        at += size
    return writer


def test_numbers_are_the_terms_of_the_documents() -> None:
    block = digest(LISTED)
    assert block.names == [(one.id, one.kind, one.mark) for one, _terms in LISTED]
    for name in FIELDS:
        flat, listed = block.fields[name], [terms.by_field[name] for _one, terms in LISTED]
        ends = np.cumsum(flat.sizes)
        for at, terms in enumerate(listed):
            own = slice(int(ends[at] - flat.sizes[at]), int(ends[at]))
            assert sorted(flat.places[own].tolist()) == sorted(places_in(name, list(set(terms))).tolist())
            assert Counter(flat.counts[own].tolist()) == Counter(Counter(terms).values())
        assert flat.lengths.tolist() == [len(terms) for terms in listed]


def test_a_part_of_a_block_is_the_block_of_that_part() -> None:
    mask = np.array([number % 3 != 1 for number in range(len(LISTED))])
    part, alone = digest(LISTED).taken(mask), digest([one for one, is_in in zip(LISTED, mask, strict=True) if is_in])
    assert (part.names, len(part)) == (alone.names, len(alone))
    for name in FIELDS:
        for side in ("sizes", "keys", "counts", "lengths", "near", "general"):
            assert np.array_equal(getattr(part.fields[name], side), getattr(alone.fields[name], side)), (name, side)
    assert digest(LISTED).taken(np.ones(len(LISTED), dtype=bool)).names == digest(LISTED).names
    assert len(digest(LISTED).taken(np.zeros(len(LISTED), dtype=bool))) == 0


def test_many_documents_become_blocks() -> None:
    assert [len(one) for one in digests(LISTED[:1] * (BLOCK + 3))] == [BLOCK, 3]


@pytest.mark.skipif(not meaning.is_there(), reason="word vectors are not installed")
def test_meaning_from_numbers_is_meaning_from_words() -> None:
    words = [terms.words for _one, terms in LISTED]
    bag = digest(LISTED).fields["words"].bag
    prior, by_words = meaning.prior_of_bags([bag]), meaning.prior_of(words)
    assert np.array_equal(prior.often, by_words.often)
    assert abs(float(prior.common @ by_words.common)) == pytest.approx(1.0, abs=1e-3)
    for known in (None, by_words):
        assert np.allclose(Static(known).of_bag(bag), Static(known).of_words(words), atol=1e-4)


@pytest.mark.skipif(not meaning.is_there(), reason="word vectors are not installed")
def test_equal_texts_have_equal_vectors_to_the_last_bit(tmp_path: Path) -> None:
    same = analysed(Document(str(number), "花屋", "花束を作る店。") for number in range(13))
    writer = PostingsWriter(tmp_path, prior=learn_prior(LISTED))
    writer.add([*LISTED[:2], *same])
    read = Postings(tmp_path, writer.extent)
    for matrix in (*map(read.vectors.whole, (TITLE, BODY, BOTH)), read.both):
        assert (matrix[2:] == matrix[2]).all()


def test_a_row_tells_its_name_kind_wording_and_words(tmp_path: Path) -> None:
    marked = [(Document(f"社{number}", one.title, one.text, one.kind, f"mark{number}"), terms) for number, (one, terms) in enumerate(LISTED)]
    writer = PostingsWriter(tmp_path)
    writer.add(marked)
    read = Postings(tmp_path, writer.extent)
    for row, (one, _terms) in enumerate(marked):
        assert (read.id_of(row), read.kind_of(row), read.mark_of(row)) == (one.id, one.kind, one.mark)
    own = [frozenset(content_forms(f"{one.title}\n{one.text}")) for one, _terms in marked]
    every = sorted(frozenset().union(*own))
    for rows, asked in ((range(len(marked)), every), ([3, 0], [*every[::-2], "まぼろし"]), ([1], []), ([], every)):
        assert read.having(np.array(rows, dtype=np.int64), asked) == [own[row].intersection(asked) for row in rows]
    kinds = {one.kind for one, _terms in marked}
    assert {kind: read.of_kind(kind).tolist() for kind in kinds} == {
        kind: [row for row, (one, _terms) in enumerate(marked) if one.kind == kind] for kind in kinds
    }
    assert read.of_kind("nobody").tolist() == []
    assert read.are_of(None, sorted(kinds)).all()
    assert not read.are_of(np.arange(2), ["nobody"]).any()


@pytest.mark.parametrize("counted", [1, 3, 1_000])
def test_rarity_follows_what_comes_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: int) -> None:
    """However much was counted before: the same as when the living rows alone are counted."""
    monkeypatch.setattr(postings, "_COUNTED", counted)
    writer = written(tmp_path, 3)
    writer.count()
    assert bool(list(tmp_path.glob("counted-*.i4"))) is (counted <= 3)
    writer = PostingsWriter(tmp_path, writer.extent)
    writer.bury([1])
    writer.add(LISTED[3:])
    read = Postings(tmp_path, writer.extent)
    living = [terms for number, (_one, terms) in enumerate(LISTED) if number != 1]
    for name in FIELDS:
        often = Counter(place for terms in living for place in set(places_in(name, terms.by_field[name]).tolist()))
        asked = np.array([*often, *places(["まぼろし"])], dtype=np.int32)
        expected = [np.log1p((len(living) - often[place] + 0.5) / (often[place] + 0.5)) for place in asked.tolist()]
        assert np.allclose(read.often.rarity(FIELDS.index(name), asked), expected, rtol=1e-5), name
        assert read.mean_lengths[FIELDS.index(name)] == pytest.approx(np.mean([len(terms.by_field[name]) for terms in living]))


def test_counts_of_rows_that_a_crash_left_are_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "_COUNTED", 1)
    writer = written(tmp_path, 2)
    writer.count()
    kept = writer.extent
    writer.add(LISTED[2:])
    writer.count()
    assert len(list(tmp_path.glob("counted-*.i4"))) == 2
    assert Postings(tmp_path, kept).often.living == 2
    PostingsWriter(tmp_path, kept)
    assert [path.name for path in tmp_path.glob("counted-*.i4")] == ["counted-2.i4"]


def test_rows_are_found_by_id_the_dead_ones_left_out(tmp_path: Path) -> None:
    writer = written(tmp_path)
    ids = [one.id for one, _terms in LISTED]
    assert writer.rows_of([ids[3], ids[0], "nobody"]) == [0, 3]
    writer.bury([3])
    assert writer.rows_of([ids[3], ids[0]]) == [0]
    writer.add([LISTED[3]])
    assert writer.rows_of([ids[3]]) == [len(LISTED)]
    assert writer.rows_of([]) == []
    assert PostingsWriter(tmp_path / "other").rows_of(ids) == []


@pytest.mark.parametrize("extent", [Extent(99, 0, 9), Extent(2, 0, 1), Extent(2, 1, 9)])
def test_an_extent_that_does_not_fit_is_told(tmp_path: Path, extent: Extent) -> None:
    written(tmp_path)
    with pytest.raises((OSError, ValueError)):
        Postings(tmp_path, extent)


@pytest.mark.parametrize(
    ("field", "terms"),
    [("words", ["腐食", "め"]), ("bigrams", ["腐食\n試験", "試験\n腐食"]), ("pairs", ["腐食", "食腐"]), ("chars", ["を直", "直を", "\U0001f600花"])],
)
def test_a_term_has_one_key_in_its_field_and_another_term_another(field: str, terms: list[str]) -> None:
    keys = keys_in(field, terms)
    assert len(set(keys.tolist())) == len(terms)
    assert [keys_in(field, [one]).tolist() for one in terms] == [[key] for key in keys.tolist()]
    assert (keys >> 54 == 0).all()
    assert places_in(field, terms).tolist() == [int(key) & (SPACE - 1) for key in keys.tolist()]
    assert keys_in(field, []).tolist() == []


def test_no_pair_goes_over_the_end_of_a_text_or_of_a_run() -> None:
    apart = analysed([Document("a", "腐食", "試験"), Document("b", "", "厚さ、膜"), Document("c", "", ""), Document("d", "花", "屋")])
    block = digest(apart)
    for name in ("pairs", "title_pairs", "chars", "bigrams"):
        assert block.fields[name].lengths.tolist() == [len(told.by_field[name]) for _one, told in apart], name
    assert block.fields["chars"].lengths.tolist() == [2, 2, 0, 0]


def test_runs_stand_one_after_the_other() -> None:
    begins, sizes = np.array([7, 0, 3, 9, 4]), np.array([2, 0, 3, 0, 1])
    at, ends = runs(begins, sizes)
    assert at.tolist() == [7, 8, 3, 4, 5, 4]
    assert ends.tolist() == [2, 2, 5, 5, 6]
    for empty in (np.zeros(0, dtype=np.int64), np.zeros(3, dtype=np.int64)):
        assert runs(empty, empty)[0].tolist() == []


@pytest.mark.skipif(not meaning.is_there(), reason="word vectors are not installed")
def test_what_is_alike_is_the_same_whether_it_was_told_before_or_is_told_now(tmp_path: Path) -> None:
    known = meaning.alike()
    assert known is not None
    rows = [int(row) for row in meaning.rows_of(["腐食", "花", "自転車", "測定"])]
    for row in (*rows, -1, 0):
        told, now = known.of(row), meaning.near(row)
        assert told[0].tolist() == now[0].tolist()
        assert np.allclose(told[1], now[1], atol=1e-5)
    writer = PostingsWriter(tmp_path, prior=learn_prior(LISTED), alike=known)
    writer.add(LISTED)
    written(tmp_path / "other")
    with_it, without = Postings(tmp_path, writer.extent), Postings(tmp_path / "other", writer.extent)
    assert with_it.alike is not None
    assert without.alike is None
    asked = signs.query_of("さびた自転車を直す花屋", with_it)
    own = with_it.of_kind("")
    first, second = signs.signals(asked, with_it, own), signs.signals(asked, without, own)
    assert all(np.allclose(first[name], second[name], atol=1e-5) for name in signs.SIGNALS)


def test_postings_of_another_table_of_vectors_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a larger table would point beyond the end of a smaller one: whoever opens them builds anew."""
    extent = written(tmp_path).extent
    assert Postings(tmp_path, extent).ids
    monkeypatch.setattr(meaning, "size", lambda: 7)
    with pytest.raises(ValueError, match="another table"):
        Postings(tmp_path, extent)
