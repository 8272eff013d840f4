"""URLs of desk/intake."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.intake.back import call_back
from renkei.desk.intake.call import call, call_done, call_lookup
from renkei.desk.intake.inbox import inbox_page

KNOWN = "firms and cases the body may see"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/inbox/", inbox_page, name="desk-inbox", audience=Audience.STAFF, rule="cases the body holds"),
    route("d/<slug:body>/call/", call, name="desk-call", audience=Audience.STAFF, rule=KNOWN, changes=True),
    route("d/<slug:body>/call/lookup/", call_lookup, name="desk-call-lookup", audience=Audience.STAFF, rule=KNOWN),
    route("d/<slug:body>/call/<uuid:case>/", call_back, name="desk-call-back", audience=Audience.STAFF,
          rule="cases the body runs; 404 when it may not see them", changes=True),
    route("d/<slug:body>/call/<uuid:case>/saved/", call_done, name="desk-call-done", audience=Audience.STAFF,
          rule="cases the body may see; 404 otherwise"),
]  # fmt: skip
