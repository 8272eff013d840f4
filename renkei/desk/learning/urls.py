"""URLs of desk/learning."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.learning import views

EDITORS = "counts of judgments and learned weights; members of the front desk and of the plan's lead party"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/learning/", views.learning, name="desk-learning", audience=Audience.STAFF, rule=EDITORS),
    route("d/<slug:body>/learning/act/", views.act, name="desk-learning-act", audience=Audience.STAFF, rule=EDITORS, changes=True),
]
