"""URLs of desk/coordinators."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.coordinators import bridges, reports, views

STAFF = Audience.STAFF
HOME = "d/<slug:body>/coordinators/"

urlpatterns: list[URLPattern] = [
    route(HOME, views.workbench_page, name="desk-coordinators", audience=STAFF, rule="needs of cases the body holds, is asked about or works on"),
    route(f"{HOME}log/", views.log, name="desk-coordinators-log", audience=STAFF, rule="the body's log; one writes one's own", changes=True),
    route(f"{HOME}log/<uuid:activity>/", views.line, name="desk-coordinators-line", audience=STAFF, rule="lines of the body; its author changes it", changes=True),
    route(f"{HOME}log/<uuid:activity>/strike/", views.strike, name="desk-coordinators-strike", audience=STAFF, rule="one's own lines", changes=True),
    route(f"{HOME}bridges/", bridges.bridges, name="desk-coordinators-bridges", audience=STAFF, rule="attempts for needs the body sees"),
    route(f"{HOME}bridges/<uuid:bridge>/", bridges.bridge, name="desk-coordinators-bridge", audience=STAFF,
          rule="attempts for needs the body sees; who takes part in the case writes", changes=True),
    route(f"{HOME}reports/", reports.reports, name="desk-coordinators-reports", audience=STAFF, rule="the body's reports, and what any body tabled", changes=True),
    route(f"{HOME}reports/<uuid:report>/", reports.report, name="desk-coordinators-report", audience=STAFF,
          rule="the body's reports, and what any body tabled; its author changes a draft", changes=True),
    route(f"{HOME}posts/", views.posts_page, name="desk-coordinators-posts", audience=STAFF, rule="everybody in a post; the load of one's own body, of all for the front desk"),
]  # fmt: skip
