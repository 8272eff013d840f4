"""URLs of desk/routes."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.routes import views

INSIDE = "cases the body runs or took; only who runs one changes it"
RUN = "cases the body runs: 404 when it does not see them from inside, 403 when another body runs them"
AT = "d/<slug:body>/case/<uuid:case>/route/"

urlpatterns: list[URLPattern] = [
    route(AT, views.route, name="desk-route", audience=Audience.STAFF, rule=INSIDE, changes=True),
    route(f"{AT}add/", views.add, name="desk-route-add", audience=Audience.STAFF, rule=RUN, changes=True),
    route(f"{AT}send/", views.send, name="desk-route-send", audience=Audience.STAFF, rule=RUN, changes=True),
    route(f"{AT}step/<uuid:planned>/", views.step, name="desk-route-step", audience=Audience.STAFF, rule=RUN, changes=True),
]
