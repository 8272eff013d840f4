"""URLs of a person's own sign-in."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.myself import arrival, settings

SELF = "the signed-in person's own"

urlpatterns: list[URLPattern] = [
    route("accounts/invitation/<slug:secret>/", arrival.arrive, name="invitation", audience=Audience.PUBLIC,
          rule="the open invitation whose link's secret is in the URL; known people only as the invited address", changes=True),
    route("accounts/settings/", settings.my_settings, name="my-settings", audience=Audience.PERSON, rule=SELF),
    route("accounts/sessions/", settings.my_sessions, name="my-sessions", audience=Audience.PERSON, rule=SELF, changes=True),
]  # fmt: skip
