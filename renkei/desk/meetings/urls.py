"""URLs of desk/meetings."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.meetings import agenda, items, papers, rounds, series, trends, views

STAFF = Audience.STAFF
ALL = "every body sees the meetings; of an item, those it is for"
RUNS = "meetings the body runs"
OWN_NOTE = "notes on trends of the body"
MEETING = "d/<slug:body>/meeting/<uuid:meeting>/"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/meetings/", views.meetings, name="desk-meetings", audience=STAFF, rule=ALL),
    route("d/<slug:body>/meetings/new/<slug:series>/", views.call, name="desk-meeting-call", audience=STAFF, rule=RUNS, changes=True),
    route("d/<slug:body>/meetings/series/<slug:series>/", series.series, name="desk-series", audience=STAFF, rule=ALL, changes=True),
    route("d/<slug:body>/meetings/series/<slug:series>/<uuid:who>/leave/", series.leave, name="desk-series-leave", audience=STAFF, rule=RUNS, changes=True),
    route(MEETING, views.meeting, name="desk-meeting", audience=STAFF, rule=ALL),
    route(f"{MEETING}edit/", views.edit, name="desk-meeting-edit", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}move/<slug:state>/", views.move, name="desk-meeting-move", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}came/", views.came, name="desk-meeting-came", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}came/<uuid:who>/off/", views.absent, name="desk-meeting-absent", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}item/", views.item_new, name="desk-meeting-item-new", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}agenda/", agenda.agenda, name="desk-meeting-agenda", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}order/", views.order, name="desk-meeting-order", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}item/<uuid:item>/", items.item, name="desk-meeting-item", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}task/<uuid:task>/done/", items.done, name="desk-meeting-task", audience=STAFF, rule="tasks of the body; meetings it runs", changes=True),
    route(f"{MEETING}paper/<slug:form>/", papers.agenda, name="desk-meeting-paper", audience=STAFF, rule=ALL),
    route(f"{MEETING}minutes/<int:number>/paper/<slug:form>/", papers.minutes, name="desk-meeting-minutes-paper", audience=STAFF, rule=ALL),
    route(f"{MEETING}material/", papers.add, name="desk-meeting-material-new", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}item/<uuid:item>/material/", papers.add, name="desk-meeting-item-material", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}material/<uuid:material>/", papers.material, name="desk-meeting-material", audience=STAFF, rule=ALL),
    route(f"{MEETING}material/<uuid:material>/replace/", papers.replace, name="desk-meeting-material-replace", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}trend/", trends.tell, name="desk-meeting-trend", audience=STAFF, rule="every body adds its own; read by all from the day of the meeting", changes=True),
    route(f"{MEETING}trend/<uuid:note>/correct/", trends.correct, name="desk-meeting-trend-correct", audience=STAFF, rule=OWN_NOTE, changes=True),
    route(f"{MEETING}trend/<uuid:note>/back/", trends.take_back, name="desk-meeting-trend-back", audience=STAFF, rule=OWN_NOTE, changes=True),
    route(f"{MEETING}trend/<uuid:note>/consent/", trends.end_consent, name="desk-meeting-trend-consent", audience=STAFF, rule=OWN_NOTE, changes=True),
    route(f"{MEETING}invite/", views.invitation, name="desk-meeting-invite", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}send/", views.send, name="desk-meeting-send", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}minutes/<int:number>/", views.minutes, name="desk-meeting-minutes", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}round/send/", rounds.send, name="desk-meeting-round-send", audience=STAFF, rule=RUNS, changes=True),
    route(f"{MEETING}round/", rounds.answer, name="desk-meeting-round", audience=STAFF, rule=ALL, changes=True),
    route(f"{MEETING}lock/", views.lock, name="desk-meeting-lock", audience=STAFF, rule=RUNS, changes=True),
]  # fmt: skip
