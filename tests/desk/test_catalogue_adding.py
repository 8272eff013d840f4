"""The front desk adds what a list does not tell, on the page of the entry: with who and when, refused in words to others, and undone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries, withdraw_entries
from renkei.matching.models import Entry
from tests.desk.pages import address, client, fault, part, said, seen
from tests.world import DESK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
ROW = EntryRow(id="h-1", kind="programme", name="設備の補助", owner_name="国", facts={"rate": "1/2"}, source="国の一覧", last_checked=TODAY, is_public=True,
               windows=(WindowRow("call", closes=dt.date(2026, 12, 18)),))  # fmt: skip
GIVEN = {"decision_weeks": "8週", "fund_needs_approval": "False", "eligible__sme_only": "True", "eligible__excludes": "みなし大企業、農業", "eligible__stage": ["3"], "service": "rd-subsidy"}


@pytest.fixture(autouse=True)
def _entry(world: World) -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        put_entries([ROW], kept_by="harvest:abc", by=SYSTEM)
        yield


def add(world: World, given: dict[str, Any], body: str = DESK) -> Any:
    return client(world, body).post(address("desk-catalogue-add", body, entry="h-1"), given)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_from_the_page_of_an_entry_and_back(world: World) -> None:
    assert "締切から決定までの週数や" in seen(world, "desk-catalogue-entry", entry="h-1")
    page = seen(world, "desk-catalogue-add", entry="h-1")
    assert "補助率" not in re.findall(r"<label[^>]*>([^<]+)<", page)  # the list tells it
    answer = add(world, {**GIVEN, "seen": part(page, 'name="seen" value="', '" id').removeprefix('name="seen" value="')})
    assert answer["Location"] == address("desk-catalogue-entry", entry="h-1")
    entry = Entry.objects.get()
    assert {key: value for key, value in entry.facts.items() if key != "added"} == {
        "rate": "1/2", "decision_weeks": 8, "fund_needs_approval": False,
        "eligible": {"sme_only": True, "excludes": ["みなし大企業", "農業"], "stage": ["3"]}}  # fmt: skip
    shown = words(part(seen(world, "desk-catalogue-entry", entry="h-1"), 'id="ad"', "直した記録"))
    assert "締切から決定まで 8週 産業課 相川 11月25日（水）9時" in shown
    assert "会社の計画の承認が要る いいえ" in shown
    assert "段階 開発" in shown
    whole = words(seen(world, "desk-catalogue-entry", LAB, entry="h-1"))
    assert "締切から決定まで 8週 補った" in whole
    assert "補った 11月25日（水）9時 産業課 相川" in whole
    assert add(world, {"away": "decision_weeks"}).status_code == 302
    assert "decision_weeks" not in Entry.objects.get().facts


def test_the_form_begins_with_what_was_added_and_an_emptied_field_takes_it_away(world: World) -> None:
    add(world, GIVEN)
    page = seen(world, "desk-catalogue-add", entry="h-1")
    assert 'value="8"' in page
    assert re.search(r'<option value="False" selected>', page)
    assert re.search(r'<option value="rd-subsidy" selected>', page)
    add(world, {**GIVEN, "decision_weeks": ""})
    assert "decision_weeks" not in Entry.objects.get().facts
    assert Entry.objects.get().service_id == "rd-subsidy"


def test_the_lists_word_is_used_and_both_are_shown(world: World) -> None:
    add(world, GIVEN)
    put_entries([replace(ROW, facts={"decision_weeks": 5})], kept_by="harvest:abc", by=SYSTEM)
    shown = words(seen(world, "desk-catalogue-entry", entry="h-1"))
    assert "いまは一覧が「5週」と伝えているので、一覧の言葉を使っています。" in shown
    assert "締切から決定まで 5週 いつ" in shown
    assert "5週 補った" not in shown


def test_refused_in_words(world: World) -> None:
    answer = add(world, {**GIVEN, "decision_weeks": "たぶん8"})
    assert (answer.status_code, fault(answer, "decision_weeks")) == (422, "数字で入れてください。例：30")
    assert 'value="たぶん8"' in said(answer)
    late = add(world, {"decision_weeks": "8", "seen": "x"})
    assert "先にほかの人か一覧が変えました" in said(late)
    seen_now = part(said(late), 'name="seen" value="', '" id').removeprefix('name="seen" value="')
    assert add(world, {"decision_weeks": "8", "seen": seen_now}).status_code == 302
    assert "前と同じです" in said(add(world, {"decision_weeks": "8"}))
    assert "前と同じです" in said(client(world).post(address("desk-catalogue-add", entry="h-1"), {"away": "rate"}, follow=True))


@pytest.mark.parametrize("given", [GIVEN, {"away": "decision_weeks"}])
def test_others_and_other_entries(world: World, given: dict[str, Any]) -> None:
    put_entries([EntryRow(id="own", kind="programme", name="自前", body=LAB)], kept_by="screen", by=SYSTEM)
    before = Entry.objects.get(pk="h-1").facts
    assert "desk-catalogue-add" not in seen(world, "desk-catalogue-entry", LAB, entry="h-1")
    assert address("desk-catalogue-add", LAB, entry="h-1") not in seen(world, "desk-catalogue-entry", LAB, entry="h-1")
    told = client(world, LAB).post(address("desk-catalogue-add", LAB, entry="h-1"), given, follow=True)
    assert "窓口の職員が補います" in said(told)
    assert "窓口の職員が補います" in said(client(world).get(address("desk-catalogue-add", entry="own"), follow=True))
    assert address("desk-catalogue-add", entry="own") not in seen(world, "desk-catalogue-entry", entry="own")
    withdraw_entries(["h-1"], kept_by="harvest:abc", on=TODAY, by=SYSTEM)
    assert "一覧にいまある項目だけ" in said(client(world).post(address("desk-catalogue-add", entry="h-1"), given, follow=True))
    assert Entry.objects.get(pk="h-1").facts == before
