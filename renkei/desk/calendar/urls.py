"""URLs of desk/calendar."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.calendar import views

urlpatterns: list[URLPattern] = [
    route("me/calendar/", views.address, name="my-calendar", audience=Audience.PERSON, rule="the person's own address",
          changes=True),
    route("d/<slug:body>/meeting/<uuid:meeting>/calendar.ics", views.meeting, name="desk-meeting-calendar", audience=Audience.STAFF,
          rule="every member of the staff"),
    route("calendar/<slug:secret>.ics", views.feed, name="calendar", audience=Audience.PUBLIC,
          rule="whoever holds the private address: its person's own steps, in the bodies it belongs to now"),
]  # fmt: skip
