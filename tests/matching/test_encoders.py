"""The plug for sentence encoders: found by name or by place, refused in a sentence, never trusted unread."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from renkei.matching import encoders
from renkei.matching.encoders import EncoderError, Matrix, Role


class Counting:
    """An encoder that tells how long a text is, and whether it asks."""

    name, version, width = "counting", "1", 2

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        return np.array([[len(text), role == "query"] for text in texts], dtype=np.float32)


class Lying(Counting):
    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        return np.zeros((len(texts), 5), dtype=np.float32)


class Broken(Counting):
    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        return np.full((len(texts), 2), np.nan, dtype=np.float32)


def refuses() -> object:
    raise EncoderError("重みの表がありません。")


@pytest.fixture(autouse=True)
def plugged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("plugged_in")
    for name, value in {"counting": Counting, "lying": Lying, "thing": object, "fails": lambda: 1 / 0, "refuses": refuses}.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "plugged_in", module)
    monkeypatch.delenv("RENKEI_ENCODER", raising=False)
    encoders.encoder.cache_clear()
    yield
    encoders.encoder.cache_clear()


def test_without_a_setting_there_is_none() -> None:
    assert encoders.encoder() is None


def test_a_setting_plugs_one_in_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENKEI_ENCODER", "plugged_in:counting")
    found = encoders.encoder()
    assert isinstance(found, Counting)
    assert encoders.encoder() is found
    assert encoders.checked(found, ["短い", "少し長い"], "query").tolist() == [[2, 1], [4, 1]]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody", "「nobody」という文の意味の読み手はありません"),
        ("not_there_at_all:load", "「not_there_at_all:load」を始められません（ModuleNotFoundError"),
        ("plugged_in:missing", "「plugged_in:missing」を始められません（AttributeError"),
        ("plugged_in:fails", "「plugged_in:fails」を始められません（ZeroDivisionError"),
        ("plugged_in:thing", "「plugged_in:thing」は name、version、width、encode を持っていません"),
        ("plugged_in:refuses", "重みの表がありません。"),
    ],
)
def test_what_cannot_start_is_told_in_a_sentence(name: str, told: str) -> None:
    with pytest.raises(EncoderError) as error:
        encoders.named(name)
    assert told in str(error.value)


def test_a_setting_that_cannot_start_leaves_the_site_to_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RENKEI_ENCODER", "plugged_in:fails")
    with caplog.at_level(logging.WARNING, "renkei.matching"):
        assert [encoders.encoder(), encoders.encoder()] == [None, None]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("liar", [Lying(), Broken()])
def test_what_an_encoder_says_is_checked(liar: Counting) -> None:
    with pytest.raises(EncoderError, match="答えの形が違います"):
        encoders.checked(liar, ["文"], "document")


def test_a_new_version_or_text_means_a_new_key() -> None:
    newer = Counting()
    newer.version = "2"  # type: ignore[misc]
    keys = {encoders.key(Counting(), "文"), encoders.key(newer, "文"), encoders.key(Counting(), "文章")}
    assert len(keys) == 3
    assert encoders.key(Counting(), "文") == encoders.key(Counting(), "文")


class Noting(Counting):
    """Remembers what it was asked, to tell what was not."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        self.asked += [(text, role) for text in texts]
        return super().encode(texts, role)


def test_kept_vectors_are_made_once_a_text_role_and_version(tmp_path: Path) -> None:
    inner = Noting()
    kept = encoders.Kept(inner, tmp_path)
    assert (kept.name, kept.version, kept.width) == ("counting", "1", 2)
    assert kept.encode(["短い", "少し長い", "短い"], "query").tolist() == [[2, 1], [4, 1], [2, 1]]
    assert encoders.Kept(inner, tmp_path).encode(["少し長い"], "query").tolist() == [[4, 1]]
    assert inner.asked == [("短い", "query"), ("少し長い", "query")]
    assert kept.encode(["短い"], "document").tolist() == [[2, 0]]
    inner.version = "2"
    assert encoders.Kept(inner, tmp_path).encode(["短い"], "query").tolist() == [[2, 1]]
    assert inner.asked[2:] == [("短い", "document"), ("短い", "query")]
    assert kept.encode([], "query").shape == (0, 2)


@pytest.mark.parametrize("liar", [Lying(), Broken()])
def test_what_is_wrong_is_never_kept(tmp_path: Path, liar: Counting) -> None:
    with pytest.raises(EncoderError):
        encoders.Kept(liar, tmp_path).encode(["何か"], "query")
    assert list(tmp_path.rglob("*.npy")) == []
