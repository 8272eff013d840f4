"""After the end: what the firm said on the telephone, and that it does not want to be asked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, Seg, TextField, YenField
from renkei.cases.actions.follow_ups import EARLY, MOST_PEOPLE, MOST_WORDS, Answer, ask_no_more, record_follow_up
from renkei.cases.models import AnsweredBy, Case, Ended, FollowUp, Going, Product, Trouble, Useful
from renkei.desk.cases.acts.act import ActForm, choice

_OPEN = [("", _("聞いていない"))]


def _count(label: Any) -> forms.IntegerField:
    sentences = {"invalid": _("数字だけを入れてください。例：2"), "min_value": _("0以上の数を入れてください。"),
                 "max_value": _("大きすぎます。%(limit_value)s以下にしてください。")}  # fmt: skip
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=MOST_PEOPLE, error_messages=sentences,
                              widget=forms.TextInput(attrs={"inputmode": "numeric"}))


class FollowUpForm(ActForm):
    """Write down what became of it, as the firm said it on the telephone or at a visit."""

    slug, heading, button = "follow-up", _("その後の様子を書く"), _("記録する")
    done = _("その後の様子を記録しました。")
    say = _("会社がメールのリンクから答えることは、もうできなくなります。")
    rule = "closed cases the body runs, from a month before the day of asking"
    subject_model = FollowUp
    template = "desk/cases/follow_up.html"

    said_by = TextField(label=_("答えた方"), max_length=100, help_text=_("例：髙梨 様"), error_messages={"required": _("答えた方のお名前を入れてください。")})
    heard_on = JapaneseDateField(label=_("聞いた日"), latest_today=True, error_messages={"required": _("聞いた日を入れてください。")})
    useful = choice(_("手伝ったことは、いまも役に立っているか"), Useful.choices)
    trouble = choice(_("いま困っていること"), Trouble.choices, widget=Seg)
    satisfaction = choice(
        _("満足度"), [("5", _("5 とても満足")), ("4", "4"), ("3", "3"), ("2", "2"), ("1", _("1 とても不満")), *_OPEN], widget=Seg, required=False)  # fmt: skip
    going = choice(_("取組みは、いま"), [*Going.choices, *_OPEN], widget=Seg, required=False)
    product = choice(_("製品や仕組み"), [*Product.choices, *_OPEN], widget=Seg, required=False)
    orders_yen = YenField(label=_("増えた売上や受注"), required=False, help_text=_("終わってから今までのおよその額。例：300万円"))
    saved_yen = YenField(label=_("減らせた費用"), required=False, help_text=_("例：50万円"))
    jobs = _count(_("新しく雇った人数"))
    patents = _count(_("特許などの出願"))
    words = TextField(label=_("会社の言葉"), rows=3, max_length=MOST_WORDS, required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the closed case, from a month before the day, unless the firm has answered itself or wants no question."""
        if not super().allowed(actor, case, subject) or case.is_open or not isinstance(subject, FollowUp):
            return False
        by_itself = subject.how in {AnsweredBy.LINK, AnsweredBy.ACCOUNT}
        return not by_itself and subject.ended_because in {"", Ended.SILENT} and subject.due_on - EARLY <= clock.today()

    def prepare(self) -> None:
        """Show what was written down before; today is the day until somebody says otherwise."""
        self.initial = {"heard_on": clock.today()}
        if self.subject.answered_at is not None:
            self.initial = {name: getattr(self.subject, name) for name in self.fields if name != "heard_on"}
            self.initial |= {"heard_on": self.subject.answered_on, "satisfaction": str(self.subject.satisfaction or "")}

    def run(self) -> Any:
        """Write it down."""
        data = dict(self.cleaned_data)
        said_by, heard_on = data.pop("said_by"), data.pop("heard_on")
        data["satisfaction"] = int(data["satisfaction"]) if data["satisfaction"] else None
        return record_follow_up(self.subject, Answer(**data), by=self.actor, said_by=said_by, heard_on=heard_on)


class StopFollowUpForm(ActForm):
    """The firm said that it does not want to be asked about this case any more."""

    slug, heading, button = "follow-up-stop", _("もう聞かないことにする"), _("もう聞かない")
    done = _("この案件では、もう会社に聞きません。")
    say = _("会社から言われたときだけ押してください。元に戻せません。")
    rule = "closed cases the body runs, while something is still to be asked"
    subject_model = FollowUp

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while the row is neither answered nor ended."""
        open_one = isinstance(subject, FollowUp) and subject.answered_at is None and subject.ended_at is None
        return super().allowed(actor, case, subject) and open_one

    def run(self) -> Any:
        """End what is left."""
        return ask_no_more(self.subject, by=self.actor)
