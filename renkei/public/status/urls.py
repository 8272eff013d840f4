"""URLs of public/status."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.status import views

OWN = "the cases of the one firm the link was made for"

urlpatterns: list[URLPattern] = [
    route("status/<str:token>/", views.status, name="public-status", audience=Audience.LINK, rule=OWN),
]  # fmt: skip
