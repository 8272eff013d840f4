"""URLs of desk/figures."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.figures import closing, records, shares, views
from renkei.desk.overview import views as overview

NUMBERS = "totals of the plan for every body; columns of other bodies for the front desk alone"
SHARED = "shares of projects of cases the body holds or took, or that name it; the front desk all"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/figures/", views.figures, name="desk-figures", audience=Audience.STAFF, rule=NUMBERS),
    route("d/<slug:body>/figures/overview/", overview.overview, name="desk-figures-overview", audience=Audience.STAFF,
          rule="totals of the plan and what one's own body sees and holds; the desk's look for the front desk"),
    route("d/<slug:body>/figures/definitions/", views.definitions, name="desk-figures-definitions", audience=Audience.STAFF,
          rule="how figures are counted; staff of every body"),
    route("d/<slug:body>/figures/sheet/", views.sheet, name="desk-figures-sheet", audience=Audience.STAFF, rule=NUMBERS),
    route("d/<slug:body>/figures/close/", closing.close, name="desk-figures-close", audience=Audience.STAFF,
          rule="the front desk closes a year", changes=True),
    route("d/<slug:body>/figures/publish/", closing.publish, name="desk-figures-publish", audience=Audience.STAFF,
          rule="the front desk publishes the totals of a closed year", changes=True),
    route("d/<slug:body>/figures/changes/", records.changes, name="desk-figures-changes", audience=Audience.STAFF,
          rule="records of a closed year that came in or went, as far as the body may see them"),
    route("d/<slug:body>/figures/shares/", shares.shares, name="desk-figures-shares", audience=Audience.STAFF, rule=SHARED),
    route("d/<slug:body>/figures/shares/<uuid:project>/", shares.share, name="desk-figures-share", audience=Audience.STAFF, rule=SHARED),
    route("d/<slug:body>/figures/shares/<uuid:project>/propose/", shares.propose, name="desk-figures-share-propose", audience=Audience.STAFF,
          rule="who runs a case of the project proposes", changes=True),
    route("d/<slug:body>/figures/shares/<uuid:project>/answer/", shares.answer, name="desk-figures-share-answer", audience=Audience.STAFF,
          rule="a body named in the newest proposal answers", changes=True),
    route("d/<slug:body>/figures/of/<slug:figure>/", records.records, name="desk-figure", audience=Audience.STAFF,
          rule="the records behind a number, as far as the body may see them; of the others how many"),
]  # fmt: skip
