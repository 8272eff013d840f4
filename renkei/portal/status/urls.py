"""URLs of the status page; their paths stand in mails and stay."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.portal.status import acts, consent, views

OWN = "the cases of the one firm the link was made for"

urlpatterns: list[URLPattern] = [
    route("status/<str:token>/", views.status, name="portal-status", audience=Audience.LINK, rule=OWN),
    route("status/<str:token>/write/", acts.write, name="portal-status-write", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/answer/", acts.answer, name="portal-status-answer", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/file/", acts.send_file, name="portal-status-file", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/file/<uuid:file>/", acts.get_file, name="portal-status-file-open",
          audience=Audience.LINK, rule=OWN),
    route("status/<str:token>/share/<slug:whom>/", acts.share, name="portal-status-share", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/standing/", acts.standing, name="portal-status-standing", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/request/<uuid:asked>/", acts.consent_request, name="portal-status-request",
          audience=Audience.LINK, rule=OWN, changes=True),
    route("status/<str:token>/confirm/<uuid:consent>/", acts.confirm, name="portal-status-confirm",
          audience=Audience.LINK, rule=OWN, changes=True),
    route("status/<str:token>/summary/", acts.summary_seen, name="portal-status-summary", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/end/", acts.end, name="portal-status-end", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/unsolved/", acts.unsolved, name="portal-status-unsolved", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/feedback/", acts.feedback, name="portal-status-feedback", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/link/", acts.send_link, name="portal-status-link", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("consent/<str:token>/", consent.consent, name="portal-consent", audience=Audience.LINK,
          rule="the one request or consent the link was made for", changes=True),
]  # fmt: skip
