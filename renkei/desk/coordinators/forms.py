"""Forms of coordinators: a line of the log, an attempt, a report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, Refusing, Seg, Suggest, TextField
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.cases.models import Case, Need
from renkei.cases.rules import takes_part
from renkei.cases.states import NeedState
from renkei.companies.models import Company
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.matching.models import Entry, EntryKind
from renkei.matching.standing import alive
from renkei.plan.models import Body
from renkei.research.actions.bridging import Other, start_bridge
from renkei.research.actions.logging import Line, log_activity
from renkei.research.models import BRIDGE_STEPS, MOST_MINUTES, Activity, Bridge, BridgeState
from renkei.research.rules import kinds

MOST_SUGGESTED = 60
RESEARCHERS = [EntryKind.SEED.value, EntryKind.PERSON.value]


def minutes_field() -> forms.IntegerField:
    """Return the field of how long something took."""
    wrong = _("1分から720分までの数字で入れてください。")
    return forms.IntegerField(
        label=_("かかった時間（分）"), min_value=1, max_value=MOST_MINUTES, initial=30, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("何分かかったかを入れてください。"), "invalid": wrong, "min_value": wrong, "max_value": wrong},
    )  # fmt: skip


def kind_field(form: forms.Form) -> None:
    """Offer the plan's kinds of activity."""
    field = form.fields["kind"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
    field.choices = [(one.code, one.name) for one in kinds()]


class LineForm(Refusing):
    """A line of the log; ``about`` is a receipt number or a firm's name."""

    words = TextField(label=_("したこと"), max_length=400, error_messages={"required": _("したことを、ひとことで書いてください。")})
    kind = choice(_("種類"), widget=Seg)
    minutes = minutes_field()
    day = JapaneseDateField(label=_("日"), latest_today=True, required=False, help_text=_("空なら今日です。例：11月24日"))
    about = TextField(label=_("案件か会社"), max_length=200, required=False, help_text=_("受付番号か会社名。なくてもかまいません。"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        self.actor = actor
        super().__init__(*args, **kwargs)
        kind_field(self)
        self.fields["about"].widget = Suggest(_suggested(actor))

    def line(self) -> Line:
        """Return what was typed. Raises Refused when nothing, or more than one thing, is called so."""
        data = self.cleaned_data
        case, firm = find_about(data["about"], self.actor)
        return Line(data["words"], data["minutes"], data["kind"], data["day"], case, firm)


def about_of(activity: Activity) -> str:
    """Return how the field names what a line is about."""
    if activity.case is not None:
        return activity.case.number
    return activity.company.name if activity.company is not None else ""


def find_about(text: str, actor: Actor) -> tuple[Case | None, Company | None]:
    """Return the case of a receipt number, or the one firm of a name, as far as the actor sees it. Raises Refused."""
    wanted = text.strip()
    if not wanted:
        return None, None
    seen = Case.objects.visible_to(actor)
    number = wanted.split("　")[0].strip()
    case = seen.filter(number=number).first() or seen.filter(number__iexact=wanted).first()
    if case is not None:
        return case, None
    firms = list(Company.objects.visible_to(actor).standing().filter(name_key=search_key(wanted))[:2])
    if len(firms) == 1:
        return None, firms[0]
    raise Refused(gettext("その番号の案件も、その名前の会社も見つかりません。一覧から選ぶか、空のまま記録してください。"), "unknown_about", field="about")


def _suggested(actor: Actor) -> list[str]:
    own = Case.objects.visible_to(actor).held_by(str(actor.body)).order_by("next_on", "number").select_related("company")[:MOST_SUGGESTED]
    return [f"{one.number}　{one.company_name}" for one in own]


class CaseLineForm(ActForm):
    """Log what was done in a case."""

    slug, heading, button = "activity", _("活動を記録する"), _("記録する")
    done = _("活動の記録に入れました。")
    say = _("月次報告の下書きに使われます。会社には見えません。")
    rule = "cases the body may know of"

    words = TextField(label=_("したこと"), max_length=400, error_messages={"required": _("したことを、ひとことで書いてください。")})
    kind = choice(_("種類"), widget=Seg)
    minutes = minutes_field()
    day = JapaneseDateField(label=_("日"), latest_today=True, required=False, help_text=_("空なら今日です。例：11月24日"))

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Whoever takes part, also once the case is closed: work goes on."""
        del subject
        return takes_part(actor, case)

    def prepare(self) -> None:
        """Offer the kinds."""
        kind_field(self)

    def run(self) -> Any:
        """Log it."""
        data = self.cleaned_data
        return log_activity(Line(data["words"], data["minutes"], data["kind"], data["day"], self.case), by=self.actor)


class BridgeForm(ActForm):
    """Write down that a researcher was asked about a need."""

    slug, heading, button = "bridge", _("橋渡しを記録する"), _("記録する")
    done = _("橋渡しを記録しました。")
    say = _("実を結ばなくても、記録は残ります。")
    rule = "cases the body takes part in"
    subject_model = Need

    entry = choice(_("台帳のシーズ・人"), required=False, widget=forms.Select)
    who = TextField(label=_("相手（研究者・担当の方）"), max_length=200, required=False, help_text=_("台帳から選んだときは、空でかまいません。"))
    organisation = TextField(label=_("相手の所属"), max_length=200, required=False)
    to_body = choice(_("計画の機関なら"), required=False, widget=forms.Select)
    on = JapaneseDateField(label=_("打診した日"), latest_today=True, required=False, help_text=_("空なら今日です。例：11月24日"))
    words = TextField(label=_("覚え"), rows=2, max_length=400, required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Whoever takes part, for a need that is open."""
        return case.is_open and subject is not None and subject.state == NeedState.OPEN and takes_part(actor, case)

    def prepare(self) -> None:
        """Offer seeds and people of the need's fields, and the bodies."""
        rows = alive(Entry.objects.visible_to(self.actor)).filter(kind__in=RESEARCHERS).select_related("body").order_by("body__order", "name")
        fits = [one for one in rows if not self.subject.tech_fields or set(one.tech_fields) & set(self.subject.tech_fields)]
        self.pick("entry").choices = [("", _("選ばない")), *((one.pk, f"{one.name}（{one.body.short if one.body else one.owner_name}）") for one in fits)]
        self.pick("to_body").choices = [("", _("計画の外の相手")), *Body.objects.filter(closed_on__isnull=True).values_list("pk", "short")]

    def run(self) -> Any:
        """Write it down; of an entry, its own body counts."""
        data = self.cleaned_data
        entry = Entry.objects.visible_to(self.actor).get(pk=data["entry"]) if data["entry"] else None
        body = Body.objects.get(pk=data["to_body"]) if data["to_body"] else (entry.body if entry else None)
        return start_bridge(self.subject, Other(data["who"], data["organisation"], body, entry), by=self.actor, on=data["on"], words=data["words"])


class MoveForm(Refusing):
    """How an attempt went on."""

    state = choice(_("どうなったか"), widget=Seg)
    words = TextField(label=_("内容・理由"), rows=2, max_length=400, required=False, help_text=_("終わったときは、何につながったか、またはつながらなかった理由を書きます。"))
    on = JapaneseDateField(label=_("日"), latest_today=True, required=False, help_text=_("空なら今日です。例：11月24日"))

    def __init__(self, *args: Any, bridge: Bridge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["state"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(one.value, one.label) for one in BridgeState if one in BRIDGE_STEPS[BridgeState(bridge.state)]]


class MonthForm(Refusing):
    """Which month to report."""

    month = choice(_("どの月の"), widget=forms.Select)

    def __init__(self, *args: Any, months: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["month"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = months


class ReportForm(Refusing):
    """The words of a report."""

    text = TextField(label=_("報告の文"), rows=14, max_length=4000, error_messages={"required": _("報告の文を書いてください。")},
                     help_text=_("すべての機関が読みます。会社の名前は書けません。"))  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)


class TableForm(Refusing):
    """Table it."""

    sure = forms.BooleanField(label=_("気をつけるところがあっても、このまま出す"), required=False)


def this_month() -> str:
    """Return the month of today as the pages name it."""
    return clock.today().strftime("%Y-%m")
