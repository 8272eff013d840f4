"""Sign the half-yearly review of a body's members."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.actions.members import body_rows
from renkei.accounts.models import MemberReview
from renkei.accounts.queries import half_year
from renkei.accounts.rules import require_administrator
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.plan.models import Body

VERDICTS = ("stays", "leaves", "changes")


@transaction.atomic
def sign_review(body: Body, *, verdicts: dict[uuid.UUID, str], by: Actor) -> MemberReview:
    """Sign who stays, leaves or changes in this half-year; ``verdicts`` by membership. It changes no membership itself.

    Refuses ``not_admin``, ``signed`` (already, this half-year) and ``not_all`` (a member without a verdict).
    """
    rows = body_rows(body.pk)
    require_administrator(by, body.pk)
    if by.person is None:  # a signature needs a hand
        raise Refused(_("見直しに署名できるのは、機関の管理者だけです。"), "not_admin")
    half = half_year(clock.today())
    if MemberReview.objects.filter(body=body, half=half).exists():
        raise Refused(_("この半年の見直しは、もう済んでいます。"), "signed")
    if any(verdicts.get(one.pk) not in VERDICTS for one in rows):
        raise Refused(_("全員について、続ける・離れる・変わる のどれかを選んでください。"), "not_all")
    said = [{"member": str(one.pk), "person": str(one.person_id), "verdict": verdicts[one.pk]} for one in rows]
    made = MemberReview.objects.create(body=body, half=half, signed_by_id=by.person, signed_at=clock.now(), verdicts=said)
    record(by, "review.sign", made, half=half, verdicts=said)
    return made
