"""URLs of public/plan."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.public.plan import views

OPEN = "published plans; no figure of a case"

urlpatterns: list[URLPattern] = [
    route("plan/", views.plan_page, name="public-plan", audience=Audience.PUBLIC, rule=OPEN),
    route("plan/figure/", views.figure_page, name="public-plan-figure", audience=Audience.PUBLIC, rule=OPEN),
    route("plans/", views.plan_list, name="public-plans", audience=Audience.PUBLIC, rule=OPEN),
    route("plan/<slug:plan>/", views.plan_page, name="public-plan-of", audience=Audience.PUBLIC, rule=OPEN),
    route("plan/<slug:plan>/figure/", views.figure_page, name="public-plan-figure-of", audience=Audience.PUBLIC, rule=OPEN),
    route("plan/<slug:plan>/document/", views.document_page, name="public-plan-document", audience=Audience.PUBLIC,
          rule=OPEN),
    route("plan/<slug:plan>/document/pdf/", views.document_pdf, name="public-plan-pdf", audience=Audience.PUBLIC, rule=OPEN),
]  # fmt: skip
