"""URLs of desk/register."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again
from renkei.base.routes import Audience, route
from renkei.desk.exports.views import export
from renkei.desk.register import views

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/register/", views.register_import, name="desk-register-import", audience=Audience.STAFF,
          rule="the body's own imports", changes=True),
    route("d/<slug:body>/register/confirm/", views.register_confirm, name="desk-register-confirm",
          audience=Audience.STAFF, rule="any member of a body", changes=True),
    route("d/<slug:body>/register/<uuid:run>/undo/", views.register_undo, name="desk-register-undo",
          audience=Audience.STAFF, rule="the body's own imports", changes=True),
    route("d/<slug:body>/register/export/", asks_again(export), name="desk-register-export",
          audience=Audience.STAFF, rule="cases the body may see", changes=True),
]  # fmt: skip
