"""URLs of desk/follow_ups."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again
from renkei.base.routes import Audience, route
from renkei.desk.exports.views import export_afterwards
from renkei.desk.follow_ups import views

RUN = "follow-ups of cases the body runs"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/follow-ups/", views.follow_ups, name="desk-follow-ups", audience=Audience.STAFF, rule=RUN),
    route("d/<slug:body>/follow-ups/export/", asks_again(export_afterwards), name="desk-follow-ups-export", audience=Audience.STAFF,
          rule=RUN, changes=True),
]  # fmt: skip
