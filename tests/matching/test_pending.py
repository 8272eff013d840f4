"""What the database has that an index may lack: told without counting a table each time, and never missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Entry, EntryChange
from renkei.matching.pending import pending, pending_since
from tests.world import World

Region = Callable[..., World]
NEW = EntryRow(id="NEW", kind="equipment", name="渦電流の膜厚計", is_public=True)


@pytest.fixture
def there(region: Region) -> None:
    """A region."""
    region()


def test_it_tells_database_changes_and_newest(there: None) -> None:
    found = pending()
    last = EntryChange.objects.order_by("-pk")[0]
    assert found.newest == f"{last.pk}/{last.tx}"
    assert found.changes == EntryChange.objects.filter(tx__gte=found.xmin).count()
    assert pending_since(found.xmin, found.newest) == found
    counted = Entry.objects.filter(withdrawn_on=None).count()
    assert pending_since(found.xmin, found.newest, count=True) == found._replace(entries=counted)


def test_a_change_is_told_and_the_newest_one_known_still_stands(there: None) -> None:
    before = pending()
    put_entries([NEW], kept_by="test", by=SYSTEM)
    after = pending_since(before.xmin, before.newest)
    assert (after.changes - before.changes, after.newest) == (1, before.newest)
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


def test_it_is_one_question(there: None) -> None:
    known = pending()
    with CaptureQueriesContext(connection) as queries:
        pending_since(known.xmin, known.newest)
    assert len(queries) == 1
