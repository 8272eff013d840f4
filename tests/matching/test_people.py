"""Between people of the catalogue who fit as well: who is there, and who has less on hand, comes first, and says why [C67]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.accounts.actions.absences import end_absence, enter_absence
from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import SYSTEM, staff
from renkei.matching.actions import EntryRow, put_entries, set_load, withdraw_entries
from renkei.matching.commands import best_entries
from renkei.matching.models import Load
from renkei.matching.proposal import Candidate, EntryHit
from renkei.matching.propose import propose
from tests.cases.moving import join
from tests.matching.conftest import TODAY
from tests.world import BANK, CENTER, LAB, World

Region = Callable[..., World]
TEXT = "ひばり市の会社です。めっきが剥がれる不良が続き、原因が分からないので見てほしいです。"
ENGINEER = {"post": "engineer"}
SUMMARY = "めっきの剥がれと不良の原因に詳しい。"


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


def put(*rows: EntryRow) -> None:
    put_entries(rows, kept_by="more", by=SYSTEM)


def person(code: str, account: Membership | None = None, body: str = LAB, **facts: object) -> EntryRow:
    tied = {"account": str(account.person_id)} if account else {}
    return EntryRow(id=code, kind="person", name=f"人 {code}", body=body, summary=SUMMARY, facts=ENGINEER | tied | facts)


@pytest.fixture
def two(region: Region) -> list[Membership]:
    """A lab whose catalogue has two people alike, each tied to an account, beside a machine."""
    region(routing={})
    withdraw_entries(["PE1", "PC1"], kept_by="test", on=TODAY, by=SYSTEM)
    accounts = [join(LAB, "ichi"), join(LAB, "futa")]
    put(person("P-1", accounts[0]), person("P-2", accounts[1]))
    return accounts


def best(body: str = LAB) -> Candidate:
    return next(one for one in propose(TEXT).supports if one.body == body and one.service == "tech-consultation")


def listed(body: str = LAB) -> list[str]:
    return [hit.id for hit in best(body).entries]


def why(code: str) -> list[str]:
    hit = next(hit for hit in best().entries if hit.id == code)
    return [one.text for one in hit.reasons if one.kind in {"met", "failed"}]


def told() -> list[str]:
    return [one.text for one in best().evidence if one.kind == "failed"]


@pytest.mark.covers("C67")
def test_between_equals_who_has_less_on_hand_comes_first_and_says_so(two: list[Membership]) -> None:
    assert (listed(), why("P-1"), why("P-2")) == (["P-1", "P-2"], [], [])
    set_load(LAB, entry="P-1", open_count=3, by=SYSTEM)
    set_load(LAB, entry="P-2", open_count=1, by=SYSTEM)
    assert (listed(), why("P-1"), why("P-2")) == (["P-2", "P-1"], [], ["手持ちの少ない人を先にしています（1件、次の人は3件）"])
    set_load(LAB, entry="P-2", open_count=3, by=SYSTEM)
    assert (listed(), why("P-1")) == (["P-1", "P-2"], [])  # equal again: nothing decided, nothing is said


@pytest.mark.covers("C67")
def test_between_equals_who_was_asked_less_comes_first(two: list[Membership]) -> None:
    set_load(LAB, entry="P-1", open_count=1, asked_count=9, by=SYSTEM)
    set_load(LAB, entry="P-2", open_count=1, asked_count=4, by=SYSTEM)
    assert (listed(), why("P-2")) == (["P-2", "P-1"], ["この1年の依頼が少ない人を先にしています（4件、次の人は9件）"])


def test_a_count_decides_between_equals_only(two: list[Membership]) -> None:
    put(EntryRow(id="P-3", kind="person", name="人 P-3", body=LAB, summary="見学を受け持つ。めっき。", facts=person("P-3", two[1]).facts))
    for code in ("P-1", "P-2"):
        set_load(LAB, entry=code, open_count=500, asked_count=500, by=SYSTEM)
    scores = {hit.id: hit.score for hit in propose(TEXT).answers}
    assert scores["P-1"] - scores["P-3"] > 0.1
    assert [hit.id for hit in propose(TEXT).answers if hit.kind == "person"] == ["P-1", "P-2", "P-3"]


def test_nobody_without_an_account_is_counted_or_moved(two: list[Membership]) -> None:
    put(person("P-0"))
    set_load(LAB, entry="P-0", open_count=90, by=SYSTEM)  # of a time when it was tied
    set_load(LAB, entry="P-1", open_count=2, by=SYSTEM)
    assert (listed(), why("P-0")) == (["P-0", "P-2", "P-1"], [])


def test_counts_are_compared_inside_one_body(two: list[Membership]) -> None:
    put(person("P-0", join(CENTER, "mittsu"), body=CENTER))
    set_load(CENTER, entry="P-0", open_count=9, by=SYSTEM)
    order = [hit.id for hit in propose(TEXT).answers if hit.kind == "person"]
    set_load(CENTER, entry="P-0", open_count=0, by=SYSTEM)
    assert order == [hit.id for hit in propose(TEXT).answers if hit.kind == "person"]


@pytest.mark.covers("C67")
def test_who_is_away_is_shown_after_the_others_with_the_day_back(two: list[Membership]) -> None:
    until = TODAY + dt.timedelta(days=2)
    absence = enter_absence(two[0], since=TODAY, until=until, by=staff(two[0].person_id, LAB, ""))
    words = "11月27日（金）まで不在（11月28日（土）に戻ります）"
    assert (listed(), why("P-1"), why("P-2"), told()) == (["P-2", "P-1"], [words], [], [f"人 P-1：{words}"])
    order = [hit.id for hit in propose(TEXT).answers]
    assert order[0] == "P-1"  # so well it fits
    assert [hit["id"] for hit in best_entries(TEXT)] == [*order[1:], "P-1"]  # and is shown after machines and programmes too
    with clock.moved_to(clock.at(until + dt.timedelta(days=1), 9)):
        assert listed() == ["P-1", "P-2"]
    end_absence(absence, by=staff(two[0].person_id, LAB, ""))
    assert (listed(), told()) == (["P-1", "P-2"], [])


def test_an_absence_in_another_body_says_nothing_here(two: list[Membership]) -> None:
    there = Membership.objects.create(person=two[0].person, body_id=BANK, role="staff", since=TODAY)
    enter_absence(there, since=TODAY, until=TODAY, by=staff(two[0].person_id, BANK, ""))
    assert (listed(), told()) == (["P-1", "P-2"], [])


def test_who_has_left_the_body_is_not_proposed_as_there(two: list[Membership]) -> None:
    Membership.objects.filter(pk=two[0].pk).update(until=TODAY - dt.timedelta(days=1))
    assert (listed(), why("P-1")) == (["P-2", "P-1"], ["いまはこの機関にいません"])
    Membership.objects.filter(pk=two[0].pk).update(until=None)
    Person.objects.filter(pk=two[1].person_id).update(is_active=False)
    assert (listed(), why("P-2")) == (["P-1", "P-2"], ["いまはこの機関にいません"])


def test_spans_written_by_hand_count_where_no_account_tells(region: Region) -> None:
    region(routing={})
    withdraw_entries(["PE1", "PC1"], kept_by="test", on=TODAY, by=SYSTEM)
    spans = [{"from": "2026-11-01", "to": "2026-11-24"}, {"from": "2026-11-25", "to": "2026-11-25"}, {"from": "2026-11-26", "to": "2026-11-30"}]
    put(person("P-1", absent=spans), person("P-2", absent=spans[::2]))
    assert (listed(), told()) == (["P-2", "P-1"], ["人 P-1：11月25日（水）まで不在（11月26日（木）に戻ります）"])


def test_the_only_one_is_shown_with_the_day_back(two: list[Membership]) -> None:
    withdraw_entries(["P-2"], kept_by="more", on=TODAY, by=SYSTEM)
    enter_absence(two[0], since=TODAY, until=TODAY, by=staff(two[0].person_id, LAB, ""))
    assert (listed(), len(told())) == (["P-1"], 1)


def test_scores_stay_and_nothing_else_moves(two: list[Membership]) -> None:
    before = propose(TEXT).answers
    set_load(LAB, entry="P-1", open_count=5, by=SYSTEM)
    after = propose(TEXT).answers

    def others(hits: list[EntryHit]) -> list[tuple[int, str]]:
        return [(place, hit.id) for place, hit in enumerate(hits) if hit.kind != "person"]

    assert {hit.id: hit.score for hit in before} == {hit.id: hit.score for hit in after}
    assert others(list(before)) == others(list(after))
    assert [hit.id for hit in before] != [hit.id for hit in after]


def test_one_query_more_where_people_are_tied_and_none_elsewhere(region: Region) -> None:
    region(routing={})
    put(person("P-1"), person("P-2"))
    account = join(LAB, "ichi")
    counts = []
    for rows in ([], [person("P-1", account)], [person("P-2", account)]):
        put(*rows)
        propose(TEXT)
        with CaptureQueriesContext(connection) as queries:
            propose(TEXT)
        counts.append(len(queries))
    assert [n - counts[0] for n in counts] == [0, 1, 1]
    assert Load.objects.count() == 0
