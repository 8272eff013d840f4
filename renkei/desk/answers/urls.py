"""URLs of desk/answers."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
