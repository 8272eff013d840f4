"""URLs of desk/cases."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
