"""One transaction a request, one actor in it, and no URL outside the register.

Why not ATOMIC_REQUESTS: it wraps only the view, so the actor could not be set before it and inner layers turn
exceptions into responses without a rollback. Here everything runs inside one transaction, the actor is written
into it before the view, and a response of 500 and above, or a refusal, rolls back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import get_template
from psycopg.errors import InsufficientPrivilege

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import has_second_factor
from renkei.base import routes
from renkei.base.actor import GUEST, Actor, ActorKind, company_person, link_holder, staff
from renkei.base.context import clear_actor, set_actor
from renkei.base.memo import remembering
from renkei.base.refusal import Refused
from renkei.companies.models import CompanyAccess
from renkei.companies.queries import successor_of
from renkei.post.links import mark_opened, open_link
from renkei.post.models import LinkPurpose

_log = logging.getLogger("renkei.request")


class ActorMiddleware:
    """Open the transaction, find out who acts, tell the database, and clear it again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Run the rest of the request inside one transaction."""
        request.actor = GUEST  # type: ignore[attr-defined]  # ours, on the request
        _drop_noughts(request)
        try:
            with remembering(request.method in {"GET", "HEAD"}), transaction.atomic():
                response = self.get_response(request)
                if response.status_code >= 500 or getattr(request, "refused", False):
                    transaction.set_rollback(True)
                elif connection.in_atomic_block and not connection.needs_rollback:
                    clear_actor()
        finally:
            request.actor = GUEST  # type: ignore[attr-defined]  # ours, on the request
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_view(
        self, request: HttpRequest, _view: Callable[..., HttpResponseBase], _args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Refuse what is not registered, then set the actor the URL's audience asks for."""
        match = request.resolver_match
        entry = routes.find(match.url_name if match else None)
        if entry is None:
            _log.error("URL is not in the register: %s", request.path)
            raise Http404
        if "\x00" in request.path:
            raise Http404  # no name of ours holds a nought, and the database takes none
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not entry.changes:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        actor, answer = self._actor_for(request, entry, kwargs)
        if answer is not None:
            return answer
        request.actor = actor  # type: ignore[attr-defined]  # ours, on the request
        set_actor(actor)
        if entry.audience is routes.Audience.LINK and request.method == "POST":
            mark_opened()
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn an uncaught refusal into a page that says what to do. Forms show theirs beside the field themselves."""
        if isinstance(error.__cause__, InsufficientPrivilege):  # the database's own no: a policy, or a missing right
            _log.warning("the database refused %s: %s", request.path, error)
            request.refused = True  # type: ignore[attr-defined]  # ours, on the request
            return HttpResponseForbidden(get_template("403.html").render())  # no query: the transaction is broken
        if not isinstance(error, Refused):
            return None
        request.refused = True  # type: ignore[attr-defined]  # ours, on the request
        return render(request, "refused.html", {"refusal": error}, status=409)

    def _actor_for(
        self, request: HttpRequest, entry: routes.Route, kwargs: dict[str, Any]
    ) -> tuple[Actor, HttpResponseBase | None]:
        if entry.audience is routes.Audience.LINK:
            return self._link_actor(request, kwargs), None
        user = request.user
        person = user if isinstance(user, Person) else None
        if entry.audience is routes.Audience.PUBLIC:
            return (Actor(ActorKind.GUEST, person=person.pk) if person else GUEST), None
        if person is None:
            return GUEST, redirect_to_login(request.get_full_path())
        return self._signed_in_actor(request, entry, kwargs, person)

    def _signed_in_actor(
        self, request: HttpRequest, entry: routes.Route, kwargs: dict[str, Any], person: Person
    ) -> tuple[Actor, HttpResponseBase | None]:
        if entry.audience is routes.Audience.PERSON:
            return Actor(ActorKind.STAFF, person=person.pk, name=person.name), None
        if entry.audience is routes.Audience.COMPANY:
            return self._company_actor(request, person, kwargs)
        if not settings.RENKEI_EXAMPLE and not has_second_factor(person):
            return GUEST, redirect("mfa_index")
        return self._staff_actor(request, person, kwargs), None

    def _staff_actor(self, request: HttpRequest, person: Person, kwargs: dict[str, Any]) -> Actor:
        membership = Membership.objects.current().filter(person=person, body_id=kwargs["body"]).first()
        if membership is None:
            raise Http404
        request.membership = membership  # type: ignore[attr-defined]  # ours, on the request
        return staff(person.pk, membership.body_id, person.name)

    def _company_actor(
        self, request: HttpRequest, person: Person, kwargs: dict[str, Any]
    ) -> tuple[Actor, HttpResponseBase | None]:
        actor = company_person(person.pk, person.name)
        set_actor(actor)  # accounts of firms are read under their own policy
        access = CompanyAccess.objects.current().filter(person=person, company_id=kwargs["company"]).first()
        if access is None:
            successor = successor_of(kwargs["company"], actor=actor)  # addresses in mails and bookmarks outlive a merge
            clear_actor()
            if successor is None or request.method not in {"GET", "HEAD"}:
                raise Http404
            match = request.resolver_match
            return GUEST, redirect(match.view_name, **kwargs | {"company": successor.pk}) if match else None
        request.access = access  # type: ignore[attr-defined]  # ours, on the request
        return actor, None

    def _link_actor(self, request: HttpRequest, kwargs: dict[str, Any]) -> Actor:
        link = open_link(kwargs["token"])
        if link is None:
            raise Http404
        request.link = link  # type: ignore[attr-defined]  # ours, on the request
        if link.purpose == LinkPurpose.PARTNER:
            return Actor(ActorKind.PARTNER, link=link.id, name=link.recipient_name)
        return link_holder(link.id, body=link.body, name=link.recipient_name)


def _drop_noughts(request: HttpRequest) -> None:
    """Take noughts out of what an address asks, for every page at once: nobody types one, and the database takes none."""
    if "%00" in request.META.get("QUERY_STRING", ""):
        asked = QueryDict(mutable=True)
        for key, values in request.GET.lists():
            asked.setlist(key.replace("\x00", ""), [value.replace("\x00", "") for value in values])
        asked._mutable = False  # noqa: SLF001  as every address is read
        request.GET = asked  # type: ignore[assignment]  # Django's own is immutable by its type
