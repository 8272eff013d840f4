"""URLs of public/plan."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
