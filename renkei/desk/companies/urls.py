"""URLs of desk/companies."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.companies import views

KNOWN = "firms the acting body knows; 404 otherwise"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/companies/", views.companies, name="desk-companies", audience=Audience.STAFF, rule=KNOWN),
    route("d/<slug:body>/companies/new/", views.company_new, name="desk-company-new", audience=Audience.STAFF,
          rule="any member; a case named with it must be run by the body", changes=True),
    route("d/<slug:body>/company/<uuid:company>/", views.company, name="desk-company", audience=Audience.STAFF,
          rule=KNOWN, changes=True),
    route("d/<slug:body>/company/<uuid:company>/edit/", views.company_edit, name="desk-company-edit",
          audience=Audience.STAFF, rule=KNOWN, changes=True),
]  # fmt: skip
