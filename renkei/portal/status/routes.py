"""The firm reads its support route, in plain words, and says whether to go on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.forms import Options, TextField
from renkei.cases.actions.route_sending import answer_route
from renkei.cases.queries.route_page import answers_to, last_sending, sent_lines, sent_steps
from renkei.cases.queries.route_picture import picture
from renkei.portal.status.acts import back, tried
from renkei.portal.status.door import DoorRequest, door_of


class RouteForm(forms.Form):
    """Go on, or a question."""

    use_required_attribute = False

    answer = forms.ChoiceField(
        label=gettext_lazy("この進め方でよいですか"), widget=Options,
        choices=[("yes", gettext_lazy("進めてよい")), ("no", gettext_lazy("たずねたいこと、変えてほしいことがある"))],
        error_messages={"required": gettext_lazy("どちらかを選んでください。"), "invalid_choice": gettext_lazy("どちらかを選んでください。")},
    )  # fmt: skip
    text = TextField(label=gettext_lazy("たずねたいこと、変えてほしいこと"), required=False, rows=3, max_length=1000)


def route(request: DoorRequest, **where: Any) -> HttpResponse:
    """Show what the firm was sent last, and take its answer. Nothing that was not sent is ever shown."""
    door = door_of(request, where)
    sending = last_sending(door.case, request.actor)
    if sending is None:
        raise Http404
    sending.route.case = door.case
    form = RouteForm(request.POST if request.method == "POST" else None)

    def act() -> None:
        data = form.cleaned_data
        answer_route(sending, by=request.actor, agrees=data["answer"] == "yes", text=data["text"])

    if request.method == "POST" and tried(form, act):
        messages.success(request, _("お返事を受け取りました。"))
        return back(door, "#route")
    lines = sent_lines(sent_steps(sending, request.actor), door.case, request.actor)
    page = {"case": door.case, "door": door, "sending": sending, "lines": lines, "form": form,
            "answers": answers_to(sending, request.actor), "picture": picture(lines, clock.today())}  # fmt: skip
    return render(request, "portal/status/route.html", page)
