"""URLs of desk/companies."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
