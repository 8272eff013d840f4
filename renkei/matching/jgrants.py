"""jGrants: the public API of the national subsidy portal, read-only, without a key [C49].

``GET /subsidies`` (keyword of two letters and more, sort, order, acceptance, target_area_search) gives ids and days;
``GET /subsidies/id/{id}`` gives the text. Times are UTC: a call that ends at 15:00Z ends with that day in Japan, at midnight.
The portal asks to be named: the credit line stands as the source of each entry. Attachments are not kept.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.companies.industries import classes
from renkei.matching.actions import EntryRow, WindowRow
from renkei.matching.actions_keeping import is_web_address
from renkei.matching.entry_words import in_order
from renkei.matching.models import CREDIT, Harvest
from renkei.matching.outside_lists import PATIENCE_SECONDS, Reading, entry_id
from renkei.post.letters import text_of_html

NATIONWIDE = "全国"
MOST_CALLS = 300
MOST_ANSWER = 20 * 1024 * 1024
_SUMMARY = 1_200
_MOST_YEN = 10**12
_HEADS = re.compile(r"(\d+)名以下")
_BETWEEN = re.compile(r"\s*[/／]\s*")
_ID = re.compile(r"[0-9A-Za-z]{1,18}")


@dataclass(frozen=True, slots=True)
class JGrants:
    """The service at ``address``; nothing but keywords, an area and ids is sent."""

    address: str

    def calls(self, keyword: str, area: str = "") -> list[dict[str, Any]]:
        """Return the calls of a keyword, those that end last first. Refused: see ``_ask``."""
        asked = {"keyword": keyword, "sort": "acceptance_end_datetime", "order": "DESC", "acceptance": "0"}
        if area:
            asked["target_area_search"] = area
        return self._ask("subsidies", asked)

    def detail(self, pk: str) -> list[dict[str, Any]]:
        """Return a call, one record a round. Refused: see ``_ask``."""
        return self._ask(f"subsidies/id/{pk}", {})

    def _ask(self, path: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        """Refused: ``unreachable``, ``busy``, ``unreadable``."""
        try:
            with requests.get(f"{self.address.rstrip('/')}/{path}", params=asked, headers={"Accept": "application/json"},
                              timeout=PATIENCE_SECONDS, allow_redirects=False, stream=True) as answer:  # fmt: skip
                status, data = answer.status_code, answer.raw.read(MOST_ANSWER + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise Refused(_("Jグランツに届きません。しばらくして、もう一度読みます。"), "unreachable") from error
        if status == 429:
            raise Refused(_("Jグランツが混み合っています。しばらくして、もう一度読みます。"), "busy")
        if status != 200:
            raise Refused(_("Jグランツから受け取れませんでした（相手の答え：%(code)s）。") % {"code": status}, "unreachable")
        found = _result(data)
        if found is None:
            raise Refused(_("Jグランツの答えを読めません。形が変わったかもしれません。"), "unreadable")
        return found


def _result(data: bytes) -> list[dict[str, Any]] | None:
    """Return the records of an answer; None for what is no answer of this service."""
    try:
        found = json.loads(data)["result"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_one = len(data) <= MOST_ANSWER and isinstance(found, list) and all(isinstance(one, dict) for one in found)
    return found if is_one else None


def read_calls(harvest: Harvest) -> Reading:
    """Ask for the calls of each keyword that still stand; a call that cannot be read is refused alone.

    ``place`` holds keywords with 、 between, ``fixed["area"]`` the area as jGrants writes it. Refused: ``not_configured``,
    ``no_keyword``, and what the list is refused for.
    """
    if not settings.RENKEI_JGRANTS_ADDRESS:
        raise Refused(_("Jグランツのアドレスが決まっていません。システムの担当者に伝えてください（RENKEI_JGRANTS_ADDRESS）。"), "not_configured")
    service, area = JGrants(settings.RENKEI_JGRANTS_ADDRESS), str(harvest.fixed.get("area") or "")
    listed: dict[str, dict[str, Any]] = {}
    for keyword in keywords_of(harvest.place):
        for call in service.calls(keyword):
            pk = str(call.get("id") or "")
            if _ID.fullmatch(pk) and _still_open(call) and _is_for(call, area):
                listed.setdefault(pk, call)
    reading = Reading(hashlib.sha256(json.dumps(listed, sort_keys=True, default=str).encode()).hexdigest())
    reading.ids.update(entry_id(harvest, pk) for pk in listed)  # what is too much to ask for still stands
    for number, pk in enumerate(list(listed)[:MOST_CALLS], start=1):
        try:
            rounds = service.detail(pk)
            reading.rows.append((number, _entry(harvest, pk, rounds, area)))
        except Refused as refusal:
            reading.refused.append((number, f"{pk}：{refusal.message}"))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            reading.refused.append((number, _("%(id)s：答えを読めません。") % {"id": pk}))
    return reading


def keywords_of(place: str) -> list[str]:
    """Return the keywords of a harvest, those long enough to be asked for. Refused: ``no_keyword``."""
    found = [word for word in re.split(r"[、,，\s]+", place) if 2 <= len(word) <= 255]
    if not found:
        raise Refused(_("探す言葉を、2文字以上で1つは入れてください。"), "no_keyword")
    return list(dict.fromkeys(found))


def last_day(moment: str) -> dt.date:
    """Return the last day in Japan on which a call is open: midnight belongs to the day before. Raises ValueError."""
    local = _local(moment)
    return (local - dt.timedelta(seconds=1)).date() if local.time() == dt.time(0) else local.date()


def first_day(moment: str) -> dt.date:
    """Return the day in Japan on which a call opens. Raises ValueError."""
    return _local(moment).date()


def _local(moment: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(moment)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(clock.JST)
    except OverflowError as error:
        raise ValueError("no moment of this calendar") from error


def _still_open(call: Mapping[str, Any]) -> bool:
    try:
        return last_day(str(call["acceptance_end_datetime"])) >= clock.today()
    except (KeyError, ValueError):
        return True  # what the list does not say, the call itself may


def _areas(call: Mapping[str, Any]) -> list[str]:
    return [one for one in _BETWEEN.split(str(call.get("target_area_search") or "")) if one]


def _is_for(call: Mapping[str, Any], area: str) -> bool:
    found = _areas(call)
    return not area or not found or area in found or any(one.startswith(NATIONWIDE) for one in found)


def _entry(harvest: Harvest, pk: str, rounds: list[dict[str, Any]], area: str) -> EntryRow:
    call = rounds[0]
    title = clean_text(str(call["title"])).strip()
    if not title:
        raise ValueError("a call without a title")
    said = re.sub(r"\n{2,}", "\n", clean_text(text_of_html(str(call.get("detail") or ""))))
    catch = clean_text(str(call.get("subsidy_catch_phrase") or "")).strip()[:_SUMMARY]
    url = str(call.get("front_subsidy_detail_page_url") or "")
    fixed = harvest.fixed
    return EntryRow(
        id=entry_id(harvest, pk), kind=harvest.kind, name=title[:300], owner_name=harvest.owner_name, service=fixed.get("service") or None,
        summary="\n".join(part for part in (catch, said[:_SUMMARY]) if part), text="\n".join(_words(call, said)),
        facts=_facts(call, pk, area), url=url[:500] if is_web_address(url) else "", source=CREDIT, source_on=clock.today(),
        last_checked=clock.today(), is_public=bool(fixed.get("is_public")), windows=in_order(_windows(rounds)),
    )  # fmt: skip


def _words(call: Mapping[str, Any], said: str) -> Iterator[str]:
    for name in ("use_purpose", "industry", "target_area_detail"):
        if text := clean_text(str(call.get(name) or "")).strip():
            yield text[:2_000]
    yield said[_SUMMARY:12_000]


def _windows(rounds: list[dict[str, Any]]) -> Iterator[WindowRow]:
    for one in rounds:
        if not one.get("acceptance_end_datetime"):
            continue
        closes = last_day(str(one["acceptance_end_datetime"]))
        opens = first_day(str(one["acceptance_start_datetime"])) if one.get("acceptance_start_datetime") else None
        yield WindowRow("call", opens if opens is None or opens <= closes else None, closes)


def _facts(call: Mapping[str, Any], pk: str, area: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"jgrants_id": pk}
    if rate := clean_text(str(call.get("subsidy_rate") or "")).strip():
        facts["rate"] = rate[:200]
    cap = call.get("subsidy_max_limit")
    if isinstance(cap, int | float) and not isinstance(cap, bool) and 0 < cap <= _MOST_YEN:
        facts["cap_yen"] = int(cap)
    eligible: dict[str, Any] = {}
    if area and _areas(call) and all(one == area for one in _areas(call)):
        eligible["in_prefecture"] = True
    if heads := _most_heads(str(call.get("target_number_of_employees") or "")):
        eligible["max_employees"] = heads
    if trades := _trades(str(call.get("industry") or "")):
        eligible["jsic"] = trades
    return facts | ({"eligible": eligible} if eligible else {})


def _most_heads(text: str) -> int | None:
    """Return the limit of heads: the largest named; none where one of the choices has no limit."""
    parts = [part for part in _BETWEEN.split(text) if part]
    found = [_HEADS.search(part) for part in parts]
    return max(int(one.group(1)) for one in found if one) if parts and all(found) else None


def _trades(text: str) -> list[str]:
    """Return the divisions named; none where every one is, or one is not known."""
    divisions = {search_key(one.name): one.letter for one in classes() if not one.group}
    parts = [search_key(part) for part in _BETWEEN.split(text) if part]
    if any(part not in divisions for part in parts):
        return []
    letters = sorted({divisions[part] for part in parts})
    return letters if len(letters) < len(divisions) - 2 else []
