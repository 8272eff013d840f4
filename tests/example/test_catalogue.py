"""The example catalogue becomes entries: all of it, once, with dates of this year and no secret of a need."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from importlib import resources

import pytest

from renkei.base import clock
from renkei.example.catalogue import REFERENCE_DAY, load_catalogue, shifted
from renkei.matching.courses import next_course
from renkei.matching.models import Entry, EntryKind, Load, Window
from renkei.plan.commands import publish_built_in

FILES = {
    "seeds": (EntryKind.SEED, 170), "equipment": (EntryKind.EQUIPMENT, 110), "external_equipment": (EntryKind.OUTSIDE, 60),
    "programmes": (EntryKind.PROGRAMME, 46), "people": (EntryKind.PERSON, 62), "events": (EntryKind.EVENT, 40),
    "needs": (EntryKind.NEED, 40), "past_cases": (EntryKind.EXAMPLE, 120),
}  # fmt: skip


@pytest.fixture
def loaded(db: None) -> int:
    publish_built_in()
    with clock.moved_to(clock.at(REFERENCE_DAY)):
        return load_catalogue()


@pytest.mark.covers("C28")
def test_every_row_is_an_entry_under_its_own_id(loaded: int) -> None:
    counts = Counter(Entry.objects.values_list("kind", flat=True))
    assert {kind: counts[kind] for kind, _number in FILES.values()} == {kind: number for kind, number in FILES.values()}  # noqa: C416  reads better
    assert counts[EntryKind.SERVICE] == 17
    assert loaded == sum(counts.values())
    for name, (kind, _number) in FILES.items():
        text = resources.files("renkei.example").joinpath("data", "catalogue", f"{name}.jsonl").read_text("utf-8")
        ids = {json.loads(line)["id"] for line in text.splitlines()}
        assert ids == set(Entry.objects.filter(kind=kind).values_list("pk", flat=True))


def test_loading_twice_changes_nothing(loaded: int) -> None:
    with clock.moved_to(clock.at(REFERENCE_DAY)):
        assert load_catalogue() == 0


def test_needs_keep_who_has_them_and_their_details(loaded: int) -> None:
    for row in Entry.objects.filter(kind=EntryKind.NEED):
        kept = json.dumps([row.name, row.summary, row.text, row.facts, row.owner_name], ensure_ascii=False)
        assert "架空" not in kept
        assert set(row.facts) == {"source", "disclosure"}
    assert Entry.objects.filter(kind=EntryKind.NEED, is_public=True).count() == 13


@pytest.mark.covers("C57")
def test_a_course_names_what_its_sessions_work_with_and_a_gathering_is_no_course(loaded: int) -> None:
    assert Entry.objects.get(pk="EV011").facts["qualifies_for"] == ["形状測定機", "三次元座標測定機"]
    assert "qualifies_for" not in Entry.objects.get(pk="EV008").facts  # of the same service and body, and earlier
    machines = [Entry.objects.get(pk=code) for code in ("EQ048", "EQ049")]
    with clock.moved_to(clock.at(REFERENCE_DAY)):
        assert [next_course(one, "training", [str(one.body_id)]) for one in machines] == [Entry(id="EV011"), None]


def test_people_and_past_cases_are_for_staff(loaded: int) -> None:
    assert not Entry.objects.filter(kind__in=[EntryKind.PERSON, EntryKind.EXAMPLE], is_public=True).exists()
    assert Load.objects.count() == 0  # counted from the records alone
    assert not Entry.objects.filter(facts__has_key="account").exists()  # no people here to be tied to


def test_programmes_and_events_have_windows(loaded: int) -> None:
    dated = Window.objects.filter(entry__kind__in=[EntryKind.PROGRAMME, EntryKind.EVENT])
    assert dated.values("entry").distinct().count() == 86
    assert Entry.objects.get(pk="PG033").owner_name == "国"


@pytest.mark.parametrize(
    ("today", "day", "moved"),
    [
        (dt.date(2026, 11, 25), "2026-12-01", dt.date(2026, 12, 1)),
        (dt.date(2026, 12, 1), "2026-12-01", dt.date(2026, 12, 1)),
        (dt.date(2026, 12, 2), "2026-12-01T10:00:00", dt.date(2026, 12, 8)),
        (dt.date(2027, 11, 24), "2026-12-01", dt.date(2027, 11, 30)),
        (dt.date(2026, 11, 24), "2026-12-01", dt.date(2026, 11, 24)),
    ],
)
def test_days_move_by_whole_weeks(today: dt.date, day: str, moved: dt.date) -> None:
    with clock.moved_to(clock.at(today)):
        assert shifted(day) == moved
        assert shifted(None) is None
