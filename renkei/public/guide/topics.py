"""The topics of the guide, and which page of the house each one explains."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from renkei.base.language import in_english
from renkei.base.text import search_key


@dataclass(frozen=True, slots=True)
class Topic:
    """One short page: what it is called, whom it is for, and the names of pages (or their beginnings) it explains."""

    slug: str
    title: str | Promise
    reader: str | Promise
    pages: tuple[str, ...] = ()

    @property
    def template(self) -> str:
        """Return the template of the reader's language."""
        return f"public/guide/{'en' if in_english() else 'ja'}/{self.slug}.html"

    def has(self, words: str) -> bool:
        """Return whether the topic speaks of all these words."""
        text = search_key(f"{self.title} {strip_tags(render_to_string(self.template))}")
        return all(search_key(word) in text for word in words.split())


DESK, BODIES, FIRMS, ALL = _("窓口の方"), _("機関の方"), _("会社の方"), _("みなさん")
TOPICS = (
    Topic("call", _("電話を受ける"), DESK, ("desk-call",)),
    Topic("triage", _("振り分ける"), DESK, ("desk-inbox", "desk-triage", "desk-set-aside", "desk-keep")),
    Topic("requests", _("依頼に答える"), BODIES, ("desk-request", "public-offer", "desk-case-support", "desk-case-answer")),
    Topic("handover", _("案件を引き継ぐ"), BODIES, ("desk-case-handover", "desk-case-refer", "desk-move", "desk-leav")),
    Topic("consent", _("同意を聞く"), BODIES, ("desk-case-consent",)),
    Topic("company-page", _("会社のページの使い方"), FIRMS, ("portal-", "public-consult", "public-home")),
    Topic("sharing", _("見せる相手を変える"), FIRMS, ("portal-status-share", "portal-status-standing", "portal-status-request", "portal-status-confirm", "portal-consent", "public-privacy")),
    Topic("notices", _("知らせとカレンダー"), BODIES, ("desk-notice", "desk-today", "desk-calendar", "desk-view", "settings-")),
    Topic("register", _("台帳を取り込む"), DESK, ("desk-register",)),
    Topic("trouble", _("困ったとき"), ALL, ("account_", "mfa_", "my-bodies")),
)  # fmt: skip
BY_SLUG = {topic.slug: topic for topic in TOPICS}


def topic_of(page: str) -> Topic | None:
    """Return the topic that explains a page, by the longest beginning of its name; None where only the list helps."""
    found = [(len(start), topic.slug) for topic in TOPICS for start in topic.pages if page.startswith(start)]
    return BY_SLUG[max(found)[1]] if found else None
