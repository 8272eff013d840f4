"""A post with a term warns before its end; what is in hand counts in proposals; one case holds every side of the help."""

from __future__ import annotations

import datetime as dt

import pytest

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.answers import accept, finish_support
from renkei.cases.actions.moves import Successor, accept_packs, choose_successor, open_move, send_packs
from renkei.cases.actions.offers import recall, send_offers
from renkei.cases.jobs import push_loads, run_clocks, warn_of_ends
from renkei.cases.models import MoveReason
from renkei.cases.queries.colleagues import Carried, colleagues
from renkei.cases.queries.timeline import timeline
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Load
from renkei.post.models import Mail
from tests.cases.making import NOON, arrived, events, fresh, leave, mails, need_of, offered, pick
from tests.cases.moving import acts, held, join
from tests.world import CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.mark.covers("C42")
def test_a_post_with_a_term_warns_once_before_its_end(world: World) -> None:
    soon, later = join(DESK, "sato", until=dt.date(2026, 12, 20)), join(DESK, "ito", until=dt.date(2027, 3, 31))
    join(DESK, "kara", until=dt.date(2026, 12, 20))  # nothing in hand: nothing to say
    held(world, soon, later)
    assert (warn_of_ends(), warn_of_ends()) == (1, 0)
    assert mails("term") == [("hibari-desk@people.example", "waiting"), ("sato@people.example", "waiting")]
    Membership.objects.filter(pk=soon.pk).update(until=dt.date(2026, 12, 22))
    assert warn_of_ends() == 1  # another day is another word
    open_move(later, on=dt.date(2027, 3, 31), by=acts(later))
    Membership.objects.filter(pk=later.pk).update(until=dt.date(2026, 12, 1))
    assert warn_of_ends() == 0  # its move is open already
    assert not Mail.objects.filter(purpose="term", text__contains="狐火").exists()


@pytest.mark.covers("C42")
def test_a_coordinators_record_shows_speciality_period_load_and_goes_on_in_the_successors_hands(world: World) -> None:
    end = dt.date(2027, 3, 31)
    coordinator, next_one = join(DESK, "sato", specialities=("電源装置",), until=end), join(DESK, "ito")
    cases = held(world, coordinator, each=2)
    record = next(one for one in colleagues(DESK, world.desk, case=cases[0]) if one.person == coordinator.person_id)
    assert (record.fits, record.membership.since, record.membership.until) == (("電源装置",), coordinator.since, end)
    assert record.carried == Carried(held=2)
    move = open_move(coordinator, on=end, by=acts(coordinator), reason=MoveReason.POST_ENDS)
    packs = list(move.packs.all())
    choose_successor(packs, Successor(DESK, next_one.person_id), by=acts(coordinator))
    send_packs(packs, by=acts(coordinator))
    accept_packs(packs, by=acts(next_one))
    assert {fresh(one).holder_person_id for one in cases} == {next_one.person_id}


@pytest.mark.covers("C81")
def test_management_help_is_told_in_the_same_case_as_technical_help(world: World) -> None:
    case = arrived(world).case
    need = need_of(case, world)
    test, sales = send_offers(case, [pick(need), pick(need_of(case, world, stage="4", title="売り先"), CENTER, "sales-adviser")],
                              by=world.desk)  # fmt: skip
    leave(test, sales)
    for support, by in ((test, world.lab), (sales, world.center)):
        accept(support, by=by)
        finish_support(support, by=by, text=f"{support.service.name}をした。")
    told = [item.text for item in timeline(fresh(case), actor=world.desk) if item.kind == "done"]
    assert sorted(told) == ["設備・試験をした。", "販路相談をした。"]


def test_what_a_body_has_in_hand_counts_in_proposals(world: World) -> None:
    support = offered(world)
    offered(world)
    assert push_loads() == 1
    assert list(Load.objects.values_list("body_id", "service_id", "open_count", "asked_count")) == [(LAB, "equipment-tests", 2, 2)]
    assert (push_loads(), events("load.set")) == (0, 1)
    accept(support, by=world.lab)
    assert push_loads() == 0
    finish_support(support, by=world.lab, text="測った。")
    run_clocks()
    assert Load.objects.get().open_count == 1


@pytest.mark.covers("C67")
def test_how_often_a_body_was_asked_in_twelve_months_counts_in_proposals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done, taken_back = offered(world), offered(world, left=False)
    accept(done, by=world.lab)
    finish_support(done, by=world.lab, text="測った。")
    recall(taken_back, by=world.desk)
    assert push_loads() == 1
    assert Load.objects.values_list("body_id", "open_count", "asked_count").get() == (LAB, 0, 1)  # what was taken back was never asked
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=364))
    assert push_loads() == 0
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=366))
    assert push_loads() == 1
    assert Load.objects.values_list("open_count", "asked_count").get() == (0, 0)


@pytest.mark.covers("C67")
def test_what_a_person_of_the_catalogue_has_on_hand_counts_in_proposals(world: World) -> None:
    person, other = join(DESK, "sato"), join(LAB, "ito")
    rows = {"P-DESK": (DESK, person), "P-LAB": (LAB, other), "P-BARE": (LAB, None)}
    put_entries([EntryRow(id=code, kind="person", name=code, body=body, facts={"account": str(who.person_id)} if who else {})
                 for code, (body, who) in rows.items()], kept_by="test", by=SYSTEM)  # fmt: skip
    held(world, person, each=2)
    held(world, other)  # a case of the desk in the hands of somebody of the lab is no case of the lab
    done, _taken_back = offered(world, person=other.person_id), recall(offered(world, left=False, person=other.person_id), by=world.desk)
    offered(world, person=other.person_id)
    offered(world)  # asked of the lab, and of nobody in it
    assert _people(push_loads()) == (3, {"P-DESK": (DESK, 2, 0), "P-LAB": (LAB, 2, 2)})
    assert _people(push_loads()) == (0, {"P-DESK": (DESK, 2, 0), "P-LAB": (LAB, 2, 2)})
    accept(done, by=acts(other))
    finish_support(done, by=acts(other), text="測った。")
    assert _people(push_loads())[1] == {"P-DESK": (DESK, 2, 0), "P-LAB": (LAB, 1, 2)}
    put_entries([EntryRow(id="P-LAB", kind="person", name="P-LAB", body=LAB)], kept_by="test", by=SYSTEM)
    assert _people(push_loads())[1] == {"P-DESK": (DESK, 2, 0), "P-LAB": (LAB, 0, 0)}  # tied to nobody: of nobody


def _people(changed: int) -> tuple[int, dict[str, tuple[str, int, int]]]:
    rows = Load.objects.filter(entry__isnull=False).values_list("entry_id", "body_id", "open_count", "asked_count")
    return changed, {entry: (body, count, asked) for entry, body, count, asked in rows}
