"""How often a guest may begin something, and the holder of a link answer. Counted per address in the node's cache, generously: offices share one."""

from __future__ import annotations

import uuid

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused

DRAFTS_AN_HOUR = 40
FILES_A_DRAFT = 5
LINKS_AN_HOUR = 5
ANSWERS_AN_HOUR = 30
_HOUR = 60 * 60


def count_draft(request: HttpRequest) -> None:
    """Count one new draft of this address. Raises Refused when there were too many within the hour."""
    made = _count(f"drafts:{request.META.get('REMOTE_ADDR', '')}")
    if made > DRAFTS_AN_HOUR:
        raise Refused(
            _(
                "同じ場所から、1時間に%(most)s件を超える相談が始められました。1時間ほどしてから送るか、お電話ください。"
                "書いた文は、この画面に残っています。"
            )
            % {"most": DRAFTS_AN_HOUR},
            "too_many_drafts",
        )


def count_link(link: uuid.UUID) -> None:
    """Count one mail with this link. Raises Refused when it was sent too often: nobody's mailbox is filled from here."""
    if _count(f"links:{link}") > LINKS_AN_HOUR:
        raise Refused(_("続けて送ったため、しばらく送れません。1時間ほどしてから、もう一度押してください。"), "too_many_links")


def count_answer(link: uuid.UUID) -> None:
    """Count one answer by this link. Raises Refused when there were too many within the hour: each stays on record for ever."""
    if _count(f"answers:{link}") > ANSWERS_AN_HOUR:
        raise Refused(_("続けて何度も答えが送られました。1時間ほどしてから、もう一度送ってください。"), "too_many_answers")


def _count(key: str) -> int:
    cache.add(key, 0, _HOUR)
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        return 1
