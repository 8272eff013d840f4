"""Write down when a sign-in was last used: by what changes something, at most every five minutes (a GET only reads)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

from renkei.base import clock

_OFTEN = dt.timedelta(minutes=5)


class SeenMiddleware:
    """Keep ``last_seen_at`` of the person's sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note a POST of somebody signed in, then go on."""
        if request.method == "POST" and request.user.is_authenticated:
            now = clock.now()
            found = UserSession.objects.filter(session_key=request.session.session_key, last_seen_at__lt=now - _OFTEN)
            found.update(last_seen_at=now)
        return self.get_response(request)
