"""URLs of public/status."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
