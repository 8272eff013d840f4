"""How the bodies that helped a project share it: the list, one project, propose, answer."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.forms import Refusing, TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.shares import answer_shares, may_propose, propose_shares
from renkei.cases.models import RegionalProject
from renkei.cases.queries.shares import Proposal, SharedProject, shared_projects
from renkei.desk.request import StaffRequest
from renkei.plan.queries import short_names


class AnswerForm(Refusing):
    """Yes, or no with what is wanted."""

    agreed = forms.TypedChoiceField(
        label=gettext_lazy("この分け方に"), choices=[("yes", gettext_lazy("同意する")), ("no", gettext_lazy("同意しない"))], coerce=lambda given: given == "yes",
        widget=forms.RadioSelect, error_messages={"required": gettext_lazy("どちらかを選んでください。")},
    )  # fmt: skip
    words = TextField(label=gettext_lazy("理由と望む分け方（同意しないとき）"), rows=3, max_length=400, required=False)


class ProposeForm(Refusing):
    """A per cent for each body that helped; what was proposed last stands there."""

    def __init__(self, data: Any, found: SharedProject, names: dict[str, str]) -> None:
        super().__init__(data, initial=found.newest.shares.parts if found.newest else None)
        for code in found.helped:
            self.fields[code] = forms.IntegerField(
                label=_("%(name)sの割合（%%）") % {"name": names.get(code, code)}, min_value=1, max_value=100, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                error_messages={"required": _("割合を入れてください。"), "invalid": _("整数で入れてください。"), "min_value": _("1以上にしてください。"), "max_value": _("100までにしてください。")},
            )  # fmt: skip


@require_safe
def shares(request: StaffRequest, body: str) -> HttpResponse:
    """List the projects whose shares one may see; those that wait for this body first."""
    names = short_names()
    rows = [(one, _parts(one, names), _state(one, names), one.waits_for(body)) for one in shared_projects(request.actor)]
    return render(request, "desk/figures/shares.html", {"body": body, "rows": rows})


@require_safe
def share(request: StaffRequest, body: str, project: uuid.UUID) -> HttpResponse:
    """Show how one project is shared, who has agreed, and what one may do."""
    return _page(request, body, _find(request, project))


@require_POST
def propose(request: StaffRequest, body: str, project: uuid.UUID) -> HttpResponse:
    """Propose shares."""
    found = _find(request, project)
    own = _own(request, project)
    if own is None:
        raise PermissionDenied
    form = ProposeForm(request.POST, found, short_names())
    if form.is_valid():
        try:
            propose_shares(own, {code: form.cleaned_data[code] for code in found.helped}, by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("分け方を提案しました。ほかの機関にお知らせを送りました。"))
            return redirect("desk-figures-share", body=body, project=project)
    return _page(request, body, found, propose=form)


@require_POST
def answer(request: StaffRequest, body: str, project: uuid.UUID) -> HttpResponse:
    """Answer the newest proposal for this body."""
    found = _find(request, project)
    if found.newest is None or body not in found.newest.shares.bodies:
        raise PermissionDenied
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            answer_shares(found.newest.shares, agreed=form.cleaned_data["agreed"], words=form.cleaned_data["words"], by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("答えを記録しました。"))
            return redirect("desk-figures-share", body=body, project=project)
    return _page(request, body, found, answer=form)


def _page(request: StaffRequest, body: str, found: SharedProject, *, propose: ProposeForm | None = None, answer: AnswerForm | None = None) -> HttpResponse:
    names = short_names()
    may = _own(request, found.pk) is not None and len(found.helped) > 1
    context = {
        "body": body, "project": found, "state": _state(found, names), "proposals": [(one, _lines(one, names, body)) for one in found.proposals],
        "own": found.newest.shares.parts.get(body) if found.newest else None,
        "helped": [names.get(code, code) for code in found.helped], "later": [names.get(code, code) for code in found.came_later],
        "propose": (propose or ProposeForm(None, found, names)) if may else None,
        "answer": (answer or AnswerForm()) if found.waits_for(body) or answer else None,
    }  # fmt: skip
    failed = any(form is not None and form.errors for form in (propose, answer))
    return render(request, "desk/figures/share.html", context, status=422 if failed else 200)


def _state(found: SharedProject, names: dict[str, str]) -> str:
    """Return where it stands, with the names of those who have not agreed."""
    if found.open is not None:
        if found.open.refused:
            return _("同意しない機関があります：%(names)s") % {"names": "、".join(names.get(one.body_id, "") for one in found.open.refused)}
        return _("返事を待っています：%(names)s") % {"names": "、".join(names.get(code, code) for code in found.open.missing)}
    if found.held is not None:
        return _("機関が増えました。分け方を提案し直してください。") if found.came_later else _("同意がそろいました")
    return _("1機関だけなので、分けません") if len(found.helped) == 1 else _("まだ提案がありません")


def _parts(found: SharedProject, names: dict[str, str]) -> str:
    """Return who helped, with the per cent of each where shares are proposed or hold."""
    shown = found.open or found.held
    return "、".join(f"{names.get(code, code)} {percent}%" for code, percent in shown.shares.parts.items()) if shown else "、".join(names.get(code, code) for code in found.helped)


def _lines(one: Proposal, names: dict[str, str], own: str) -> list[tuple[str, int, Any, bool]]:
    return [(names.get(code, code), percent, one.answers.get(code), code == own) for code, percent in one.shares.parts.items()]


def _find(request: StaffRequest, project: uuid.UUID) -> SharedProject:
    found = shared_projects(request.actor, project)
    if not found:
        raise Http404
    return found[0]


def _own(request: StaffRequest, project: uuid.UUID) -> RegionalProject | None:
    """Return the project where the actor runs a case of it, and so proposes."""
    own = RegionalProject.objects.visible_to(request.actor).filter(pk=project).first()
    return own if own is not None and may_propose(own, request.actor) else None
