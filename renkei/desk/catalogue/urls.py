"""URLs of desk/catalogue."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.catalogue import adding, editing, harvests, sheets, views

ALL = "every entry, for every member of staff; 404 otherwise"

OWN = "entries the acting body owns; the front desk those of no body (refused in words)"
ADDS = "the front desk, to entries of lists (refused in words to others, and for other entries)"
DESK = "the front desk changes lists (refused in words to others)"
RUNS = "the acting body's own imports; rows of others are refused in words"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/catalogue/", views.entries, name="desk-catalogue", audience=Audience.STAFF, rule=ALL),
    route("d/<slug:body>/catalogue/check/", views.checks, name="desk-catalogue-check", audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/catalogue/import/", sheets.sheet_in, name="desk-catalogue-import", audience=Audience.STAFF, rule=RUNS, changes=True),
    route("d/<slug:body>/catalogue/import/confirm/", sheets.sheet_confirm, name="desk-catalogue-import-confirm", audience=Audience.STAFF,
          rule=RUNS, changes=True),
    route("d/<slug:body>/catalogue/import/<uuid:run>/undo/", sheets.sheet_undo, name="desk-catalogue-undo", audience=Audience.STAFF,
          rule=RUNS, changes=True),
    route("d/<slug:body>/catalogue/template/<slug:kind>/", sheets.sheet_template, name="desk-catalogue-template", audience=Audience.STAFF,
          rule="any member; columns only"),
    route("d/<slug:body>/catalogue/export/", sheets.sheet_out, name="desk-catalogue-export", audience=Audience.STAFF, rule=ALL, changes=True),
    route("d/<slug:body>/catalogue/lists/", harvests.lists, name="desk-catalogue-lists", audience=Audience.STAFF, rule="every list, for every member"),
    route("d/<slug:body>/catalogue/lists/new/<slug:kind>/", harvests.list_new, name="desk-catalogue-list-new", audience=Audience.STAFF, rule=DESK,
          changes=True),
    route("d/<slug:body>/catalogue/lists/<uuid:harvest>/", harvests.list_page, name="desk-catalogue-list", audience=Audience.STAFF,
          rule="every list, for every member"),
    route("d/<slug:body>/catalogue/lists/<uuid:harvest>/edit/", harvests.list_edit, name="desk-catalogue-list-edit", audience=Audience.STAFF,
          rule=DESK, changes=True),
    route("d/<slug:body>/catalogue/lists/<uuid:harvest>/now/", harvests.list_now, name="desk-catalogue-list-now", audience=Audience.STAFF,
          rule=DESK, changes=True),
    route("d/<slug:body>/catalogue/lists/<uuid:harvest>/end/", harvests.list_end, name="desk-catalogue-list-end", audience=Audience.STAFF,
          rule=DESK, changes=True),
    route("d/<slug:body>/catalogue/new/", editing.entry_kinds, name="desk-catalogue-kinds", audience=Audience.STAFF, rule="any member"),
    route("d/<slug:body>/catalogue/new/<slug:kind>/", editing.entry_new, name="desk-catalogue-new", audience=Audience.STAFF,
          rule="any member, for the own body", changes=True),
    route("d/<slug:body>/entry/<str:entry>/", views.entry, name="desk-catalogue-entry", audience=Audience.STAFF, rule=ALL),
    route("d/<slug:body>/entry/<str:entry>/edit/", editing.entry_edit, name="desk-catalogue-edit", audience=Audience.STAFF, rule=OWN, changes=True),
    route("d/<slug:body>/entry/<str:entry>/add/", adding.entry_add, name="desk-catalogue-add", audience=Audience.STAFF, rule=ADDS, changes=True),
    route("d/<slug:body>/entry/<str:entry>/withdraw/", editing.entry_withdraw, name="desk-catalogue-withdraw", audience=Audience.STAFF,
          rule=OWN, changes=True),
    route("d/<slug:body>/entry/<str:entry>/return/", editing.entry_return, name="desk-catalogue-return", audience=Audience.STAFF,
          rule=OWN, changes=True),
]  # fmt: skip
