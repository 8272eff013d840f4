"""URLs of desk/search."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.search import entries, reach, saved, suggestions, views

OWN = "the person's own searches in the body"
SEARCH = "d/<slug:body>/searches/<uuid:search>/"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/search/", views.search, name="desk-search", audience=Audience.STAFF,
          rule="cases and firms the body may see, entries for every member"),
    route("d/<slug:body>/entries/", entries.entries, name="desk-entries", audience=Audience.STAFF, rule="entries, for every member"),
    route("d/<slug:body>/searches/", saved.saved, name="desk-search-saved", audience=Audience.STAFF, rule=OWN),
    route("d/<slug:body>/searches/new/", saved.new, name="desk-search-new", audience=Audience.STAFF, rule=OWN, changes=True),
    route(SEARCH, saved.edit, name="desk-search-saved-one", audience=Audience.STAFF, rule=OWN, changes=True),
    route(f"{SEARCH}end/", saved.end, name="desk-search-end", audience=Audience.STAFF, rule=OWN, changes=True),
    route(f"{SEARCH}seen/", saved.seen, name="desk-search-seen", audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/entry/<str:entry>/reach/", reach.reach, name="desk-entry-reach", audience=Audience.STAFF,
          rule="an entry for every member; cases and firms the body may see"),
    route("d/<slug:body>/suggestions/<uuid:suggestion>/", suggestions.answer, name="desk-suggestion", audience=Audience.STAFF,
          rule="suggestions of a case the body holds", changes=True),
]  # fmt: skip
