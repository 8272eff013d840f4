"""URLs of public/answer."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.answer import views

urlpatterns: list[URLPattern] = [
    route("answer/<str:token>/", views.answer, name="public-offer", audience=Audience.LINK,
          rule="the one offer the link was made for", changes=True),
    route("opened/<str:token>/", views.opened, name="public-link-opened", audience=Audience.LINK,
          rule="says only that the link's own page was shown", changes=True),
]  # fmt: skip
