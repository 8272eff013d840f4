"""Forms as the デジタル庁 rules ask: label, ※必須, help above, error below in words, no placeholders, input kept."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.era import parse_date, parse_time
from renkei.base.language import in_english, shown_full_day, shown_money, shown_time
from renkei.base.numbers import parse_phone
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.base.yen import parse_yen


class Renderer(TemplatesSetting):
    """Our own field and form templates."""

    field_template_name = "forms/field.html"
    form_template_name = "forms/form.html"


class Seg(forms.RadioSelect):
    """Radio buttons as pills."""

    template_name = "forms/seg.html"
    option_template_name = "django/forms/widgets/input.html"  # our templates write the label themselves


class Options(forms.RadioSelect):
    """Radio buttons, one a line."""

    template_name = "forms/options.html"
    option_template_name = "django/forms/widgets/input.html"  # our templates write the label themselves


class Checks(forms.CheckboxSelectMultiple):
    """Check boxes, one a line."""

    template_name = "forms/options.html"
    option_template_name = "django/forms/widgets/input.html"  # our templates write the label themselves


class Suggest(forms.TextInput):
    """A line of text with words to choose from: the browser searches them while one types, and anything else may stand."""

    template_name = "forms/suggest.html"

    def __init__(self, suggestions: Sequence[str] = (), attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Tie the line to its list, and leave the browser's own memory out of it."""
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {"list": f"{name}-words", "autocomplete": "off"}
        context["widget"]["suggestions"] = self.suggestions
        return context


class Refusing(forms.Form):
    """A form that shows a refusal beside its field."""

    use_required_attribute = False

    def refuse(self, refusal: Refused) -> None:
        """Put the sentence beside the field it belongs to; what was typed stays."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, forms.ValidationError(refusal.message, code=refusal.code))


class TextField(forms.CharField):
    """Text without control characters; says how long it may be and how long it is."""

    def __init__(self, *, rows: int = 1, **kwargs: Any) -> None:
        if rows > 1:
            kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        kwargs.setdefault("error_messages", {"required": _("ここを書いてください。")})
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        """Clean what was typed. NUL bytes and direction marks are dropped, not refused: people paste them unseen."""
        return clean_text(str(value)) if value not in self.empty_values else ""

    def run_validators(self, value: Any) -> None:
        """Say the length in a sentence."""
        if self.max_length is not None and len(str(value)) > self.max_length:
            raise ValidationError(
                _("%(most)s字までです（いま%(now)s字）。短くするか、ファイルで付けてください。")
                % {"most": f"{self.max_length:,}", "now": f"{len(str(value)):,}"},
                code="too_long",
            )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Give no maxlength to the browser: it would cut pasted text silently."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


class JapaneseDateField(forms.Field):
    """A day as people type it (11月27日, 令和8年11月27日, 明日). ``earliest_today`` refuses days gone by."""

    widget = forms.TextInput(attrs={"autocomplete": "off"})

    def __init__(self, *, earliest_today: bool = False, latest_today: bool = False, **kwargs: Any) -> None:
        self.earliest_today, self.latest_today = earliest_today, latest_today
        kwargs.setdefault("help_text", _("例：11月27日、令和8年11月27日"))
        kwargs.setdefault("error_messages", {"required": _("日を入れてください。")})
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a day in words and leave typed text as it is."""
        return shown_full_day(value) if isinstance(value, dt.date) else value

    def to_python(self, value: Any) -> dt.date | None:
        """Read the day. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return None
        try:
            day = parse_date(str(value), clock.today())
        except ValueError as error:
            raise ValidationError(str(error), code="not_a_date") from error
        if self.earliest_today and day < clock.today():
            raise ValidationError(
                _("%(day)sは過ぎています。今日より後の日を入れてください。") % {"day": shown_full_day(day)}, code="past"
            )
        if self.latest_today and day > clock.today():
            raise ValidationError(_("まだ来ていない日です。今日までの日を入れてください。"), code="future")
        return day


class JapaneseTimeField(forms.Field):
    """A time as people type it (10時, 13:30, 午後3時半)."""

    widget = forms.TextInput(attrs={"autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        """Show a time in words and leave typed text as it is."""
        return shown_time(value) if isinstance(value, dt.time) else value

    def to_python(self, value: Any) -> dt.time | None:
        """Read the time. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return None
        try:
            return parse_time(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="not_a_time") from error


class JapaneseMomentField(forms.Field):
    """A day and a time as people type them (今日 9時20分, 11月24日 16時). A day alone means noon, a time alone today.

    Refuses what has not come yet: it tells when something happened.
    """

    widget = forms.TextInput(attrs={"autocomplete": "off"})
    _time = re.compile(r"(?:午前|午後)?\s*\d{1,2}\s*(?:時(?:\s*\d{1,2}\s*分?|半)?|:\s*\d{1,2})(?:ごろ|頃)?$")

    def prepare_value(self, value: Any) -> Any:
        """Show a moment in words and leave typed text as it is."""
        if not isinstance(value, dt.datetime):
            return value
        local = value.astimezone(clock.JST)
        day = ("today" if in_english() else "今日") if local.date() == clock.today() else shown_full_day(local.date())
        return f"{day} {shown_time(local.time())}"

    def to_python(self, value: Any) -> dt.datetime | None:
        """Read the moment. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return None
        plain = unicodedata.normalize("NFKC", str(value)).strip()
        found = self._time.search(plain)
        day_text = plain[: found.start()].strip() if found else plain
        try:
            day = parse_date(day_text, clock.today()) if day_text else clock.today()
            time = parse_time(found.group().removesuffix("ごろ").removesuffix("頃")) if found else dt.time(12)
        except ValueError as error:
            raise ValidationError(
                _("いつのことかは「今日 9時20分」「11月24日 16時」のように入れてください。"), code="not_a_moment"
            ) from error
        moment = clock.at(day, time.hour, time.minute)
        if moment > clock.now():
            if found or day > clock.today():
                raise ValidationError(_("まだ来ていない日時です。今より前を入れてください。"), code="future")
            return clock.now()
        return moment


class PhoneField(forms.Field):
    """A telephone number in any width."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})

    def to_python(self, value: Any) -> str:
        """Return digits and hyphens. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return ""
        try:
            return parse_phone(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="not_a_phone") from error


class YenField(forms.Field):
    """Whole yen, typed as 700万円 or 1,900."""

    widget = forms.TextInput

    def prepare_value(self, value: Any) -> Any:
        """Show the amount in words."""
        return shown_money(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        """Return yen. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return None
        try:
            return parse_yen(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="not_yen") from error
