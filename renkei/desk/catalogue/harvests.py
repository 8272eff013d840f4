"""Lists of other institutes: what is read, from where, how its columns are called, and what each reading brought."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.forms import Options, Suggest, TextField
from renkei.base.refusal import Refused
from renkei.desk.catalogue.forms import show_refusal
from renkei.desk.companies.forms import NumberField
from renkei.desk.request import StaffRequest
from renkei.matching.actions_harvest import Wish, end_harvest, read_soon, save_harvest
from renkei.matching.entry_words import LABELS
from renkei.matching.fields import facts_of
from renkei.matching.keeping import BY_HAND
from renkei.matching.models import CREDIT, CatalogueRun, Entry, EntryKind, Harvest, HarvestWay
from renkei.matching.outside_lists import columns_of, fetch_list, keeper
from renkei.plan.models import Service
from renkei.plan.queries import is_front_desk

PER_PAGE = 20
LISTED = [one for one in BY_HAND if one not in {EntryKind.EXAMPLE, EntryKind.PERSON}]
NAMED = ("name", "kana", "owner_name", "summary", "text", "tech_fields", "themes", "windows", "url", "ends_on")
COLUMN = "col__"


class HarvestForm(forms.Form):
    """A list: where it lies, how often it is read, and which column holds what."""

    use_required_attribute = False

    name = TextField(label=gettext_lazy("一覧の名前"), max_length=200, help_text=gettext_lazy("出典として、1件ずつに表示します。"),
                     error_messages={"required": gettext_lazy("一覧の名前を入れてください。")})
    owner_name = TextField(label=gettext_lazy("持ち主の機関"), max_length=200, error_messages={"required": gettext_lazy("持ち主の機関の名前を入れてください。")})
    way = forms.ChoiceField(label=gettext_lazy("置き場所"), widget=Options, initial=HarvestWay.FOLDER,
                            choices=[one for one in HarvestWay.choices if one[0] != HarvestWay.JGRANTS])
    place = TextField(label=gettext_lazy("ファイルの名前、またはアドレス"), max_length=500, help_text=gettext_lazy("例：setsubi.csv、https://lists.example/setsubi.xlsx"),
                      error_messages={"required": gettext_lazy("どこから読むかを入れてください。")})
    area = TextField(label=gettext_lazy("地域"), required=False, max_length=50, help_text=gettext_lazy("Jグランツでの書き方で。例：都道府県の名前。全国のものは、いつも入ります。"))
    every_days = NumberField(label=gettext_lazy("何日ごとに読むか"), initial=7, error_messages={"required": gettext_lazy("日数を入れてください。例：7")})
    service = forms.ChoiceField(label=gettext_lazy("支援メニュー"), required=False)
    is_public = forms.BooleanField(label=gettext_lazy("だれでも見られる（公開）"), required=False)
    is_on = forms.BooleanField(label=gettext_lazy("決めた日に読む"), required=False)
    allow_loss = forms.BooleanField(label=gettext_lazy("次の1回だけ、多くが無くなっていても取り込む"), required=False)

    def __init__(self, *args: Any, kind: str, is_jgrants: bool, harvest: Harvest | None = None, found: list[str] | None = None, **kwargs: Any) -> None:
        self.kind, self.is_jgrants, self.harvest = kind, is_jgrants, harvest
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [("", _("選んでいません")), *Service.objects.values_list("pk", "name")]  # type: ignore[attr-defined]  # a choice field
        if harvest is None:
            del self.fields["allow_loss"]
        if is_jgrants:
            del self.fields["way"]
            self.fields["place"].label, self.fields["place"].help_text = _("探す言葉"), _("「、」で区切ります。2文字以上。例：設備投資、研究開発")
            return
        del self.fields["area"]
        labels = {name: LABELS[name] for name in NAMED} | {fact.key: fact.label for fact in facts_of(kind)}
        self.columns = ["key", *labels]
        self.fields[f"{COLUMN}key"] = TextField(label=_("見分けの番号"), required=False, max_length=100, help_text=_("一覧の中で変わらない番号の列。無ければ名前で見分けます。"))
        for name, label in labels.items():
            self.fields[_column(name)] = TextField(label=str(label), required=False, max_length=100)
        for name in self.columns:
            self.fields[_column(name)].widget = Suggest(found or [])

    @property
    def first(self) -> list[forms.BoundField]:
        """Return what is asked of every list."""
        return [self[name] for name in self.fields if not name.startswith(COLUMN)]

    @property
    def mapped(self) -> list[forms.BoundField]:
        """Return the fields that name columns."""
        return [self[name] for name in self.fields if name.startswith(COLUMN)]

    def wish(self) -> Wish:
        """Return what was typed as the action takes it."""
        data = self.cleaned_data
        fixed = {"is_public": data["is_public"], "service": data["service"] or None}
        if self.is_jgrants:
            fixed["area"] = data["area"]
        columns = {} if self.is_jgrants else {name: data[_column(name)] for name in self.columns if data[_column(name)]}
        way = HarvestWay.JGRANTS.value if self.is_jgrants else data["way"]
        return Wish(data["name"], way, data["place"], self.kind, data["owner_name"], columns, fixed, data["every_days"] or 0,
                    data["is_on"], data.get("allow_loss", False))  # fmt: skip


@require_safe
def lists(request: StaffRequest, body: str) -> HttpResponse:
    """List what is read, with the last reading of each."""
    found = list(Harvest.objects.order_by("ended_on", "name"))
    rows = [{"harvest": one, "run": one.runs.first()} for one in found]
    page = {"rows": rows, "body": body, "may": is_front_desk(body), "kinds": LISTED}
    return render(request, "desk/catalogue/lists.html", page)


@require_safe
def list_page(request: StaffRequest, body: str, harvest: uuid.UUID) -> HttpResponse:
    """Show a list: how it is read and what each reading brought."""
    found = get_object_or_404(Harvest, pk=harvest)
    runs = CatalogueRun.objects.visible_to(request.actor).filter(harvest=found)
    counts = Entry.objects.filter(kept_by=keeper(found)).aggregate(
        standing=Count("pk", filter=Q(withdrawn_on__isnull=True)), gone=Count("pk", filter=Q(withdrawn_on__isnull=False)))  # fmt: skip
    labels = {"key": _("見分けの番号")} | {name: str(label) for name, label in LABELS.items()} | {fact.key: str(fact.label) for fact in facts_of(found.kind)}
    page = {
        "harvest": found, "page": Paginator(runs, PER_PAGE).get_page(request.GET.get("page")), "body": body, "may": is_front_desk(body),
        "counts": counts, "columns": [(labels.get(name, name), column) for name, column in found.columns.items()],
        "credit": CREDIT if found.way == HarvestWay.JGRANTS else found.name,
    }  # fmt: skip
    return render(request, "desk/catalogue/list_page.html", page)


def list_new(request: StaffRequest, body: str, kind: str) -> HttpResponse:
    """Name a list of a kind, or (``jgrants``) keywords to ask jGrants for."""
    is_jgrants = kind == HarvestWay.JGRANTS
    if not is_jgrants and kind not in LISTED:
        raise Http404
    kind = EntryKind.PROGRAMME.value if is_jgrants else kind
    first = {"name": "Jグランツ", "owner_name": _("国・自治体（Jグランツ）"), "is_public": True} if is_jgrants else {}
    form = HarvestForm(request.POST if request.method == "POST" else None, kind=kind, is_jgrants=is_jgrants, initial=first)
    return _edit(request, body, form, None)


def list_edit(request: StaffRequest, body: str, harvest: uuid.UUID) -> HttpResponse:
    """Change how a list is read."""
    found = get_object_or_404(Harvest, pk=harvest)
    first: dict[str, Any] = {name: getattr(found, name) for name in ("name", "owner_name", "way", "place", "every_days", "is_on", "allow_loss")}
    first |= {"is_public": found.fixed.get("is_public"), "service": found.fixed.get("service") or "", "area": found.fixed.get("area", "")}
    first |= {_column(name): column for name, column in found.columns.items()}
    form = HarvestForm(request.POST if request.method == "POST" else None, kind=found.kind, is_jgrants=found.way == HarvestWay.JGRANTS, harvest=found,
                       found=_columns_there(found), initial=first)  # fmt: skip
    return _edit(request, body, form, found)


@require_POST
def list_now(request: StaffRequest, body: str, harvest: uuid.UUID) -> HttpResponse:
    """Have a list read at the worker's next round."""
    found = get_object_or_404(Harvest, pk=harvest)
    try:
        read_soon(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("10分のうちに読みます。読み終わると、ここに結果が出ます。"))
    return redirect("desk-catalogue-list", body=body, harvest=found.pk)


@require_POST
def list_end(request: StaffRequest, body: str, harvest: uuid.UUID) -> HttpResponse:
    """Read a list no more and withdraw what it brought."""
    found = get_object_or_404(Harvest, pk=harvest)
    try:
        with transaction.atomic():
            count = end_harvest(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("読むのをやめました。%(count)s件を取り下げました。") % {"count": count})
    return redirect("desk-catalogue-list", body=body, harvest=found.pk)


def _edit(request: StaffRequest, body: str, form: HarvestForm, harvest: Harvest | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                kept = save_harvest(harvest, form.wish(), by=request.actor)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("「%(name)s」の読み方を決めました。") % {"name": kept.name})
            return redirect("desk-catalogue-list", body=body, harvest=kept.pk)
    page = {"form": form, "harvest": harvest, "kind": EntryKind(form.kind).label, "body": body}
    return render(request, "desk/catalogue/list_edit.html", page, status=422 if form.errors else 200)


def _column(name: str) -> str:
    return f"{COLUMN}{name.replace('.', '__')}"


def _columns_there(harvest: Harvest) -> list[str]:
    """Return the columns of a list that lies in the folder; no page waits for another site."""
    if harvest.way != HarvestWay.FOLDER:
        return []
    try:
        return columns_of(fetch_list(harvest))
    except Refused:
        return []  # the page of its readings says why
