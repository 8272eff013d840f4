"""URLs of public/numbers."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.numbers import views

urlpatterns: list[URLPattern] = [
    route("numbers/", views.numbers, name="public-numbers", audience=Audience.PUBLIC, rule="totals that the front desk published, without small ones"),
]
