"""Invite people of a firm to an account, and end it: effective at the very next request."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Membership, Person
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation, CompanyRole
from renkei.plan.models import Body
from renkei.plan.queries import content_now
from renkei.post.links import close_links, make_link
from renkei.post.models import LinkPurpose
from renkei.post.outbox import cancel_mails, put_mail

SECOND_PRESS = dt.timedelta(minutes=10)


@transaction.atomic
def invite(company: Company, *, by: Actor, email: str, name: str = "", role: str = CompanyRole.MEMBER) -> CompanyInvitation:
    """Ask somebody of the firm to open an account: an administrator of the firm asks, or staff of a body that knows it.

    The firm's administrators are told when a body asks somebody in. Refused: ``not_allowed``, ``not_standing``,
    ``email_wrong``, ``too_long``, ``unknown_role``, ``has_account``, ``staff_address``.
    """
    _require_runs(company, by)
    _require_may_ask(company, email, by)
    made = write_invitation(company, by=by, email=email, name=name, role=role)
    if by.is_staff:
        _tell_administrators(made, by=by)
    return made


def write_invitation(company: Company, *, by: Actor, email: str, name: str, role: str) -> CompanyInvitation:
    """Write the invitation and mail its link; an earlier one to the same address is void. The caller has been checked.

    Refused: ``email_wrong``, ``too_long``, ``unknown_role``.
    """
    address, called = _address(email), clean_text(" ".join(name.split()))
    if len(called) > 100:
        raise Refused(_("お名前は100字までです。"), "too_long", field="name")
    if role not in CompanyRole.values:
        raise Refused(_("役割を選んでください。"), "unknown_role", field="role")
    for earlier in CompanyInvitation.objects.visible_to(by).open().filter(company=company, email__iexact=address):
        _void(earlier, by=by)
    moment = clock.now()
    invitation = CompanyInvitation.objects.create(
        company=company, email=address, name=called, role=role, invited_by_id=by.person,
        invited_by_body=by.body or "", invited_at=moment, expires_at=moment + dt.timedelta(days=content_now().accounts.invitation_days),
    )  # fmt: skip
    token = make_link(by=by, purpose=LinkPurpose.JOIN, expires_at=invitation.expires_at, subject=invitation.pk,
                      company=company.pk, recipient_name=called, recipient_email=address)
    record(by, "company.invite", company, invitation, role=role)
    _mail(invitation, token, by=by)
    return invitation


@transaction.atomic
def withdraw_invitation(invitation: CompanyInvitation, *, by: Actor) -> CompanyInvitation:
    """Take an invitation back; its link opens nothing from then on. Twice does nothing. Refused: ``not_allowed``, ``accepted``."""
    _require_runs(invitation.company, by)
    locked = CompanyInvitation.objects.visible_to(by).select_for_update(of=("self",)).get(pk=invitation.pk)
    if locked.accepted_at is not None:
        raise Refused(_("もうアカウントができています。やめるときは、アカウントを終えてください。"), "accepted")
    return locked if locked.withdrawn_at is not None else _void(locked, by=by)


@transaction.atomic
def resend_invitation(invitation: CompanyInvitation, *, by: Actor) -> CompanyInvitation:
    """Send a new link, in time from now on; the old one opens nothing any more.

    Refused: ``not_allowed``, ``not_open``, and what has come to stand against it since (see ``invite``).
    """
    _require_runs(invitation.company, by)
    locked = CompanyInvitation.objects.visible_to(by).select_for_update(of=("self",)).get(pk=invitation.pk)
    if locked.accepted_at or locked.withdrawn_at:
        raise Refused(_("この招待は、もう使われたか、取りやめてあります。"), "not_open")
    _require_may_ask(locked.company, locked.email, by)
    return write_invitation(locked.company, by=by, email=locked.email, name=locked.name, role=locked.role)


@transaction.atomic
def accept_invitation(invitation: CompanyInvitation, *, by: Actor, person: Person) -> CompanyAccess:
    """The invited person opens the account; ``person`` is the one with the invited address.

    The link lets nobody in from then on, and resolves for ``SECOND_PRESS`` more, so that a second press is told where to go.

    Refused: ``not_open`` (accepted, withdrawn or too old), ``other_address``.
    """
    if by.kind is not ActorKind.LINK:
        raise Refused(_("届いたメールのリンクから開いてください。"), "not_allowed")
    locked = CompanyInvitation.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    if locked is None or locked.accepted_at or locked.withdrawn_at or locked.expires_at <= clock.now():
        raise Refused(_("この招待は、もう使えません。招いた方に、もう一度お願いしてください。"), "not_open")
    if person.email.lower() != locked.email.lower():
        raise Refused(_("招かれたアドレスと違う方が入っています。いちど出てから、開き直してください。"), "other_address")
    locked.accepted_at = clock.now()
    locked.save()
    access = CompanyAccess.objects.filter(company_id=locked.company_id, person=person, ended_at__isnull=True).first()
    if access is None:
        access = CompanyAccess.objects.create(
            company_id=locked.company_id, person=person, role=locked.role, since=clock.now(),
            invited_by_id=locked.invited_by_id, invited_by_body=locked.invited_by_body,
        )  # fmt: skip
    record(by, "company.join", access, locked, person=person.pk)
    close_links(locked.pk, LinkPurpose.JOIN, after=SECOND_PRESS)
    return access


@transaction.atomic
def join_anew(invitation: CompanyInvitation, *, by: Actor, name: str, password: str) -> CompanyAccess:
    """Make the invited person and open the account, in one transaction that a second press waits for.

    Refused: ``not_open``, ``has_account`` (also of an address whose person may not sign in any more), ``not_allowed``.
    """
    locked = CompanyInvitation.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    if locked is not None and locked.accepted_at is None and Person.objects.filter(email__iexact=locked.email).exists():
        raise Refused(_("このアドレスの方は、もうアカウントをお持ちです。"), "has_account")
    if locked is None or locked.accepted_at is not None:
        raise Refused(_("この招待は、もう使われています。作ったアカウントで入ってください。"), "not_open")
    person = Person.objects.create_user(locked.email, password, name=name)
    return accept_invitation(locked, by=by, person=person)


@transaction.atomic
def change_role(access: CompanyAccess, role: str, *, by: Actor) -> CompanyAccess:
    """Make an account an administrator, or one no longer.

    Refused: ``not_allowed``, ``unknown_role``, ``ended`` (somebody ended it meanwhile), ``last_administrator``.
    """
    _require_runs(access.company, by)
    if role not in CompanyRole.values:
        raise Refused(_("役割を選んでください。"), "unknown_role", field="role")
    locked = _lock(access, by=by)
    if locked.ended_at is not None:
        raise Refused(_("このアカウントは、もう終わっています。入っていただくには、もう一度招いてください。"), "ended")
    if locked.role == role:
        return locked
    if role != CompanyRole.ADMIN:
        _require_another_admin(locked)
    locked.role = role
    locked.save()
    record(by, "company.role", locked, role=role)
    return locked


@transaction.atomic
def end_access(access: CompanyAccess, *, by: Actor, knowing: bool = False) -> CompanyAccess:
    """End an account, and with it every invitation that still waits for its address: none lets the person in again.

    Twice does nothing.

    Refused: ``not_allowed``; ``last_administrator`` while colleagues would be left without one, or, when nobody is left,
    unless the caller says so (``knowing``).
    """
    own = by.is_company and access.person_id == by.person
    if not own:
        _require_runs(access.company, by)
    locked = _lock(access, by=by)
    if locked.ended_at is not None:
        return locked
    if locked.role == CompanyRole.ADMIN:
        _require_another_admin(locked, knowing=knowing)
    locked.ended_at = clock.now()
    locked.save()
    for waiting in CompanyInvitation.objects.visible_to(by).open().filter(company_id=locked.company_id, email__iexact=locked.person.email):
        _void(waiting, by=by)
    record(by, "company.end_access", locked, person=locked.person_id)
    return locked


def _lock(access: CompanyAccess, *, by: Actor) -> CompanyAccess:
    """Lock all open accounts of the firm, in one order: two who end each other at once would leave it without one."""
    rows = CompanyAccess.objects.visible_to(by).filter(company_id=access.company_id).order_by("pk")
    found = {one.pk: one for one in rows.select_for_update(of=("self",))}
    if access.pk not in found:
        raise Refused(_("このアカウントは見つかりません。"), "not_allowed")
    return found[access.pk]


def _require_another_admin(access: CompanyAccess, *, knowing: bool = False) -> None:
    others = CompanyAccess.objects.current().filter(company_id=access.company_id).exclude(pk=access.pk)
    if others.filter(role=CompanyRole.ADMIN).exists():
        return
    if others.exists():
        raise Refused(_("管理者がいなくなります。先に、ほかの方を管理者にしてください。"), "last_administrator")
    if not knowing:
        raise Refused(
            _("会社のアカウントがなくなります。それでよければ、「アカウントがなくなってもよい」に印を付けてください。"),
            "last_administrator",
            field="knowing",
        )


def _require_runs(company: Company, by: Actor) -> None:
    if by.is_company:
        _require_admin(company, by)
    elif not (by.is_staff and Company.objects.visible_to(by).filter(pk=company.pk).exists()):
        raise Refused(_("これは、会社の管理者か、会社を知っている機関の人だけができます。"), "not_allowed")


def _require_may_ask(company: Company, email: str, by: Actor) -> None:
    if not Company.objects.visible_to(by).standing().filter(pk=company.pk).exists():
        raise Refused(_("この会社は、ほかの会社にまとめたか、登録を取り消してあります。一覧から開き直してください。"), "not_standing")
    if CompanyAccess.objects.current().filter(company=company, person__email__iexact=email.strip()).exists():
        raise Refused(_("このアドレスの方は、もうアカウントをお持ちです。"), "has_account", field="email")
    # An account reads everything the firm keeps from bodies: nobody of a body gets one from a body [P2].
    if by.is_staff and Membership.objects.lasting().filter(person__email__iexact=email.strip()).exists():
        raise Refused(_("このアドレスは、機関の人のものです。会社の方のアドレスを入れてください。"), "staff_address", field="email")


def _require_admin(company: Company, by: Actor) -> None:
    admins = CompanyAccess.objects.current().filter(company=company, person=by.person, role=CompanyRole.ADMIN)
    if not admins.exists():
        raise Refused(_("これは、会社の管理者だけができます。"), "not_allowed")


def _void(invitation: CompanyInvitation, *, by: Actor) -> CompanyInvitation:
    invitation.withdrawn_at = clock.now()
    invitation.save()
    close_links(invitation.pk, LinkPurpose.JOIN)
    cancel_mails(invitation.pk, "join")
    record(by, "company.withdraw_invitation", invitation)
    return invitation


def _address(text: str) -> str:
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refused(_("メールアドレスの形が違います。「名前@会社.example」のように入れてください。"), "email_wrong",
                      field="email") from error
    return address


def _mail(invitation: CompanyInvitation, token: str, *, by: Actor) -> None:
    called = f"{invitation.name} 様\n\n" if invitation.name else ""
    text = (
        f"{called}会社のアカウントへのご招待です。\n\n"
        "アカウントを作ると、会社のご相談すべての様子を1つの画面で見て、返事やファイルを送れます。\n"
        f"{settings.RENKEI_ADDRESS}/join/{token}/\n\n"
        f"{(invitation.expires_at - invitation.invited_at).days}日のあいだ使えます。このアドレスは、ほかの人に見せないでください。\n"
        "心当たりのないときは、このメールを消してください。\n"
    )
    put_mail(by=by, to=invitation.email, subject=written("会社のアカウントへのご招待"), text=text, purpose="join",
             about=invitation.pk)


def _tell_administrators(invitation: CompanyInvitation, *, by: Actor) -> None:
    """Tell those who run the firm's accounts that a body has asked somebody in: they may take it back."""
    admins = CompanyAccess.objects.current().filter(company_id=invitation.company_id, role=CompanyRole.ADMIN)
    body = Body.objects.filter(pk=by.body).first()
    text = written(
        "%(body)sが、会社のアカウントに %(email)s を招きました。\n"
        "心当たりのないときは、次のページで招待を取りやめてください。\n\n%(url)s\n"
    ) % {"body": body.name if body else written("機関"), "email": invitation.email,
         "url": f"{settings.RENKEI_ADDRESS}/firm/{invitation.company_id}/people/"}
    for address in admins.values_list("person__email", flat=True):
        put_mail(by=by, to=address, subject=written("会社のアカウントに招いた方がいます"), text=text, purpose="accounts",
                 about=invitation.pk)
