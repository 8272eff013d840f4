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


DESK, BODIES, ADMINS, FIRMS, ALL = _("窓口の方"), _("機関の方"), _("機関の管理者の方"), _("会社の方"), _("みなさん")
TOPICS = (
    Topic("call", _("電話を受ける"), DESK, ("desk-call",)),
    Topic("triage", _("振り分ける"), DESK, ("desk-inbox", "desk-triage", "desk-set-aside", "desk-keep")),
    Topic("inquiries", _("名を伏せて尋ねる・秘密を守る"), DESK, ("desk-case-match", "desk-case-need-public", "desk-case-need-unlist", "desk-case-need-firms", "desk-case-need-circulate", "desk-case-circulation", "desk-inquiry", "desk-case-nda", "desk-case-secrecy", "desk-case-file-secrecy", "desk-case-passage-secrecy")),
    Topic("mails", _("メールの返事と、届かなかったメール"), DESK, ("desk-mails", "desk-mail")),
    Topic("companies", _("会社の記録をまとめる"), DESK, ("desk-compan",)),
    Topic("register", _("台帳を取り込む"), DESK, ("desk-register",)),
    Topic("routes", _("支援ルートを組む"), DESK, ("desk-route",)),
    Topic("meetings", _("会議に諮る・地域の外に求める"), DESK, ("desk-meeting", "desk-series", "public-round", "desk-case-put-up", "desk-case-outside")),
    Topic("stuck", _("引き受け手のない課題を上げる"), DESK, ("desk-climb", "desk-gap", "desk-case-gap")),
    Topic("reports", _("年度の報告を書く"), DESK, ("desk-report",)),
    Topic("plan", _("計画を読む・直す・引き継ぐ"), DESK, ("desk-plan",)),
    Topic("words", _("言い換えの言葉を保つ"), DESK, ("desk-words",)),
    Topic("learning", _("提案の順番を学ばせる"), DESK, ("desk-learning",)),
    Topic("accounts", _("招待から入るまで"), BODIES, ("invitation", "my-settings", "my-sessions", "mfa_", "socialaccount_")),
    Topic("requests", _("依頼に答える"), BODIES, ("desk-request", "public-offer", "desk-case-support", "desk-case-answer")),
    Topic("handover", _("案件を引き継ぐ"), BODIES, ("desk-case-handover", "desk-case-refer")),
    Topic("moves", _("4月1日の担当替え"), BODIES, ("desk-move",)),
    Topic("absence", _("休むとき"), BODIES, ("desk-absences",)),
    Topic("consent", _("同意を聞く"), BODIES, ("desk-case-consent",)),
    Topic("openings", _("研究者・外の相手に開く"), BODIES, ("desk-opening", "portal-partner")),
    Topic("letters", _("文書と決裁"), BODIES, ("desk-letter", "desk-template")),
    Topic("notices", _("知らせとカレンダー"), BODIES, ("desk-notice", "desk-nudge", "desk-today", "my-calendar", "my-notices", "desk-follow")),
    Topic("views", _("条件を保存する・まとめて動かす"), BODIES, ("desk-view", "desk-cases", "desk-bulk")),
    Topic("exports", _("書き出す"), BODIES, ("desk-export", "desk-case-export", "desk-register-export", "desk-companies-export")),
    Topic("search", _("支援・機器・制度を探す"), BODIES, ("desk-search", "desk-entries", "desk-entry", "desk-suggestion")),
    Topic("catalogue", _("台帳を保つ"), BODIES, ("desk-catalogue",)),
    Topic("coordinators", _("活動・橋渡し・月次報告を記録する"), BODIES, ("desk-coordinators", "desk-case-activity", "desk-case-bridge")),
    Topic("figures", _("数字を見る・締める・公表する"), BODIES, ("desk-figure",)),
    Topic("choices", _("頼み先の偏りを見る"), BODIES, ("desk-choices",)),
    Topic("people", _("機関の人を招く・離任・見直し"), ADMINS, ("desk-people",)),
    Topic("company-page", _("会社のページの使い方"), FIRMS, ("portal-status", "portal-case", "public-consult", "public-home")),
    Topic("firm-account", _("会社のアカウント"), FIRMS, ("portal-",)),
    Topic("sharing", _("見せる相手を変える"), FIRMS, ("portal-status-share", "portal-status-standing", "portal-status-request", "portal-status-confirm", "portal-case-share", "portal-case-standing", "portal-case-request", "portal-consent", "public-privacy", "portal-status-opening", "portal-case-opening")),
    Topic("find", _("自分で探す・支援ルートを読む"), FIRMS, ("public-find", "public-entry", "portal-entry")),
    Topic("trouble", _("困ったとき"), ALL, ("account_", "my-bodies")),
)  # fmt: skip
BY_SLUG = {topic.slug: topic for topic in TOPICS}


def topic_of(page: str) -> Topic | None:
    """Return the topic that explains a page, by the longest beginning of its name; None where only the list helps."""
    found = [(len(start), topic.slug) for topic in TOPICS for start in topic.pages if page.startswith(start)]
    return BY_SLUG[max(found)[1]] if found else None
