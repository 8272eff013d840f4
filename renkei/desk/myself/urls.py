"""URLs of a person's own sign-in."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.myself import arrival

urlpatterns: list[URLPattern] = [
    route("accounts/invitation/<slug:secret>/", arrival.arrive, name="invitation", audience=Audience.PUBLIC,
          rule="the open invitation whose link's secret is in the URL; known people only as the invited address", changes=True),
]  # fmt: skip
