"""URLs of desk/records."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.records import views

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/case/<uuid:case>/readings/", views.readers, name="desk-case-readings", audience=Audience.STAFF,
          rule="cases the body runs"),
    route("d/<slug:body>/letters/", views.letters, name="desk-letter-register", audience=Audience.STAFF,
          rule="letters the body wrote, of a class it may read"),
]  # fmt: skip
