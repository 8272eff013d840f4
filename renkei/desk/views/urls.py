"""URLs of desk/views."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.views import views

OWN = "the person's own views in the body"
VIEW = "d/<slug:body>/views/<uuid:view>/"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/views/", views.saved, name="desk-views", audience=Audience.STAFF, rule=OWN),
    route("d/<slug:body>/views/new/", views.new, name="desk-view-new", audience=Audience.STAFF, rule=OWN, changes=True),
    route(VIEW, views.edit, name="desk-view", audience=Audience.STAFF, rule=OWN, changes=True),
    route(f"{VIEW}move/", views.move, name="desk-view-move", audience=Audience.STAFF, rule=OWN, changes=True),
    route(f"{VIEW}end/", views.end, name="desk-view-end", audience=Audience.STAFF, rule=OWN, changes=True),
    route(f"{VIEW}seen/", views.seen, name="desk-view-seen", audience=Audience.STAFF, rule=OWN, changes=True),
]
