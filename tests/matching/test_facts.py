"""Facts read from a text; what people gave is never overruled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from renkei.matching.cues import Met
from renkei.matching.facts import Facts, gather
from renkei.matching.knowledge import knowledge
from renkei.matching.reading import points
from tests.world import World


def gathered(text: str, given: Facts | None = None) -> Facts:
    known = knowledge()
    return gather(text, Met(points(text)), known, given)


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("従業員１９名です。", 19), ("社員は約40人", 40), ("めっき業、32名。", 32), ("班長2人を連れて行く", None), ("人数は不明", None),
    ],
)  # fmt: skip
def test_heads(region: Callable[..., World], text: str, heads: int | None) -> None:
    region()
    assert gathered(text).employees == heads


@pytest.mark.parametrize(
    ("text", "place", "inside"),
    [("ひばり市の会社", "999016", True), ("ひばりで造っています", "999016", True), ("どこかの会社", None, None)],
)
def test_place(region: Callable[..., World], text: str, place: str | None, inside: bool | None) -> None:
    region()
    found = gathered(text)
    assert (found.municipality, found.in_region) == (place, inside)


def test_age_and_states(region: Callable[..., World]) -> None:
    region()
    found = gathered("創業から30年。交付決定が届き、もう発注した。")
    assert (found.age_years, found.states) == (30, frozenset({"award", "ordered"}))


def test_answers_set_states(region: Callable[..., World]) -> None:
    region()
    assert gathered("", Facts(answers={"award": "決まった"})).states == frozenset({"award"})
    assert gathered("", Facts(answers={"award": "まだ", "unknown": "x"})).states == frozenset()


def test_given_facts_stand(region: Callable[..., World]) -> None:
    region()
    given = Facts(employees=5, in_region=False, municipality="000000", age_years=1)
    found = gathered("従業員100名、ひばり市、創業50年。", given)
    assert (found.employees, found.in_region, found.municipality, found.age_years) == (5, False, "000000", 1)
