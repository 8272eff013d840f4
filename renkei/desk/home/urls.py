"""URLs of desk/home."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.home import views

urlpatterns: list[URLPattern] = [
    route("d/", views.my_bodies, name="my-bodies", audience=Audience.PERSON, rule="the signed-in person's own bodies"),
    route("mailbox/", views.mailbox, name="desk-mailbox", audience=Audience.PUBLIC,
          rule="anyone, in the example region only; 404 elsewhere"),
    route("d/<slug:body>/", views.today_page, name="desk-today", audience=Audience.STAFF,
          rule="cases the body holds, or in which it moves"),
]  # fmt: skip
