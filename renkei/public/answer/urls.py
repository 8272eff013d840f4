"""URLs of public/answer."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
