"""URLs of desk/catalogue."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.catalogue import views

ALL = "every entry, for every member of staff; 404 otherwise"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/catalogue/", views.entries, name="desk-catalogue", audience=Audience.STAFF, rule=ALL),
    route("d/<slug:body>/entry/<str:entry>/", views.entry, name="desk-catalogue-entry", audience=Audience.STAFF, rule=ALL),
]
