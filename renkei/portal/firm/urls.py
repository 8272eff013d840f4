"""URLs of portal/firm."""

from django.urls import URLPattern

from renkei.accounts.again import asks_to_send
from renkei.base.routes import Audience, route
from renkei.portal.firm import new, people, profile, searches, sight, views

FIRM = "the firm in the URL: its own cases, accounts and record"
SEARCH = "firm/<uuid:company>/searches/<uuid:firm_search>/"
OWN = "the person's own searches"
ADMIN = "accounts of the firm in the URL; only its administrators change them"

urlpatterns: list[URLPattern] = [
    route("firm/", views.firms, name="portal-firms", audience=Audience.PERSON, rule="the firms the signed-in person acts for"),
    route("firm/<uuid:company>/", views.home, name="portal-home", audience=Audience.COMPANY, rule=FIRM),
    route("firm/<uuid:company>/archive/", views.archive, name="portal-archive", audience=Audience.COMPANY, rule=FIRM),
    route("firm/<uuid:company>/questions/", views.questions, name="portal-questions", audience=Audience.COMPANY, rule=FIRM),
    route("firm/<uuid:company>/new/", new.new, name="portal-new", audience=Audience.COMPANY, rule=FIRM, changes=True),
    route("firm/<uuid:company>/profile/", profile.profile, name="portal-profile", audience=Audience.COMPANY, rule=FIRM,
          changes=True),
    route("firm/<uuid:company>/sight/", sight.sight, name="portal-sight", audience=Audience.COMPANY, rule=FIRM),
    route("firm/<uuid:company>/find/", searches.find, name="portal-find", audience=Audience.COMPANY, rule="public entries"),
    route("firm/<uuid:company>/find/<path:entry>/", searches.entry, name="portal-entry", audience=Audience.COMPANY, rule="a public entry"),
    route("firm/<uuid:company>/searches/", searches.saved, name="portal-searches", audience=Audience.COMPANY, rule=OWN),
    route("firm/<uuid:company>/searches/new/", searches.new, name="portal-search-new", audience=Audience.COMPANY, rule=OWN,
          changes=True),
    route(SEARCH, searches.edit, name="portal-search", audience=Audience.COMPANY, rule=OWN, changes=True),
    route(f"{SEARCH}end/", searches.end, name="portal-search-end", audience=Audience.COMPANY, rule=OWN, changes=True),
    route(f"{SEARCH}seen/", searches.seen, name="portal-search-seen", audience=Audience.COMPANY, rule=OWN, changes=True),
    route("firm/<uuid:company>/people/", asks_to_send(people.people), name="portal-people", audience=Audience.COMPANY, rule=ADMIN,
          changes=True),
    route("firm/<uuid:company>/people/invitation/<uuid:guest>/withdraw/", people.withdraw,
          name="portal-people-withdraw", audience=Audience.COMPANY, rule=ADMIN, changes=True),
    route("firm/<uuid:company>/people/invitation/<uuid:guest>/resend/", asks_to_send(people.resend),
          name="portal-people-resend", audience=Audience.COMPANY, rule=ADMIN, changes=True),
    route("firm/<uuid:company>/people/<uuid:account>/role/", asks_to_send(people.role), name="portal-people-role",
          audience=Audience.COMPANY, rule=ADMIN, changes=True),
    route("firm/<uuid:company>/people/<uuid:account>/end/", asks_to_send(people.end), name="portal-people-end",
          audience=Audience.COMPANY, rule=f"{ADMIN}; everyone ends their own", changes=True),
]  # fmt: skip
