"""What ``bench.scale`` makes up and prints: the same texts each time, of a catalogue's length and frequencies; plain peers that find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from numpy.typing import NDArray

from bench.scale.__main__ import main
from bench.scale.encoder import MadeUp, measured
from bench.scale.made_up import LENGTH, LONG, Composer
from bench.scale.peers import bm25s_peer, postgres_peer, scratch, sweep, tantivy_peer
from bench.scale.timing import LOOPS, loops_alone, parts, times
from renkei.base.actor import SYSTEM
from renkei.matching import encoded, index, loops
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.encoders import Role
from renkei.matching.enrich import waiting
from renkei.matching.entries import matches
from renkei.matching.knowledge import knowledge
from renkei.matching.textvectors import TextVector
from renkei.run.fault import Fault
from tests.world import LAB, World

TEXTS = [
    ("equipment", "膜厚計", "めっきの厚さを測るための装置です。薄い膜も壊さずに測れます。鉄と銅の板に使えます。"),
    ("seed", "光る樹脂", "紫外線で硬くなる樹脂を薄く塗る方法です。曲げても割れない膜になります。"),
    ("programme", "試作の補助", "新しい製品の試作にかかる費用を補助します。県内の中小企業が申し込めます。"),
]
TERMS = ["さび", "腐食", "ひび割れ", "クラック", "剥離", "膜厚"]
ASKED = ["めっきが剥がれて困っています。原因を知りたいので測れる所を教えてください。", "試作の費用が足りません。補助を受けられますか。"]
LINES = [("a", "膜 厚 測る"), ("b", "樹脂 塗る 膜"), ("c", "試作 補助"), ("d", "鉄 板")]


def composer() -> Composer:
    return Composer(TEXTS, TERMS, ASKED)


def test_the_same_entries_each_time_and_the_first_whatever_the_count() -> None:
    first = list(composer().entries(50))
    assert list(composer().entries(50)) == first
    assert list(islice(composer().entries(500), 50)) == first
    assert len({one.id for one in first}) == 50


def test_entries_have_the_length_kinds_and_frequencies_of_a_catalogue() -> None:
    made = list(composer().entries(3_000))
    lengths = [len(one.text) for one in made]
    assert (min(lengths) >= LENGTH, max(lengths) <= LENGTH + 20) == (True, True)
    assert {one.kind for one in made} == {"equipment", "seed", "programme"}
    assert 0.7 < sum(one.is_public for one in made) / len(made) < 0.9
    often = Counter(one.name.split(" ")[0] for one in made)  # names of goods: a few are met often, most once or twice
    assert often.most_common(1)[0][1] > 30
    assert sum(count <= 2 for count in often.values()) > len(often) / 2


def test_questions_are_short_and_long_and_the_same_each_time() -> None:
    short, long = composer().short(40), composer().long(40)
    assert (composer().short(40), composer().long(40)) == (short, long)
    assert {len(one.split(" ")) for one in short} == {2, 3, 4}
    assert all(LONG <= len(one) <= LONG + 15 for one in long)


def test_the_peers_find_the_same_documents(db: None, tmp_path: Path) -> None:
    tantivy, bm25s, postgres = tantivy_peer(LINES, tmp_path / "index"), bm25s_peer(LINES), postgres_peer(LINES)
    assert sorted(tantivy.ask(["膜", "塗る", "無い"])) == ["a", "b"]
    assert sorted(row[0] for row in postgres.ask(["膜", "塗る", "無い"])) == ["a", "b"]
    assert tantivy.ask(["補助"]) == ["c"] == [row[0] for row in postgres.ask(["補助"])]
    if bm25s is not None:
        places, scores = bm25s.ask(["塗る", "無い"])
        assert (places[0][0], scores[0][0] > scores[0][1]) == (1, True)
        assert bm25s.ask(["無い"]) == []
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_words")


def test_times_count_each_question_once() -> None:
    asked: list[int] = []
    found = times(asked.append, list(range(30)))
    assert (asked, sorted(found)) == (list(range(30)), ["cpu", "p50", "p95"])
    assert found["p50"] <= found["p95"]


def test_the_parts_of_the_path_are_asked_of_the_house_as_it_stands(world: World) -> None:
    rows = [EntryRow(id=f"S{n}", kind=kind, name=name, body=LAB, text=text) for n, (kind, name, text) in enumerate(TEXTS)]
    put_entries(rows, kept_by="scale", by=SYSTEM)
    with CaptureQueriesContext(connection) as asked:
        found = parts(ASKED)
    assert sorted(found) == ["analysis", "current", "ranking", "reading"]
    assert all(one["p50"] > 0 for one in found.values())
    assert sum('FROM "matching_entry"' in one["sql"] for one in asked.captured_queries) == len(ASKED)  # what was found is read once each


def test_the_loops_are_timed_alone_and_left_as_they_were(world: World) -> None:
    rows = [EntryRow(id=f"S{n}", kind=kind, name=name, body=LAB, text=text) for n, (kind, name, text) in enumerate(TEXTS)]
    put_entries(rows, kept_by="scale", by=SYSTEM)
    before = [getattr(loops, name) for name in LOOPS]
    found = loops_alone(lambda text: matches(text, knowledge()), ASKED)
    whole = times(lambda text: matches(text, knowledge()), ASKED)
    assert 0 < found["p50"] < whole["p50"]
    assert loops_alone(len, ASKED) == {"p50": 0, "p95": 0}
    assert [getattr(loops, name) for name in LOOPS] == before


class Counting:
    """An encoder that notes what it was asked to read."""

    name, version, width = "counting", "1", 4

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        assert role == "query"
        self.read += texts
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


def test_with_an_encoder_the_question_alone_is_encoded_in_earnest_and_nothing_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [EntryRow(id=f"S{n}", kind=kind, name=name, body=LAB, text=text) for n, (kind, name, text) in enumerate(TEXTS)]
    put_entries(rows, kept_by="scale", by=SYSTEM)
    known, fake = knowledge(), Counting()
    matches(ASKED[0], known)

    def ask() -> dict[str, Any]:
        assert TextVector.objects.filter(model="counting-scale").count() == waiting(fake) > 0
        return {"short": times(lambda text: matches(text, known), ASKED)}

    found = measured(fake, len(rows), ask, ["ほかの問い"] * 3)
    assert sorted(found) == ["encode", "reading seconds", "short"]
    assert fake.read == [*ASKED, *["ほかの問い"] * 3]
    assert (TextVector.objects.count(), "encoder" in index._open("staff").model.weights) == (0, False)
    monkeypatch.setattr(encoded, "MOST", 1)
    assert measured(fake, len(rows), ask, []) == {"beyond": 1}


def test_made_up_vectors_have_length_one() -> None:
    made = MadeUp(Counting()).encode(["一", "二"], "document")
    assert np.linalg.norm(made, axis=1) == pytest.approx([1, 1])


def test_a_scratch_folder_is_thrown_away_whole() -> None:
    place = scratch()
    (place / "index").mkdir()
    (place / "index" / "file").write_text("x")
    sweep(place)
    assert not place.exists()
    sweep(place)  # twice does no harm


@pytest.mark.parametrize("wrong", [["--entries"], ["--entries", "many"], ["--queries", "x"], ["--nothing"]])
def test_what_it_does_not_know_ends_with_2_before_anything_is_made(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2


@pytest.mark.parametrize("wrong", [["--entries", "0"], ["--queries", "1"], ["--rematch", "-1"]])
def test_numbers_that_measure_nothing_are_refused_in_a_sentence(wrong: list[str]) -> None:
    with pytest.raises(Fault, match="--entries は 1 以上"):
        main(wrong)
