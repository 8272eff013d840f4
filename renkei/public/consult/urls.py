"""URLs of public/consult."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
