"""Read a sheet of the 相談台帳: which row will become what, and what is wrong with it. Nothing is written."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from renkei.accounts.queries import members_of
from renkei.base import clock
from renkei.base.era import parse_date
from renkei.base.language import shown_day
from renkei.base.numbers import parse_phone
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.cases.models import Case, ImportedCase
from renkei.documents.sheets import read_sheet
from renkei.plan.models import Body, Stage
from renkei.plan.queries import is_front_desk

MOST_ROWS = 5_000
HEADER_WITHIN = 10  # rows above the header: a title, a date of print
COLUMNS: dict[str, tuple[str, ...]] = {
    "受付番号": ("番号", "整理番号", "no", "no.", "相談番号"),
    "受付日": ("受付年月日", "相談日", "日付", "受付"),
    "会社名": ("企業名", "相談者", "事業者名", "会社", "企業"),
    "担当者": ("氏名", "ご担当者", "相談者氏名", "企業担当者", "会社の担当者"),
    "電話": ("電話番号", "tel", "連絡先"),
    "件名": ("相談件名", "表題", "タイトル"),
    "内容": ("相談内容", "概要", "相談の内容"),
    "段階": ("ステージ", "支援段階"),
    "主担当": ("担当機関", "主担当機関", "担当"),
    "次の一手": ("次の対応", "今後の対応", "次回対応", "対応予定"),
    "期日": ("期限", "次回日", "予定日", "いつまで"),
    "状態": ("状況", "進捗", "ステータス"),
    "終了日": ("完了日", "終了年月日", "完結日"),
    "結果": ("終了理由", "対応結果", "処理結果"),
}
DATES = ("受付日", "期日", "終了日")
LIMITS = {"受付番号": 30, "会社名": 200, "担当者": 100, "件名": 100, "内容": 8000, "次の一手": 200, "結果": 1000}
CLOSED_WORDS = {"終了", "完了", "済", "終わり", "解決", "closed"}
OPEN_WORDS = {"", "対応中", "継続", "継続中", "受付", "未", "未対応", "振り分け前", "open"}


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row: its place in the sheet, its values by column, what is wrong with it, or what will happen."""

    number_in_file: int
    values: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    will: str = ""

    @property
    def digest(self) -> str:
        """Return what a row without a number is known by when it comes again: what does not change while a case runs."""
        return row_digest(self.values)


@dataclass(frozen=True, slots=True)
class Preview:
    """A sheet that was read but not imported."""

    rows: list[RegisterRow]

    @property
    def good(self) -> list[RegisterRow]:
        """Return the rows that will be imported."""
        return [row for row in self.rows if not row.problems]

    @property
    def bad(self) -> list[RegisterRow]:
        """Return the rows that have to be mended first."""
        return [row for row in self.rows if row.problems]


    @property
    def digest(self) -> str:
        """Return what these rows are known by, so that the same ones are not imported twice; empty when all have numbers."""
        keys = sorted(row.digest for row in self.good if row.digest)
        return hashlib.sha256("".join(keys).encode()).hexdigest() if keys else ""


def read_register(data: bytes, *, body: Body | None = None) -> Preview:
    """Read a sheet row by row; nothing is written. With ``body``, rows it may not import are marked as well.

    Refused: ``not_xlsx``, ``file_too_large``, ``too_many_rows``, ``no_header``, ``no_rows``.
    """
    rows = read_sheet(data, most_rows=MOST_ROWS)
    at, places = _header(rows)
    known, found, seen = Known.load(rows, places, body), [], set[str]()
    for number, cells in enumerate(rows[at + 1 :], start=at + 2):
        if any(cell not in (None, "") for cell in cells):
            row = _read_row(number, {name: cells[place] for name, place in places.items()}, known, body)
            twice = row.values["受付番号"] in seen
            seen |= {row.values["受付番号"]} - {""}
            if twice:
                row.problems.append(_("「受付番号」%(number)sが、この表に2回あります。") % {"number": row.values["受付番号"]})
            found.append(row)
    if not found:
        raise Refused(_("列の名前の下に、1行もありません。相談を書いた表を選んでください。"), "no_rows", field="file")
    return Preview(found)


def row_digest(values: dict[str, Any]) -> str:
    """Return what a row without a number is known by: day, firm, title and text; empty for a row with a number."""
    if values["受付番号"] or values["受付日"] is None:
        return ""
    parts = [values["受付日"].isoformat(), search_key(values["会社名"]), plain(values["件名"]), plain(values["内容"])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def plain(value: Any) -> str:
    """Return a cell as it is compared: any width, no space, lower case."""
    return "".join(unicodedata.normalize("NFKC", str(value or "")).lower().split())


def _header(rows: list[list[Any]]) -> tuple[int, dict[str, int]]:
    """Return where the header stands and which column is where; extra columns are left alone."""
    names = {plain(alias): name for name, aliases in COLUMNS.items() for alias in (*aliases, name)}
    for at, cells in enumerate(rows[:HEADER_WITHIN]):
        places: dict[str, int] = {}
        for place, cell in enumerate(cells):
            name = names.get(plain(cell).rstrip("※*"))
            if name is not None:
                places.setdefault(name, place)
        if "会社名" in places and "受付日" in places and places.keys() & {"件名", "内容"}:
            return at, places
    raise Refused(_("「会社名」「受付日」と、「件名」か「内容」の列が見つかりません。列の名前を1行に書いてください。"), "no_header",
                  field="file")


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against, fetched once."""

    numbers: set[str]
    stages: dict[str, Stage]
    told: dict[str, str] = field(default_factory=dict)
    holders: dict[str, tuple[Body, uuid.UUID | None] | None] = field(default_factory=dict)

    @classmethod
    def load(
        cls, rows: list[list[Any]] | None = None, places: dict[str, int] | None = None, body: Body | None = None
    ) -> Known:
        """Fetch the stages, which of the rows' numbers are taken, and which rows without one ``body`` imported before."""
        place = (places or {}).get("受付番号")
        numbers = {_plain_text(cells[place]) for cells in rows or []} if place is not None else set()
        taken = Case.objects.filter(number__in=numbers - {""}).values_list("number", flat=True)
        stages = {plain(name): stage for stage in Stage.objects.all()
                  for name in (stage.code, stage.name, stage.short, f"{stage.code}{stage.name}", f"{stage.code}{stage.short}")}
        before = ImportedCase.objects.filter(run__body=body, run__undone_at__isnull=True).exclude(digest="")
        told = dict(before.values_list("digest", "case__number")) if body else {}
        return cls(set(taken), stages, told)

    def holder(self, text: str) -> tuple[Body, uuid.UUID | None] | None:
        """Return body and person named in a cell; None when the plan has no such body."""
        if text not in self.holders:
            self.holders[text] = find_holder(text)
        return self.holders[text]

    def stages_in(self, text: str) -> dict[str, Stage | None]:
        """Return the stages a cell names (2 or 資金, several with 、), None for a name the plan does not know."""
        if plain(text) in self.stages:
            return {text: self.stages[plain(text)]}
        parts = [part.strip() for part in text.replace("，", "、").replace(",", "、").split("、")]
        return {part: self.stages.get(plain(part)) for part in parts if part}


def _read_row(number: int, cells: dict[str, Any], known: Known, body: Body | None) -> RegisterRow:
    problems: list[str] = []
    values: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    for name, cell in cells.items():
        values[name] = _date(name, cell, problems) if name in DATES else _text(name, cell, problems)
    for name in DATES:
        values[name] = values[name] or None
    _check_row(values, known, body, problems)
    will = "" if problems else _will(values)
    return RegisterRow(number, values, problems, will)


def _text(name: str, cell: Any, problems: list[str]) -> str:
    text = _plain_text(cell)
    most = LIMITS.get(name, 200)
    if len(text) > most:
        problems.append(_("「%(name)s」が長すぎます（%(most)s字まで）。短くしてください。") % {"name": name, "most": most})
    return text


def _plain_text(cell: Any) -> str:
    return f"{cell:%Y/%m/%d}" if isinstance(cell, dt.date) else str(cell or "").strip()


def _date(name: str, cell: Any, problems: list[str]) -> dt.date | None:
    """Read a date, written or a date of the sheet: the same years are possible, as lists count the days up to it."""
    if cell in (None, ""):
        return None
    try:
        return parse_date(_plain_text(cell), clock.today())
    except ValueError:
        problems.append(_("「%(name)s」の「%(text)s」を日付として読めません。「令和8年11月27日」のように書いてください。")
                        % {"name": name, "text": _plain_text(cell)[:40]})
        return None


def _check_row(values: dict[str, Any], known: Known, body: Body | None, problems: list[str]) -> None:
    def wrong(sentence: str) -> None:
        problems.append(sentence)

    if not values["会社名"]:
        wrong(_("「会社名」がありません。"))
    if values["受付日"] is None and not any("「受付日」" in one for one in problems):
        wrong(_("「受付日」がありません。"))
    if values["受付日"] and values["受付日"] > clock.today():
        wrong(_("「受付日」がまだ来ていない日です。"))
    if not values["件名"] and not values["内容"]:
        wrong(_("「件名」か「内容」のどちらかを書いてください。"))
    if values["受付番号"] in known.numbers:
        wrong(_("「受付番号」%(number)sは、もう入っています。") % {"number": values["受付番号"]})
    if before := known.told.get(row_digest(values)):
        wrong(_("受付日、会社名、件名、内容の同じ相談が、もう入っています（%(number)s）。別の相談なら、件名を変えてください。") % {"number": before})
    _check_people(values, known, body, problems)
    for name, stage in known.stages_in(values["段階"]).items():
        if stage is None:
            wrong(_("「段階」の「%(name)s」は計画にありません。") % {"name": name[:40]})
    _check_state(values, problems)


def _check_people(values: dict[str, Any], known: Known, body: Body | None, problems: list[str]) -> None:
    if values["電話"]:
        try:
            values["電話"] = parse_phone(values["電話"])
        except ValueError:
            problems.append(_("「電話」の「%(text)s」を読めません。市外局番から書いてください。") % {"text": values["電話"][:40]})
    found = known.holder(values["主担当"])
    if values["主担当"] and found is None:
        problems.append(_("「主担当」の「%(name)s」という機関が計画にありません。") % {"name": values["主担当"][:40]})
    elif found and body and found[0].pk != body.pk and not is_front_desk(body.pk):
        problems.append(_("「主担当」がほかの機関です。ほかの機関の案件は、窓口だけが取り込めます。"))


def _check_state(values: dict[str, Any], problems: list[str]) -> None:
    state = plain(values["状態"])
    if state not in CLOSED_WORDS | OPEN_WORDS:
        problems.append(_("「状態」は「対応中」か「終了」にしてください。"))
    elif is_closed(values):
        if values["終了日"] is None:
            problems.append(_("終わった案件の「終了日」がありません。"))
        elif values["終了日"] > clock.today() or (values["受付日"] and values["終了日"] < values["受付日"]):
            problems.append(_("「終了日」は、「受付日」から今日までの日にしてください。"))
    else:
        if not values["次の一手"]:
            problems.append(_("続いている案件の「次の一手」がありません。"))
        if values["期日"] is None and not any("「期日」" in one for one in problems):
            problems.append(_("続いている案件の「期日」がありません。"))


def is_closed(values: dict[str, Any]) -> bool:
    """Tell whether the row is a case that has ended."""
    state = plain(values["状態"])
    return state in CLOSED_WORDS or (not state and values["終了日"] is not None)


def _will(values: dict[str, Any]) -> str:
    if is_closed(values):
        return _("終わった案件として取り込みます。")
    return _("続いている案件として取り込みます（次：%(day)s %(step)s）。") % {
        "day": shown_day(values["期日"], clock.today()), "step": values["次の一手"][:40]}


def find_holder(text: str) -> tuple[Body, uuid.UUID | None] | None:
    """Read 産業課 相川: the body by short or full name, number or code, then a surname of its people."""
    if not text:
        return None
    wanted = plain(text)
    for body in sorted(Body.objects.all(), key=lambda one: -len(one.name)):
        for name in sorted({body.name, body.short, body.code}, key=len, reverse=True):
            if wanted.startswith(plain(name)):
                rest = wanted[len(plain(name)) :].strip("／/：:()（）")
                people = {plain(one.person.surname): one.person_id for one in members_of(body.pk)}
                return body, people.get(rest)
    return None
