"""What a text is about, in the plan's own vocabularies: which codes, in which order, how many, and which field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renkei.matching import analysis
from renkei.matching.analysis import VOCABULARIES, analyse, codes, field_of
from renkei.matching.cues import Met
from renkei.matching.knowledge import Knowledge, knowledge
from renkei.matching.proposal import Mark
from renkei.matching.reading import points
from tests.matching.conftest import CUES
from tests.world import CONTENT, World

Region = Callable[..., World]
WORDS = {
    "tech_fields": {"metal": ["めっき", "金属"], "electronics": ["基板", "回路"], "chemistry": ["塗料"], "food": ["食品"]},
    "themes": {"iot": ["見える化"]},
    "pressures": {"population": ["人手不足"]},
}
VOCABULARY = {
    "tech_fields": [{"code": code, "name": code} for code in ("metal", "electronics", "chemistry", "food")],
    "themes": [{"code": "iot", "name": "IoT"}, {"code": "ai", "name": "AI・機械学習"}],
    "pressures": [{"code": "population", "name": "人口減少・少子高齢化"}],
    "purposes": [{"code": "new_field", "name": "新規分野への進出"}, {"code": "cost", "name": "原価（コスト）、納期"}],
}  # fmt: skip


def met(text: str) -> Met:
    return Met(points(text))


@pytest.fixture
def known(region: Region) -> Knowledge:
    region(
        vocabularies=CONTENT["vocabularies"] | VOCABULARY, cues=CUES | {"vocabularies": WORDS},
        fields=[{"code": "A", "name": "ものづくり"}, {"code": "B", "name": "情報"}],
    )  # fmt: skip
    return knowledge()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("めっきが剥がれる。", ["metal"]),
        ("ﾒｯｷが剥がれる。", ["metal"]),
        ("基板の回路を直したい。", ["electronics"]),
        ("めっきの基板と回路。", ["electronics", "metal"]),
        ("基板のめっき。", ["metal", "electronics"]),
        ("めっき。めっき。基板。", ["metal", "electronics"]),
        ("食品と塗料と基板とめっき。", ["metal", "electronics", "chemistry"]),
        ("食品。食品。塗料と基板とめっき。", ["food", "metal", "electronics"]),
        ("売り先を探している。", []),
        ("", []),
    ],
)
def test_codes_are_those_most_spoken_of_then_in_the_plan_s_order(known: Knowledge, text: str, found: list[str]) -> None:
    assert codes(known, "tech_fields", met(text)) == found


@pytest.mark.parametrize(
    ("vocabulary", "text", "found"),
    [
        ("themes", "AIで検査したい。", ["ai"]), ("themes", "機械学習で検査したい。", ["ai"]), ("themes", "ＡＩで検査したい。", ["ai"]),
        ("themes", "IoTを入れたい。", []), ("themes", "見える化したい。", ["iot"]),
        ("purposes", "コストを下げたい。", ["cost"]), ("purposes", "納期が短い。", ["cost"]), ("purposes", "新規分野への進出。", ["new_field"]),
        ("pressures", "少子高齢化で困る。", []), ("pressures", "人手不足で困る。", ["population"]),
    ],
)  # fmt: skip
def test_a_code_without_cues_is_told_by_its_own_name_and_one_with_cues_by_these_alone(
    known: Knowledge, vocabulary: str, text: str, found: list[str]
) -> None:
    assert codes(known, vocabulary, met(text)) == found


def test_a_name_of_one_letter_tells_nothing(region: Region) -> None:
    region(vocabularies=CONTENT["vocabularies"] | {"themes": [{"code": "water", "name": "水・空気"}]})
    assert codes(knowledge(), "themes", met("水を流す。")) == []
    assert codes(knowledge(), "themes", met("空気を流す。")) == ["water"]


def test_an_empty_vocabulary_has_no_codes(region: Region) -> None:
    region(vocabularies=CONTENT["vocabularies"] | {"themes": []})
    assert codes(knowledge(), "themes", met("IoTを入れたい。")) == []


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        ("めっきが剥がれる。", "route", "A"), ("AIで検査する。", "route", "B"), ("金属をAIで検査する。", "route", "both"),
        ("残業代で困る。", "route", "A"), ("", "clarify", "A"), ("金属をAIで検査する。", "out_of_scope", "outside"),
        ("AIで検査する。", "outside_region", "B"),
    ],
)  # fmt: skip
def test_the_field_is_the_one_spoken_of_or_the_plan_s_first(known: Knowledge, text: str, kind: str, field: str) -> None:
    assert field_of(known, met(text), kind) == field


def test_the_plan_s_first_field_need_not_be_called_a(region: Region) -> None:
    region(fields=[{"code": "Z", "name": "べつ"}])
    assert field_of(knowledge(), met("売り先。"), "route") == "Z"


def test_an_analysis_holds_each_vocabulary_in_its_own_place(known: Knowledge) -> None:
    marks = [Mark(5, 7, 1), Mark(0, 3, 2), Mark(0, 2, 0)]
    text = "人手不足なので、めっきを見える化し、コストを下げたい。"
    found = analyse(known, met(text), kind="route", stages=["3"], marks=marks)
    assert (found.field, found.stages) == ("A", ["3"])
    assert [found.tech_fields, found.themes, found.pressures, found.purposes] == [["metal"], ["iot"], ["population"], ["cost"]]
    assert [(mark.start, mark.end) for mark in found.marks] == [(0, 2), (0, 3), (5, 7)]


def test_the_vocabularies_are_compiled_once_a_version(known: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    for vocabulary in VOCABULARIES:
        codes(known, vocabulary, met("めっき。"))

    def twice(*_given: Any) -> None:
        pytest.fail("compiled twice")

    monkeypatch.setattr(analysis, "word_lexicon", twice)
    for vocabulary in VOCABULARIES:
        codes(known, vocabulary, met("基板。"))
