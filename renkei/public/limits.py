"""How often a guest may begin something. Counted per address in the node's cache, generously: offices share one."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused

DRAFTS_AN_HOUR = 40
FILES_A_DRAFT = 5
_HOUR = 60 * 60


def count_draft(request: HttpRequest) -> None:
    """Count one new draft of this address. Raises Refused when there were too many within the hour."""
    key = f"drafts:{request.META.get('REMOTE_ADDR', '')}"
    cache.add(key, 0, _HOUR)
    try:
        made = cache.incr(key)
    except ValueError:  # it ran out between the two calls
        made = 1
    if made > DRAFTS_AN_HOUR:
        raise Refused(
            _(
                "同じ場所から、1時間に%(most)s件を超える相談が始められました。1時間ほどしてから送るか、お電話ください。"
                "書いた文は、この画面に残っています。"
            )
            % {"most": DRAFTS_AN_HOUR},
            "too_many_drafts",
        )
