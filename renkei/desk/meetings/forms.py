"""Forms of meetings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, JapaneseTimeField, Options, Refusing, Seg, TextField
from renkei.base.language import shown_full_day
from renkei.cases.models import Consent, Escalation, Need
from renkei.cases.models.case import Case
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.meetings.actions.agenda import MOST_MINUTES, Wording, put_up
from renkei.meetings.models import OF_CASES, AgendaItem, ItemKind, ItemOutcome, Level, Meeting, MeetingKind
from renkei.meetings.queries import ladder_meetings
from renkei.plan.models import Body
from renkei.plan.queries import content_now


class DayForm(Refusing):
    """Day, hour, place, chair."""

    held_on = JapaneseDateField(label=_("開催日"))
    theme = TextField(label=_("テーマ"), max_length=100, required=False)
    session = choice(_("会の形"), widget=Seg, required=False)
    starts = JapaneseTimeField(label=_("開始"), required=False)
    ends = JapaneseTimeField(label=_("終了"), required=False)
    place = TextField(label=_("場所"), max_length=200, required=False)
    chair = TextField(label=_("議長"), max_length=100, required=False)

    def __init__(self, *args: Any, sessions: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["session"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [("", _("決めない")), *[(one, one) for one in sessions]]
        if not sessions:
            del self.fields["session"]


class CallForm(DayForm):
    """A new meeting."""

    kind = choice(_("種類"), MeetingKind.choices, widget=Seg, initial=MeetingKind.REGULAR)
    reason = TextField(label=_("開く理由"), max_length=200, required=False, help_text=_("臨時に開くときに書きます。"))


class ReasonForm(Refusing):
    """Why."""

    reason = TextField(label=_("理由"), max_length=200, required=False)


class AttendForm(Refusing):
    """Somebody who came."""

    body = choice(_("機関"), required=False, widget=forms.Select)
    name = TextField(label=_("お名前"), max_length=100, error_messages={"required": _("お名前を入れてください。")})
    in_place_of = TextField(label=_("だれの代理か"), max_length=100, required=False)
    organisation = TextField(label=_("所属（機関の外の方）"), max_length=200, required=False)

    def __init__(self, *args: Any, guests: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outside = [("", _("機関の外の方"))] if guests else []
        field = self.fields["body"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [*[(one.pk, one.short) for one in open_bodies()], *outside]
        if not guests:
            del self.fields["organisation"]


class WordingForm(Refusing):
    """What stands on an agenda and who reads it."""

    title = TextField(label=_("議題"), max_length=100, error_messages={"required": _("議題を、ひとことで書いてください。")})
    question = TextField(label=_("諮りたいこと"), rows=4, max_length=1000, required=False)
    level = choice(_("だれが読むか"), Level.choices, widget=Options, initial=Level.ALL)
    bodies = forms.MultipleChoiceField(label=_("名指しする機関"), widget=Checks, required=False,
                                       error_messages={"invalid_choice": _("選び直してください。")})  # fmt: skip
    presenter = TextField(label=_("説明する人"), max_length=100, required=False)
    minutes = forms.IntegerField(
        label=_("予定の時間（分）"), min_value=1, max_value=MOST_MINUTES, initial=10, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": _("何分かかるかを入れてください。"), "invalid": _("何分かかるかを、数字で入れてください。"),
                        "min_value": _("1分より長くしてください。"), "max_value": _("240分までで入れてください。")},
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_bodies(self)

    def wording(self) -> Wording:
        """Return what was typed."""
        return wording_of(self.cleaned_data)


class ItemForm(WordingForm):
    """A report or anything else."""

    kind = choice(_("種類"), [pair for pair in ItemKind.choices if pair[0] in {ItemKind.REPORT, ItemKind.OTHER}], widget=Seg, initial=ItemKind.REPORT)
    field_order = ["kind"]


class NotesForm(Refusing):
    """What was said, and what was decided."""

    notes = TextField(label=_("議事"), rows=8, max_length=8000, required=False, help_text=_("ほかの人と同時に書いても、先の人の文は消えません。"))
    version = forms.IntegerField(widget=forms.HiddenInput)


class DecisionForm(Refusing):
    """What the meeting made of it."""

    outcome = choice(_("どうなったか"), widget=Options)
    decision = TextField(label=_("決めたこと"), rows=3, max_length=1000, error_messages={"required": _("決めたことを書いてください。")})
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, item: AgendaItem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_case = item.kind in {ItemKind.CASE, ItemKind.CARRIED}
        field = self.fields["outcome"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [pair for pair in ItemOutcome.choices if pair[0] and (of_case or pair[0] not in OF_CASES)]


class TaskForm(Refusing):
    """What a body does until when."""

    what = TextField(label=_("すること"), max_length=200, error_messages={"required": _("することを書いてください。")})
    body = choice(_("どの機関が"), widget=forms.Select)
    due_on = JapaneseDateField(label=_("いつまで"))

    def __init__(self, *args: Any, item: AgendaItem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        may = None if item.level == Level.ALL else {*item.bodies, item.put_up_by_id}
        field = self.fields["body"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(one.pk, one.short) for one in open_bodies() if may is None or one.pk in may]


class DoneForm(Refusing):
    """How a task ended."""

    words = TextField(label=_("どうなったか"), max_length=400, error_messages={"required": _("どうなったかを、ひとことで書いてください。")})


class WordForm(Refusing):
    """A body's word on minutes."""

    agrees = choice(_("議事録は"), [("yes", _("このままでよい")), ("no", _("直してほしい"))], widget=Seg)
    words = TextField(label=_("直してほしいところ"), rows=3, max_length=1000, required=False)


class PutUpForm(ActForm):
    """Take a need to a meeting."""

    slug, heading, button = "put-up", _("会議に諮る"), _("議題にする")
    done = _("会議の議題にしました。会議の日まで、次の一手は「会議に諮る」です。")
    say = _("会社には「会議で相談することになった」とだけ伝わります。")
    subject_model = Need
    template = "desk/meetings/put_up.html"

    meeting = choice(_("どの会議に"))
    reason = TextField(label=_("上げる理由"), rows=2, max_length=400, required=False, help_text=_("これまでに断られた機関と理由は、自動で付きます。"))
    title = TextField(label=_("議題"), max_length=100, error_messages={"required": _("議題を、ひとことで書いてください。")})
    question = TextField(label=_("諮りたいこと"), rows=4, max_length=1000, required=False)
    level = choice(_("だれが読むか"), Level.choices)
    bodies = forms.MultipleChoiceField(label=_("名指しする機関"), widget=Checks, required=False,
                                       help_text=_("要約を見せる同意のある機関だけを選べます。"),
                                       error_messages={"invalid_choice": _("選び直してください。")})  # fmt: skip
    presenter = TextField(label=_("説明する人"), max_length=100, required=False)
    minutes = forms.IntegerField(label=_("予定の時間（分）"), min_value=1, max_value=MOST_MINUTES, initial=10, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                                 error_messages={"required": _("何分かかるかを入れてください。"), "invalid": _("何分かかるかを、数字で入れてください。"),
                                                 "min_value": _("1分より長くしてください。"), "max_value": _("240分までで入れてください。")})  # fmt: skip
    nobody_offers = forms.BooleanField(label=_("頼める機関がないので、どこにも頼まずに上げる"), required=False)
    sure = forms.BooleanField(label=_("会社が分かる言葉があっても、このままでよい"), required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case, for an open need that is not outside already."""
        outside = Escalation.objects.open().filter(need=subject, rung__gt=2).exists() if subject is not None else False
        return super().allowed(actor, case, subject) and case.is_open and subject is not None and subject.state == "open" and not outside

    def prepare(self) -> None:
        """Offer the meetings ahead; the words without a name where the firm has confirmed them."""
        names = {one.code: one.name for one in content_now().series}
        meetings = [(str(one.pk), label_of(one, names)) for one in ladder_meetings(self.actor)]
        self.pick("meeting").choices = meetings
        knowing = Consent.objects.live().filter(case=self.case, klass="summary").values_list("body_id", flat=True)
        name_bodies(self, {*knowing, self.case.holder_id, self.case.received_by_id})
        public = self.subject.public_confirmed_at is not None
        self.fields["reason"].required = not Escalation.objects.open().filter(need=self.subject).exists()
        self.initial = {
            "meeting": meetings[0][0] if len(meetings) == 1 else None,
            "title": self.subject.public_title if public else self.subject.title, "level": Level.ALL if public else Level.NAMED,
            "question": self.subject.public_summary if public else "", "presenter": self.actor.name, "minutes": 10,
        }  # fmt: skip

    def run(self) -> Any:
        """Put it on the agenda."""
        data = self.cleaned_data
        meeting = Meeting.objects.visible_to(self.actor).get(pk=data["meeting"])
        wording = wording_of(data)
        return put_up(self.subject, meeting, by=self.actor, wording=wording, reason=data["reason"], nobody_offers=data["nobody_offers"])


def label_of(meeting: Meeting, names: dict[str, str]) -> str:
    """Return a meeting in one line: name, number, day."""
    name = names.get(meeting.series, meeting.series)
    return gettext("%(name)s 第%(number)s回（%(day)s）") % {"name": name, "number": meeting.number, "day": shown_full_day(meeting.held_on)}


def open_bodies() -> list[Body]:
    """Return the bodies that stand, in the plan's order."""
    return list(Body.objects.filter(closed_on__isnull=True))


def name_bodies(form: forms.Form, only: set[str] | None = None) -> None:
    """Offer the bodies an item can name."""
    field = form.fields["bodies"]
    assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  narrows the declared type
    field.choices = [(one.pk, one.short) for one in open_bodies() if only is None or one.pk in only]


def wording_of(data: dict[str, Any]) -> Wording:
    """Return the typed words of an item; who is named counts only where the item is for some."""
    named = tuple(data["bodies"]) if data["level"] == Level.NAMED else ()
    return Wording(data["title"], data["question"], data["level"], named, data["presenter"], data["minutes"], bool(data.get("sure")))
