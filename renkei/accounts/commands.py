"""``renkei administrator``: invite the first administrator of a body, where nobody is there yet who could."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from renkei.accounts.actions.invitations import Asked, invite, resend
from renkei.accounts.actions.members import Place
from renkei.accounts.models import Invitation, Membership
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.plan.models import Body
from renkei.plan.queries import content_now
from renkei.post.models import Mail, MailState


def invite_administrator(code: str, email: str, *, name: str = "", role: str = "", show_link: bool) -> int:
    """Invite an administrator of a body that has none; ``show_link`` prints the link as well. Returns the exit code.

    Called again it sends the same address a new link. Refused as :func:`renkei.accounts.actions.invitations.invite`;
    a body with an administrator keeps its own door: its people are invited on screen.
    """
    body, address = Body.objects.filter(pk=code).first(), email.strip().lower()
    if body is None:
        known = "\n".join(f"  {one.pk}　{one.name}" for one in Body.objects.filter(closed_on__isnull=True).order_by("order"))
        return _no(f"「{code}」という機関は、いまの計画にありません。次のどれかを書いてください。\n{known}")
    try:
        validate_email(address)
    except ValidationError:
        return _no(f"「{email}」はメールアドレスの形ではありません。名前@機関.example のように書いてください。")
    if Membership.objects.lasting().filter(body=body, is_admin=True).exists():
        return _no(f"{body.name}には、もう管理者がいます。管理者が、画面の「機関の人」から招きます。")
    found = Invitation.objects.waiting().filter(body=body, email=address).first()
    if found is not None and not found.is_admin:
        return _no("このアドレスには、管理者でない招待が出ています。ほかのアドレスにするか、期限が過ぎるのを待ってください。")
    with transaction.atomic():
        place = Place(role or _first_role())
        made = resend(found, by=SYSTEM) if found else invite(
            body, by=SYSTEM, asked=Asked(address, name or address.partition("@")[0], place, clock.today(), is_admin=True))
        mail = Mail.objects.filter(about=made.pk, purpose="invitation", state=MailState.WAITING).latest("made_at")
    sys.stdout.write(f"{body.name}の管理者として {made.email} を招きました。\n")
    if show_link:
        link = next(line for line in mail.text.splitlines() if line.startswith(settings.RENKEI_ADDRESS))
        day = made.expires_at.astimezone(clock.JST).date()
        sys.stdout.write(f"次のリンクを、ご本人だけに渡してください（{day:%Y-%m-%d}まで）。\n{link}\n")
    else:
        sys.stdout.write("招待のメールは、renkei serve か renkei worker が動いていれば、すぐに出ます。\n")
    return 0


def _no(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 1


def _first_role() -> str:
    content = content_now()
    return next(term.code for name in ("roles", "posts") for term in content.vocabulary(name))
