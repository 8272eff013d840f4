"""A mail to the firm that did not arrive: sent again, to a corrected address if need be."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases import mails
from renkei.cases.models import Case
from renkei.cases.nudges import settle
from renkei.cases.rules import require, runs_case
from renkei.cases.steps import lock_case
from renkei.post.models import Mail, MailState, Nudge

TOLD = "undelivered"


@transaction.atomic
def send_again(case: Case, mail: uuid.UUID, *, by: Actor, address: str = "") -> uuid.UUID:
    """Send a mail that failed or bounced again; returns the new mail's id. ``address`` replaces the wrong one for good.

    Refused: ``not_allowed``, ``address_wrong``, ``not_lost``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    wanted = clean_text(address).strip()
    if wanted:
        try:
            validate_email(wanted)
        except ValidationError as error:
            raise Refused(_("メールアドレスの形が違います。「名前@会社.example」のように入れてください。"), "address_wrong",
                          field="address") from error
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_send_again(%s, %s, %s)", [mail, wanted, clock.now()])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        raise Refused(_("このメールは、送り直すものではありません。画面を開き直してください。"), "not_lost")
    fresh: uuid.UUID = row[0]
    settle(locked.pk, "sent_again", by=by, about=mail)
    record(by, "mail.send_again", locked, Mail(pk=mail), Mail(pk=fresh), corrected=bool(wanted))
    return fresh


def tell_undelivered(mail: Mail) -> None:
    """Ask the holder to tell the firm by telephone what the mail was to say; nothing for mails to staff."""
    case = Case.objects.filter(pk=mail.case).first() if mail.case and not mail.to_body else None
    if case is not None:
        mails.tell_holder(case, by=SYSTEM, purpose=TOLD, about=mail.pk, subject=written("会社へのメールが届きませんでした"), words=written(
            "「%(subject)s」のメールが届きませんでした。電話で伝えてください。宛先が分かったら、「送信」の画面で直して送り直せます。")
            % {"subject": mail.subject})  # fmt: skip


def tell_of_failed() -> int:
    """Tell the holders of mails that were given up since the last look; returns how many. Runs as the worker."""
    known = Nudge.objects.filter(kind=TOLD).values("about")
    rows = Mail.objects.filter(state=MailState.FAILED, to_body="", case__isnull=False).exclude(pk__in=known)
    found = list(rows.select_for_update(skip_locked=True).order_by("pk"))
    for mail in found:
        tell_undelivered(mail)
    return len(found)
