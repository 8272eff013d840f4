"""URLs of desk/ladder."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.ladder import views

STAFF = Audience.STAFF

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/climbs/", views.climbs_page, name="desk-climbs", audience=STAFF, rule="needs of cases the body runs or took"),
    route("d/<slug:body>/climbs/<uuid:need>/", views.let_climb, name="desk-climb", audience=STAFF, rule="needs of cases the body runs", changes=True),
    route("d/<slug:body>/gaps/", views.gaps_page, name="desk-gaps", audience=STAFF, rule="every body: no gap leads to a firm"),
    route("d/<slug:body>/gaps/xlsx/", views.gaps_xlsx, name="desk-gaps-xlsx", audience=STAFF, rule="every body: no gap leads to a firm"),
    route("d/<slug:body>/gaps/<uuid:gap>/", views.gap_one, name="desk-gap", audience=STAFF, rule="every body; the case behind it for who runs or took it"),
]
