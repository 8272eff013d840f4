"""URLs of public/rounds."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.rounds import views

urlpatterns: list[URLPattern] = [
    route("round/<str:token>/", views.answer, name="public-round", audience=Audience.LINK,
          rule="the one circulation the link was made for: the items every body reads", changes=True),
]  # fmt: skip
