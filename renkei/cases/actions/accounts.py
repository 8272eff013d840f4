"""From a status link to an account of the firm."""

from __future__ import annotations

import uuid

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.base.actor import Actor, ActorKind
from renkei.base.refusal import Refused
from renkei.cases.models import Case, Consultation
from renkei.cases.rules import speaks_for_company
from renkei.companies.actions import write_invitation
from renkei.companies.models import Company, CompanyInvitation, CompanyRole
from renkei.post.models import Link


def link_address(case: Case, *, by: Actor) -> tuple[str, str]:
    """Return address and name of whom a status link was mailed to; empty when nobody said one."""
    link = Link.objects.filter(pk=by.link or uuid.UUID(int=0)).first()
    if link is not None and link.recipient_email:
        return link.recipient_email, link.recipient_name
    said = Consultation.objects.visible_to(by).filter(case=case).exclude(email="").first()
    return (said.email, said.person_given) if said else ("", "")


@transaction.atomic
def start_account(case: Case, *, by: Actor) -> CompanyInvitation:
    """Invite the holder of a status link to an account, at the address the link was mailed to and at no other.

    The address has to stand in the firm's record: an account opens every case of the firm, a link only its own. The
    first account of a firm is an administrator's. Refused: ``not_company``, ``no_address``, ``company_unknown``,
    ``address_unknown``.
    """
    if by.kind is not ActorKind.LINK or not speaks_for_company(by, case):
        raise Refused(_("これは、会社の方だけが、届いたリンクからできます。"), "not_company")
    email, name = link_address(case, by=by)
    if not email:
        raise Refused(_("メールアドレスをうかがっていません。「担当に伝える」でお知らせください。"), "no_address")
    if case.company_id is None:
        raise Refused(_("会社の登録がまだです。%(body)sが登録したあとで、もう一度お試しください。")
                      % {"body": case.holder.name}, "company_unknown")
    with connection.cursor() as cursor:
        cursor.execute("SELECT company, is_first FROM link_firm(%s)", [email])
        row = cursor.fetchone()
    if row is None or row[0] != case.company_id:
        raise Refused(_("%(email)s は、会社の記録にまだありません。%(body)sが確かめてから、招待のメールをお送りします。"
                        "「担当に伝える」でお知らせください。") % {"email": email, "body": case.holder.name}, "address_unknown")
    role = CompanyRole.ADMIN if row[1] else CompanyRole.MEMBER
    return write_invitation(Company(pk=row[0]), by=by, email=email, name=name, role=role)
