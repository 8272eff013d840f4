"""A mail that did not arrive: to the firm again, to a corrected address if need be; to a body with a fresh link."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases import mails
from renkei.cases.actions.offers import lock_support
from renkei.cases.actions.passing import send_again as send_link_again
from renkei.cases.models import Case, Support
from renkei.cases.nudges import settle
from renkei.cases.queries.delivery import deliveries, mails_to_firm
from renkei.cases.rules import require, runs_case
from renkei.cases.states import SupportState
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
    row = None
    if any(one.id == mail for one in mails_to_firm(locked.pk)):  # a mail of another case would be on record under this one
        with connection.cursor() as cursor:
            cursor.execute("SELECT case_send_again(%s, %s, %s)", [mail, wanted, clock.now()])
            row = cursor.fetchone()
    if row is None or row[0] is None:
        raise Refused(_("このメールは、送り直すものではありません。画面を開き直してください。"), "not_lost")
    fresh: uuid.UUID = row[0]
    settle(locked.pk, "sent_again", by=by, about=mail)
    record(by, "mail.send_again", locked, Mail(pk=mail), Mail(pk=fresh), corrected=bool(wanted))
    return fresh


@transaction.atomic
def send_request_again(case: Case, mail: uuid.UUID, *, by: Actor) -> Support:
    """Send a request whose mail did not arrive again, with a fresh link, to whoever answers for the body now.

    Refused: ``not_allowed``, ``not_lost``, ``wrong_state`` (answered or taken back meanwhile).
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    row = next((one for one in deliveries(locked.pk) if one.id == mail and one.may_again and one.support), None)
    if row is None or row.support is None:
        raise Refused(_("このメールは、送り直すものではありません。画面を開き直してください。"), "not_lost")
    support = lock_support(Support(pk=row.support))
    support.case = locked
    if support.state != SupportState.OFFERED:
        raise Refused(_("この依頼は、もう返事を待っていません。"), "wrong_state")
    send_link_again(support, by=by, words=written("前のメールが届かなかったため、あらためてお送りします。"))
    settle(locked.pk, "sent_again", by=by, about=mail)
    record(by, "mail.send_again", locked, Mail(pk=mail), support, corrected=False)
    return support


def tell_undelivered(mail: Mail) -> None:
    """Tell the holder to say by telephone what the mail was to say; nothing for news to staff, which stand on their list."""
    case = Case.objects.filter(pk=mail.case).first() if mail.case and (not mail.to_body or mail.purpose == mails.OFFER) else None
    if case is None:
        return
    subject = written("会社へのメールが届きませんでした")
    words = written("「%(subject)s」のメールが届きませんでした。電話で伝えてください。宛先が分かったら、「送信」の画面で直して送り直せます。")
    if mail.to_body:
        subject = written("依頼のメールが届きませんでした")
        words = written("「%(subject)s」のメールが届きませんでした。電話で伝えるか、案件の画面の「送信」から送り直してください。")
    mails.tell_holder(case, by=SYSTEM, purpose=TOLD, about=mail.pk, subject=subject, words=words % {"subject": mail.subject})


def tell_of_failed() -> int:
    """Tell the holders of mails that were given up since the last look; returns how many. Runs as the worker."""
    known = Nudge.objects.filter(kind=TOLD).values("about")
    told = Q(to_body="") | Q(purpose=mails.OFFER)
    rows = Mail.objects.filter(told, state=MailState.FAILED, case__isnull=False).exclude(pk__in=known)
    found = list(rows.select_for_update(skip_locked=True).order_by("pk"))
    for mail in found:
        tell_undelivered(mail)
    return len(found)
