"""URLs of desk/intake."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
