"""URLs of public/guide."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.guide import views

OPEN = "anyone; how the pages are used, nothing of any firm"

urlpatterns: list[URLPattern] = [
    route("guide/", views.guide, name="public-guide", audience=Audience.PUBLIC, rule=OPEN),
    route("guide/<slug:topic>/", views.guide_topic, name="public-guide-topic", audience=Audience.PUBLIC, rule=OPEN),
]
