"""URLs of desk/letters."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again
from renkei.base.routes import Audience, route
from renkei.desk.letters import steps, templates, views

SEEN = "letters of a class the body may read; drafts of its own"
OWN = "letters the body wrote"
CASE = "d/<slug:body>/case/<uuid:case>/letters/"
LETTER = f"{CASE}<uuid:letter>/"
BODY = "the body's own templates; administrators change them"
STAFF = Audience.STAFF

urlpatterns: list[URLPattern] = [
    route(CASE, views.letters, name="desk-letters", audience=STAFF, rule="cases the body may see"),
    route(f"{CASE}new/<slug:kind>/", views.new, name="desk-letter-new", audience=STAFF, rule="cases the body takes part in", changes=True),
    route(LETTER, views.letter, name="desk-letter", audience=STAFF, rule=SEEN),
    route(f"{LETTER}print/", views.page, name="desk-letter-print", audience=STAFF, rule=SEEN),
    route(f"{LETTER}file/", views.file, name="desk-letter-file", audience=STAFF, rule=SEEN),
    route(f"{LETTER}edit/", views.edit, name="desk-letter-edit", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}issue/", asks_again(views.issue), name="desk-letter-issue", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}correct/", views.correct, name="desk-letter-correct", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}withdraw/", views.withdraw, name="desk-letter-withdraw", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}send/", views.send, name="desk-letter-send", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}posted/", views.posted, name="desk-letter-posted", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}ask/", steps.ask, name="desk-letter-ask", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}show/", steps.show, name="desk-letter-show", audience=STAFF, rule=OWN, changes=True),
    route(f"{LETTER}step/<uuid:turn>/", steps.step, name="desk-letter-step", audience=STAFF, rule="steps that name the person", changes=True),
    route("d/<slug:body>/templates/", templates.templates, name="desk-templates", audience=STAFF, rule=BODY),
    route("d/<slug:body>/templates/fields/", templates.fields, name="desk-template-fields", audience=STAFF, rule="everybody on the staff"),
    route("d/<slug:body>/templates/kind/<slug:kind>/", templates.upload, name="desk-template-upload", audience=STAFF, rule=BODY, changes=True),
    route("d/<slug:body>/templates/kind/<slug:kind>/file/", templates.shipped, name="desk-template-shipped", audience=STAFF,
          rule="everybody on the staff", changes=True),
    route("d/<slug:body>/templates/<uuid:template>/file/", templates.file, name="desk-template-file", audience=STAFF, rule=BODY),
    route("d/<slug:body>/templates/<uuid:template>/use/", templates.use, name="desk-template-use", audience=STAFF, rule=BODY, changes=True),
]  # fmt: skip
