"""Deadlines in business days, and links to deeds on a case."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.language import shown_day
from renkei.base.memo import once
from renkei.base.templatetags.renkei import jmoment
from renkei.plan.queries import Closed, business_days_between, content_now

register = template.Library()
SOON = 3
LONGEST_BREAK = 16  # days in which three business days may lie, a long closure of the plan and weekends counted


@register.simple_tag(takes_context=True)
def due_words(context: dict[str, Any], day: dt.date | None, *, dated: bool = False) -> SafeString | str:
    """Return ▲ 1営業日超過, 今日 or あと3日; further off nothing, or with ``dated`` the date itself. Once a page and day."""
    return "" if day is None else once(("due words", day, dated), lambda: _due_words(context, day, dated=dated))


def _due_words(context: dict[str, Any], day: dt.date, *, dated: bool) -> SafeString | str:
    today = clock.today()
    if day == today:
        return format_html("<b>{}</b>", _("今日"))
    if day < today:
        count = business_days_between(day, today, _closed(context))
        return format_html('<span class="late-t nw">{}</span>', _("%(n)s営業日超過") % {"n": count} if count else _("期限切れ"))
    count = business_days_between(today, day, _closed(context)) if (day - today).days <= LONGEST_BREAK else SOON + 1
    if count <= SOON:
        return format_html('<span class="soon-t nw">{}</span>', _("あと%(n)s日") % {"n": max(count, 1)})
    return format_html('<span class="nw">{}</span>', shown_day(day, today)) if dated else ""


def _closed(context: dict[str, Any]) -> Closed:
    """Return the plan's closures, read once a page."""
    request = context.get("request")
    kept: Closed | None = getattr(request, "closed_days", None)
    if kept is None:
        kept = content_now().closed_days
        if request is not None:
            request.closed_days = kept
    return kept


@register.simple_tag(takes_context=True)
def act_url(context: dict[str, Any], act: Any, case: Any, subject: Any = None) -> str:
    """Return the address of a deed (a form class of ``desk.cases.acts``) on a case."""
    kwargs = {"body": context["membership"].body_id, "case": case}
    return reverse(f"desk-case-{act.slug}", kwargs=kwargs | ({"subject": subject} if subject else {}))


@register.filter
def moment_words(text: str) -> str:
    """Return 11月25日（水）9時20分 for a moment kept as ISO text."""
    try:
        return jmoment(dt.datetime.fromisoformat(text))
    except ValueError:
        return text


@register.filter
def split(words: str) -> list[str]:
    """Return the words of a text."""
    return words.split()


@register.filter
def field(form: BaseForm, name: str) -> BoundField:
    """Return a form's field by its name."""
    return form[name]


@register.inclusion_tag("desk/moves/field.html")
def pack_field(form: BaseForm, pack: Any) -> dict[str, Any]:
    """Return the choice of one case's successor, with what it showed."""
    return {"to": form[f"to-{pack.pk}"], "was": form[f"was-{pack.pk}"], "pack": pack}
