"""What the database has that an index may lack: told without counting a table each time, and never missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base.actor import SYSTEM
from renkei.matching import pending as looked
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Entry, EntryChange
from renkei.matching.pending import pending, pending_since
from tests.world import World

Region = Callable[..., World]
NEW = EntryRow(id="NEW", kind="equipment", name="渦電流の膜厚計", is_public=True)


@pytest.fixture
def there(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """A region, and nothing counted yet."""
    region()
    monkeypatch.setattr(looked, "_counted", {})


def test_it_tells_database_changes_newest_and_entries(there: None) -> None:
    found = pending()
    last = EntryChange.objects.order_by("-pk")[0]
    assert found.newest == f"{last.pk}/{last.tx}"
    assert (found.entries, found.changes) == (Entry.objects.filter(withdrawn_on=None).count(), EntryChange.objects.filter(tx__gte=found.xmin).count())
    assert pending_since(found.xmin, found.newest) == found


def test_a_change_is_told_and_the_newest_one_known_still_stands(there: None) -> None:
    before = pending()
    put_entries([NEW], kept_by="test", by=SYSTEM)
    after = pending_since(before.xmin, before.newest)
    assert (after.changes - before.changes, after.entries - before.entries, after.newest) == (1, 1, before.newest)
    assert pending().newest != before.newest


@pytest.mark.parametrize("hand", ["gone", "other transaction"])
def test_a_change_that_is_not_there_any_more_is_told(there: None, hand: str) -> None:
    put_entries([NEW], kept_by="test", by=SYSTEM)
    before = pending()
    last = EntryChange.objects.filter(pk=before.newest.partition("/")[0])
    last.delete() if hand == "gone" else last.update(tx=1)
    assert pending_since(before.xmin, before.newest).newest == ("" if hand == "gone" else f"{before.newest.partition('/')[0]}/1")


def test_without_any_change_none_is_missed(there: None) -> None:
    EntryChange.objects.all().delete()
    before = pending()
    assert (before.newest, before.changes) == ("", 0)
    now = pending_since(before.xmin, before.newest)
    assert now._replace(xmin=before.xmin) == before  # another database of the cluster may end its transactions meanwhile


def test_entries_are_counted_once_a_minute_for_a_state(there: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database counts only where nobody has lately; another state is counted anew, and without a state always."""
    now = [1_000.0]
    monkeypatch.setattr(looked.time, "monotonic", lambda: now[0])
    known = pending()

    def count(state: object) -> int:
        return pending_since(known.xmin, known.newest, state=state).entries

    assert count("one") == known.entries
    Entry.objects.filter(pk=Entry.objects.order_by("pk")[0].pk).update(withdrawn_on="2026-04-01")
    assert [count("one"), count("two"), count("two"), count(None)] == [known.entries, known.entries - 1, known.entries - 1, known.entries - 1]
    put_entries([NEW], kept_by="test", by=SYSTEM)
    now[0] += 59
    assert count("two") == known.entries - 1
    now[0] += 2
    assert count("two") == known.entries


def test_it_is_one_question(there: None) -> None:
    known = pending()
    with CaptureQueriesContext(connection) as queries:
        pending_since(known.xmin, known.newest, state="a state")
        pending_since(known.xmin, known.newest, state="a state")
    assert len(queries) == 2
