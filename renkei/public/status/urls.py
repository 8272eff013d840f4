"""URLs of public/status."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.status import acts, consent, views

OWN = "the cases of the one firm the link was made for"

urlpatterns: list[URLPattern] = [
    route("status/<str:token>/", views.status, name="public-status", audience=Audience.LINK, rule=OWN),
    route("status/<str:token>/write/", acts.write, name="public-status-write", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/answer/", acts.answer, name="public-status-answer", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/file/", acts.send_file, name="public-status-file", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/file/<uuid:file>/", acts.get_file, name="public-status-file-open",
          audience=Audience.LINK, rule=OWN),
    route("status/<str:token>/share/<slug:whom>/", acts.share, name="public-status-share", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/standing/", acts.standing, name="public-status-standing", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/request/<uuid:asked>/", acts.consent_request, name="public-status-request",
          audience=Audience.LINK, rule=OWN, changes=True),
    route("status/<str:token>/confirm/<uuid:consent>/", acts.confirm, name="public-status-confirm",
          audience=Audience.LINK, rule=OWN, changes=True),
    route("status/<str:token>/summary/", acts.summary_seen, name="public-status-summary", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/end/", acts.end, name="public-status-end", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("status/<str:token>/unsolved/", acts.unsolved, name="public-status-unsolved", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/feedback/", acts.feedback, name="public-status-feedback", audience=Audience.LINK,
          rule=OWN, changes=True),
    route("status/<str:token>/link/", acts.send_link, name="public-status-link", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("consent/<str:token>/", consent.consent, name="public-consent", audience=Audience.LINK,
          rule="the one request or consent the link was made for", changes=True),
]  # fmt: skip
