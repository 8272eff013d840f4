"""Forms of a route: a step's body, entry and days; a step to add; what is sent to the firm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import JapaneseDateField, Suggest, TextField
from renkei.cases.models import Case, RouteStep
from renkei.cases.queries.route_choices import Group, choosable, grouped, labelled, told
from renkei.cases.queries.route_plan import open_needs
from renkei.matching.models import Entry
from renkei.plan.queries import provisions_on

_WRONG = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class StepForm(forms.Form):
    """The days of a step and who does it."""

    use_required_attribute = False

    body = forms.ChoiceField(label=_("機関"), error_messages=_WRONG)
    entry = forms.ChoiceField(label=_("制度・講座・機器"), required=False, error_messages=_WRONG, help_text=_("選ぶと、受付の期間や決定までの週数から日が決まります。"))
    begin = JapaneseDateField(label=_("始まり"), required=False, help_text=_("空なら、決まりと受付から計算します。例：11月27日"))
    end = JapaneseDateField(label=_("終わり"), required=False, help_text=_("空なら計算します。機関と決めた日があれば入れてください。"))
    override = TextField(label=_("決まりと違う日にする理由"), required=False, max_length=200, rows=2, help_text=_("決まりが目安のときだけ、理由を書いて変えられます。"))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, step: RouteStep, entries: Sequence[Entry], **kwargs: Any) -> None:
        kwargs["initial"] = {"body": step.body_id, "entry": step.entry, "begin": step.set_begin, "end": step.set_end,
                             "override": step.override} | kwargs.get("initial", {})  # fmt: skip
        super().__init__(*args, **kwargs)
        provisions = provisions_on().filter(service_id=step.service_id)
        bodies = [(one.body_id, one.body.name) for one in provisions]
        if step.body_id not in dict(bodies):
            bodies.append((step.body_id, step.body.name))
        _choose(self, "body", bodies)
        _choose(self, "entry", [("", _("選ばない")), *_entries(step, entries, {code for code, _name in bodies})])


class AddForm(forms.Form):
    """A step to add."""

    use_required_attribute = False

    need = forms.ChoiceField(label=_("どの課題に"), error_messages=_WRONG)
    provision = forms.ChoiceField(label=_("支援と機関"), error_messages=_WRONG)
    entry = TextField(label=_("制度・講座・機器"), required=False, max_length=400, widget=Suggest, help_text=_("名前の一部を入れると、候補が出ます。選ぶと、受付の期間や決定までの週数から日が決まります。"))
    begin = JapaneseDateField(label=_("始まり"), required=False, help_text=_("空なら、決まりと受付から計算します。例：11月27日"))
    end = JapaneseDateField(label=_("終わり"), required=False, help_text=_("空なら計算します。機関と決めた日があれば入れてください。"))
    override = TextField(label=_("決まりと違う日にする理由"), required=False, max_length=200, rows=2, help_text=_("決まりが目安のときだけ、理由を書いて変えられます。"))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "need", [(str(one.pk), f"{one.stage.short}　{one.title}") for one in open_needs(case)])
        rows = provisions_on()
        _choose(self, "provision", [("", _("選んでください")), *((f"{one.service_id}|{one.body_id}", f"{one.service.stage.short}　{one.service.short}：{one.body.short}") for one in rows)])  # fmt: skip
        self.entries = choosable()
        widget = self.fields["entry"].widget
        assert isinstance(widget, Suggest)  # noqa: S101  narrows the declared type
        widget.suggestions = list(labelled(self.entries))

    def clean(self) -> dict[str, Any]:
        """Turn the words of an entry into its number; it has to be one of the service and body."""
        data = super().clean() or {}
        words, (service, _bar, body) = data.get("entry", ""), data.get("provision", "").partition("|")
        if words and service:
            found = told(words, self.entries, service=service, body=body)
            if found is None:
                self.add_error("entry", forms.ValidationError(_("この支援と機関では選べません。名前の一部を入れて、出てくるものから選んでください。"), code="unknown_entry"))
            data["entry"] = found.pk if found else ""
        return data


class SendForm(forms.Form):
    """A word to the firm beside the route."""

    use_required_attribute = False

    text = TextField(label=_("会社へのひとこと"), required=False, max_length=1000, rows=3, help_text=_("会社が、支援ルートの上に読みます。"))
    version = forms.IntegerField(widget=forms.HiddenInput)


def _choose(form: forms.Form, name: str, choices: Sequence[tuple[str, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
    field.choices = list(choices)


def _entries(step: RouteStep, entries: Sequence[Entry], bodies: set[str]) -> list[tuple[str, str] | Group]:
    """Return what a step can be done with, by body and kind; what it has now stands among it, with a word where it can be had no more."""
    listed = [one for one in entries if one.pk == step.entry or one.body_id is None or one.body_id in bodies]
    gone = [] if not step.entry or step.entry in {one.pk for one in listed} else [(step.entry, _("%(name)s（いまは選べません）") % {"name": step.entry_name or step.entry})]
    return [*gone, *grouped(listed, step.body_id)]
