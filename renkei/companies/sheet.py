"""Read a sheet of firms, their people and their contact history; say for each row what would happen. Writes nothing.

One row names a firm, and may name one person and one contact. A firm is known by its number, else by its name key with
its telephone or alone when only one has that name; two firms of one name are a choice that a person makes.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import parse_date
from renkei.base.numbers import digits, phone_key
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.base.yen import parse_yen
from renkei.companies.estates import plan_estates
from renkei.companies.industries import read_class
from renkei.companies.models import Company
from renkei.documents.sheets import read_table
from renkei.plan.models import Municipality

MOST_ROWS = 10_000
HEADER_WITHIN = 10
SKIP, NEW = "skip", "new"
FIRM: dict[str, tuple[str, ...]] = {
    "name": ("会社名", "企業名", "商号", "名称"), "kana": ("フリガナ", "会社名カナ", "カナ"), "corporate_number": ("法人番号",),
    "representative_title": ("代表者の職名", "代表者職名"), "representative": ("代表者の氏名", "代表者", "代表者名"),
    "phone": ("電話番号", "電話", "TEL"), "email": ("メールアドレス", "メール"), "postal_code": ("郵便番号",), "municipality": ("市町村", "市区町村"),
    "address": ("所在地", "住所"), "estate": ("工業団地",), "capital_yen": ("資本金", "資本金（円）"), "employees": ("従業員数", "従業員"),
    "founded_year": ("創業年", "設立年"), "jsic_name": ("業種",), "jsic_code": ("産業分類",), "jsic_revision": ("産業分類の版",),
    "products": ("主要製品",), "strengths": ("強み・設備", "強み"),
}  # fmt: skip
PERSON: dict[str, tuple[str, ...]] = {
    "person": ("担当者", "担当者名"), "person_kana": ("担当者カナ",), "person_title": ("担当者の役職", "役職"),
    "person_phone": ("担当者の電話", "担当者電話"), "person_email": ("担当者のメール", "担当者メール"),
}  # fmt: skip
CONTACT: dict[str, tuple[str, ...]] = {
    "happened_on": ("やりとり日", "対応日", "訪問日"), "channel": ("手段", "方法"), "staff": ("職員", "対応者"), "text": ("内容", "やりとり"),
}  # fmt: skip
COLUMNS = FIRM | PERSON | CONTACT
HEADER = [names[0] for names in COLUMNS.values()]


@dataclass
class SheetRow:
    """One row: what it says, what would happen to the firm (``new``, ``update``, ``same``, ``choose``), what is wrong."""

    number: int
    values: dict[str, Any]
    deed: str = NEW
    company: Company | None = None
    choices: list[Company] = field(default_factory=list)
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    same_as: int | None = None

    @property
    def changed(self) -> list[tuple[str, Any, Any]]:
        """Return label, old and new value of each field that would change."""
        return [(FIRM[name][0], old, new) for name, (old, new) in self.changes.items()]


@dataclass
class SheetPreview:
    """All rows of a sheet."""

    rows: list[SheetRow]

    def count(self, deed: str) -> int:
        """Return how many rows without a problem would do this; a firm that stands in several rows is new once."""
        return sum(1 for row in self.rows if row.deed == deed and not row.problems and row.same_as is None)

    @property
    def bad(self) -> list[SheetRow]:
        """Return the rows that have to be mended first."""
        return [row for row in self.rows if row.problems]


class Known:
    """The firms the actor sees, by number and by name key, read once for the whole sheet."""

    def __init__(self, actor: Actor) -> None:
        self.by_number: dict[str, Company] = {}
        self.by_name: dict[str, list[Company]] = defaultdict(list)
        for company in Company.objects.visible_to(actor).standing():
            if company.corporate_number:
                self.by_number[company.corporate_number] = company
            self.by_name[company.name_key].append(company)
        self.estates = {search_key(name): name for name in plan_estates()}
        self.places = {search_key(one.name): one.pk for one in Municipality.objects.all()} | {
            one.pk: one.pk for one in Municipality.objects.all()}  # fmt: skip

    def estate(self, text: str) -> str:
        """Return the plan's name for an estate written another way, else the text as it is."""
        return self.estates.get(search_key(text), text)

    def matches(self, values: Mapping[str, Any]) -> list[Company]:
        """Return the one firm meant, several when a person has to choose, or none."""
        number = values.get("corporate_number", "")
        if number and number in self.by_number:
            return [self.by_number[number]]
        named = [one for one in self.by_name.get(search_key(values["name"])[:200], []) if not (number and one.corporate_number)]
        called = phone_key(values.get("phone", ""))
        same = [one for one in named if called and phone_key(one.phone) == called]
        return same if len(same) == 1 else named


def read_companies(data: bytes, *, actor: Actor) -> SheetPreview:
    """Read the sheet (xlsx, or CSV in UTF-8 or CP932). Refused: what is no table, ``no_header``, ``no_rows``."""
    rows = read_table(data, most_rows=MOST_ROWS + HEADER_WITHIN)
    at, places = _header(rows)
    known, found = Known(actor), []
    first_of: dict[tuple[str, str, str], int] = {}
    for number, cells in enumerate(rows[at + 1 :], start=at + 2):
        if any(cell not in (None, "") for cell in cells):
            row = _read({name: cells[place] for name, place in places.items() if place < len(cells)}, number, known)
            key = (row.values["corporate_number"], search_key(row.values["name"]), phone_key(row.values["phone"]))
            if row.deed == NEW and not row.problems:
                row.same_as = first_of.setdefault(key, number)
                row.same_as = None if row.same_as == number else row.same_as
            found.append(row)
    if not found:
        raise Refused(_("列の名前の下に、1行もありません。会社を書いた表を選んでください。"), "no_rows", field="file")
    _mark_taken(found)
    return SheetPreview(found)


def _header(rows: list[list[Any]]) -> tuple[int, dict[str, int]]:
    names = {_plain(alias): name for name, aliases in COLUMNS.items() for alias in aliases}
    for at, cells in enumerate(rows[:HEADER_WITHIN]):
        places: dict[str, int] = {}
        for place, cell in enumerate(cells):
            if name := names.get(_plain(cell).rstrip("※*")):
                places.setdefault(name, place)
        if "name" in places:
            return at, places
    raise Refused(_("「会社名」の列が見つかりません。1行目に列の名前を書いてください。"), "no_header", field="file")


def _read(cells: dict[str, Any], number: int, known: Known) -> SheetRow:
    values: dict[str, Any] = {name: clean_text(str(cells.get(name) if cells.get(name) is not None else "")) for name in COLUMNS}
    row = SheetRow(number, values)
    values["corporate_number"] = digits(values["corporate_number"])
    _read_numbers(row, cells)
    if values["municipality"]:
        code = known.places.get(search_key(values["municipality"])) or known.places.get(digits(values["municipality"]))
        if code is None:
            row.problems.append(_("市町村「%(name)s」が一覧にありません。") % {"name": values["municipality"]})
        values["municipality"] = code or ""
    values["estate"], values["jsic_code"] = known.estate(values["estate"]), read_class(values["jsic_code"])
    if not search_key(values["name"]):
        row.problems.append(_("会社名が空です。"))
        return row
    found = known.matches(values)
    if len(found) > 1:
        row.deed, row.choices = "choose", found
    elif found:
        row.company = found[0]
        row.changes = changes_of(found[0], values)
        row.deed = "update" if row.changes else "same"
    return row


def _read_numbers(row: SheetRow, cells: dict[str, Any]) -> None:
    values = row.values
    for name, reader in (("capital_yen", _yen), ("employees", _count), ("founded_year", _count)):
        try:
            values[name] = reader(values[name]) if values[name] else None
        except ValueError:
            row.problems.append(_("%(label)s「%(text)s」を数として読めません。") % {"label": FIRM[name][0], "text": values[name]})
            values[name] = None
    given, values["happened_on"] = cells.get("happened_on"), None
    if given not in (None, ""):
        try:
            values["happened_on"] = given if isinstance(given, dt.date) else parse_date(str(given), clock.today())
        except ValueError:
            row.problems.append(_("やりとり日「%(text)s」を日付として読めません。") % {"text": given})
    if values["happened_on"] and values["happened_on"] > clock.today():
        row.problems.append(_("やりとり日がまだ来ていません。"))
    if values["text"] and not values["happened_on"] and given in (None, ""):
        row.problems.append(_("やりとりの内容には、やりとり日も入れてください。"))


def changes_of(company: Company, values: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what the row would change; an empty cell changes nothing, another writing of the same is no change."""
    changes = {}
    for name in FIRM:
        new = values.get(name)
        old = company.municipality_id if name == "municipality" else getattr(company, name)
        if new in (None, "") or _same(name, old, new):
            continue
        changes[name] = (old, new)
    return changes


def _same(name: str, old: Any, new: Any) -> bool:
    if name in {"phone", "postal_code"}:
        return phone_key(str(old or "")) == phone_key(str(new))
    if name in {"name", "representative"}:
        return search_key(str(old or "")) == search_key(str(new))
    return unicodedata.normalize("NFKC", str(old if old is not None else "")) == unicodedata.normalize("NFKC", str(new))


def _mark_taken(rows: list[SheetRow]) -> None:
    """Say which numbers stand already at a firm this body does not know: registering lets it know that firm."""
    asked = [row for row in rows if row.deed == NEW and row.values["corporate_number"] and not row.problems]
    numbers, keys = [row.values["corporate_number"] for row in asked], [search_key(row.values["name"])[:200] for row in asked]
    with connection.cursor() as cursor:
        cursor.execute("SELECT a.place, company_claim(a.number, a.key) FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY"
                       " AS a(number, key, place)", [numbers, keys])  # fmt: skip
        claimed = {place for place, found in cursor.fetchall() if found}
    for place, row in enumerate(asked, start=1):
        row.deed = "meet" if place in claimed else NEW


def chosen(row: SheetRow, answer: str) -> SheetRow:
    """Return the row as a person decided: the id of a firm, ``new`` or ``skip``."""
    if answer == NEW:
        return replace(row, deed=NEW, choices=[])
    company = next((one for one in row.choices if str(one.pk) == answer), None)
    if company is None:
        return replace(row, deed=SKIP)
    changes = changes_of(company, row.values)
    return replace(row, deed="update" if changes else "same", company=company, changes=changes)


def _yen(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else parse_yen(text)


def _count(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("名人年")
    if not re.fullmatch(r"-?(\d+|\d{1,3}(,\d{3})+)", plain):  # 1,5 is not fifteen
        raise ValueError(text)
    return int(plain.replace(",", ""))


def _plain(value: Any) -> str:
    return "".join(unicodedata.normalize("NFKC", str(value or "")).lower().split())
