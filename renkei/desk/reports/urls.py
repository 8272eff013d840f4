"""URLs of desk/reports."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.reports import files, views

READ = "approved reports for every body; drafts for the front desk"
WRITE = "the front desk writes"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/reports/", views.reports, name="desk-reports", audience=Audience.STAFF, rule=READ, changes=True),
    route("d/<slug:body>/reports/<uuid:yearly>/", views.report, name="desk-report", audience=Audience.STAFF, rule=READ),
    route("d/<slug:body>/reports/<uuid:yearly>/write/<slug:part>/", views.write, name="desk-report-write", audience=Audience.STAFF,
          rule=WRITE, changes=True),
    route("d/<slug:body>/reports/<uuid:yearly>/approve/", views.approve, name="desk-report-approve", audience=Audience.STAFF,
          rule="an administrator of the front desk approves", changes=True),
    route("d/<slug:body>/reports/<uuid:yearly>/next/", views.next_version, name="desk-report-next", audience=Audience.STAFF,
          rule=WRITE, changes=True),
    route("d/<slug:body>/reports/<uuid:yearly>/sheet/", files.sheet, name="desk-report-sheet", audience=Audience.STAFF, rule=READ),
    route("d/<slug:body>/reports/<uuid:yearly>/paper/", files.paper, name="desk-report-paper", audience=Audience.STAFF, rule=READ),
    route("d/<slug:body>/reports/<uuid:yearly>/pdf/", files.pdf, name="desk-report-pdf", audience=Audience.STAFF, rule=READ),
]  # fmt: skip
