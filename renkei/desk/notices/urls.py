"""URLs of desk/notices."""

from django.urls import URLPattern

from renkei.base.routes import Audience, route
from renkei.desk.notices import views

SEEN = "notices the body sent or received"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/notices/", views.notice_list, name="desk-notices", audience=Audience.STAFF, rule=SEEN),
    route("d/<slug:body>/notices/new/", views.notice_new, name="desk-notice-new", audience=Audience.STAFF,
          rule="any member of a body", changes=True),
    route("d/<slug:body>/notices/<uuid:notice>/", views.notice, name="desk-notice", audience=Audience.STAFF,
          rule=SEEN, changes=True),
    route("d/<slug:body>/notices/<uuid:notice>/read/", views.notice_read, name="desk-notice-read",
          audience=Audience.STAFF, rule="notices the body received", changes=True),
]  # fmt: skip
