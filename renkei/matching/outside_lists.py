"""Lists of other institutes: fetched from the watched folder or a permitted site, and read by the columns that were named.

Nothing is called or opened that the installation did not name in its settings (``docs/operating.md``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.documents.sheets import MOST_BYTES, read_table
from renkei.matching.actions import EntryRow
from renkei.matching.models import Harvest, HarvestWay
from renkei.matching.rows import Known, put_together, read_values
from renkei.matching.sheet import HEADER_WITHIN, find_header, plain

MOST_ROWS = 20_000
PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """A list as it came, and the day it was of."""

    data: bytes
    on: dt.date
    checked_on: dt.date


@dataclass
class Reading:
    """What a list says: rows with their number, refused rows with reasons, and the ids of everything that stands in it."""

    digest: str
    rows: list[tuple[int, EntryRow]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


def keeper(harvest: Harvest) -> str:
    """Return who keeps what a list brings."""
    return f"harvest:{harvest.pk.hex[:12]}"


def entry_id(harvest: Harvest, key: str) -> str:
    """Return the id of a row of a list: the same row has the same id at each reading."""
    return f"h-{harvest.pk.hex[:12]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def fetch_list(harvest: Harvest) -> Fetched:
    """Return the list. Refused: ``not_configured``, ``no_file``, ``unreachable``, ``file_too_large``."""
    return _from_folder(harvest.place) if harvest.way == HarvestWay.FOLDER else _from_address(harvest.place)


def read_list(harvest: Harvest, fetched: Fetched) -> Reading:
    """Read a list by its named columns. Refused: what is no table, ``no_header``; single rows stand in ``refused``."""
    table = read_table(fetched.data, most_rows=MOST_ROWS + HEADER_WITHIN)
    names = {name: [column] for name, column in harvest.columns.items() if column}
    at, places, _unknown = find_header(table, names)
    reading, known = Reading(hashlib.sha256(fetched.data).hexdigest()), Known()
    for number, cells in enumerate(table[at + 1 :], start=at + 2):
        given = {name: cells[place] for name, place in places.items() if place < len(cells)}
        if any(cell not in (None, "") for cell in given.values()):
            _take(reading, harvest, fetched, number, given, known)
    return reading


def columns_of(fetched: Fetched) -> list[str]:
    """Return the names of the columns of a list: the first line with several filled cells. Refused: what is no table."""
    table = read_table(fetched.data, most_rows=MOST_ROWS + HEADER_WITHIN)
    for cells in table[:HEADER_WITHIN]:
        found = [str(cell) for cell in cells if plain(cell)]
        if len(found) > 1:
            return found
    return []


def _take(reading: Reading, harvest: Harvest, fetched: Fetched, number: int, cells: Mapping[str, Any], known: Known) -> None:  # noqa: PLR0913, PLR0917  what one row needs
    key = search_key(str(cells.get("key") or "")) or search_key(f"{cells.get('name') or ''}/{cells.get('owner_name') or ''}")
    pk = entry_id(harvest, key)
    values, problems = read_values({name: cell for name, cell in cells.items() if name != "key"}, harvest.kind, known)
    if not values.get("name"):
        problems.insert(0, _("名前がありません。"))
    elif pk in reading.ids:
        problems.insert(0, _("同じものが一覧に2度あります。"))
    if values.get("name"):
        reading.ids.add(pk)
    if problems:
        reading.refused.append((number, "　".join(problems)[:300]))
        return
    fixed: dict[str, Any] = {name: value for name, value in harvest.fixed.items() if value not in (None, "")}
    base = EntryRow(
        id=pk, kind=harvest.kind, name="", owner_name=harvest.owner_name, source=harvest.name, source_on=fetched.on, last_checked=fetched.checked_on,
    )  # fmt: skip
    reading.rows.append((number, put_together(put_together(base, fixed), values)))


def _from_folder(name: str) -> Fetched:
    if not settings.RENKEI_HARVEST_FOLDER:
        raise Refused(_("一覧を置くフォルダが決まっていません。システムの担当者に伝えてください（RENKEI_HARVEST_FOLDER）。"), "not_configured")
    folder = Path(settings.RENKEI_HARVEST_FOLDER).resolve()
    try:
        path = (folder / name).resolve()
        if path.parent != folder or not path.is_file():
            raise _no_file(name)
        if path.stat().st_size > MOST_BYTES:
            raise _too_large()
        day = dt.datetime.fromtimestamp(path.stat().st_mtime, tz=clock.JST).date()
        data = path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # no such name can be, a ring of links, or not ours to read
        raise _no_file(name) from error
    day = min(day, clock.today())
    return Fetched(data, day, day)  # a file that nobody renews grows old


def _from_address(address: str) -> Fetched:
    if not is_permitted(address):
        raise Refused(_("このアドレスを読む許しがありません。システムの担当者に伝えてください（RENKEI_HARVEST_ADDRESSES）。"), "not_configured")
    try:
        with requests.get(address, timeout=PATIENCE_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                raise Refused(_("一覧を受け取れませんでした（相手の答え：%(code)s）。アドレスを確かめてください。") % {"code": answer.status_code}, "unreachable")
            data = answer.raw.read(MOST_BYTES + 1, decode_content=True)
            changed = answer.headers.get("Last-Modified", "")
    except (requests.RequestException, OSError) as error:
        raise Refused(_("一覧のサイトに届きません。しばらくして、もう一度読みます。"), "unreachable") from error
    if len(data) > MOST_BYTES:
        raise _too_large()
    return Fetched(data, _day_of(changed), clock.today())


def is_permitted(address: str) -> bool:
    """Tell whether an address lies on a site that the settings name."""
    try:
        wanted = urlsplit(address)
    except ValueError:
        return False
    if ".." in re.split(r"[/\\]", unquote(wanted.path)):
        return False  # it would climb out of the part of the site that was named
    sites = [urlsplit(one) for one in settings.RENKEI_HARVEST_ADDRESSES]
    return any((wanted.scheme, wanted.netloc) == (one.scheme, one.netloc) and wanted.path.startswith(one.path) for one in sites)


def _day_of(header: str) -> dt.date:
    try:
        return min(parsedate_to_datetime(header).astimezone(clock.JST).date(), clock.today())
    except (ValueError, TypeError, OverflowError):
        return clock.today()


def _no_file(name: str) -> Refused:
    return Refused(_("ファイル「%(name)s」がフォルダにありません。") % {"name": name[:100]}, "no_file")


def _too_large() -> Refused:
    return Refused(_("一覧は5メガバイトまでです。分けて置いてください。"), "file_too_large")
