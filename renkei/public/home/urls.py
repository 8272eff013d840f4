"""URLs of public/home."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.home import views

OPEN = "anyone; nothing of any firm"

urlpatterns: list[URLPattern] = [
    route("", views.home, name="public-home", audience=Audience.PUBLIC, rule=OPEN),
    route("help/", views.help_page, name="public-help", audience=Audience.PUBLIC, rule=OPEN),
    route("privacy/", views.privacy, name="public-privacy", audience=Audience.PUBLIC, rule=OPEN),
    route("accessibility/", views.accessibility, name="public-accessibility", audience=Audience.PUBLIC, rule=OPEN),
]  # fmt: skip
