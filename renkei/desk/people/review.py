"""The half-yearly review of a body's members, and for the front desk: which bodies have signed theirs."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.accounts.actions.reviews import sign_review
from renkei.accounts.models import MemberReview, Membership
from renkei.accounts.queries import half_year, people_of
from renkei.accounts.rules import administers
from renkei.base import clock
from renkei.base.forms import Seg
from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.plan.models import Body
from renkei.plan.queries import is_front_desk

WORDS = {"stays": gettext_lazy("続ける"), "leaves": gettext_lazy("離れる"), "changes": gettext_lazy("変わる")}


class ReviewForm(forms.Form):
    """One choice a member; nothing is chosen beforehand, so that nobody signs without looking."""

    use_required_attribute = False

    def __init__(self, *args: object, members: list[Membership], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Form's arguments, passed on as they came
        self.members = members
        for one in members:
            label = f"{one.person.name}（{one.title}）" if one.title else one.person.name
            self.fields[str(one.pk)] = forms.ChoiceField(
                label=label, choices=WORDS.items(), widget=Seg,
                error_messages={"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")},
            )  # fmt: skip


def review(request: StaffRequest, body: str) -> HttpResponse:
    """Let an administrator say of each member who stays, leaves or changes, and sign; members read what was signed."""
    half = half_year(clock.today())
    signed = MemberReview.objects.visible_to(request.actor).filter(body_id=body).select_related("signed_by")
    is_due = not any(one.half == half for one in signed)
    is_admin = administers(request.actor, body)
    if request.method == "POST" and not is_admin:
        raise PermissionDenied
    form = None
    if is_admin and is_due:
        members = [row.member for row in people_of(body) if not row.has_left]
        form = ReviewForm(request.POST if request.method == "POST" else None, members=members)
    if request.method == "POST":
        if form is None:
            raise Refused(_("この半年の見直しは、もう済んでいます。"), "signed")
        if form.is_valid() and _sign(request, form):
            return redirect("desk-people-review", body=body)
    page = {"form": form, "half": half, "is_due": is_due, "signed": [(one, _counts(one)) for one in signed],
            "bodies": _bodies(request, body, half), "is_admin": is_admin}  # fmt: skip
    return render(request, "desk/people/review.html", page)


def _sign(request: StaffRequest, form: ReviewForm) -> bool:
    verdicts = {one.pk: form.cleaned_data[str(one.pk)] for one in form.members}
    try:
        sign_review(request.membership.body, verdicts=verdicts, by=request.actor)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, _("見直しに署名しました。離れる人と変わる人の記録は、「機関の人」で直してください。"))
    return True


def _counts(one: MemberReview) -> list[tuple[str, int]]:
    said = [row["verdict"] for row in one.verdicts]
    return [(str(word), said.count(code)) for code, word in WORDS.items() if code in said]


def _bodies(request: StaffRequest, body: str, half: dt.date) -> list[tuple[Body, MemberReview | None]]:
    """Return, for the front desk, every open body with this half-year's review or None."""
    if not is_front_desk(body):
        return []
    done = MemberReview.objects.visible_to(request.actor, is_desk=True).filter(half=half).select_related("signed_by")
    by_body = {one.body_id: one for one in done}
    return [(one, by_body.get(one.pk)) for one in Body.objects.filter(closed_on__isnull=True)]
