"""A person's entry on screen: whose account it is tied to, chosen among the owner's people, and when the person is away."""

from __future__ import annotations

import re

import pytest

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.entry_words import mark_of
from renkei.matching.models import Entry, EntryKind
from tests.cases.moving import join
from tests.desk.pages import address, client, fault, part, seen
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.django_db
EMPTY = {"w-TOTAL_FORMS": "0", "w-INITIAL_FORMS": "0"}


def kept(body: str | None = LAB, **facts: object) -> Entry:
    put_entries([EntryRow(id="PE1", kind="person", name="ichi一", body=body, owner_name="" if body else "県外の会", facts=facts)], kept_by="screen", by=SYSTEM)
    return Entry.objects.get(pk="PE1")


def choices(page: str) -> list[tuple[str, bool]]:
    found = re.findall(r"<option ([^>]*)>([^<]+)</option>", part(page, '<select name="account"', "</select>"))
    return [(words, "selected" in how) for how, words in found]


def test_one_chooses_among_the_owners_people_the_same_name_first(world: World) -> None:
    mine, _other = join(LAB, "ichi"), join(BANK, "yoso")
    entry = kept()
    page = seen(world, "desk-catalogue-edit", LAB, entry="PE1")
    assert choices(page) == [("選んでいません", True), ("ichi 一（同じ名前）", False), (world.people[LAB].name, False)]
    given = EMPTY | {"name": entry.name, "seen": mark_of(entry), "account": str(mine.person_id), "absent": "2026/12/21〜2026/12/28\n2027/1/4"}
    assert client(world, LAB).post(address("desk-catalogue-edit", LAB, entry="PE1"), given).status_code == 302
    spans = [{"from": "2026-12-21", "to": "2026-12-28"}, {"from": "2027-01-04", "to": "2027-01-04"}]
    assert Entry.objects.get().facts == {"account": str(mine.person_id), "absent": spans}
    shown = seen(world, "desk-catalogue-entry", DESK, entry="PE1")
    assert re.findall(r"<dt>(この人のアカウント|不在の期間)</dt><dd>(.*?)</dd>", shown) == [
        ("この人のアカウント", "ichi 一"), ("不在の期間", "2026/12/21〜2026/12/28<br>2027/1/4〜2027/1/4")]  # fmt: skip
    assert "この人のアカウント：空 → ichi 一" in shown
    Membership.objects.filter(pk=mine.pk).update(until=clock.today().replace(year=2020), since=clock.today().replace(year=2019))
    page = seen(world, "desk-catalogue-edit", LAB, entry="PE1")
    assert choices(page) == [("選んでいません", False), (world.people[LAB].name, False), ("ichi 一（離任）", True)]
    assert "2026/12/21〜2026/12/28\n2027/1/4〜2027/1/4</textarea>" in page


@pytest.mark.parametrize("typed", ["another's", "nobody's"])
def test_an_account_of_another_body_is_no_choice(world: World, typed: str) -> None:
    other = join(BANK, "yoso")
    given = EMPTY | {"name": "甲", "account": str(other.person_id) if typed == "another's" else "だれか"}
    answer = client(world, LAB).post(address("desk-catalogue-new", LAB, kind="person"), given)
    assert (answer.status_code, bool(fault(answer, "account")), Entry.objects.count()) == (422, True, 0)


def test_a_span_that_cannot_be_read_stands_beside_its_field(world: World) -> None:
    answer = client(world, LAB).post(address("desk-catalogue-new", LAB, kind="person"), EMPTY | {"name": "甲", "absent": "年末"})
    assert (answer.status_code, fault(answer, "absent")) == (422, "「年末」を期間として読めません。例：2026/12/21〜2026/12/28")


def test_who_belongs_to_nobody_of_the_plan_has_no_account(world: World) -> None:
    kept(None)
    page = seen(world, "desk-catalogue-edit", DESK, entry="PE1")
    assert ('name="account"' in page, 'name="absent"' in page) == (False, True)
    given = EMPTY | {"name": "甲", "owner": "-", "owner_name": "県外の会", "account": str(world.people[DESK].pk)}
    answer = client(world, DESK).post(address("desk-catalogue-new", DESK, kind="person"), given)
    assert (answer.status_code, fault(answer, "account")) == (422, "この機関の人を、氏名かメールアドレスで一人に決めてください。")


def test_nothing_but_a_person_is_tied(world: World) -> None:
    kinds = [kind for kind in EntryKind if kind is not EntryKind.SERVICE]
    asking = [kind for kind in kinds if 'name="account"' in seen(world, "desk-catalogue-new", LAB, kind=kind)]
    assert asking == [EntryKind.PERSON]
