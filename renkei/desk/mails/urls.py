"""URLs of desk/mails."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.mails import views

RUNS = "mails to the firms of cases the body holds or took"
LETTERS = "letters of cases the body holds or took; the front desk also those of no case"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/mails/", views.sent, name="desk-mails", audience=Audience.STAFF, rule=RUNS),
    route("d/<slug:body>/mails/<uuid:mail>/again/", views.again, name="desk-mail-again", audience=Audience.STAFF, rule=RUNS,
          changes=True),
    route("d/<slug:body>/cases/<uuid:case>/mails/<uuid:mail>/again/", views.request_again, name="desk-request-again",
          audience=Audience.STAFF, rule="requests of cases the body runs", changes=True),
    route("d/<slug:body>/mails/in/", views.letters, name="desk-mails-in", audience=Audience.STAFF, rule=LETTERS),
    route("d/<slug:body>/mails/in/<uuid:incoming>/", views.letter, name="desk-mail-in", audience=Audience.STAFF, rule=LETTERS,
          changes=True),
]  # fmt: skip
