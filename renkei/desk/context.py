"""The navigation of the staff's pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from renkei.base import routes
from renkei.cases.queries.counts import nav_counts
from renkei.desk.request import StaffRequest
from renkei.matching.wordrules import edits_words
from renkei.post.models import Nudge


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation: ``count`` is what waits there."""

    label: str
    url: str
    here: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Bell:
    """How much news one has."""

    count: int


# Which pages light up which entry: all whose name begins so. The longest beginning counts; what begins with none lights up none.
_PLACES = {
    "desk-today": ("desk-today",),
    "desk-inbox": ("desk-inbox", "desk-triage", "desk-set-aside", "desk-keep"),
    "desk-call": ("desk-call",),
    "desk-cases": ("desk-case", "desk-suggestion", "desk-bulk", "desk-compan", "desk-view", "desk-follow-ups", "desk-letter", "desk-opening", "desk-register", "desk-follow", "desk-choices", "desk-route", "desk-candidate"),
    "desk-board": ("desk-board", "desk-coordinator"),
    "desk-requests": ("desk-request", "desk-inquiry"),
    "desk-meetings": ("desk-meeting", "desk-climb", "desk-gap", "desk-series"),
    "desk-notices": ("desk-notice",),
    "desk-plan": ("desk-plan", "desk-figure", "desk-report"),
    "desk-people": ("desk-people", "desk-move", "desk-absences", "desk-template", "desk-export", "desk-mails", "desk-mail-"),
    "desk-search": ("desk-search", "desk-catalogue", "desk-entries", "desk-entry-reach", "desk-search-saved", "desk-words", "desk-learning"),
}


def place_of(page: str) -> str | None:
    """Return the entry of the navigation that a page belongs to."""
    found = [(len(start), place) for place, starts in _PLACES.items() for start in starts if page.startswith(start)]
    return max(found)[1] if found else None


# Pages that stand side by side under one entry of the navigation: each shows the way to the others.
_SIDE_BY_SIDE = (
    ("desk-cases", "desk-companies", "desk-views", "desk-letter-register", "desk-follow-ups", "desk-choices", "desk-register-import"),
    ("desk-search", "desk-entries", "desk-search-saved", "desk-catalogue", "desk-words", "desk-learning"),
    ("desk-people", "desk-moves", "desk-absences", "desk-templates", "desk-exports", "desk-mails"),
    ("desk-board", "desk-coordinators", "desk-coordinators-log", "desk-coordinators-bridges", "desk-coordinators-reports", "desk-coordinators-posts"),
    ("desk-meetings", "desk-climbs", "desk-gaps"),
    ("desk-plan", "desk-figures-overview", "desk-figures", "desk-figures-shares", "desk-reports", "desk-figures-definitions"),
)


def desk_nav(request: StaffRequest) -> dict[str, Any]:
    """Return the navigation for the acting body; counted only when a page shows it."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {
        "desk_nav": SimpleLazyObject(lambda: _items(request, membership.body_id)),
        "desk_bell": SimpleLazyObject(lambda: Bell(Nudge.objects.visible_to(request.actor).open().count())),
        "desk_beside": SimpleLazyObject(lambda: _beside(request, membership.body_id)),
    }


def _beside(request: StaffRequest, body: str) -> list[NavItem]:
    """Return the pages beside the one shown, itself among them; none on a page that stands alone."""
    here = request.resolver_match.url_name if request.resolver_match else None
    labels = {
        "desk-cases": _("案件"), "desk-companies": _("会社"), "desk-views": _("保存した条件"), "desk-letter-register": _("文書"),
        "desk-follow-ups": _("その後の伺い"), "desk-choices": _("頼み先の偏り"), "desk-register-import": _("台帳の取込み"), "desk-people": _("人"), "desk-moves": _("担当替え"),
        "desk-absences": _("不在の予定"), "desk-templates": _("文書のひな形"), "desk-exports": _("書出しの記録"),
        "desk-mails": _("メールの送信"), "desk-search": _("検索"), "desk-catalogue": _("台帳"), "desk-words": _("同義語"), "desk-learning": _("学習"),
        "desk-plan": _("計画"), "desk-figures-overview": _("見渡す"), "desk-figures": _("数字"), "desk-figures-shares": _("機関の分け方"), "desk-reports": _("報告"), "desk-figures-definitions": _("数え方"),
        "desk-entries": _("支援・機器・制度"), "desk-board": _("一覧表"), "desk-coordinators": _("仕事台"), "desk-coordinators-log": _("活動の記録"),
        "desk-coordinators-bridges": _("橋渡し"), "desk-meetings": _("会議"), "desk-climbs": _("上げる候補"), "desk-gaps": _("足りなかったもの"), "desk-coordinators-reports": _("月次報告"), "desk-coordinators-posts": _("専門人材"), "desk-search-saved": _("保存した検索"),
    }  # fmt: skip
    group = next((names for names in _SIDE_BY_SIDE if here in names), ())
    return [NavItem(labels[name], reverse(name, kwargs={"body": body}), name == here) for name in group
            if routes.find(name) and (name != "desk-learning" or edits_words(request.actor))]  # fmt: skip


def _items(request: StaffRequest, body: str) -> list[NavItem]:
    counted = nav_counts(request.actor, body)
    counts = {"desk-inbox": counted.inbox, "desk-requests": counted.requests, "desk-notices": counted.notices}
    labels = {
        "desk-today": _("今日"), "desk-inbox": _("受付箱"), "desk-call": _("電話"), "desk-cases": _("案件"),
        "desk-board": _("一覧表"), "desk-requests": _("依頼"), "desk-meetings": _("会議"), "desk-notices": _("お知らせ"), "desk-plan": _("計画"),
        "desk-people": _("機関"), "desk-search": _("検索"),
    }  # fmt: skip
    here = place_of((request.resolver_match.url_name or "") if request.resolver_match else "")
    return [
        NavItem(label, reverse(name, kwargs={"body": body}), name == here, counts.get(name, 0))
        for name, label in labels.items()
        if routes.find(name)
    ]
