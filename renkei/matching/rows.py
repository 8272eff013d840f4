"""Rows of lists as entries: cells are read by the names of fields, whatever the columns are called. Writes nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.era import parse_date
from renkei.base.language import written
from renkei.base.text import clean_text, search_key
from renkei.matching.actions import EntryRow, WindowRow
from renkei.matching.actions_keeping import MOST, MOST_WINDOWS, is_web_address
from renkei.matching.entry_words import LABELS
from renkei.matching.fact_words import read_fact, read_terms, read_yes
from renkei.matching.fields import FACTS, facts_of, with_values
from renkei.matching.keeping import BY_HAND
from renkei.matching.models import EntryKind, WindowKind
from renkei.plan.models import Body, Service

Values = dict[str, Any]
TEXTS = ("name", "kana", "owner_name", "summary", "text", "source")
_PIECES = re.compile(r"[；;\n]+")
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
_ALWAYS = {"いつでも", "通年", "随時", "常時"}
_SPAN = re.compile(r"^(?P<opens>[^〜~～]*)[〜~～](?P<closes>[^〜~～]+)$")
_STARTS = re.compile(r"(?:開始|開催)\s*(?P<day>[^\s〜~～]+)\s*$")


def _names(kind: EntryKind) -> set[str]:
    """Return what a cell may call a kind: its name in both languages, or the first of two names (催し of 催し・講座)."""
    return {name for label in (str(kind.label), written(kind.label)) for name in (label, label.split("・")[0])}


class Known:
    """What cells may name, read once for a whole list: bodies, services, kinds."""

    def __init__(self) -> None:
        self.bodies = {search_key(name): pk for pk, *names in Body.objects.values_list("pk", "short", "name") for name in names}
        self.bodies |= {pk: pk for pk in Body.objects.values_list("pk", flat=True)}
        self.services = {search_key(name): pk for pk, *names in Service.objects.values_list("pk", "name", "short") for name in names}
        self.services |= {pk: pk for pk in Service.objects.values_list("pk", flat=True)}
        self.kinds = {search_key(label): one.value for one in BY_HAND for label in _names(one)} | {one.value: one.value for one in BY_HAND}

    def kind(self, text: str) -> str:
        """Return the kind a cell names. Raises ValueError."""
        return _one_of(self.kinds, text, _("種類「%(text)s」は書けません。「シーズ」「機器」「制度」などを入れてください。"))

    def body(self, text: str) -> str:
        """Return the code of the body a cell names. Raises ValueError."""
        return _one_of(self.bodies, text, _("機関「%(text)s」は計画にありません。計画の外の機関は「持ち主・部署」に入れてください。"))

    def service(self, text: str) -> str:
        """Return the code of the service a cell names. Raises ValueError."""
        return _one_of(self.services, text, _("支援メニュー「%(text)s」は計画にありません。"))


def read_values(cells: Mapping[str, Any], kind: str, known: Known) -> tuple[Values, list[str]]:
    """Return what a row says, by field (facts by their key), and what is wrong with it. An empty cell says nothing."""
    values: Values = {}
    problems: list[str] = []
    facts = {fact.key: fact for fact in facts_of(kind)}
    for name, cell in cells.items():
        if cell is None or not str(cell).strip() or name in {"id", "kind"}:
            continue
        if name not in facts and name not in LABELS:
            if fact := next((one for one in FACTS if one.key == name), None):
                problems.append(_("%(kind)sには「%(label)s」がありません。") % {"kind": EntryKind(kind).label, "label": fact.label})
            continue
        if str(cell).strip() in _ERRORS:
            problems.append(_("%(label)s：表の計算の誤り（%(error)s）です。値を入れてください。") % {"label": LABELS[name] if name in LABELS else facts[name].label, "error": cell})
            continue
        label = facts[name].label if name in facts else LABELS[name]
        try:
            values[name] = read_fact(facts[name], _text(cell)) if name in facts else _read(name, cell, known)
        except ValueError as error:
            problems.append(f"{label}：{error}")
    return values, problems


def put_together(base: EntryRow, values: Mapping[str, Any]) -> EntryRow:
    """Return a row with what a list says put over what is known."""
    said = {name: value for name, value in values.items() if name in LABELS}
    facts = with_values(base.facts, {key: value for key, value in values.items() if key not in LABELS})
    return replace(base, **said, facts=facts)


def read_windows(text: str) -> tuple[WindowRow, ...]:
    """Read windows as they are shown: 募集 2026/12/1〜2026/12/25; 講座 〜12/1 開始12/8; いつでも. Raises ValueError."""
    found = tuple(_window(piece.strip()) for piece in _PIECES.split(text) if piece.strip())
    if len(found) > MOST_WINDOWS:
        raise ValueError(_("%(most)sまでです。") % {"most": MOST_WINDOWS})
    return found


def read_day(cell: Any) -> dt.date:
    """Return a day from a cell. Raises ValueError with a sentence."""
    if isinstance(cell, dt.date):
        return cell
    try:
        return parse_date(_text(cell), clock.today())
    except ValueError as error:
        raise ValueError(_("「%(text)s」を日付として読めません。例：2026/12/1") % {"text": _text(cell)[:40]}) from error


def _read(name: str, cell: Any, known: Known) -> Any:
    text = _text(cell)
    if name in TEXTS or name == "url":
        return _written(name, text)
    if name in {"tech_fields", "themes"}:
        return read_terms(name, text)
    if name in {"source_on", "last_checked", "ends_on"}:
        day = read_day(cell)
        if name == "last_checked" and day > clock.today():
            raise ValueError(_("まだ来ていない日です。"))
        return day
    readers = {"is_public": read_yes, "windows": read_windows, "body": known.body, "service": known.service}
    return readers[name](text)


def _written(name: str, text: str) -> str:
    if len(text) > MOST[name]:
        raise ValueError(_("%(most)s字までにしてください。") % {"most": f"{MOST[name]:,}"})
    if name == "url" and not is_web_address(text):
        raise ValueError(_("https:// から書いてください。"))
    return text


def _window(piece: str) -> WindowRow:
    kind, rest = WindowKind.CALL.value, piece
    for one in WindowKind:
        if piece.startswith(label := written(one.label)):
            kind, rest = one.value, piece.removeprefix(label).strip()
    if rest in _ALWAYS:
        return WindowRow(kind, always_open=True)
    starts = None
    if found := _STARTS.search(rest):
        starts, rest = read_day(found.group("day")), rest[: found.start()].strip()
    span = _SPAN.match(rest)
    opens, closes = (span.group("opens").strip(), span.group("closes").strip()) if span else ("", rest)
    if not closes:
        raise ValueError(_("「募集 2026/12/1〜2026/12/25」のように書いてください。"))
    window = WindowRow(kind, read_day(opens) if opens else None, read_day(closes), starts)
    if window.opens and window.closes and window.closes < window.opens:
        raise ValueError(_("期間の終わりが始まりより前です。"))
    return window


def _one_of(known: Mapping[str, str], text: str, words: str) -> str:
    found = known.get(text.strip()) or known.get(search_key(text))
    if found is None:
        raise ValueError(words % {"text": text[:40]})
    return found


def _text(cell: Any) -> str:
    return clean_text(str(cell)).strip()
