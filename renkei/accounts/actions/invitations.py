"""Invite people into a body, by mail. The link's token leaves in the mail and is kept nowhere else but as a hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.accounts.actions.members import Place, require_role
from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.rules import require_administrator
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, link_holder
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.plan.models import Body
from renkei.plan.queries import content_now
from renkei.post.outbox import cancel_mails, put_mail


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is invited, as what, from when. ``is_admin`` lets the person invite others."""

    email: str
    name: str
    place: Place
    since: dt.date
    is_admin: bool = False


@transaction.atomic
def invite(body: Body, *, asked: Asked, by: Actor) -> Invitation:
    """Invite one person by mail; the invitation ends after the plan's days (``accounts.invitation_days``).

    Refuses ``not_admin``, ``body_closed``, ``name_empty``, ``role_unknown``, ``already_member`` and ``already_invited``.
    """
    require_administrator(by, body.pk)
    held = Body.objects.select_for_update(no_key=True).get(pk=body.pk)  # two clicks make one invitation
    email, name = asked.email.strip().lower(), clean_text(asked.name).strip()
    _check(held, email, name, asked)
    moment, token = clock.now(), secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        body=held, email=email, name=name, role=asked.place.role, title=clean_text(asked.place.title), is_admin=asked.is_admin,
        since=asked.since, token_hash=digest(token), made_by_id=by.person, made_at=moment, sent_at=moment,
        expires_at=moment + _lifetime(),
    )  # fmt: skip
    _put_mail(made, token, by=by)
    record(by, "invitation.make", made, email=email, body=held.pk, role=made.role, admin=made.is_admin, since=made.since)
    return made


@transaction.atomic
def resend(invitation: Invitation, *, by: Actor) -> Invitation:
    """Send a new link, in time from now on; the old one no longer opens. Refuses ``not_admin``, ``not_waiting``, ``body_closed``."""
    found = _waiting(invitation, by)
    _require_running(found.body)
    token = secrets.token_urlsafe(32)
    cancel_mails(found.pk, "invitation")
    found.token_hash, found.sent_at = digest(token), clock.now()
    found.expires_at = found.sent_at + _lifetime()
    found.save(update_fields=["token_hash", "sent_at", "expires_at"])
    _put_mail(found, token, by=by)
    record(by, "invitation.resend", found)
    return found


@transaction.atomic
def withdraw(invitation: Invitation, *, by: Actor) -> Invitation:
    """Take an invitation back: its link no longer opens. Refuses ``not_admin`` and ``not_waiting``."""
    found = _waiting(invitation, by)
    found.withdrawn_at = clock.now()
    found.save(update_fields=["withdrawn_at"])
    cancel_mails(found.pk, "invitation")
    record(by, "invitation.withdraw", found)
    return found


@dataclass(frozen=True, slots=True)
class Arriving:
    """Who accepts: somebody known (``person``, signed in), or a new person with name, reading and perhaps a password."""

    person: Person | None = None
    name: str = ""
    kana: str = ""
    password: str | None = None


@transaction.atomic
def accept_invitation(invitation: Invitation, *, arriving: Arriving, by: Actor) -> Membership:
    """Let the invited person in: make the person if new, and the membership. Needs the invitation's link as actor.

    Refuses ``not_invited``, ``not_waiting``, ``expired``, ``body_closed``, ``other_address``, ``known`` (sign in first),
    ``name_empty`` and ``already_member``.
    """
    if by.link != invitation.pk and not by.is_system:
        raise Refused(_("招待のリンクから開いてください。"), "not_invited")
    found = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if found.accepted_at or found.withdrawn_at:
        raise Refused(_("この招待は、もう使えません。"), "not_waiting")
    if found.is_expired:
        raise Refused(_("招待の期限が過ぎました。機関の管理者に、もう一度送ってもらってください。"), "expired")
    _require_running(found.body)  # it may have left the plan since
    person = _person(found, arriving)
    if Membership.objects.lasting().filter(person=person, body_id=found.body_id).exists():
        raise Refused(_("もう、この機関の人として登録されています。"), "already_member")
    member = Membership.objects.create(
        person=person, body_id=found.body_id, role=found.role, title=found.title, is_admin=found.is_admin, since=found.since
    )
    found.accepted_at, found.accepted_by = clock.now(), person
    found.save(update_fields=["accepted_at", "accepted_by"])
    record(by, "invitation.accept", found, person, member)
    return member


def find_invitation(token: str) -> Actor | None:
    """Resolve an invitation's token: the actor who holds its link; None when unknown, expired, used or withdrawn."""
    if len(token) > 100:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_open_invitation(%s)", [digest(token)])
        row = cursor.fetchone()
    return link_holder(row[0]) if row and row[0] else None


def digest(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _lifetime() -> dt.timedelta:
    return dt.timedelta(days=content_now().accounts.invitation_days)


def _check(body: Body, email: str, name: str, asked: Asked) -> None:
    _require_running(body)
    if not name:
        raise Refused(_("氏名を書いてください。"), "name_empty", field="name")
    require_role(asked.place.role)
    if Membership.objects.lasting().filter(body=body, person__email__iexact=email).exists():
        raise Refused(_("このアドレスの人は、もうこの機関の人です。"), "already_member", field="email")
    if Invitation.objects.waiting().filter(body=body, email=email).exists():
        raise Refused(_("このアドレスには、もう招待を送ってあります。一覧から送り直せます。"), "already_invited", field="email")


def _require_running(body: Body) -> None:
    if body.closed_on is not None:  # also when its last day is still to come: nobody new is let in
        raise Refused(_("この機関は計画から外れています。"), "body_closed")


def _waiting(invitation: Invitation, by: Actor) -> Invitation:
    require_administrator(by, invitation.body_id)
    found = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if found.accepted_at or found.withdrawn_at:
        raise Refused(_("この招待は、もう使われたか、取り消されています。"), "not_waiting")
    return found


def _person(invitation: Invitation, arriving: Arriving) -> Person:
    known = Person.objects.filter(email__iexact=invitation.email).first()
    if arriving.person is not None:
        if known is None or known.pk != arriving.person.pk:
            raise Refused(_("この招待は、ほかのアドレスあてです。そのアドレスの人として入り直してください。"), "other_address")
        return known
    if known is not None:
        raise Refused(_("このアドレスの人は、もう登録されています。サインインしてから、もう一度開いてください。"), "known")
    name = clean_text(arriving.name).strip()
    if not name:
        raise Refused(_("氏名を書いてください。"), "name_empty", field="name")
    return Person.objects.create_user(invitation.email, arriving.password, name=name, kana=clean_text(arriving.kana).strip())


def _put_mail(invitation: Invitation, token: str, *, by: Actor) -> None:
    path = reverse("invitation", kwargs={"secret": token})
    until = clock.now() + _lifetime()
    day = until.astimezone(clock.JST).date()
    put_mail(
        by=by,
        to=invitation.email,
        to_body=invitation.body_id,
        subject=written("%(body)sから、連携の招待") % {"body": invitation.body.name},
        text=written(
            "%(name)s 様\n\n%(sender)sが、連携の画面（支援機関の方の入口）を使う人として、あなたを招いています。\n"
            "次のリンクを%(day)sまでに開いて、氏名を確かめ、サインインのしかたを決めてください。\n\n%(url)s\n\n"
            "心当たりがなければ、このメールは捨ててください。"
        )
        % {
            "name": invitation.name,
            "sender": f"{invitation.body.name}の{by.name}" if by.name else invitation.body.name,
            "day": f"{day.month}月{day.day}日",
            "url": f"{settings.RENKEI_ADDRESS}{path}",
        },
        purpose="invitation",
        about=invitation.pk,
    )
