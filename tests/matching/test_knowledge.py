"""What the plan says for matching: compiled once a version, of the plan that runs on the day, and gaps filled by its own words."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.matching.knowledge import OUT, knowledge
from renkei.matching.propose import propose
from renkei.matching.words import sentences
from renkei.plan.models import Plan, PlanVersion, Stage
from tests.matching.conftest import CUES
from tests.world import CENTER, CONTENT, DESK, LAB, World

Region = Callable[..., World]
CODES = ["events", "rd-subsidy", "loan", "equipment-tests", "tech-consultation", "sales-adviser"]


def publish(world: World, number: int, **sections: Any) -> PlanVersion:
    content = {**copy.deepcopy(CONTENT), "cues": CUES, **sections}
    return PlanVersion.objects.create(plan=world.plan, number=number, content=content, published_at=clock.now())


def told(text: str) -> set[str]:
    """Return whose cues a text meets."""
    return {hit.code for one in sentences(text) for hit in knowledge().lexicon.hits(one)}


def test_without_a_published_plan_it_says_so(db: None) -> None:
    with pytest.raises(Refused) as refused:
        knowledge()
    assert refused.value.code == "no_plan"


def test_services_stand_in_the_order_of_the_stages(region: Region) -> None:
    region()
    found = knowledge().services
    assert list(found) == CODES
    assert [(one.stage, one.order) for one in found.values()] == [("1", 0), ("2", 1), ("2", 2), ("3", 3), ("3", 4), ("4", 5)]
    assert found["loan"].name == "つなぎ融資"


def test_the_order_of_the_stages_is_data(region: Region) -> None:
    region()
    Stage.objects.filter(code="1").update(order=9)
    assert list(knowledge().services) == [*CODES[1:], "events"]


def test_a_version_is_compiled_once(region: Region) -> None:
    region()
    assert knowledge() is knowledge(dt.date(2026, 12, 1))


def test_a_new_version_speaks_at_once_and_the_old_one_is_left_as_it_was(region: Region) -> None:
    world = region()
    before = knowledge()
    publish(world, 2, cues={"services": {"events": {"strong": ["めっき"]}}})
    assert told("めっき") == {"events"}
    assert knowledge().version != before.version
    assert [hit.code for hit in before.lexicon.hits(sentences("めっき")[0])] == []


def test_of_versions_the_highest_number_speaks_and_not_the_last_written(region: Region) -> None:
    world = region()
    publish(world, 3, cues={"region": ["三番"]})
    publish(world, 2, cues={"region": ["二番"]})
    assert knowledge().region_words == ("三番",)


@pytest.mark.parametrize(
    ("on", "own"),
    [
        (dt.date(2024, 3, 31), "前の計画"), (dt.date(2024, 4, 1), "県内"), (dt.date(2030, 3, 31), "県内"),
        (dt.date(2030, 4, 1), "県内"), (dt.date(2019, 3, 31), "県内"),
    ],
)  # fmt: skip
def test_the_plan_of_the_day_speaks_and_the_newest_when_none_runs(region: Region, on: dt.date, own: str) -> None:
    world = region()
    former = Plan.objects.create(code="before", title="前の計画", term_from=dt.date(2019, 4, 1), term_to=dt.date(2024, 3, 31),
                                 front_desk_id=DESK, lead_party=world.plan.lead_party)  # fmt: skip
    PlanVersion.objects.create(plan=former, number=1, published_at=clock.now(), content={**CONTENT, "cues": {"region": ["前の計画"]}})
    assert knowledge(on).region_words[0] == own


def test_a_service_without_cues_is_told_by_its_name_and_what_the_plan_writes_of_it(region: Region) -> None:
    about = [{"code": "events", "about": "醸造の勉強会", "text": "発酵の話"}, {"code": "loan", "about": "醸造"}]
    cues = {**CUES, "services": {"loan": {"strong": ["借りる"]}}}
    region(cues=cues, services=about)
    assert told("醸造") == told("発酵") == told("催し") == {"events"}
    assert told("借りる") == {"loan"}


def test_who_helps_outside_is_told_by_cues_or_by_its_own_words(region: Region) -> None:
    region(cues={})
    assert told("労務") == {OUT + "labour"}
    contact = knowledge().contact("labour")
    assert contact is not None
    assert (contact.name, contact.phone) == ("ひばり労働局", "000-000-0001")
    assert knowledge().contact("nobody") is None


def test_with_cues_for_who_helps_outside_its_own_words_are_laid_aside(region: Region) -> None:
    region()
    assert told("就業規則") == {OUT + "labour"}
    assert told("労務") == set()


def test_a_body_is_named_by_its_names_in_the_plan_and_in_the_cues(region: Region) -> None:
    region(bodies=[{"code": LAB, "name": "ひばり県工業試験所", "short": "工試"}, {"code": "new", "name": "新しい所"}])
    found = {hit.code for one in sentences("工試。新しい所。センター。") for hit in knowledge().names.hits(one)}
    assert found == {LAB, "new", CENTER}


def test_who_was_looked_for_in_a_meeting_was_looked_for_here(region: Region) -> None:
    region(meetings=[{"code": "m", "name": "連絡会議", "aliases": ["連携会議"]}, {"code": "n", "name": "部会"}])
    here = knowledge().region
    assert [bool(here.hits(sentences(text)[0])) for text in ("連絡会議", "連携会議", "部会", "県内", "懇親会")] == [True, True, True, True, False]
    assert knowledge().region_words == ("県内", "ひばり")


@pytest.mark.parametrize(
    ("kind", "post", "services"),
    [
        ("equipment", "", ["equipment-tests"]), ("person", "engineer", ["tech-consultation"]), ("person", "driver", []), ("person", "", []),
        ("programme", "", []), ("nothing", "engineer", []),
    ],
)  # fmt: skip
def test_an_entry_speaks_for_the_services_of_its_kind_or_post(region: Region, kind: str, post: str, services: list[str]) -> None:
    region()
    assert knowledge().services_of(kind, post) == services


@pytest.mark.parametrize("cues", [None, {}, {"services": None, "bodies": None, "outside": None, "states": None, "fields": None}])
def test_a_plan_that_says_nothing_for_matching_still_answers(region: Region, cues: dict[str, Any] | None) -> None:
    region(cues=cues, routing=None, precedence=None)
    found = knowledge()
    assert (found.routing, found.precedence, found.region_words) == ({}, [], ())
    assert propose("催しに出たい。").kind in {"route", "clarify"}


def test_places_are_read_with_their_areas(region: Region) -> None:
    region()
    assert knowledge().places == {"ひばり市": ("999016", ("north",))}
