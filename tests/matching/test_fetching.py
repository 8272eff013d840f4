"""Entries by id in SQL written once: the same rows, the same values, the same order as through Django's own query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base.actor import SYSTEM
from renkei.matching import fetching
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.models import Entry, Window
from tests.world import LAB, World

Region = Callable[..., World]
pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 25)


@pytest.fixture
def ids(region: Region) -> list[str]:
    world = region()
    rows = [
        EntryRow(id="F1", kind="equipment", name="膜厚計", body=LAB, facts={"post": "", "areas": ["11", "12"]}, tech_fields=["めっき"], last_checked=DAY),
        EntryRow(id="F2", kind="programme", name="補助金", windows=(
            WindowRow("call", DAY, DAY + dt.timedelta(days=9)), WindowRow("call", None, DAY), WindowRow("call", always_open=True),
        )),
        EntryRow(id="F3", kind="seed", name="腐食'; DROP TABLE matching_entry; --", text="100%", is_public=True),
    ]  # fmt: skip
    put_entries(rows, kept_by="fetching", by=SYSTEM)
    Entry.objects.filter(pk="F1").update(checked_by=world.people[LAB], source_on=DAY, facts={"post": "", "areas": ["11"], "fee": 0.1, "yen": 10**12})
    return ["F3", "F1", "F2"]


def test_the_rows_are_those_of_django(ids: list[str]) -> None:
    found, expected = fetching.with_windows([*ids, "nobody", "F1"])[0], Entry.objects.in_bulk(ids)
    names = [one.attname for one in Entry._meta.concrete_fields]
    assert {key: [getattr(one, name) for name in names] for key, one in found.items()} == {
        key: [getattr(one, name) for name in names] for key, one in expected.items()
    }
    assert list(found) == ["F1", "F2", "F3"]
    assert not any(one.get_deferred_fields() or one._state.adding for one in found.values())
    assert found["F1"].body is not None
    assert found["F1"].body.code == LAB


def test_the_windows_are_those_of_django_in_their_order(ids: list[str]) -> None:
    _entries, found = fetching.with_windows(ids)
    assert {key: [one.pk for one in listed] for key, listed in found.items()} == {
        "F2": list(Window.objects.filter(entry_id="F2").values_list("pk", flat=True))
    }
    assert [(one.opens, one.closes, one.always_open) for one in found["F2"]] == [
        (None, DAY, False), (DAY, DAY + dt.timedelta(days=9), False), (None, None, True),
    ]  # fmt: skip


def test_what_is_empty_is_each_rows_own(ids: list[str]) -> None:
    first, second = (fetching.with_windows(ids)[0][key] for key in ("F2", "F3"))
    assert first.themes == second.themes == []
    assert first.themes is not second.themes
    assert first.facts is not second.facts


def test_ids_are_given_not_written_into_the_statement(ids: list[str]) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert fetching.with_windows(["'; DROP TABLE matching_entry; --"]) == ({}, {})
        assert fetching.with_windows([]) == ({}, {})
    assert len(asked) == 2
    assert Entry.objects.filter(id__in=ids).count() == 3


def test_an_entry_that_was_read_can_be_saved(ids: list[str]) -> None:
    one = fetching.with_windows(["F1"])[0]["F1"]
    one.summary = "新しい"
    one.save(update_fields=["summary"])
    assert Entry.objects.get(pk="F1").summary == "新しい"
