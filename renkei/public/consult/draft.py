"""What a draft holds: each field as it was typed, the files attached so far, and what it becomes when it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from renkei.base.text import clean_text
from renkei.cases.actions.intake import DRAFT_LIFE, Said, claimed_company
from renkei.post.links import OpenLink, open_link
from renkei.post.models import LinkPurpose
from renkei.public.consult.forms import STEPS

COOKIE = "renkei_draft"
LAST_STEP = 4
MOST_KEPT = 50_000  # characters of one field: far over every limit, so that over-long text is refused but not lost
_MANY = {"standing"}
_PRIVATE = re.compile(r"\S+@\S+|[0-9０-９]{2,5}[-－ー(（][0-9０-９]{1,4}[-－ー)）][0-9０-９]{3,4}")
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]?")


@dataclass(frozen=True, slots=True)
class StepTab:
    """One step in the list on top: number, name, where one stands."""

    number: int
    name: str
    is_here: bool
    is_open: bool


def tabs(step: int, reached: int) -> list[StepTab]:
    """Return the four steps; those reached can be opened."""
    names = (_("ご相談の内容"), _("会社と連絡先"), _("見せてよい範囲"), _("確かめて送る"))
    return [StepTab(n, name, n == step, n <= reached) for n, name in enumerate(names, start=1)]


def kept_draft(token: str) -> OpenLink | None:
    """Return the open draft link of a token, None when it was sent, has expired or never was."""
    link = open_link(token)
    return link if link is not None and link.purpose == LinkPurpose.DRAFT else None


def merge(data: dict[str, Any], step: int, typed: QueryDict) -> dict[str, Any]:
    """Return the draft with what one step's form brought, exactly as typed (NUL bytes cannot be stored)."""
    merged = dict(data)
    for name in STEPS[step].base_fields:
        if name in _MANY:
            merged[name] = [_kept(value) for value in typed.getlist(name)[:10]]
        elif name in typed:
            merged[name] = _kept(str(typed[name]))
    return merged


def _kept(value: str) -> str:
    return value.replace("\x00", "")[:MOST_KEPT]


def prepared(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with title and summary drafted from the text, unless the firm has written its own."""
    title, summary = headline(data.get("text", "")), draft_summary(data.get("text", ""))
    ready = dict(data)
    if data.get("title") in {None, "", data.get("drafted_title")}:
        ready["title"] = ready["drafted_title"] = title
    if data.get("summary") in {None, "", data.get("drafted_summary")}:
        ready["summary"] = ready["drafted_summary"] = summary
    return ready


def headline(text: str) -> str:
    """Return the first sentence that asks or tells something, cut to 40 characters."""
    first = next(iter(_sentences(text)), "").rstrip("。")
    return first if len(first) <= 40 else first[:39] + "…"


def draft_summary(text: str, most: int = 240) -> str:
    """Return whole sentences of the text up to ``most`` characters, without mail addresses and telephone numbers."""
    picked = ""
    for sentence in _sentences(text):
        if picked and len(picked) + len(sentence) > most:
            break
        picked += sentence
    return picked if len(picked) <= most else picked[: most - 1] + "…"


def _sentences(text: str) -> Iterable[str]:
    for line in _PRIVATE.sub("", clean_text(text)).splitlines():
        yield from (found.strip() for found in _SENTENCE.findall(line) if found.strip(" 　。"))


def bound(step: int, data: dict[str, Any]) -> forms.Form:
    """Return a step's form bound to what was typed."""
    ready = QueryDict(mutable=True)
    for name in STEPS[step].base_fields:
        value = data.get(name, "")
        ready.setlist(name, value if isinstance(value, list) else [value])
    return STEPS[step](ready)


def first_wrong(data: dict[str, Any]) -> int | None:
    """Return the first step whose form does not hold, None when everything can be sent."""
    return next((step for step in STEPS if not bound(step, data).is_valid()), None)


def said_of(data: dict[str, Any]) -> Said:
    """Return what the draft says, once every step holds."""
    values: dict[str, Any] = {}
    for step in STEPS:
        form = bound(step, data)
        form.is_valid()
        values |= form.cleaned_data
    facts = {name: values[name] for name in ("employees", "municipality") if values[name] not in {None, ""}}
    number = values["corporate_number"]
    return Said(
        text=told(values), channel="web", title=values["title"], summary=values["summary"], wish=values["wish"],
        wanted_by=values["wanted_by"], budget_yen=values["budget_yen"], company_given=values["company_given"],
        company=claimed_company(number, values["company_given"]) if number else None,
        person_given=values["person_given"], phone=values["phone"], email=values["email"],
        reach_me=values["reach_me"], facts=facts, financial=values["financial"],
        standing_classes=values["standing"], summary_seen=True,
    )  # fmt: skip


def told(values: dict[str, Any]) -> str:
    """Return the firm's words as one text: what it wrote, then what it answered to the guiding questions."""
    asked = (("made", _("作っているもの")), ("seen", _("起きていること")), ("tried", _("試したこと、聞いた所")))
    answers = [f"【{label}】{values[name]}" for name, label in asked if values.get(name)]
    return "\n\n".join([values["text"], *answers])


def remember(response: HttpResponse, request: HttpRequest, token: str) -> HttpResponse:
    """Keep the draft's link in this browser only, so that the front page can offer to go on."""
    response.set_cookie(
        COOKIE, token, max_age=int(DRAFT_LIFE.total_seconds()), httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response
