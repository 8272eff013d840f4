"""URLs of public/minutes."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.minutes import views

urlpatterns: list[URLPattern] = [
    route("minutes/<str:token>/", views.answer, name="public-minutes", audience=Audience.LINK,
          rule="the minutes of the one meeting the link was made for: the items every body reads", changes=True),
]  # fmt: skip
