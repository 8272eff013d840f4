"""Close a year: first what that means, then the deed. It is never undone."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.forms import JapaneseDateField
from renkei.base.language import shown_fiscal_year
from renkei.base.refusal import Refused
from renkei.desk.figures.asked import read_asked
from renkei.desk.request import StaffRequest
from renkei.reporting.actions import close_period, publish_period
from renkei.reporting.published import FEWEST, tables_of, to_tell
from renkei.reporting.queries import closed_period
from renkei.reporting.rules import closes_periods


class CloseForm(forms.Form):
    """The day of knowledge, and a tick that it is meant."""

    use_required_attribute = False

    on = JapaneseDateField(
        label=gettext_lazy("いつまでに記録されたものを数えるか"),
        help_text=gettext_lazy("この日より後に記録されたものは、締めた数字に入りません。あとで「締めた後の変わり」に出ます。例：令和8年5月31日"),
        error_messages={"required": gettext_lazy("日付を入れてください。")},
    )
    sure = forms.BooleanField(
        label=gettext_lazy("数字を確かめた。締めたあとは、取り消せない"),
        error_messages={"required": gettext_lazy("数字を確かめてから、印を付けてください。")},
    )


def close(request: StaffRequest, body: str) -> HttpResponse:
    """Ask once more, then freeze the figures of a year."""
    if not closes_periods(request.actor):
        raise PermissionDenied
    asked = read_asked(request.GET)
    address = f"{reverse('desk-figures', kwargs={'body': body})}?year={asked.year.start_year}"
    if (period := closed_period(asked.year, request.actor)) is not None:
        messages.info(request, _("%(year)sは、もう締めてあります。") % {"year": shown_fiscal_year(period.year)})
        return redirect(address)
    form = CloseForm(request.POST if request.method == "POST" else None, initial={"on": _first_guess(asked.year.last_day)})
    if request.method == "POST" and form.is_valid():
        try:
            close_period(asked.year, on=form.cleaned_data["on"], by=request.actor)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("%(year)sを締めました。") % {"year": asked.words})
            return redirect(address)
    return render(request, "desk/figures/close.html", {"body": body, "asked": asked, "form": form})


class PublishForm(forms.Form):
    """A tick that it is meant: what everybody has read cannot be taken back."""

    use_required_attribute = False

    sure = forms.BooleanField(
        label=gettext_lazy("数字を確かめた。公表したあとは、取り消せない"),
        error_messages={"required": gettext_lazy("数字を確かめてから、印を付けてください。")},
    )


def publish(request: StaffRequest, body: str) -> HttpResponse:
    """Show what everybody would read of a closed year, and publish it."""
    if not closes_periods(request.actor):
        raise PermissionDenied
    asked = read_asked(request.GET)
    address = f"{reverse('desk-figures', kwargs={'body': body})}?year={asked.year.start_year}"
    period = closed_period(asked.year, request.actor)
    if period is None:
        messages.info(request, _("年度を締めてから、公表してください。"))
        return redirect(address)
    form = PublishForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            publish_period(period, by=request.actor)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("%(year)sの数字を公表しました。") % {"year": asked.words})
            return redirect("public-numbers")
    tables = tables_of([(one.figure, one.split, one.value) for one in to_tell(period)], asked.year)
    return render(request, "desk/figures/publish.html", {"body": body, "asked": asked, "form": form, "tables": tables, "fewest": FEWEST})


def _first_guess(last_day: dt.date) -> dt.date:
    return max(clock.today(), last_day)
