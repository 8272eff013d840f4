"""URLs of desk/triage."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.triage.aside import keep, set_aside
from renkei.desk.triage.views import triage

RUN = "cases the body runs: 404 when it may not see them, 403 when another body runs them"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/case/<uuid:case>/triage/", triage, name="desk-triage", audience=Audience.STAFF, rule=RUN,
          changes=True),
    route("d/<slug:body>/case/<uuid:case>/aside/", set_aside, name="desk-set-aside", audience=Audience.STAFF, rule=RUN,
          changes=True),
    route("d/<slug:body>/case/<uuid:case>/keep/", keep, name="desk-keep", audience=Audience.STAFF, rule=RUN,
          changes=True),
]  # fmt: skip
