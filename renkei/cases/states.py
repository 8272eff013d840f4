"""Every state and every allowed step, in one place each. There is no workflow engine behind this."""

from __future__ import annotations

from typing import TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.refusal import Refused


class DisclosureClass(models.TextChoices):
    """What a firm consents to show: its summary, technical matters, financial matters [C46]."""

    SUMMARY = "summary", _("要約")
    TECHNICAL = "technical", _("技術")
    FINANCIAL = "financial", _("資金")


class CaseState(models.TextChoices):
    """A case waits to be sorted, is worked on, or is closed."""

    ARRIVED = "arrived", _("振り分け前")
    ACTIVE = "active", _("対応中")
    CLOSED = "closed", _("終了")


class NeedState(models.TextChoices):
    """A need is open, settled, or dropped."""

    OPEN = "open", _("対応中")
    SETTLED = "settled", _("解決")
    DROPPED = "dropped", _("取りやめ")


class SupportState(models.TextChoices):
    """One body's service for one need, from idea to end."""

    PROPOSED = "proposed", _("予定")
    OFFERED = "offered", _("回答待ち")
    ACCEPTED = "accepted", _("引受け")
    UNDER_WAY = "under_way", _("対応中")
    DONE = "done", _("終わった")
    DECLINED = "declined", _("辞退")
    EXPIRED = "expired", _("返事なし")
    RECALLED = "recalled", _("取り消し")
    WITHDRAWN = "withdrawn", _("取りやめ")


class HandoverState(models.TextChoices):
    """A change of holder is an offer until the other side accepts."""

    OFFERED = "offered", _("返事待ち")
    ACCEPTED = "accepted", _("引き継いだ")
    DECLINED = "declined", _("断られた")
    RECALLED = "recalled", _("取り消し")


class PackState(models.TextChoices):
    """One case of a caseload that moves: written, offered to the successor, accepted or declined."""

    DRAFT = "draft", _("下書き")
    OFFERED = "offered", _("返事待ち")
    ACCEPTED = "accepted", _("引き受けた")
    DECLINED = "declined", _("断られた")
    GIVEN = "given", _("ほかの機関へ")


CASE_STEPS: dict[CaseState, set[CaseState]] = {
    CaseState.ARRIVED: {CaseState.ACTIVE, CaseState.CLOSED},
    CaseState.ACTIVE: {CaseState.CLOSED},
    CaseState.CLOSED: {CaseState.ACTIVE},
}
NEED_STEPS: dict[NeedState, set[NeedState]] = {
    NeedState.OPEN: {NeedState.SETTLED, NeedState.DROPPED},
    NeedState.SETTLED: {NeedState.OPEN},
    NeedState.DROPPED: {NeedState.OPEN},
}
SUPPORT_STEPS: dict[SupportState, set[SupportState]] = {
    SupportState.PROPOSED: {SupportState.OFFERED, SupportState.WITHDRAWN},
    SupportState.OFFERED: {
        SupportState.ACCEPTED,
        SupportState.DECLINED,
        SupportState.EXPIRED,
        SupportState.RECALLED,
        SupportState.WITHDRAWN,
    },
    SupportState.ACCEPTED: {SupportState.UNDER_WAY, SupportState.DONE, SupportState.DECLINED, SupportState.WITHDRAWN},
    SupportState.UNDER_WAY: {SupportState.DONE, SupportState.WITHDRAWN},
    # An answer recorded on a body's behalf can be corrected by that body, and a late answer still counts.
    SupportState.DECLINED: {SupportState.ACCEPTED},
    SupportState.EXPIRED: {SupportState.ACCEPTED, SupportState.DECLINED},
    SupportState.DONE: {SupportState.UNDER_WAY},
    SupportState.RECALLED: set(),
    SupportState.WITHDRAWN: set(),
}
HANDOVER_STEPS: dict[HandoverState, set[HandoverState]] = {
    HandoverState.OFFERED: {HandoverState.ACCEPTED, HandoverState.DECLINED, HandoverState.RECALLED},
    HandoverState.ACCEPTED: set(),
    HandoverState.DECLINED: set(),
    HandoverState.RECALLED: set(),
}
PACK_STEPS: dict[PackState, set[PackState]] = {
    PackState.DRAFT: {PackState.OFFERED, PackState.GIVEN},
    PackState.OFFERED: {PackState.ACCEPTED, PackState.DECLINED, PackState.DRAFT},
    PackState.DECLINED: {PackState.OFFERED, PackState.GIVEN},
    PackState.GIVEN: {PackState.OFFERED, PackState.GIVEN},  # the other body declined, or the offer was recalled
    PackState.ACCEPTED: set(),
}
WAITING_FOR_ANSWER = {SupportState.OFFERED}
AT_WORK = {SupportState.ACCEPTED, SupportState.UNDER_WAY}
OPEN_SUPPORTS = {SupportState.PROPOSED, SupportState.OFFERED, *AT_WORK}
SEEN_BY_BODY = set(SupportState) - {SupportState.PROPOSED, SupportState.RECALLED}


_State = TypeVar("_State", bound=models.TextChoices)


def check_step(steps: dict[_State, set[_State]], before: _State, after: _State) -> None:
    """Raise Refused when ``after`` cannot follow ``before``."""
    if after not in steps[before]:
        raise Refused(
            _("いまは「%(before)s」です。「%(after)s」にはできません。画面を開き直してください。")
            % {"before": before.label, "after": after.label},
            "wrong_state",
        )
