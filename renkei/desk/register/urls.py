"""URLs of desk/register."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
