"""The list of follow-ups: what is due, to be asked by telephone, waited for and answered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from renkei.base.actor import Actor
from renkei.base.forms import TextField
from renkei.cases.actions.reading import read_cases
from renkei.cases.models import FollowUp
from renkei.cases.queries.follow_ups import follow_ups_wanted, read_wanted
from renkei.desk.request import StaffRequest
from renkei.plan.models import Body

PER_PAGE = 50
STATES = [
    ("", _("聞いたもの・聞く時期のもの")), ("trouble", _("困っている・相談がある")), ("phone", _("電話で聞く")), ("due", _("聞く時期が来た")),
    ("asked", _("返事待ち")), ("answered", _("返事があった")), ("planned", _("これから聞く")), ("ended", _("聞かないことにした・返事なし")),
]  # fmt: skip


class FollowUpFilter(forms.Form):
    """The filter row."""

    use_required_attribute = False

    state = forms.ChoiceField(label=_("状態"), choices=STATES, required=False)
    months = forms.ChoiceField(label=_("時期"), required=False)
    by = forms.ChoiceField(label=_("主担当"), required=False)
    q = TextField(label=_("言葉・番号・会社名"), required=False, max_length=100)

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data, auto_id="f_%s")
        months = FollowUp.objects.visible_to(actor).order_by("months").values_list("months", flat=True).distinct()
        self._choose("months", [(str(n), _("%(n)sか月後") % {"n": n}) for n in months])
        self._choose("by", [(one.pk, one.short) for one in Body.objects.order_by("order")])

    def _choose(self, name: str, pairs: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [("", _("すべて")), *pairs]


@require_safe
def follow_ups(request: StaffRequest, body: str) -> HttpResponse:
    """List them, narrowed; that answers are shown is on record."""
    wanted = read_wanted(request.GET.urlencode())
    found = follow_ups_wanted(wanted, request.actor).select_related("case", "case__company", "case__holder", "recorded_by")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    read_cases([one.case_id for one in page if one.answered_at is not None], by=request.actor)
    context = {"page": page, "form": FollowUpFilter(request.GET, actor=request.actor), "query": wanted.query, "body": body}
    return render(request, "desk/follow_ups/list.html", context)
