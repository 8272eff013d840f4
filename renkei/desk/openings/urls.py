"""URLs of desk/openings."""

from django.urls import URLPattern

from renkei.accounts.again import asks_to_send
from renkei.base.routes import Audience, route
from renkei.desk.openings import views

SEEN = "cases the body may see; its own openings"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/case/<uuid:case>/openings/", asks_to_send(views.openings), name="desk-openings", audience=Audience.STAFF,
          rule=SEEN, changes=True),
    route("d/<slug:body>/case/<uuid:case>/openings/<uuid:opening>/shut/", views.shut_out, name="desk-opening-shut",
          audience=Audience.STAFF, rule=SEEN, changes=True),
    route("d/<slug:body>/case/<uuid:case>/openings/<uuid:opening>/write/", views.write, name="desk-opening-write",
          audience=Audience.STAFF, rule=SEEN, changes=True),
    route("d/<slug:body>/case/<uuid:case>/openings/<uuid:opening>/send/", views.send, name="desk-opening-send",
          audience=Audience.STAFF, rule=SEEN, changes=True),
    route("d/<slug:body>/case/<uuid:case>/openings/<uuid:opening>/sent/<uuid:sent>/", views.get_sent,
          name="desk-opening-sent", audience=Audience.STAFF, rule=SEEN),
]  # fmt: skip
