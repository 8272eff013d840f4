"""Talk: what was said, what the firm is told, files, the summary other bodies read."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, JapaneseMomentField, JapaneseTimeField, Seg, TextField
from renkei.cases.actions.talk import add_file, log_contact, write_to_company
from renkei.cases.actions.triage import set_summary
from renkei.cases.models import Case, Contact
from renkei.cases.rules import runs_case
from renkei.cases.steps import NextStep
from renkei.desk.cases.acts.act import ActForm, choice, klass_choice
from renkei.plan.queries import content_now

FIRST_CHANNEL = "phone"


class ContactForm(ActForm):
    """Write down a contact: one sentence and a click are enough; the next step may be set in the same go."""

    slug, heading, button = "contact", _("やりとりを書く"), _("記録する")
    done = _("やりとりを記録しました。")
    rule = "cases the body sees"
    template = "desk/cases/contact.html"

    text = TextField(label=_("やりとりを書く"), rows=2, max_length=4000)
    channel = choice(_("方法"), widget=Seg)
    happened_at = JapaneseMomentField(label=_("いつのこと"), required=False)
    outcome = choice(_("話せましたか"), widget=Seg, required=False)
    minutes = forms.IntegerField(
        label=_("かかった分数"), required=False, min_value=1, max_value=1440, widget=forms.TextInput,
        error_messages={"invalid": _("分数は数字で入れてください。"), "min_value": _("1分から入れてください。"),
                        "max_value": _("1,440分（1日）までです。")},
    )  # fmt: skip
    klass = klass_choice(widget=Seg)
    next_step = TextField(label=_("次にすること"), required=False, max_length=200)
    next_on = JapaneseDateField(label=_("いつまでに"), required=False, earliest_today=True)
    next_time = JapaneseTimeField(label=_("時刻"), required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Whoever sees an open case may write down what was said to them."""
        del subject
        return actor.is_staff and case.is_open

    def prepare(self) -> None:
        """Offer the plan's channels; the moment is now unless said otherwise."""
        content = content_now()
        channels = [(term.code, term.name) for term in content.vocabulary("channels")]
        self.pick("channel").choices = channels
        self.pick("outcome").choices = [(term.code, term.name) for term in content.vocabulary("contact_outcomes")]
        codes = [code for code, _name in channels]
        self.fields["channel"].initial = FIRST_CHANNEL if FIRST_CHANNEL in codes else codes[0]
        self.fields["happened_at"].initial = clock.now()
        if not runs_case(self.actor, self.case):
            for name in ("next_step", "next_on", "next_time"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """A next step needs its day, and a day its step."""
        data = super().clean() or {}
        if data.get("next_step") and not data.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", _("次にすることの日を入れてください。"))
        if data.get("next_on") and not data.get("next_step") and "next_step" not in self.errors:
            self.add_error("next_step", _("その日にすることを、ひとことで書いてください。"))
        return data

    def run(self) -> Contact:
        """Log it."""
        data = self.cleaned_data
        step = None
        if data.get("next_step"):
            step = NextStep(what=data["next_step"], on=data["next_on"], at=data["next_time"])
        return log_contact(
            self.case, by=self.actor, channel=data["channel"], text=data["text"], happened_at=data["happened_at"],
            klass=data["klass"], outcome=data["outcome"], minutes=data["minutes"], corrects=self.subject, next_step=step,
        )  # fmt: skip


class CorrectContactForm(ContactForm):
    """Correct a contact: the old entry stays, the new one names it."""

    slug, heading, button = "contact-correct", _("記録を直す"), _("直した記録を足す")
    done = _("直した記録を足しました。前の記録も残ります。")
    rule = "contacts the body wrote"
    subject_model = Contact

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Only the body that wrote it corrects it."""
        return case.is_open and subject.author_body_id == actor.body

    def prepare(self) -> None:
        """Start from the old words."""
        super().prepare()
        for name in ("text", "channel", "happened_at", "outcome", "minutes", "klass"):
            self.fields[name].initial = getattr(self.subject, name)


class MessageForm(ActForm):
    """Write to the firm: it reads it on its status page and is told by mail."""

    slug, heading, button = "message", _("会社に書く"), _("会社に送る")
    done = _("会社に送りました。状況の画面に出ます。")
    say = _("会社の状況の画面に、この文のまま出ます。メールには内容を載せません。")

    text = TextField(label=_("会社への文"), rows=6, max_length=4000)
    kind = choice(
        _("種類"), [("message", _("連絡")), ("question", _("質問（返事を待ちます）"))], widget=Seg, initial="message"
    )
    klass = klass_choice(widget=Seg)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case speaks to the firm."""
        return super().allowed(actor, case, subject) and case.is_open

    def run(self) -> Any:
        """Send it."""
        data = self.cleaned_data
        return write_to_company(self.case, by=self.actor, text=data["text"], kind=data["kind"], klass=data["klass"])


class FileForm(ActForm):
    """Add a file to the case, with its class."""

    slug, heading, button = "file", _("書類を足す"), _("書類を足す")
    done = _("書類を足しました。")
    rule = "cases the body sees"
    say = _("1つ20メガバイトまで。PDF、画像、表計算、文書、圧縮ファイルを足せます。")

    file = forms.FileField(
        label=_("ファイル"),
        error_messages={
            "required": _("ファイルを選んでください。"), "empty": _("中身のないファイルです。別のファイルを選んでください。"),
            "invalid": _("ファイルを受け取れませんでした。選び直してください。"),
            "missing": _("ファイルを受け取れませんでした。選び直してください。"),
        },
    )  # fmt: skip
    klass = klass_choice(widget=Seg)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Whoever sees an open case may add what it was given."""
        del subject
        return actor.is_staff and case.is_open

    def run(self) -> Any:
        """Keep the bytes, then the row."""
        sent = cast("UploadedFile[Any]", self.cleaned_data["file"])
        return add_file(
            self.case, by=self.actor, name=sent.name or "", data=sent.read(), klass=self.cleaned_data["klass"]
        )


class SummaryForm(ActForm):
    """Change title and summary: what other bodies may read with consent."""

    slug, heading, button = "summary", _("件名と要約を直す"), _("保存する")
    done = _("件名と要約を保存しました。")
    say = _("会社が確かめるまで、「会社は未確認」と表示されます。")
    template = "desk/cases/summary.html"

    title = TextField(label=_("件名"), max_length=100)
    summary = TextField(
        label=_("要約"), rows=4, max_length=600, required=False,
        help_text=_("同意のある機関が読みます。会社の秘密は書かないでください。"),
    )  # fmt: skip
    seen = forms.BooleanField(label=_("会社に読み上げて確かめた"), required=False)

    def prepare(self) -> None:
        """Start from what stands."""
        self.fields["title"].initial, self.fields["summary"].initial = self.case.title, self.case.summary

    def run(self) -> Any:
        """Save both."""
        data = self.cleaned_data
        return set_summary(self.case, title=data["title"], summary=data["summary"], by=self.actor, seen=data["seen"])
