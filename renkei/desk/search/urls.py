"""URLs of desk/search."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.search import entries, views

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/search/", views.search, name="desk-search", audience=Audience.STAFF,
          rule="cases and firms the body may see, entries for every member"),
    route("d/<slug:body>/entries/", entries.entries, name="desk-entries", audience=Audience.STAFF, rule="entries, for every member"),
]  # fmt: skip
