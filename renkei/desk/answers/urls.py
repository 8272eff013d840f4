"""URLs of desk/answers."""

from django.urls import URLPattern

from renkei.accounts.again import asks_to_send
from renkei.base.routes import Audience, route
from renkei.desk.answers import handing, inquiries, views

OWN = "requests that have left for the body"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/requests/", views.requests, name="desk-requests", audience=Audience.STAFF, rule=OWN),
    route("d/<slug:body>/requests/<uuid:support>/", views.request_one, name="desk-request", audience=Audience.STAFF,
          rule=OWN, changes=True),
    route("d/<slug:body>/requests/<uuid:support>/correct/", views.correct, name="desk-request-correct",
          audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/requests/<uuid:support>/hand/", asks_to_send(handing.hand), name="desk-request-hand",
          audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/requests/<uuid:support>/handed/<uuid:opening>/", handing.answer_person, name="desk-request-handed",
          audience=Audience.STAFF, rule=f"{OWN}; its own openings", changes=True),
    route("d/<slug:body>/inquiries/<uuid:inquiry>/", inquiries.inquiry, name="desk-inquiry", audience=Audience.STAFF,
          rule="what the body is asked without a name, while it is asked", changes=True),
]  # fmt: skip
