"""The example's projects in a small region: what the data file may hold, and that what the region lacks is left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case, RegionalProject
from renkei.cases.queries.shares import shared_projects
from renkei.example import projects
from renkei.example.cast import Cast
from renkei.example.files import rows
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, company, fresh
from tests.world import BANK, CENTER, DESK, LAB, World

TODAY = NOON.date()
AGREED: dict[str, Any] = {
    "story": "S1", "number": "架空1", "title": "量産", "field": "A", "bodies": [DESK, LAB], "approved": 60, "recorded": 50,
    "parts": {DESK: 30, LAB: 70}, "says": {LAB: ""},
}  # fmt: skip
OTHERS = [
    AGREED | {"number": "架空2", "recorded": 40, "bodies": [LAB, BANK], "parts": {LAB: 60, BANK: 40}, "says": {LAB: "半分を望む"}},
    {key: value for key, value in AGREED.items() if key not in {"parts", "says"}} | {"number": "架空3", "recorded": 30},
    AGREED | {"number": "架空4", "bodies": [DESK, "nobody-knows"]},
    AGREED | {"number": "架空5", "story": "S2"},
]


def test_what_the_file_says_is_whole() -> None:
    found, stories = list(rows("projects.jsonl")), {row["id"]: row for row in rows("stories.jsonl")}
    assert len({row["number"] for row in found}) == len(found)
    for row in found:
        assert (stories[row["story"]]["plot"], row["approved"] > row["recorded"]) == ("closed", True)
        assert stories[row["story"]]["days_ago"] - row["recorded"] > 40  # closed before: the story takes about thirty days
        assert set(row.get("parts", row["bodies"])) == set(row["bodies"])
        assert (sum(row.get("parts", {"": 100}).values()), set(row.get("says", {})) < set(row["bodies"])) == (100, True)
    said = [[not words for words in row["says"].values()] + [len(row["bodies"]) - len(row["says"])] for row in found if "says" in row]
    assert sorted(said, key=str) == [[False, 1], [True, 2], [True, True, 1]]  # refused, one silent, all agreed (who proposes agrees)


def test_they_are_recorded_shared_and_answered_and_what_is_lacking_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.moved_to(NOON - dt.timedelta(days=90)):
        for title in ("終わった相談", "続いている相談"):
            case = arrived(world, company=company(), title=title).case
            Case.objects.filter(pk=case.pk).update(title=title)
            if title == "終わった相談":
                close_case(fresh(case), by=world.desk, reason="solved", words="済み", answer_to_company="済み", needs="settled")
    files = {"projects.jsonl": [AGREED, *OTHERS], "stories.jsonl": [{"id": "S1", "title": "終わった相談"}, {"id": "S2", "title": "続いている相談"}]}
    monkeypatch.setattr(projects, "rows", lambda name: iter(files[name]))
    cast = Cast({body: [(dt.date(2024, 4, 1), world.actor(body))] for body in (DESK, LAB, CENTER, BANK)}, {}, Body.objects.in_bulk())
    moments: list[dt.datetime] = []
    story = projects.approve(cast, TODAY)
    with clock.moved_to(NOON - dt.timedelta(days=90)):
        moments.append(next(story))
    for _turn in OTHERS:
        with clock.moved_to(moments[-1]):
            moments.append(next(story))
    with clock.moved_to(moments[-1]):
        assert next(story, None) is None
    assert (moments == sorted(moments), max(moments) < NOON) == (True, True)
    with clock.moved_to(NOON):
        found = {one.number: (one.held is not None, [said.body_id for said in one.newest.refused] if one.newest else None) for one in shared_projects(world.desk)}
    assert found == {"架空1": (True, []), "架空2": (False, [LAB]), "架空3": (False, None)}
    assert {one.approved_on for one in RegionalProject.objects.all()} == {TODAY - dt.timedelta(days=60)}
