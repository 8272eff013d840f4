"""Sensitive steps ask once more who is there, unless the sign-in (or the last such question) is fresh.

Asking happens in place: the question stands at the step's own address and carries what was typed, so that the answer
goes on with the step in one click and nothing of a case waits in a session. Reads (an export) go through the
sign-in's own pages and come back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import ratelimit
from allauth.mfa.webauthn.internal import auth as passkeys
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _

from renkei.accounts.forms import PasskeyAgain, SecondFactorAgain
from renkei.accounts.models import Person
from renkei.accounts.queries import ways_to_confirm

_View = Callable[..., HttpResponse]
PREFIX = "again"


def signed_in_lately(request: HttpRequest) -> bool:
    """Tell whether the person signed in, or confirmed it, within ``RENKEI_AGAIN_MINUTES`` minutes."""
    person = request.user
    if not isinstance(person, Person):
        return False
    moments = [one.get("at", 0) for one in get_authentication_records(request, person)]
    # The sign-in's own stamps are seconds of the machine's clock, not of ours, which tests may move.
    return bool(moments) and time.time() - max(moments) < settings.RENKEI_AGAIN_MINUTES * 60


def asks_again(view: _View) -> _View:
    """Let a view of somebody signed in run only after a fresh sign-in; otherwise ask for password, digits or passkey first."""

    @wraps(view)
    def asked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if signed_in_lately(request):
            return view(request, *args, **kwargs)
        if not ways_to_confirm(request.user):
            return redirect("mfa_index")
        if request.method in {"GET", "HEAD"}:
            way = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
            return redirect(f"{way}?{urlencode({'next': request.get_full_path()})}")
        form = AgainForm(request.POST if PREFIX in request.POST else None, person=request.user, request=request)
        if form.is_bound and form.is_valid():
            form.confirm()
            return view(request, *args, **kwargs)
        return _question(request, form)

    return asked


def asks_to_send(view: _View) -> _View:
    """Let a view be looked at freely, and ask as :func:`asks_again` does before what was typed takes effect."""
    asking = asks_again(view)

    @wraps(view)
    def asked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return (view if request.method in {"GET", "HEAD"} else asking)(request, *args, **kwargs)

    return asked


class AgainForm(forms.Form):
    """Password, digits or passkey: one of what the person has."""

    use_required_attribute = False

    password = forms.CharField(label=_("パスワード"), required=False, strip=False,
                               widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))  # fmt: skip
    code = forms.CharField(label=_("認証アプリの番号"), required=False, max_length=20,
                           widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}))  # fmt: skip
    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, person: Person, request: HttpRequest) -> None:
        super().__init__(data, prefix=PREFIX)
        self.person, self.request = person, request
        self.ways = ways_to_confirm(person)
        self._proof: Any = None
        for name in set(self.fields) - self.ways:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Check the one thing that was given, counting tries."""
        data = super().clean() or {}
        given = next((name for name in ("credential", "code", "password") if data.get(name)), None)
        if given is None:
            raise forms.ValidationError(_("もう一度、本人であることを確かめてください。"), code="nothing")
        if not ratelimit.consume(self.request, action="reauthenticate", user=self.person):
            raise forms.ValidationError(get_adapter().error_messages["rate_limited"], code="rate_limited")
        if given == "password":
            if not get_adapter().reauthenticate(self.person, data["password"]):
                raise forms.ValidationError({"password": get_adapter().error_messages["incorrect_password"]})
            return data
        proof = (PasskeyAgain if given == "credential" else SecondFactorAgain)(user=self.person, data={given: data[given]})
        if not proof.is_valid():
            raise forms.ValidationError({"code": proof.errors[given]} if given == "code" else proof.errors[given].as_data())
        self._proof = proof
        return data

    def confirm(self) -> None:
        """Write into the session that the person was here just now."""
        if self._proof is None:
            reauthenticate_by_password(self.request)
        else:
            self._proof.save()


def _question(request: HttpRequest, form: AgainForm) -> HttpResponse:
    """Show the question at the step's own address, with everything that was typed."""
    own = (f"{PREFIX}-", "csrfmiddlewaretoken")
    kept = [(name, value) for name, values in request.POST.lists() if not name.startswith(own) and name != PREFIX for value in values]
    page = {"form": form, "kept": kept, "lost_files": list(request.FILES), "back": _back(request)}
    if "credential" in form.ways:
        page["js_data"] = {"request_options": passkeys.begin_authentication(form.person)}
    return render(request, "accounts/again.html", page)


def _back(request: HttpRequest) -> str:
    """Return the page the step was begun on; the step itself may have none to look at."""
    back = request.POST.get(f"{PREFIX}-back") or request.headers.get("Referer", "")
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if allowed else resolve_url(settings.LOGIN_REDIRECT_URL)
