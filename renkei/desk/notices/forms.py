"""Forms of the notices between bodies."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Checks, JapaneseDateField, TextField
from renkei.plan.models import Body


class NoticeForm(forms.Form):
    """A new notice: to whom, what, and whether an answer is asked for."""

    use_required_attribute = False

    to = forms.ModelMultipleChoiceField(
        label=_("送り先"),
        queryset=Body.objects.none(),
        widget=Checks,
        error_messages={"required": _("送り先の機関を選んでください。"), "invalid_choice": _("その機関はありません。")},
    )
    title = TextField(label=_("件名"), max_length=100)
    text = TextField(label=_("本文"), rows=8, max_length=4000)
    asks_answer = forms.BooleanField(label=_("答えを求める"), required=False)
    due_on = JapaneseDateField(label=_("答えの期限"), required=False, earliest_today=True)

    def __init__(self, *args: object, own: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Form's arguments, passed on as they came
        field = self.fields["to"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101  narrows the declared type
        field.queryset = Body.objects.filter(closed_on__isnull=True).exclude(pk=own)
        field.label_from_instance = lambda obj: f"{obj.number} {obj.name}"  # type: ignore[method-assign]  # Django's documented hook


class AnswerForm(forms.Form):
    """The answer of a receiving body."""

    use_required_attribute = False

    text = TextField(label=_("答え"), rows=4, max_length=2000, error_messages={"required": _("答えを書いてください。")})
