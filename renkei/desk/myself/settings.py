"""A person's own settings: a page of cards, and the devices one is signed in on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.accounts.actions.sessions import end_other_sessions, end_session
from renkei.accounts.models import Person
from renkei.accounts.queries import bodies_of
from renkei.base import clock
from renkei.base.language import shown_list


@dataclass(frozen=True, slots=True)
class Card:
    """One setting: its name, what stands now, and the URL name of its page."""

    title: str
    now: str
    url_name: str


# What an address in the browser's own name of itself means; the first that fits wins.
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "Mac"),
            ("CrOS", "Chromebook"), ("Linux", "Linux"))  # fmt: skip


def device_words(agent: str) -> str:
    """Return browser and system in words people know; unknown ones are called so."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return shown_list([word for word in (browser, system) if word]) or _("分からない端末")


@require_safe
def my_settings(request: HttpRequest) -> HttpResponse:
    """Show the cards of a person's settings."""
    person = _person(request)
    return render(request, "desk/myself/settings.html", {"cards": _cards(person), "person": person, "memberships": bodies_of(person)})


def my_sessions(request: HttpRequest) -> HttpResponse:
    """List where one is signed in; a POST ends one (``end``) or all others."""
    person = _person(request)
    actor = request.actor  # type: ignore[attr-defined]  # set by our middleware
    key = request.session.session_key
    if request.method == "POST":
        if wanted := request.POST.get("end", ""):
            number = int(wanted) if re.fullmatch(r"\d{1,18}", wanted) else 0
            end_session(get_object_or_404(UserSession.objects.filter(user=person).exclude(session_key=key), pk=number), by=actor)
            messages.success(request, _("その端末でのサインインを終えました。"))
        else:
            count = end_other_sessions(person, keep=key, by=actor)
            messages.success(request, _("ほかの端末でのサインインを終えました（%(count)s件）。") % {"count": count})
        return redirect("my-sessions")
    living = Session.objects.filter(expire_date__gt=clock.now()).values("session_key")
    found = UserSession.objects.filter(user=person, session_key__in=living).order_by("-last_seen_at")
    rows = [(one, device_words(one.user_agent), one.session_key == key) for one in found]
    return render(request, "desk/myself/sessions.html", {"rows": rows, "has_others": any(not mine for _one, _words, mine in rows)})


def _person(request: HttpRequest) -> Person:
    person = request.user
    assert isinstance(person, Person)  # noqa: S101  the audience of these pages lets nobody else in
    return person


def _cards(person: Person) -> list[Card]:
    kinds: list[Any] = list(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    keys = kinds.count(Authenticator.Type.WEBAUTHN)
    password = _("決めてあります") if person.has_usable_password() else _("決めていません（パスキーで入ります）")
    app = _("設定してあります") if Authenticator.Type.TOTP in kinds else _("設定していません")
    codes = _("作ってあります") if Authenticator.Type.RECOVERY_CODES in kinds else _("パスキーか認証アプリを設定すると作れます")
    return [
        Card(_("パスキー"), _("%(count)sつ") % {"count": keys} if keys else _("まだありません"), "mfa_list_webauthn"),
        Card(_("認証アプリ・二段階の確認"), app, "mfa_index"),
        Card(_("控えの番号"), codes, "mfa_view_recovery_codes" if Authenticator.Type.RECOVERY_CODES in kinds else "mfa_index"),
        Card(_("パスワード"), password, "account_change_password" if person.has_usable_password() else "account_set_password"),
        *_outside(person),
        Card(_("サインインしている端末"), _("心当たりのないものを終えられます"), "my-sessions"),
    ]


def _outside(person: Person) -> list[Card]:
    """Return the card of outside providers, where there are any."""
    if not settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]:
        return []
    count = SocialAccount.objects.filter(user=person).count()
    return [Card(_("外のサインイン"), _("%(count)sつ") % {"count": count} if count else _("つないでいません"), "socialaccount_connections")]
