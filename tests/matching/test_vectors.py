"""The table of word vectors: read without spaCy, optional, and honest when it is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import numpy as np
import pytest

from renkei.matching import vectors
from renkei.matching.propose import propose
from renkei.matching.scoring import Sayings
from tests.world import World


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A table of three words in a folder of its own."""
    place = tmp_path / "vocab"
    place.mkdir()
    matrix = np.zeros((2, 300), dtype=np.float32)
    matrix[0, 0], matrix[1, 1] = 2.0, 3.0
    rows = {vectors.murmur(word.encode()): row for word, row in {"病院": 0, "医師": 0, "融資": 1, "無": -1}.items()}
    (place / "key2row").write_bytes(msgpack.packb(rows))
    with (place / "vectors").open("wb") as out:
        np.save(out, matrix)
    monkeypatch.setenv("RENKEI_VECTORS", str(place))
    vectors.table.cache_clear()
    yield place
    vectors.table.cache_clear()


@pytest.fixture
def none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("RENKEI_VECTORS", str(tmp_path / "nothing"))
    vectors.table.cache_clear()
    yield
    vectors.table.cache_clear()


@pytest.mark.parametrize(
    ("word", "value"),
    [("", 0xC6A4A7935BD1E995 and vectors.murmur(b"")), ("a", vectors.murmur(b"a")), ("12345678", vectors.murmur(b"12345678"))],
)
def test_a_key_is_one_number_of_64_bits(word: str, value: int) -> None:
    assert vectors.murmur(word.encode()) == value
    assert 0 <= value < 1 << 64


def test_keys_differ() -> None:
    texts = [b"", b"a", b"b", b"ab", b"1234567", b"12345678", b"123456789", "病院".encode()]
    assert len({vectors.murmur(text) for text in texts}) == len(texts)


def test_words_have_vectors_of_length_one(small: Path) -> None:
    table = vectors.table()
    assert table is not None
    hospital, doctor, loan = (table.word(word) for word in ("病院", "医師", "融資"))
    assert hospital is not None
    assert doctor is not None
    assert loan is not None
    assert [float(hospital @ doctor), float(hospital @ loan)] == [1.0, 0.0]
    assert (table.word("無"), table.word("知らない語")) == (None, None)
    assert vectors.missing() == ""


def test_a_text_is_the_weighted_mean_of_its_words(small: Path) -> None:
    mean = vectors.embed(["病院", "融資", "知らない語"], {"病院": 3.0, "融資": 4.0})
    assert mean is not None
    assert [round(float(x), 3) for x in mean[:2]] == [0.6, 0.8]
    assert vectors.embed(["知らない語"], {}) is None


def test_meaning_finds_what_shares_no_word(small: Path) -> None:
    sayings = Sayings({"medical": ["病院"], "loan": ["融資"]})
    near = sayings.nearness("医師")
    assert near["medical"] > near["loan"] == 0.0


def test_without_the_table_words_alone_work_and_it_says_so(none: None, region: Callable[..., World]) -> None:
    region()
    assert vectors.table() is None
    assert vectors.embed(["病院"], {}) is None
    proposal = propose("めっきが剥がれる原因が分からない。")
    assert proposal.supports[0].service == "tech-consultation"
    assert proposal.missing == "言葉の意味の近さの表（ja-ginza）が入っていません。言葉の一致だけで探します。"
