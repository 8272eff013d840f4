"""Whether an entry stands: the words on its page and the filters of the database agree on any entry and day; who keeps what."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.actions_keeping import is_web_address, return_entry, withdraw_entry
from renkei.matching.keeping import BY_HAND, keeper_words, keeps, keeps_for, kept_filter
from renkei.matching.models import Entry, EntryKind, Revision
from renkei.matching.standing import (
    DATED,
    alive,
    check_before,
    is_looked_after,
    limits,
    looked_at,
    old,
    over,
    proposable,
    standing_of,
    to_check,
)
from renkei.plan.models import Body
from tests.world import BANK, CONTENT, DESK, LAB, World, build_world

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
RULES = {"check_months": {"equipment": 12, "programme": 6, "outside": 12}, "warn_days": 30}
NEAR = st.integers(-800, 800).map(lambda days: TODAY + dt.timedelta(days=days))


@pytest.fixture
def cared(db: None) -> Iterator[World]:
    """A region whose plan says how often some kinds are checked."""
    with clock.moved_to(clock.at(TODAY, 9)):
        yield build_world({**copy.deepcopy(CONTENT), "catalogue": RULES})


@st.composite
def entries(draw: st.DrawFn, number: int) -> tuple[EntryRow, str, bool]:
    """An entry of any kind with windows around today, its keeper, and whether it was withdrawn."""
    spans = draw(st.lists(st.tuples(NEAR, NEAR).map(sorted), max_size=2))
    windows = [WindowRow("call", days[0] if draw(st.booleans()) else None, days[1]) for days in spans]
    if draw(st.integers(0, 5)) == 0:
        windows.append(WindowRow("slot", always_open=True))
    row = EntryRow(
        id=f"e{number}", kind=draw(st.sampled_from([one.value for one in BY_HAND])), name=f"項目{number}", body=LAB, windows=tuple(windows),
        last_checked=draw(st.none() | NEAR), ends_on=draw(st.none() | NEAR),
    )  # fmt: skip
    return row, draw(st.sampled_from(["screen", "harvest:abc", "lab", "plan"])), draw(st.integers(0, 4)) == 0


LISTS = st.integers(1, 12).flatmap(lambda size: st.tuples(*(entries(n) for n in range(size))))


def test_what_a_page_says_and_what_a_filter_finds_are_the_same(cared: World) -> None:
    @given(listed=LISTS, on=NEAR)
    @bounds(max_examples=8, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    def agree(listed: tuple[tuple[EntryRow, str, bool], ...], on: dt.date) -> None:
        Entry.objects.all().delete()
        for keeper in {one for _row, one, _gone in listed}:
            put_entries([row for row, one, _gone in listed if one == keeper], kept_by=keeper, by=SYSTEM)
        Entry.objects.filter(pk__in=[row.id for row, _one, gone in listed if gone]).update(withdrawn_on=TODAY)
        every = {one.pk: one for one in Entry.objects.prefetch_related("windows")}
        told = {pk: standing_of(one, one.windows.all(), on).code for pk, one in every.items()}
        checks = limits(on)
        assert told == {pk: standing_of(one, one.windows.all(), on, checks=checks).code for pk, one in every.items()}
        assert {pk for pk, code in told.items() if code in {"ok", "later"}} == set(alive(Entry.objects.all(), on).values_list("pk", flat=True))
        may = {pk for pk, code in told.items() if code in {"ok", "later"} or (code == "over" and every[pk].kind == "programme")}
        found = set(proposable(Entry.objects.all(), on).values_list("pk", flat=True))
        assert found <= may  # a call that is over and was not checked for too long is no near miss either
        assert may - found <= {pk for pk, code in told.items() if code == "over"}
        standing = looked_at(Entry.objects.all()).standing(on)
        assert {pk for pk, code in told.items() if code == "over"} == set(standing.filter(over(on)).values_list("pk", flat=True))
        assert {pk for pk, code in told.items() if code == "old"} == set(standing.filter(old(on)).exclude(over(on)).values_list("pk", flat=True))
        soon = set(to_check(looked_at(Entry.objects.all()), on).values_list("pk", flat=True))
        assert {pk for pk, code in told.items() if code == "old"} <= soon
        assert {every[pk].kind for pk in soon} <= set(RULES["check_months"])  # type: ignore[call-overload]  # a table of the plan
        assert all(is_looked_after(every[pk]) for pk in soon)

    agree()


@pytest.mark.parametrize(
    ("kind", "windows", "code"),
    [
        ("programme", [], "ok"), ("programme", [WindowRow("call", None, TODAY)], "ok"), ("programme", [WindowRow("call", None, TODAY - dt.timedelta(days=1))], "over"),
        ("programme", [WindowRow("call", TODAY, TODAY)], "ok"), ("programme", [WindowRow("call", TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=2))], "later"),
        ("programme", [WindowRow("call", None, TODAY - dt.timedelta(days=1)), WindowRow("call", always_open=True)], "ok"), ("equipment", [WindowRow("slot", None, TODAY - dt.timedelta(days=1))], "ok"),
        ("equipment", [WindowRow("slot", TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=2))], "later"), ("event", [WindowRow("course", None, TODAY - dt.timedelta(days=1))], "over"),
    ],
)  # fmt: skip
def test_the_last_day_is_a_day_and_the_first_one_too(cared: World, kind: str, windows: list[WindowRow], code: str) -> None:
    put_entries([EntryRow(id="e", kind=kind, name="項目", body=LAB, windows=tuple(windows), last_checked=TODAY)], kept_by="screen", by=SYSTEM)
    entry = Entry.objects.get()
    assert standing_of(entry, entry.windows.all()).code == code
    assert (code == "over") <= (EntryKind(kind) in DATED)


def test_midnight_is_that_of_japan(cared: World) -> None:
    put_entries([EntryRow(id="e", kind="equipment", name="炉", body=LAB, ends_on=TODAY)], kept_by="screen", by=SYSTEM)
    entry = Entry.objects.get()
    for moment, code in ((dt.datetime(2026, 11, 25, 14, 59, tzinfo=dt.UTC), "ok"), (dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC), "ended")):
        with clock.moved_to(moment):
            assert standing_of(entry, []).code == code
            assert alive(Entry.objects.all()).exists() is (code == "ok")


def test_a_kind_the_plan_says_nothing_of_never_grows_old(cared: World) -> None:
    assert set(limits(TODAY)) == {"equipment", "programme", "outside"}
    assert check_before("seed", TODAY) is None
    assert check_before("equipment", TODAY) == TODAY - dt.timedelta(days=365)


def test_who_keeps_what_by_rule_and_by_filter(cared: World) -> None:
    Body.objects.filter(pk=BANK).update(closed_on=TODAY)
    owners = {"lab": LAB, "bank": BANK, "desk": DESK, "nobody": None}
    for name, body in owners.items():
        for keeper in ("screen", "plan", "harvest:1", "lab"):
            put_entries([EntryRow(id=f"{name}-{keeper}", kind="equipment", name="炉", body=body, owner_name="となり")], kept_by=keeper, by=SYSTEM)
    for actor in (cared.desk, cared.lab, cared.bank, GUEST, SYSTEM):
        ruled = {one.pk for one in Entry.objects.all() if keeps(actor, one)}
        assert ruled == set(Entry.objects.filter(kept_filter(actor)).values_list("pk", flat=True))
        assert all(pk.endswith("-screen") for pk in ruled)
    assert {one.pk for one in Entry.objects.all() if keeps(cared.desk, one)} == {"desk-screen", "nobody-screen", "bank-screen"}
    assert [keeps_for(GUEST, None), keeps_for(cared.lab, None), keeps_for(cared.desk, "none")] == [False, False, False]
    assert all(keeper_words(one).strip() for one in Entry.objects.select_related("body"))


def test_withdrawn_and_returned_as_often_as_wished(cared: World) -> None:
    put_entries([EntryRow(id="e", kind="equipment", name="炉", body=LAB)], kept_by="screen", by=SYSTEM)
    for _round in range(3):
        withdraw_entry(Entry.objects.get(), by=cared.lab, on=TODAY, reason=" 修理 ")
        assert (Entry.objects.get().withdrawn_on, Entry.objects.get().withdrawn_reason) == (TODAY, "修理")
        return_entry(Entry.objects.get(), by=cared.lab)
        assert (Entry.objects.get().withdrawn_on, Entry.objects.get().withdrawn_reason) == (None, "")
    assert list(Revision.objects.order_by("done_at", "pk").values_list("deed", flat=True)).count("withdrawn") == 3


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://x.example", True), ("http://x.example/a?b=c#d", True), ("https://日本語.example/道", True), ("https://x.example:8443/", True), ("ftp://x.example", False), ("https://", False),
        ("https:///path", False), ("javascript:alert(1)", False), ("https://a b", False), ("https://x.example/\x00", False), ("https://x.example/\u202e", False), ("https://[::1", False),
        ("", False), ("x.example", False), (" https://x.example", False), ("https://x.example\n", False), ("data:text/html,x", False),
    ],
)  # fmt: skip
def test_addresses_a_page_may_link_to(text: str, is_one: bool) -> None:
    assert is_web_address(text) is is_one
