"""URLs of desk/triage."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
