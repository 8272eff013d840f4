"""What a public register says of a corporate number: a file loaded beforehand, and gBizINFO where a token is set.

Nothing here writes: what is found is shown beside what was typed, and a person accepts it. The file is asked first; an
outside service only fills what the file does not say. It is never sent anything but the number.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Protocol

import requests
from django.conf import settings
from django.utils.translation import gettext as _

from renkei.base.numbers import digits, is_corporate_number, municipality_check_digit
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.companies.models import RegisteredNumber

PATIENCE_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What a register says; empty is not said. ``capital_yen`` in yen; ``municipality`` a six-digit code."""

    number: str
    name: str
    source: str
    kana: str = ""
    postal_code: str = ""
    municipality: str = ""
    address: str = ""
    representative: str = ""
    capital_yen: int | None = None
    employees: int | None = None
    closed_on: dt.date | None = None
    successor: str = ""


class Register(Protocol):
    """Where a number can be looked up."""

    def find(self, number: str) -> Found | None:
        """Return what is said of a number, or None when it is not there. Raises Refused when it cannot be asked."""


class NumberFile:
    """The register's own file, loaded by ``renkei corporate-numbers``."""

    def find(self, number: str) -> Found | None:
        """Return the row of the file."""
        row = RegisteredNumber.objects.filter(pk=number).first()
        if row is None:
            return None
        return Found(
            row.number, row.name, _("法人番号の公表データ"), kana=row.kana, postal_code=row.postal_code, municipality=row.municipality,
            address=row.address, closed_on=row.closed_on, successor=row.successor,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GBizInfo:
    """gBizINFO, REST v2: ``GET /v2/hojin/{number}`` with the header X-hojinInfo-api-token."""

    token: str
    address: str

    def find(self, number: str) -> Found | None:
        """Return what the service says. Refused: ``lookup_busy``, ``lookup_unreachable``, ``lookup_unreadable``."""
        try:
            answer = requests.get(
                f"{self.address.rstrip('/')}/v2/hojin/{number}", headers={"X-hojinInfo-api-token": self.token, "Accept": "application/json"},
                timeout=PATIENCE_SECONDS, allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as error:
            raise Refused(_("gBizINFOに届きません。手で入れるか、しばらくしてからもう一度調べてください。"), "lookup_unreachable",
                          field="corporate_number") from error
        if answer.status_code == 404:
            return None
        if answer.status_code == 429:
            raise Refused(_("gBizINFOが混み合っています。1分ほど待って、もう一度調べてください。"), "lookup_busy", field="corporate_number")
        if answer.status_code in {401, 403}:
            raise Refused(_("gBizINFOの利用の鍵が使えません。システムの担当者に伝えてください。"), "lookup_token", field="corporate_number")
        if answer.status_code != 200:
            raise Refused(_("gBizINFOに届きません。手で入れるか、しばらくしてからもう一度調べてください。"), "lookup_unreachable",
                          field="corporate_number")
        try:
            rows = answer.json()["hojin-infos"]
            return _from_service(rows[0], number) if rows else None
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as error:
            raise Refused(_("gBizINFOの答えを読めません。手で入れてください。"), "lookup_unreadable", field="corporate_number") from error


def registers() -> list[Register]:
    """Return the registers in the order they are asked: the file, and gBizINFO where a token is set."""
    outside = [GBizInfo(settings.RENKEI_GBIZINFO_TOKEN, settings.RENKEI_GBIZINFO_ADDRESS)] if settings.RENKEI_GBIZINFO_TOKEN else []
    return [NumberFile(), *outside]


def find_number(text: str) -> Found | None:
    """Return what the registers say of a number as typed; later ones fill what earlier ones leave open.

    Refused: ``corporate_number_wrong`` (thirteen digits and the check digit), or a register cannot be asked and no other
    knows the number.
    """
    number = digits(text)
    if not is_corporate_number(number):
        raise Refused(_("法人番号が正しくありません。13桁の数字を、国税庁の公表サイトで確かめてください。"), "corporate_number_wrong",
                      field="corporate_number")
    found: Found | None = None
    for register in registers():
        try:
            more = register.find(number)
        except Refused:
            if found is None:
                raise
            continue  # what the file says is enough
        if more is not None:
            found = more if found is None else _filled(found, more)
    return found


def _filled(found: Found, more: Found) -> Found:
    names = [name for name in Found.__dataclass_fields__ if name != "source" and getattr(found, name) in (None, "")]
    added = {name: getattr(more, name) for name in names if getattr(more, name) not in (None, "")}
    return replace(found, **added, source=f"{found.source}、{more.source}") if added else found


def _from_service(row: dict[str, Any], number: str) -> Found:
    if str(row["corporate_number"]) != number:
        raise ValueError("another number than asked for")
    name = _text(row["name"], 200)
    if not name:
        raise ValueError("a firm without a name")
    closed = str(row.get("close_date") or "")[:10]
    return Found(
        number, name, "gBizINFO", kana=_text(row.get("kana"), 200), postal_code=_postal(row.get("postal_code")),
        address=_text(row.get("location"), 300), representative=_text(row.get("representative_name"), 100),
        capital_yen=_whole(row.get("capital_stock")), employees=_whole(row.get("employee_number")),
        closed_on=dt.date.fromisoformat(closed) if closed else None,
    )  # fmt: skip


def _text(value: Any, most: int) -> str:
    return clean_text(str(value or ""))[:most]


def _postal(value: Any) -> str:
    plain = digits(str(value or ""))
    return f"{plain[:3]}-{plain[3:]}" if len(plain) == 7 else ""


def _whole(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def municipality_code(prefecture: str, city: str) -> str:
    """Return the six-digit code for the register's two and three digits; empty when they are none."""
    base = f"{prefecture}{city}"
    return f"{base}{municipality_check_digit(base)}" if len(base) == 5 and base.isdecimal() else ""
