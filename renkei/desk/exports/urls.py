"""URLs of desk/exports."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again
from renkei.base.routes import Audience, route
from renkei.desk.exports import views

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/exports/", views.made, name="desk-exports", audience=Audience.STAFF, rule="administrators of the body"),
    route("d/<slug:body>/exports/<slug:what>/", asks_again(views.export), name="desk-export", audience=Audience.STAFF,
          rule="rows of the list the body may see", changes=True),
    route("d/<slug:body>/case/<uuid:case>/export/", asks_again(views.export_case), name="desk-case-export", audience=Audience.STAFF,
          rule="cases the body may see", changes=True),
]  # fmt: skip
