"""An entry as its owner types it: one form a kind, made from the table of its facts; its windows beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, Options, TextField, YenField
from renkei.base.refusal import Refused
from renkei.matching.actions import EntryRow, WindowRow
from renkei.matching.additions import BESIDE, own, tells
from renkei.matching.entry_words import changes, mark_of, row_of, snapshot
from renkei.matching.fact_words import read_fact, show_fact
from renkei.matching.fields import Fact, Shape, facts_of, value_of, with_values
from renkei.matching.models import Entry, WindowKind
from renkei.matching.tying import ACCOUNT, account_choices
from renkei.plan.models import Service, Stage
from renkei.plan.queries import content_now, is_front_desk

ELSEWHERE = "-"
_ROWS = {Shape.LINES: 4, Shape.SPANS: 2}


class FactField(TextField):
    """A fact of an entry, read and shown as everywhere else."""

    def __init__(self, fact: Fact, **kwargs: Any) -> None:
        self.fact = fact
        unit = f"（{fact.unit}）" if fact.unit else ""
        super().__init__(rows=_ROWS.get(fact.shape, 1), required=False, label=f"{fact.label}{unit}", help_text=str(fact.help), **kwargs)

    def to_python(self, value: Any) -> Any:
        """Read the value; a sentence stands beside the field when it cannot be read."""
        try:
            return read_fact(self.fact, super().to_python(value))
        except ValueError as error:
            raise forms.ValidationError(str(error), code="wrong_fact") from error

    def prepare_value(self, value: Any) -> Any:
        """Show what is kept in words and leave typed text as it is."""
        return value if isinstance(value, str) else show_fact(self.fact, value)

    def run_validators(self, value: Any) -> None:
        """The reader has looked at everything."""


def fact_field(fact: Fact) -> forms.Field:
    """Return the field for a fact by its shape."""
    label, hint = str(fact.label), str(fact.help)
    if fact.shape is Shape.YES:
        return forms.BooleanField(label=label, required=False)
    if fact.shape is Shape.YEN:
        return YenField(label=label, required=False, help_text=hint or _("例：1,900、7万円"))
    if fact.shape is Shape.MEMBER:
        return forms.ChoiceField(label=label, required=False, help_text=hint)  # of whom to choose, the form knows
    if fact.shape in {Shape.CHOICE, Shape.POST}:
        words = fact.choices if fact.shape is Shape.CHOICE else [(one.code, one.name) for one in content_now().vocabulary("posts")]
        return forms.ChoiceField(label=label, required=False, help_text=hint, choices=[("", _("選んでいません")), *words])
    if fact.shape is Shape.STAGES:
        return forms.MultipleChoiceField(label=label, required=False, widget=Checks, choices=list(Stage.objects.values_list("pk", "name")))
    return FactField(fact)


class FactsForm(forms.Form):
    """A form with facts of a kind of entry."""

    use_required_attribute = False
    facts: list[Fact]

    @property
    def plain(self) -> list[forms.BoundField]:
        """Return the facts that are no rules."""
        return [self[fact.name] for fact in self.facts if not fact.key.startswith("eligible.")]

    @property
    def rules(self) -> list[forms.BoundField]:
        """Return the facts that say which firms can use it."""
        return [self[fact.name] for fact in self.facts if fact.key.startswith("eligible.")]


class EntryForm(FactsForm):
    """One entry of a kind. The action checks what belongs together; its refusals stand beside their fields."""

    name = TextField(label=_("名前"), max_length=300, error_messages={"required": _("名前を入れてください。")})
    kana = TextField(label=_("フリガナ"), required=False, max_length=300, help_text=_("かなで探すため"))
    owner = forms.ChoiceField(label=_("持ち主"), widget=Options, required=False)
    owner_name = TextField(label=_("部署、または計画の外の機関の名前"), required=False, max_length=200)
    service = forms.ChoiceField(label=_("支援メニュー"), required=False, help_text=_("この項目を使う支援。分からなければ空けます。"))
    summary = TextField(label=_("説明"), rows=4, required=False, max_length=4000, help_text=_("何ができ、どんな困りごとに役立つか。相談した会社にも見せる文です。"))
    text = TextField(label=_("探すときの言葉"), rows=3, required=False, max_length=20_000,
                     help_text=_("説明にない言い方や略した名前など。「、」で区切ります。"))
    tech_fields = forms.MultipleChoiceField(label=_("技術分野"), required=False, widget=Checks)
    themes = forms.MultipleChoiceField(label=_("技術テーマ"), required=False, widget=Checks)
    url = TextField(label=_("ページのアドレス"), required=False, max_length=500)
    source = TextField(label=_("出典"), required=False, max_length=200, help_text=_("何を見て書いたか"))
    source_on = JapaneseDateField(label=_("出典の日"), required=False)
    ends_on = JapaneseDateField(label=_("最終日"), required=False, help_text=_("この日のあとは、提案に出しません。"))
    is_public = forms.BooleanField(label=_("だれでも見られる（公開）"), required=False)
    seen = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str, actor: Actor, entry: Entry | None = None, **kwargs: Any) -> None:
        self.kind, self.actor, self.entry = kind, actor, entry
        body = entry.body_id if entry else actor.body
        self.facts = [fact for fact in facts_of(kind) if body or fact.shape is not Shape.MEMBER]
        super().__init__(*args, **kwargs)
        for fact in self.facts:
            self.fields[fact.name] = fact_field(fact)
        content = content_now()
        for name in ("tech_fields", "themes"):
            self._choices(name, [(one.code, one.name) for one in content.vocabulary(name)])
        if ACCOUNT in self.fields:
            self._choices(ACCOUNT, account_choices(body, name=entry.name if entry else "", kept=value_of(entry.facts, ACCOUNT) or "" if entry else ""))
        self._choices("service", [("", _("選んでいません")), *Service.objects.values_list("pk", "name")])
        self._choices("owner", [(actor.body or "", _("この機関")), (ELSEWHERE, _("計画の外の機関"))])
        if not is_front_desk(actor.body) or entry is not None:
            del self.fields["owner"]  # another body keeps its own; an owner stays

    def row(self, windows: list[WindowRow]) -> EntryRow:
        """Return what was typed as the action takes it; facts the form does not know stay."""
        data = self.cleaned_data
        given = {fact.key: self._given(fact, data[fact.name]) for fact in self.facts}
        body = self.entry.body_id if self.entry else None if data.get("owner") == ELSEWHERE else self.actor.body
        return EntryRow(
            id=self.entry.pk if self.entry else "", kind=self.kind, body=body, service=data["service"] or None,
            facts=with_values(self.entry.facts if self.entry else {}, given), windows=tuple(windows),
            **{name: data[name] for name in ("name", "kana", "owner_name", "summary", "text", "tech_fields", "themes", "url",
                                             "source", "source_on", "ends_on", "is_public")},
        )  # fmt: skip

    def _given(self, fact: Fact, value: Any) -> Any:
        """A box that is not ticked says nothing, unless no was said before."""
        if fact.shape is not Shape.YES or value:
            return value
        return False if self.entry and value_of(self.entry.facts, fact.key) is not None else None

    def _choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            kept = getattr(self.entry, name, None) or []
            more = [(code, code) for code in (kept if isinstance(kept, list) else []) if code not in dict(choices)]
            field.choices = [*choices, *more]
        if not choices:
            del self.fields[name]


class AddingForm(FactsForm):
    """What the list of an entry does not tell; a field left empty adds nothing, an emptied one takes away what was added."""

    seen = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, entry: Entry, added: Mapping[str, Any], **kwargs: Any) -> None:
        row = own(row_of(entry))
        self.facts = [fact for fact in facts_of(entry.kind) if not tells(row, fact.key)]
        first = {key.replace(".", "__"): [str(one) for one in value] if key == "eligible.stage" else value for key, value in added.items()}
        kwargs["initial"] = first | {"seen": mark_of(entry)}
        super().__init__(*args, **kwargs)
        for fact in self.facts:
            self.fields[fact.name] = fact_field(fact) if fact.shape is not Shape.YES else _yes_no(fact)
        if not tells(row, "service"):
            choices = [("", _("選んでいません")), *Service.objects.values_list("pk", "name")]
            self.fields["service"] = forms.ChoiceField(label=_("支援メニュー"), required=False, choices=choices)
        for name, label in (("tech_fields", _("技術分野")), ("themes", _("技術テーマ"))):
            terms = [(one.code, one.name) for one in content_now().vocabulary(name)]
            if terms and not tells(row, name):
                self.fields[name] = forms.MultipleChoiceField(label=label, required=False, widget=Checks, choices=terms)

    @property
    def beside(self) -> list[forms.BoundField]:
        """Return what may be added besides facts."""
        return [self[name] for name in BESIDE if name in self.fields]

    def values(self) -> dict[str, Any]:
        """Return what was typed, by key."""
        return {fact.key: self.cleaned_data[fact.name] for fact in self.facts} | {one.name: self.cleaned_data[one.name] for one in self.beside}


def _yes_no(fact: Fact) -> forms.Field:
    """Return a field in which no can be told from what nobody knows."""
    choices = [("", _("分かりません")), (True, _("はい")), (False, _("いいえ"))]
    return forms.TypedChoiceField(label=str(fact.label), required=False, choices=choices, coerce=lambda value: value == "True", empty_value=None)


class WindowForm(forms.Form):
    """One time in which the entry can be had; a line left empty, or marked as gone, is none."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=_("種類"), choices=[("", _("なし")), *WindowKind.choices], required=False)
    opens = JapaneseDateField(label=_("受付の始まり"), required=False, help_text="")
    closes = JapaneseDateField(label=_("受付の終わり"), required=False, help_text="")
    starts = JapaneseDateField(label=_("始まる日"), required=False, help_text="")
    always_open = forms.BooleanField(label=_("いつでも"), required=False)

    def clean(self) -> dict[str, Any]:
        """Say what is missing beside the day it is about."""
        data = super().clean() or {}
        filled = any(data.get(name) for name in ("opens", "closes", "starts", "always_open"))
        if filled and not data.get("kind"):
            self.add_error("kind", _("期間の種類を選んでください。"))
        if data.get("kind") and not data.get("always_open") and not data.get("closes") and "closes" not in self.errors:
            self.add_error("closes", _("終わりの日を入れるか、「いつでも」に印を付けてください。"))
        if data.get("opens") and data.get("closes") and data["closes"] < data["opens"]:
            self.add_error("closes", _("始まりより前です。"))
        return data

    def window(self) -> WindowRow | None:
        """Return the window, or None for an empty line."""
        data = self.cleaned_data
        if not data.get("kind"):
            return None
        return WindowRow(data["kind"], data["opens"], data["closes"], data["starts"], data["always_open"])


Windows = formset_factory(WindowForm, extra=2, max_num=60, validate_max=True)


class WithdrawForm(forms.Form):
    """From when on an entry is gone, and why."""

    use_required_attribute = False

    on = JapaneseDateField(label=_("いつから"), error_messages={"required": _("いつから無くなるかを入れてください。")},
                           help_text=_("先の日を入れると、その日までは使えます。例：今日、3月31日"))
    reason = TextField(label=_("理由"), rows=2, max_length=300, help_text=_("例：装置が壊れた、担当が替わった、制度が終わった"),
                       error_messages={"required": _("理由を書いてください。")})


def first_values(entry: Entry, mark: str) -> dict[str, Any]:
    """Return what stands in an entry as the form's first values."""
    names = ("name", "kana", "owner_name", "summary", "text", "tech_fields", "themes", "url", "source", "source_on", "ends_on", "is_public")
    facts = {fact.name: value_of(entry.facts, fact.key) for fact in facts_of(entry.kind)}
    stages = {name: [str(one) for one in value] for name, value in facts.items() if name == "eligible__stage" and value}
    return {name: getattr(entry, name) for name in names} | facts | stages | {"service": entry.service_id or "", "seen": mark}


def first_windows(entry: Entry) -> list[dict[str, Any]]:
    """Return an entry's windows as the first values of their forms."""
    names = ("kind", "opens", "closes", "starts", "always_open")
    return [{name: getattr(one, name) for name in names} for one in entry.windows.all()]


def windows_of(forms_: BaseFormSet[WindowForm]) -> list[WindowRow]:
    """Return the windows that were typed."""
    return [found for form in forms_ if (found := form.window())]


def others_saved(form: EntryForm, windows: list[WindowRow], entry: Entry) -> list[tuple[str, str]]:
    """Return label and present value of each field in which the record now differs from what was typed."""
    now = row_of(entry)
    mine = replace(form.row(windows), last_checked=now.last_checked)  # nobody types the day of checking
    return [(one.label, one.new) for one in changes(snapshot(mine), snapshot(now))]


def show_refusal(form: forms.Form, refusal: Refused) -> None:
    """Put a refusal beside its field, or above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
