"""URLs of desk/people."""

from django.urls import URLPattern

from renkei.accounts.again import asks_again, asks_to_send
from renkei.base.routes import Audience, route
from renkei.desk.people import review, views

ADMIN = "the body's administrators; its own members and invitations"

urlpatterns: list[URLPattern] = [
    route("d/<slug:body>/people/", views.people, name="desk-people", audience=Audience.STAFF, rule="any member of the body"),
    route("d/<slug:body>/people/invite/", asks_again(views.person_invite), name="desk-people-invite", audience=Audience.STAFF,
          rule=ADMIN, changes=True),
    route("d/<slug:body>/people/invited/<uuid:invitation>/resend/", asks_again(views.invitation_resend),
          name="desk-people-resend", audience=Audience.STAFF, rule=ADMIN, changes=True),
    route("d/<slug:body>/people/invited/<uuid:invitation>/withdraw/", asks_again(views.invitation_withdraw), name="desk-people-withdraw",
          audience=Audience.STAFF, rule=ADMIN, changes=True),
    route("d/<slug:body>/people/<uuid:member>/", views.member, name="desk-people-member", audience=Audience.STAFF,
          rule=ADMIN, changes=True),
    route("d/<slug:body>/people/<uuid:member>/admin/", asks_again(views.member_admin), name="desk-people-admin",
          audience=Audience.STAFF, rule=ADMIN, changes=True),
    route("d/<slug:body>/people/review/", asks_to_send(review.review), name="desk-people-review", audience=Audience.STAFF,
          rule="any member reads; the body's administrators sign", changes=True),
]  # fmt: skip
