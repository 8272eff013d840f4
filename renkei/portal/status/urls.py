"""URLs of a case as the firm sees it: by a private link (those paths stand in mails and stay), and by an account."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern

from renkei.accounts.again import asks_to_send
from renkei.base.routes import Audience, route
from renkei.portal.status import acts, consent, follow_ups, openings, routes, secrecy, views

OWN = "the cases of the one firm the link was made for"
FIRM = "cases of the firm in the URL"

# What a firm does with a case: act, end of the path, view, whether it changes state. Both doors open all of it.
ACTS: list[tuple[str, str, Callable[..., Any], bool]] = [
    ("", "", views.status, False),
    ("write", "write/", acts.write, True),
    ("answer", "answer/", acts.answer, True),
    ("file", "file/", acts.send_file, True),
    ("file-open", "file/<uuid:file>/", acts.get_file, False),
    ("share", "share/<slug:whom>/", acts.share, True),
    ("standing", "standing/", acts.standing, True),
    ("request", "request/<uuid:asked>/", acts.consent_request, True),
    ("confirm", "confirm/<uuid:consent>/", acts.confirm, True),
    ("summary", "summary/", acts.summary_seen, True),
    ("public", "public/<uuid:need>/", secrecy.public_seen, True),
    ("file-secrecy", "file/<uuid:file>/secrecy/", secrecy.keep_file, True),
    ("end", "end/", acts.end, True),
    ("unsolved", "unsolved/", acts.unsolved, True),
    ("feedback", "feedback/", acts.feedback, True),
    ("route", "route/", routes.route, True),
    ("opening", "opening/<uuid:opening>/", openings.opening, True),
    ("follow-up", "after/<uuid:follow_up>/", follow_ups.follow_up, True),
    ("follow-up-stop", "after/<uuid:follow_up>/stop/", follow_ups.stop, True),
]

# What decides who sees what: an account signs in freshly for it. A private link is asked for nothing it could give.
CONSENTS = {"share", "standing", "request", "confirm", "public", "file-secrecy", "opening"}


def _by_account(act: str, view: Callable[..., Any]) -> Callable[..., Any]:
    return asks_to_send(view) if act in CONSENTS else view


def _name(door: str, act: str) -> str:
    return f"portal-{door}-{act}" if act else f"portal-{door}"


urlpatterns: list[URLPattern] = [
    *[route(f"status/<str:token>/{path}", view, name=_name("status", act), audience=Audience.LINK, rule=OWN,
            changes=changes) for act, path, view, changes in ACTS],
    *[route(f"firm/<uuid:company>/case/<uuid:case>/{path}", _by_account(act, view), name=_name("case", act),
            audience=Audience.COMPANY, rule=FIRM, changes=changes) for act, path, view, changes in ACTS],
    route("status/<str:token>/link/", acts.send_link, name="portal-status-link", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("consent/<str:token>/", consent.consent, name="portal-consent", audience=Audience.LINK,
          rule="the one request or consent the link was made for", changes=True),
    route("status/<str:token>/after/<uuid:follow_up>/again/", follow_ups.again_by_status, name="portal-status-follow-up-again",
          audience=Audience.LINK, rule=OWN, changes=True),
    *[route(f"after/<str:token>/{path}", view, name=name, audience=Audience.LINK, rule="the one follow-up the link was made for",
            changes=True)
      for name, path, view in (("portal-after", "", follow_ups.by_mail), ("portal-after-stop", "stop/", follow_ups.stop_by_mail),
                               ("portal-after-again", "again/", follow_ups.again_by_mail))],
]  # fmt: skip
