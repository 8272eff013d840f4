"""URLs of desk/wordlist."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.wordlist import imports, views

ALL = "every group of words, for every member of staff"
EDITORS = "groups of words; members of the front desk and of the plan's lead party"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/words/", views.word_list, name="desk-words", audience=Audience.STAFF, rule=ALL),
    route("d/<slug:body>/words/history/", views.history, name="desk-words-history", audience=Audience.STAFF, rule=ALL),
    route("d/<slug:body>/words/export/", imports.export, name="desk-words-export", audience=Audience.STAFF, rule=ALL),
    route("d/<slug:body>/words/new/", views.new_group, name="desk-words-new", audience=Audience.STAFF, rule=EDITORS, changes=True),
    route("d/<slug:body>/words/import/", imports.take_file, name="desk-words-import", audience=Audience.STAFF, rule=EDITORS,
          changes=True),
    route("d/<slug:body>/words/import/confirm/", imports.confirm, name="desk-words-import-confirm", audience=Audience.STAFF,
          rule=EDITORS, changes=True),
    route("d/<slug:body>/words/import/<uuid:run>/undo/", imports.undo, name="desk-words-import-undo", audience=Audience.STAFF,
          rule=EDITORS, changes=True),
    route("d/<slug:body>/words/g/<str:code>/", views.group, name="desk-words-group", audience=Audience.STAFF, rule=ALL,
          changes=True),
    route("d/<slug:body>/words/g/<str:code>/act/", views.act, name="desk-words-act", audience=Audience.STAFF, rule=EDITORS,
          changes=True),
]  # fmt: skip
