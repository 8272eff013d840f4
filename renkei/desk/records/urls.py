"""URLs of desk/records."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.records import choices, views

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/case/<uuid:case>/readings/", views.readers, name="desk-case-readings", audience=Audience.STAFF,
          rule="cases the body runs"),
    route("d/<slug:body>/letters/", views.letters, name="desk-letter-register", audience=Audience.STAFF,
          rule="letters the body wrote, of a class it may read"),
    route("d/<slug:body>/choices/", choices.choices, name="desk-choices", audience=Audience.STAFF,
          rule="counts of requests: the front desk for every body, others for their own"),
]  # fmt: skip
