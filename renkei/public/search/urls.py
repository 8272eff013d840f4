"""URLs of public/search."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.search import views

urlpatterns: list[URLPattern] = [
    route("find/", views.find, name="public-find", audience=Audience.PUBLIC, rule="anyone; public entries only"),
    route("find/<path:entry>/", views.entry, name="public-entry", audience=Audience.PUBLIC, rule="anyone; a public entry"),
]  # fmt: skip
