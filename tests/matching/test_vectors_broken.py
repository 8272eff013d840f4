"""Word vectors that are there but not whole: matching goes on by words, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching import vectors
from renkei.matching.propose import propose
from tests.world import World

BROKEN = "言葉の意味の近さの表（ja-ginza）が壊れています。言葉の一致だけで探します。"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RENKEI_VECTORS", str(tmp_path))
    vectors.table.cache_clear()
    yield tmp_path
    vectors.table.cache_clear()


def write(place: Path, rows: dict[Any, Any] | None = None, matrix: Any = None) -> None:
    given = {vectors.murmur(b"a"): 0, vectors.murmur(b"b"): 1} if rows is None else rows
    (place / "key2row").write_bytes(msgpack.packb(given))
    with (place / "vectors").open("wb") as out:
        np.save(out, np.ones((2, 300), dtype=np.float32) if matrix is None else matrix)


def test_a_whole_table_is_read(place: Path) -> None:
    write(place)
    assert (vectors.table() is not None, vectors.missing()) == (True, "")


@pytest.mark.parametrize("file", ["key2row", "vectors"])
@pytest.mark.parametrize("content", [b"", b"\x00", b"<html>404</html>", b"\x93NUMPY", b"\x82\x01", None])
def test_half_a_download_is_no_table_and_no_fault(place: Path, file: str, content: bytes | None) -> None:
    write(place)
    if content is None:
        whole = (place / file).read_bytes()
        (place / file).write_bytes(whole[: len(whole) // 2])
    else:
        (place / file).write_bytes(content)
    assert vectors.table() is None
    assert vectors.missing() == BROKEN
    assert vectors.embed(["a"], {}) is None


@pytest.mark.parametrize(
    ("rows", "matrix"),
    [
        ([1, 2], None), ({"word": 0}, None), ({-1: 0}, None), ({1: "x"}, None), ({1: 2}, None), ({1: 99}, None), ({1: 2**40}, None),
        (None, np.ones(300)), (None, np.ones((2, 299))), (None, np.ones((2, 300, 1))), (None, np.ones((1, 300))), (None, np.ones((0, 300))),
    ],
)  # fmt: skip
def test_keys_and_rows_that_do_not_fit_are_no_table(place: Path, rows: Any, matrix: Any) -> None:
    write(place, rows, matrix)
    assert vectors.table() is None
    assert vectors.missing() == BROKEN


def test_keys_without_vectors_beside_them_are_as_good_as_nothing(place: Path) -> None:
    write(place)
    (place / "vectors").unlink()
    assert (vectors.folder(), vectors.missing()) == (None, BROKEN.replace("壊れて", "入って").replace("います", "いません"))
    write(place)
    (place / "key2row").unlink()
    vectors.table.cache_clear()
    assert vectors.missing() == BROKEN


def test_an_empty_table_knows_no_word(place: Path) -> None:
    write(place, {})
    assert vectors.missing() == ""
    assert vectors.embed(["a"], {}) is None


@pytest.mark.parametrize("values", [np.zeros(300), np.full(300, np.nan), np.full(300, np.inf)])
def test_a_vector_without_a_direction_tells_nothing(place: Path, values: Any) -> None:
    write(place, matrix=np.vstack([values, np.ones(300)]).astype(np.float32))
    with np.errstate(all="ignore"):
        assert vectors.embed(["a"], {}) is None


def test_weights_that_cancel_out_tell_nothing(place: Path) -> None:
    write(place)
    assert vectors.embed(["a", "b"], {"a": 1.0, "b": -1.0}) is None
    assert vectors.embed([], {}) is None


def test_a_word_is_looked_up_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place)
    table = vectors.table()
    assert table is not None
    table.word("a")
    table.word("unknown")
    monkeypatch.setattr(table, "_look_up", lambda _form: pytest.fail("looked up again"))
    assert table.word("a") is not None
    assert table.word("unknown") is None


def test_a_proposal_over_a_broken_table_goes_by_words_and_says_so(place: Path, region: Callable[..., World]) -> None:
    write(place)
    (place / "key2row").write_bytes(b"\xc1")
    region()
    proposal = propose("めっきが剥がれる原因が分からない。")
    assert (proposal.supports[0].service, proposal.missing) == ("tech-consultation", BROKEN)


@settings(max_examples=40)
@given(st.binary(max_size=64), st.binary(max_size=3))
def test_keys_have_64_bits_and_hang_on_every_byte(data: bytes, more: bytes) -> None:
    assert 0 <= vectors.murmur(data) < 1 << 64
    assert (vectors.murmur(data + more) == vectors.murmur(data)) is (more == b"")


@pytest.mark.parametrize(("word", "key"), [("coffee", 3197928453018144401), ("apple", 8566208034543834098)])
def test_keys_are_those_of_spacy(word: str, key: int) -> None:
    """Both stand in spaCy's own documentation of its string store."""
    assert vectors.murmur(word.encode()) == key
