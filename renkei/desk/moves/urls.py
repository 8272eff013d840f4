"""URLs of desk/moves."""

from django.urls import URLPattern

from renkei.accounts.again import asks_to_send
from renkei.base.routes import Audience, route
from renkei.desk.moves import absences, views

OWN = "moves of the body"
MOVE = "d/<slug:body>/moves/<uuid:move>/"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/moves/", views.moves, name="desk-moves", audience=Audience.STAFF, rule=OWN),
    route("d/<slug:body>/moves/new/", asks_to_send(views.move_new), name="desk-move-new", audience=Audience.STAFF,
          rule="one's own caseload, or any of the body for its administrators", changes=True),
    route("d/<slug:body>/moves/received/", views.received, name="desk-move-received", audience=Audience.STAFF,
          rule="packs that wait for the person or the queue of the body", changes=True),
    route("d/<slug:body>/absences/", absences.absences, name="desk-absences", audience=Audience.STAFF,
          rule="the body's absences; one's own are changed, all of them by its administrators", changes=True),
    route(MOVE, views.move, name="desk-move", audience=Audience.STAFF, rule=OWN, changes=True),
    route(f"{MOVE}packs/", views.packs, name="desk-move-packs", audience=Audience.STAFF, rule=OWN, changes=True),
]  # fmt: skip
