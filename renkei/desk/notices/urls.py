"""URLs of desk/notices."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
