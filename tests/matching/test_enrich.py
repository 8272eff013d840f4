"""Vectors of entries: made in the background, once a text, kept by hash, and searched without where they are not there."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.matching import encoded, encoders, enrich, everything
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.encoded import Store, encoded_for
from renkei.matching.encoders import EncoderError, Matrix, Role
from renkei.matching.enrich import stamp, texts_of, waiting
from renkei.matching.models import Entry
from renkei.matching.postings import Extent
from renkei.matching.ranking import Encoded
from renkei.matching.textvectors import TextVector
from tests.world import World


class Fake:
    """Turns a text into its length and its first character; notes what it was given."""

    name, version, width = "fake", "1", 2

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.read: list[str] = []
        self.fails_after = 1_000_000

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        assert role == "document"
        if len(self.read) + len(texts) > self.fails_after:
            raise EncoderError("止まりました。")
        self.read += texts
        return np.array([[len(text), ord(text[0]) % 7] for text in texts], dtype=np.float32)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RENKEI_ENCODER", raising=False)
    encoders.encoder.cache_clear()
    enrich._done.clear()
    encoded.forget()
    plain = encoders.encoder
    yield
    plain.cache_clear()
    enrich._done.clear()
    encoded.forget()


def put(*names: str, text: str = "測る") -> None:
    rows = [EntryRow(id=name, kind="equipment", name=name, summary="機器", text=text) for name in names]
    put_entries(rows, kept_by="tests", by=SYSTEM)


def held(encoder: Fake, texts: Sequence[str]) -> tuple[list[list[float]], int]:
    """Return the vectors of texts as a process reads them, and of how many there is none."""
    store = Store(encoder)
    store.follow()
    places = store.places([encoders.key(encoder, text)[2] for text in texts])
    return store._vectors.whole(0)[places].round(1).tolist(), int((places == 0).sum())


def texts(*names: str) -> set[str]:
    return {text for entry in everything.texts(names) for text in texts_of(entry)}


def test_without_an_encoder_nothing_is_done(world: World, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert enrich.enrich() == 0


def test_each_text_is_encoded_once_and_found_by_its_hash(world: World) -> None:
    put("膜厚計", "硬度計")
    fake = Fake()
    assert waiting(fake) == 4
    assert enrich.enrich(encoder=fake) == 4
    assert set(fake.read) == texts("膜厚計", "硬度計") == {"膜厚計", "硬度計", "膜厚計\n機器\n測る", "硬度計\n機器\n測る"}
    assert waiting(fake) == 0
    rows, lacking = held(fake, ["膜厚計", "知らない", "膜厚計", "膜厚計\n機器\n測る"])
    assert rows == [[3, ord("膜") % 7], [0, 0], [3, ord("膜") % 7], [9, ord("膜") % 7]]
    assert lacking == 1
    assert held(fake, []) [1] == 0


def test_a_second_run_does_nothing_until_an_entry_changes(world: World, django_assert_num_queries: Any) -> None:
    put("膜厚計")
    fake = Fake()
    enrich.enrich(encoder=fake)
    with django_assert_num_queries(1):
        assert enrich.enrich(encoder=fake) == 0
    before = stamp()
    put("膜厚計", text="厚さを測る")
    assert enrich.enrich(encoder=fake) == 1
    assert fake.read[-1] == "膜厚計\n機器\n厚さを測る"
    assert stamp() > before
    enrich._done.clear()  # another process looks once, and finds all of it there
    assert enrich.enrich(encoder=fake) == 0
    assert TextVector.objects.count() == 3


def test_a_new_version_makes_new_vectors_and_reads_no_old_ones(world: World) -> None:
    put("膜厚計")
    enrich.enrich(encoder=Fake())
    newer = Fake("2")
    assert held(newer, ["膜厚計"])[1] == 1
    assert enrich.enrich(encoder=newer) == 2
    assert held(newer, ["膜厚計"])[1] == 0


def test_what_is_withdrawn_is_not_encoded_and_same_texts_once(world: World) -> None:
    put("膜厚計", "硬度計")
    withdraw_entries(["硬度計"], kept_by="tests", on=Entry.objects.get(pk="膜厚計").entered_at.date(), by=SYSTEM)
    put_entries([EntryRow(id="twin", kind="test", name="膜厚計", summary="機器", text="測る")], kept_by="tests", by=SYSTEM)
    fake = Fake()
    assert enrich.enrich(encoder=fake) == 2
    assert set(fake.read) == texts("膜厚計")


def test_it_stops_in_time_and_goes_on_where_it_was(world: World) -> None:
    put(*(f"機器{n:02d}" for n in range(10)))
    fake = Fake()
    made = [enrich.enrich(seconds=0, encoder=fake) for _ in range(4)]
    assert made == [8, 8, 4, 0]
    assert len(fake.read) == len(set(fake.read)) == 20


def test_a_failing_encoder_is_told_and_tried_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    put(*(f"機器{n:02d}" for n in range(10)))
    fake = Fake()
    fake.fails_after = 8
    with caplog.at_level(logging.WARNING, "renkei.matching"):
        assert enrich.enrich(encoder=fake) == 8
    assert "止まりました。" in caplog.text
    fake.fails_after = 1_000
    assert enrich.enrich(encoder=fake) == 12


def test_a_vector_of_another_width_is_not_read(world: World) -> None:
    fake = Fake()
    key = encoders.key(fake, "膜厚計")
    TextVector.objects.create(model=key[0], version=key[1], text_hash=key[2], vector=b"\x00" * 10)
    rows, lacking = held(fake, ["膜厚計"])
    assert (rows, lacking) == ([[0, 0]], 1)
    with pytest.raises(IntegrityError, match="text_vector_once"), transaction.atomic():
        TextVector.objects.create(model=key[0], version=key[1], text_hash=key[2], vector=b"")


def test_the_worker_makes_them_and_the_web_reads_them(committed_world: World, login: Any) -> None:
    put("膜厚計")
    with login("worker"), acting(SYSTEM):
        assert enrich.enrich(encoder=Fake()) == 2
    with login("web"), acting(committed_world.desk):
        assert held(Fake(), ["膜厚計"])[1] == 0


def shown(found: Encoded | None, side: str) -> list[list[float]]:
    assert found is not None
    rows: list[list[float]] = found.vectors.whole(0)[getattr(found, side)].round(1).tolist()
    return rows


class Rows:
    """Stands for postings: names in order."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.extent = Extent(len(ids))

    def named(self, rows: Sequence[int]) -> list[tuple[str, str, str]]:
        return [(self.ids[row], "equipment", "") for row in rows]


def test_the_vectors_of_entries_stand_in_the_order_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put("膜厚計", "硬度計")
    fake = Fake()
    enrich.enrich(encoder=fake)
    put("新しい計器")
    assert encoded_for(Rows("膜厚計")) is None  # type: ignore[arg-type]
    monkeypatch.setattr(encoders, "encoder", lambda: fake)
    postings: Any = Rows("硬度計", "gone", "新しい計器", "膜厚計")
    found = encoded_for(postings)
    assert shown(found, "title") == [[3, ord("硬") % 7], [0, 0], [0, 0], [3, ord("膜") % 7]]
    assert [row[0] for row in shown(found, "whole")] == [9, 0, 0, 9]
    enrich.enrich(encoder=fake)
    assert [row[0] for row in shown(encoded_for(postings), "title")] == [3, 0, 5, 3]
    monkeypatch.setattr(encoded, "MOST", 3)
    assert encoded_for(postings) is None


def test_a_question_after_a_change_reads_what_is_new_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put("膜厚計", "硬度計", "新しい計器")
    fake = Fake()
    enrich.enrich(encoder=fake)
    monkeypatch.setattr(encoders, "encoder", lambda: fake)
    asked: list[list[str]] = []
    read = everything.texts

    def texts_read(ids: Sequence[str] | None = None) -> Iterator[everything.Text]:
        asked.append(list(ids or ()))
        return read(ids)

    monkeypatch.setattr(everything, "texts", texts_read)
    first: Any = Rows("膜厚計", "硬度計")
    more: Any = Rows("膜厚計", "硬度計", "新しい計器")
    halves = [("build-1", "staff"), ("build-1", "public"), ("build-1", "staff"), ("build-1", "staff"), ("build-2", "staff"), ("build-1", "staff")]
    for half, rows in zip(halves, [first, first, first, more, more, more], strict=True):
        assert [row[0] for row in shown(encoded_for(rows, half), "title")] == [3, 3, 5][: len(rows.ids)]
    assert asked == [["膜厚計", "硬度計"], ["膜厚計", "硬度計"], ["新しい計器"], ["膜厚計", "硬度計", "新しい計器"], ["膜厚計", "硬度計", "新しい計器"]]


def test_the_store_follows_and_another_encoder_has_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put("膜厚計")
    fake, newer = Fake(), Fake("2")
    enrich.enrich(encoder=fake)
    store = Store(fake)
    for count in (3, 5):
        store.follow()
        store.follow()
        assert len(store._vectors.numbers) == count
        put("硬度計")
        enrich.enrich(encoder=fake)
    monkeypatch.setattr(encoders, "encoder", lambda: newer)
    assert shown(encoded_for(Rows("膜厚計")), "title") == [[0, 0]]  # type: ignore[arg-type]
