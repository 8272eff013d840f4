"""URLs of desk/nudges."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.nudges import views

OWN = "what the person, or its body's queue, is told"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/nudges/", views.nudge_list, name="desk-nudges", audience=Audience.STAFF, rule=OWN),
    route("d/<slug:body>/nudges/read/", views.nudges_read, name="desk-nudges-read", audience=Audience.STAFF, rule=OWN,
          changes=True),
    route("me/nudges/", views.wishes, name="my-notices", audience=Audience.PERSON, rule="the person's own wishes",
          changes=True),
]  # fmt: skip
