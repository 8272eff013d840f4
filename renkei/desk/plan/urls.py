"""URLs of desk/plan."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.plan import edit, succession, versions, views

SEEN = "published plans; counts of the cases one may see"
LEAD = "members of the plan's lead party"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/plan/", views.plan_page, name="desk-plan", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/plan/<slug:plan>/", views.plan_page, name="desk-plan-of", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/plan/<slug:plan>/supports/", views.supports, name="desk-plan-supports", audience=Audience.STAFF,
          rule="supports of cases one may see"),
    route("d/<slug:body>/plan/<slug:plan>/results/", views.results, name="desk-plan-results", audience=Audience.STAFF,
          rule="regional projects of cases one may see"),
    route("d/<slug:body>/plan/<slug:plan>/edit/", edit.draft, name="desk-plan-edit", audience=Audience.STAFF, rule=LEAD),
    route("d/<slug:body>/plan/<slug:plan>/edit/<slug:section>/", edit.section, name="desk-plan-section",
          audience=Audience.STAFF, rule=LEAD, changes=True),
    route("d/<slug:body>/plan/<slug:plan>/diff/", edit.compare, name="desk-plan-diff", audience=Audience.STAFF,
          rule=LEAD, changes=True),
    route("d/<slug:body>/plan/<slug:plan>/versions/", versions.versions, name="desk-plan-versions", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/plan/<slug:plan>/versions/<int:number>/", versions.change, name="desk-plan-change", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/plan/<slug:plan>/versions/<int:number>/paper/", versions.paper, name="desk-plan-change-paper",
          audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/plan/<slug:plan>/versions/<int:number>/pdf/", versions.pdf, name="desk-plan-change-pdf", audience=Audience.STAFF,
          rule=SEEN),
    route("d/<slug:body>/plan/<slug:plan>/next/", succession.begin, name="desk-plan-next", audience=Audience.STAFF, rule=LEAD, changes=True),
    route("d/<slug:body>/plan/<slug:plan>/succession/", succession.take_over, name="desk-plan-succession", audience=Audience.STAFF,
          rule="the front desk takes over the open cases of the plan before", changes=True),
]  # fmt: skip
