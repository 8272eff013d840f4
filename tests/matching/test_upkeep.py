"""Owners are told what they should look at again: one word a month and body, gone when it is done."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.digest import sweep
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.actions_keeping import check_entries
from renkei.matching.jobs import tell_owners
from renkei.matching.models import Entry
from renkei.matching.upkeep import CHECK, about, own_checks
from renkei.plan.models import Body
from renkei.post.models import Nudge
from renkei.post.nudges import KINDS, read_nudges
from tests.desk.pages import address, client, said, seen
from tests.world import BANK, CONTENT, DESK, LAB, World, build_world

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
RULES = {"check_months": {"equipment": 12, "outside": 12}, "warn_days": 30}


@pytest.fixture
def cared(db: None) -> Iterator[World]:
    """A region whose plan says how often entries are checked, and old entries of the lab and of nobody."""
    with clock.moved_to(clock.at(TODAY, 9)):
        world = build_world({**copy.deepcopy(CONTENT), "catalogue": RULES})
        old = dt.date(2025, 1, 1)
        put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB, last_checked=old), EntryRow(id="EQ2", kind="equipment", name="秤", body=LAB, last_checked=TODAY),
                     EntryRow(id="EX1", kind="outside", name="炉", owner_name="となりの県", last_checked=old)], kept_by="screen", by=SYSTEM)  # fmt: skip
        yield world


def test_each_owner_is_told_once(cared: World) -> None:
    assert {body: set(own_checks(body).values_list("pk", flat=True)) for body in (DESK, LAB, BANK)} == {DESK: {"EX1"}, LAB: {"EQ1"}, BANK: set()}
    assert tell_owners() == 2
    told = list(Nudge.objects.order_by("body").values_list("body", "person", "kind", "case", "number", "address"))
    assert told == [(DESK, None, CHECK, about(DESK), "台帳", f"{DESK}@hibari.example"), (LAB, None, CHECK, about(LAB), "台帳", f"{LAB}@hibari.example")]
    assert "台帳の1件を、しばらく確かめていません" in Nudge.objects.get(body=LAB).words
    assert tell_owners() == 0  # it still stands open
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)).count("catalogue.tell_owner") == 2
    assert CHECK in KINDS  # everybody may leave it out of the mail


def test_a_word_that_was_read_is_not_said_again_within_a_month(cared: World) -> None:
    tell_owners()
    read_nudges(Nudge.objects.filter(body=LAB), by=cared.lab)
    for days, count in ((29, 0), (31, 1)):
        with clock.moved_to(clock.at(TODAY + dt.timedelta(days=days), 9)):
            assert tell_owners() == count


def test_what_was_done_is_in_no_mail_any_more(cared: World) -> None:
    tell_owners()
    check_entries([Entry.objects.get(pk="EQ1")], by=cared.lab)
    sweep()
    assert list(Nudge.objects.open().values_list("body", flat=True)) == [DESK]


def test_a_closed_body_is_told_nothing_and_the_desk_looks_after_its_entries(cared: World) -> None:
    Body.objects.filter(pk=LAB).update(closed_on=TODAY)
    assert tell_owners() == 1
    assert set(own_checks(DESK).values_list("pk", flat=True)) == {"EX1", "EQ1"}


def test_the_word_leads_to_the_list(cared: World) -> None:
    tell_owners()
    assert "確かめるものを開く" in seen(cared, "desk-nudges", LAB)
    answer = client(cared, LAB).post(address("desk-nudges-read", LAB), {"case": str(about(LAB)), "open": "1"})
    assert answer["Location"] == address("desk-catalogue-check", LAB)
    page = seen(cared, "desk-catalogue-check", LAB)
    assert "膜厚計" in page
    assert "秤" not in page
    assert "確かめるもの 1件" in seen(cared, "desk-catalogue", LAB)
    done = client(cared, LAB).post(address("desk-catalogue-check", LAB), {"entry": "EQ1"}, follow=True)
    assert "1件を、今日確かめたことにしました。" in said(done)
    assert "確かめるものはありません" in said(done)


@pytest.mark.django_db(transaction=True)
def test_the_worker_tells_under_its_own_login(committed_world: World, login: Callable[[str], AbstractContextManager[None]]) -> None:
    with login("worker"):
        assert tell_owners() == 0
