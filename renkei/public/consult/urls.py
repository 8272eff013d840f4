"""URLs of public/consult."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.consult import views

OWN = "the one draft the link was made for"

urlpatterns: list[URLPattern] = [
    route("consult/", views.start, name="public-consult", audience=Audience.PUBLIC, changes=True,
          rule="anyone may begin; a draft already begun needs its token"),
    route("consult/<str:token>/<int:step>/", views.draft, name="public-draft", audience=Audience.LINK, changes=True,
          rule=OWN),
    route("consult/<str:token>/files/", views.files, name="public-draft-files", audience=Audience.LINK, changes=True,
          rule=OWN),
    route("consult/<str:token>/link/", views.send_link, name="public-draft-link", audience=Audience.LINK, changes=True,
          rule=OWN),
    route("consult/<str:token>/discard/", views.discard, name="public-draft-discard", audience=Audience.LINK,
          changes=True, rule=OWN),
    route("consult/<str:token>/receipt/", views.receipt, name="public-receipt", audience=Audience.LINK,
          rule="the one case the draft became"),
]  # fmt: skip
