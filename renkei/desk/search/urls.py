"""URLs of desk/search."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
