"""The running 相談台帳: read a sheet with a preview per row, import, undo, and print the same columns back."""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from django.db import transaction
from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import parse_date, wareki
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.cases.models import Case, Consultation, ImportedCase, ImportRun, Transition, Verb, log_step
from renkei.cases.rules import require
from renkei.cases.states import CaseState
from renkei.cases.steps import due
from renkei.companies.models import Company
from renkei.plan.models import Body
from renkei.plan.queries import content_now, current_plan, front_desk

COLUMNS = ("受付番号", "受付日", "会社名", "担当者", "電話", "件名", "内容", "段階", "主担当", "次の一手", "期日", "状態",
           "終了日", "結果")  # fmt: skip
_OTHER_NAMES = {"番号": "受付番号", "相談日": "受付日", "日付": "受付日", "企業名": "会社名", "電話番号": "電話", "相談内容": "内容",
                "題名": "件名", "担当機関": "主担当", "次回": "次の一手", "期限": "期日", "完了日": "終了日"}  # fmt: skip
_CLOSED = {"終了", "完了", "済", "済み", "closed"}
MOST_ROWS = 5_000
MOST_UNPACKED = 60 * 1024 * 1024
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row: its number in the file, what it says, what is wrong, and what will happen."""

    number_in_file: int
    values: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    will: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole sheet, read."""

    rows: list[RegisterRow]

    @property
    def good(self) -> list[RegisterRow]:
        """Return the rows that can be imported."""
        return [row for row in self.rows if not row.problems]

    @property
    def bad(self) -> list[RegisterRow]:
        """Return the rows with problems."""
        return [row for row in self.rows if row.problems]


def read_register(data: bytes) -> Preview:
    """Read an xlsx file. Raises Refused for what is no sheet, too large, or without the columns that are needed."""
    table = _table(data)
    names = _header(table)
    bodies = {search_key(name): body for body in Body.objects.all() for name in (body.name, body.short, body.pk)}
    known = set(Case.objects.values_list("number", flat=True))
    rows, seen = [], set[str]()
    for number, cells in enumerate(table[1:], start=2):
        values = {name: cells[at] if at < len(cells) else None for name, at in names.items()}
        if not any(value not in (None, "") for value in values.values()):
            continue
        row = _row(number, values, bodies)
        receipt = str(row.values.get("受付番号") or "")
        if receipt and (receipt in known or receipt in seen):
            row.problems.append(_("受付番号「%(number)s」は、もう使われています。") % {"number": receipt})
        seen.add(receipt)
        rows.append(row)
    if not rows:
        raise Refused(_("表に行がありません。2行目から相談を書いてください。"), "no_rows", field="file")
    return Preview(rows)


@transaction.atomic
def import_register(preview: Preview, *, by: Actor, body: Body) -> ImportRun:
    """Import the rows without problems, open and closed, in one transaction."""
    require(by.is_staff and by.body == body.pk)
    if not preview.good:
        raise Refused(_("取り込める行がありません。表を直して、もう一度選んでください。"), "no_good_rows", field="file")
    run = ImportRun.objects.create(body=body, done_by_id=by.person, done_at=clock.now(), rows=len(preview.good))
    firms = {firm.name_key: firm for firm in Company.objects.visible_to(by)}
    for row in preview.good:
        case = _case(row, by=by, body=body, firms=firms)
        ImportedCase.objects.create(run=run, case=case, row=row.number_in_file)
    record(by, "register.import", run, rows=run.rows)
    return run


@transaction.atomic
def undo_import(run: ImportRun, *, by: Actor) -> ImportRun:
    """Take a whole run back while nothing else has happened to its cases. Refused ``touched`` naming those that moved."""
    locked = ImportRun.objects.select_for_update().get(pk=run.pk)
    require(by.is_staff and by.body == locked.body_id)
    if locked.undone_at is not None:
        return locked
    cases = [one.case for one in locked.cases.select_related("case")]
    touched = Transition.objects.filter(case__in=cases).exclude(verb=Verb.IMPORTED).values_list("case__number", flat=True)
    if moved := sorted(set(touched)):
        raise Refused(
            _("取り込んだあとに動いた案件があるので、取り消せません：%(numbers)s") % {"numbers": "、".join(moved[:5])}, "touched"
        )
    for case in cases:
        case.state, case.closed_at = CaseState.CLOSED, case.closed_at or clock.now()
        case.close_reason, case.close_words = "imported_back", _("取り込みを取り消した")
        case.number = f"取消 {case.number}"[:30]
        case.save()
        log_step(case, Verb.CLOSED, by=by, after=CaseState.CLOSED, reason="imported_back")
    locked.undone_at = clock.now()
    locked.save(update_fields=["undone_at"])
    record(by, "register.undo", locked, rows=locked.rows)
    return locked


def export_register(cases: Iterable[Case], *, by: Actor) -> bytes:
    """Return the cases as xlsx with the columns of the import; text never becomes a formula. Logged."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                     "strings_to_numbers": False})
    sheet = book.add_worksheet("相談台帳")
    head, wrap = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_row(0, 0, COLUMNS, head)
    sheet.set_column(0, len(COLUMNS) - 1, 16, wrap)
    sheet.freeze_panes(1, 0)
    count = 0
    for count, line in enumerate(_lines(list(cases), by), start=1):
        sheet.write_row(count, 0, line)
    sheet.autofilter(0, 0, max(count, 1), len(COLUMNS) - 1)
    book.close()
    record(by, "register.export", rows=count)
    return out.getvalue()


def _lines(cases: list[Case], by: Actor) -> Iterable[list[str]]:
    content = content_now()
    said = {one.case_id: one for one in Consultation.objects.visible_to(by).filter(case__in=cases).order_by("-consulted_at")}
    stages: dict[Any, str] = {}
    for case in cases:
        words = said.get(case.pk)
        need = next(iter(case.needs.all()), None)
        stages[case.pk] = need.stage_id if need else ""
        yield [
            case.number, wareki(case.arrived_at.astimezone(clock.JST).date()), case.company_name,
            words.person_given if words else "", words.phone if words else "", case.title,
            (words.text if words else case.summary)[:8000], stages[case.pk], case.holder.name,
            case.next_step if case.is_open else "", wareki(case.next_on) if case.is_open and case.next_on else "",
            "終了" if not case.is_open else "対応中",
            wareki(case.closed_at.astimezone(clock.JST).date()) if case.closed_at else "",
            content.word("close_reasons", case.close_reason) if case.close_reason else "",
        ]  # fmt: skip


def _table(data: bytes) -> list[tuple[Any, ...]]:
    wrong = Refused(_("エクセル（.xlsx）のファイルとして開けません。エクセルで保存し直してください。"), "not_a_sheet", field="file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_UNPACKED:
                raise Refused(_("表が大きすぎます。年度ごとに分けてください。"), "too_large", field="file")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [row for _number, row in zip(range(MOST_ROWS + 2), sheet.iter_rows(values_only=True, max_col=60), strict=False)]
        book.close()
    except Refused:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, IndexError, EOFError, TypeError) as error:
        raise wrong from error
    if len(rows) > MOST_ROWS + 1:
        raise Refused(_("一度に取り込めるのは%(most)s行までです。") % {"most": f"{MOST_ROWS:,}"}, "too_many_rows", field="file")
    if not rows:
        raise Refused(_("表が空です。1行目に列の名前を書いてください。"), "empty", field="file")
    return rows


def _header(table: list[tuple[Any, ...]]) -> dict[str, int]:
    names: dict[str, int] = {}
    for at, cell in enumerate(table[0]):
        plain = unicodedata.normalize("NFKC", str(cell or "")).strip()
        name = plain if plain in COLUMNS else _OTHER_NAMES.get(plain)
        if name and name not in names:
            names[name] = at
    if missing := [name for name in ("会社名", "内容") if name not in names]:
        raise Refused(
            _("列「%(names)s」がありません。1行目に列の名前を書いてください。") % {"names": "」「".join(missing)}, "no_column",
            field="file",
        )  # fmt: skip
    return names


def _row(number: int, values: dict[str, Any], bodies: dict[str, Body]) -> RegisterRow:
    problems: list[str] = []
    read: dict[str, Any] = {}
    for name, value in values.items():
        if name in {"受付日", "期日", "終了日"}:
            read[name] = _day(name, value, problems)
        else:
            read[name] = clean_text(str(value)) if value is not None else ""
    for name, most in (("受付番号", 30), ("会社名", 200), ("担当者", 100), ("電話", 20), ("件名", 100), ("内容", 8000), ("次の一手", 200)):
        if len(read.get(name) or "") > most:
            problems.append(_("「%(name)s」が長すぎます（%(most)s字まで）。") % {"name": name, "most": most})
    if not read.get("内容") and not read.get("件名"):
        problems.append(_("「内容」がありません。"))
    read["closed"] = (read.get("状態") or "") in _CLOSED or bool(read.get("終了日"))
    holder = read.get("主担当") or ""
    read["holder"] = bodies.get(search_key(holder)) if holder else None
    if holder and read["holder"] is None:
        problems.append(_("「主担当」の「%(name)s」という機関はありません。") % {"name": holder[:30]})
    will = _("終わった案件として入れます。") if read["closed"] else _("対応中の案件として入れます。")
    if not read["closed"] and not read.get("期日"):
        will += _("期日がないので、期限の決まりで付けます。")
    return RegisterRow(number, read, problems, "" if problems else will)


def _day(name: str, value: Any, problems: list[str]) -> dt.date | None:
    if value in (None, ""):
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return parse_date(str(value), clock.today())
    except ValueError as error:
        problems.append(f"「{name}」：{error}")
        return None


def _case(row: RegisterRow, *, by: Actor, body: Body, firms: dict[str, Company]) -> Case:
    from renkei.cases.numbers import draw_number  # noqa: PLC0415  only for rows without a number of their own

    said = row.values
    arrived = clock.at(said.get("受付日") or clock.today())
    holder = said["holder"] or body
    holder = holder if holder.pk in {body.pk, front_desk().pk} else body  # a register is no handover: nobody is made a holder unasked
    firm = firms.get(search_key(said.get("会社名") or ""))
    text = said.get("内容") or said["件名"]
    case = Case(
        number=said.get("受付番号") or draw_number(body, arrived.date()), plan=current_plan(), company=firm,
        company_given=said.get("会社名") or _("社名は未確認"), title=(said.get("件名") or text[:38])[:100], summary="",
        received_by=body, at_desk=body.pk == front_desk().pk, arrived_at=min(arrived, clock.now()), holder=holder,
        holder_since=clock.today(), state=CaseState.CLOSED if said["closed"] else CaseState.ACTIVE, next_kind="work",
        next_step=(said.get("次の一手") or _("台帳から引き継いだ案件を確かめる"))[:200],
        next_on=said.get("期日") or due("first_answer"), next_body=holder, next_set_at=clock.now(),
        closed_at=clock.at(said.get("終了日") or arrived.date()) if said["closed"] else None,
        close_reason="imported" if said["closed"] else "", close_words=said.get("結果") or "",
    )  # fmt: skip
    case.index_text()
    case.save(force_insert=True)
    Consultation.objects.create(
        case=case, number=case.number, channel="body", received_by=body, consulted_at=case.arrived_at,
        recorded_at=clock.now(), text=text, company_given=said.get("会社名") or "", person_given=said.get("担当者") or "",
        phone=said.get("電話") or "", taken_by_id=by.person,
    )  # fmt: skip
    log_step(case, Verb.IMPORTED, by=by, after=case.state, happened_on=case.arrived_at.astimezone(clock.JST).date())
    return case
