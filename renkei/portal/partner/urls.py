"""URLs of portal/partner."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.portal.partner import views

OWN = "the one opening the link was made for, after its terms were accepted"

urlpatterns: list[URLPattern] = [
    route("partner/<str:token>/", views.partner, name="portal-partner", audience=Audience.LINK, rule=OWN, changes=True),
    route("partner/<str:token>/write/", views.write, name="portal-partner-write", audience=Audience.LINK, rule=OWN,
          changes=True),
    route("partner/<str:token>/send/", views.send, name="portal-partner-send", audience=Audience.LINK, rule=OWN, changes=True),
    route("partner/<str:token>/sent/<uuid:sent>/", views.get_sent, name="portal-partner-sent", audience=Audience.LINK, rule=OWN),
    route("partner/<str:token>/file/<uuid:file>/", views.get_file, name="portal-partner-file", audience=Audience.LINK,
          rule=OWN),
]  # fmt: skip
