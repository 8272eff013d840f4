"""URLs of portal/join."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.portal.join import views

urlpatterns: list[URLPattern] = [
    route("join/<str:token>/", views.join, name="portal-join", audience=Audience.LINK,
          rule="the one invitation the link was made for", changes=True),
    route("status/<str:token>/account/", views.start, name="portal-status-account", audience=Audience.LINK,
          rule="the case of the link; the account is opened by a mail to the address the link was mailed to", changes=True),
]  # fmt: skip
