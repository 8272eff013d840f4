"""A need without a name: the words, whom to ask, what bodies asked back [C46]."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, TextField
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.inquiries import reply_to_question
from renkei.cases.actions.listing import unlist_need
from renkei.cases.actions.matching import add_candidate
from renkei.cases.models import Circulation, Escalation, Match, Need
from renkei.cases.models.case import Case
from renkei.cases.queries.anonymity import draft_of, place_choices, size_choices, trade_choices
from renkei.cases.queries.ladder import may_climb
from renkei.cases.rules import runs_case
from renkei.cases.steps import due
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.desk.colleagues import body_choices
from renkei.plan.models import Body


def sure_box() -> forms.BooleanField:
    """Return the tick of somebody who has read the warning."""
    return forms.BooleanField(label=_("知らせを読んで確かめた。このままでよい（知らせが出たときだけ）"), required=False)


class NeedAct(ActForm):
    """What the deeds on a need share: afterwards the need's matching sheet."""

    subject_model: ClassVar[type[models.Model] | None] = Need

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def after(self, result: Any) -> str:
        """Go to the matching sheet of the need."""
        del result
        return reverse("desk-case-match", kwargs={"body": self.actor.body, "case": self.case.pk, "need": self.need.pk})

    @property
    def need(self) -> Need:
        """Return the need it is about."""
        need: Need = self.subject if isinstance(self.subject, Need) else self.subject.need
        return need


class PublicNeedForm(NeedAct):
    """Write the disclosable version of a need."""

    slug, heading, button = "need-public", _("名を伏せた文を書く"), _("保存する")
    done = _("名を伏せた文を保存しました。")
    say = _("会社が確かめるまで、どこにも送りません。")
    template = "desk/cases/need_public.html"

    title = TextField(label=_("題名（名を伏せた版）"), max_length=100)
    summary = TextField(
        label=_("内容（名を伏せた版）"), rows=6, max_length=600,
        help_text=_("会社名、人の名、電話、地名、製品名は書かないでください。分かる言葉は○○に替えた下書きが入っています。"),
    )  # fmt: skip
    seen = forms.BooleanField(label=_("会社に読み上げて、よいと言われた"), required=False)
    listed = forms.BooleanField(label=_("協力機関の職員が使う検索にも、名を伏せて載せてよいと言われた"), required=False)
    sure = sure_box()

    def prepare(self) -> None:
        """Start from what stands, or from a masked draft."""
        self.fields["title"].initial, self.fields["summary"].initial = draft_of(self.subject, actor=self.actor)

    def run(self) -> Any:
        """Save it."""
        data = self.cleaned_data
        return write_public(self.subject, title=data["title"], summary=data["summary"], by=self.actor, seen=data["seen"],
                            sure=data["sure"], listed=data["listed"])


class UnlistForm(NeedAct):
    """The firm said that its words are to be found no more; also after the case."""

    slug, heading, button = "need-unlist", _("検索から外す"), _("外す")
    done = _("検索から外しました。文はもう読めません。")
    say = _("会社が、名を伏せた文を検索に載せるのをやめたときに使います。会社は、自分のページからもできます。")

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, open or closed, while the need is listed."""
        return runs_case(actor, case) and subject.listed_at is not None

    def run(self) -> Any:
        """Take it off."""
        return unlist_need(self.subject, by=self.actor)


class CirculateForm(NeedAct):
    """Ask bodies about a need without a name."""

    slug, heading, button = "need-circulate", _("名を伏せて尋ねる"), _("尋ねる")
    done = _("名を伏せて尋ねました。メールは数分のうちに届きます。")
    say = _("相手には、会社名も受付番号も、どこが担当かも見えません。")
    template = "desk/cases/circulate.html"

    place = choice(_("どこの会社か"), widget=forms.Select, required=False)
    trade = choice(_("何の会社か"), widget=forms.Select, required=False)
    size = choice(_("どのくらいの会社か"), widget=forms.Select, required=False)
    about = choice(_("何を尋ねるか"), [("help", _("できることがあるか")), ("who", _("できる人や所に心当たりがないか（県の外でもよい）"))], required=False)
    to = choice(_("尋ねる相手"), [("all", _("すべての機関")), ("some", _("選んだ機関だけ"))], initial="all")
    bodies = forms.MultipleChoiceField(
        label=_("選んだ機関"), widget=Checks, required=False, error_messages={"invalid_choice": _("選び直してください。")}
    )
    due_on = JapaneseDateField(label=_("返事の期限"), earliest_today=True)
    sure = sure_box()

    def prepare(self) -> None:
        """Offer the plan's words and bodies; what the case's own facts say stands first."""
        case = self.case
        self.pick("place").choices, self.pick("trade").choices = place_choices(), trade_choices(case)
        self.pick("size").choices = size_choices()
        areas = case.company.municipality.areas if case.company and case.company.municipality else []
        known = [code for code, _name in place_choices() if code in areas]
        self.initial = {"place": known[0] if known else "", "trade": next(iter([*self.subject.tech_fields, *case.tech_fields]), ""),
                        "size": ""}  # fmt: skip
        hard = Escalation.objects.open().filter(need=self.subject).exists() or may_climb(self.subject, self.subject.supports.all(), stands=False)
        self.initial["about"] = "who" if hard else "help"
        self.fields["due_on"].initial = due("offer_answer")
        others = Body.objects.filter(closed_on__isnull=True).exclude(pk__in=[case.holder_id, case.received_by_id])
        self.fields["bodies"].choices = body_choices(others)  # type: ignore[attr-defined]  # a choice field

    def run(self) -> Any:
        """Ask."""
        data = self.cleaned_data
        bodies = data["bodies"] if data["to"] == "some" else None
        return circulate(self.subject, by=self.actor, place=data["place"], trade=data["trade"], size=data["size"],
                         bodies=bodies, due_on=data["due_on"], sure=data["sure"], asks_around=data["about"] == "who")


class EndCirculationForm(NeedAct):
    """Stop asking."""

    slug, heading, button = "circulation-end", _("尋ねるのをやめる"), _("やめる")
    done = _("尋ねるのをやめました。相手の画面から文が消えます。")
    say = _("届いている返事は、組合せの表に残ります。")
    subject_model = Circulation

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while it is asked."""
        return super().allowed(actor, case, subject) and subject.ended_at is None

    def run(self) -> Any:
        """Stop."""
        return end_circulation(self.subject, by=self.actor)


class CandidateForm(NeedAct):
    """Put a body on the matching sheet."""

    slug, heading, button = "match-add", _("候補を足す"), _("候補に足す")
    done = _("候補に足しました。")

    to_body = choice(_("機関"), widget=forms.Select)
    why = TextField(label=_("なぜ候補か"), max_length=200, required=False)

    def prepare(self) -> None:
        """Name the bodies that are no candidates yet."""
        known = Match.objects.visible_to(self.actor).filter(need=self.subject).values("body_id")
        bodies = Body.objects.filter(closed_on__isnull=True).exclude(pk__in=known)
        self.pick("to_body").choices = [("", _("選んでください")), *((one.pk, one.name) for one in bodies)]

    def run(self) -> Any:
        """Add it."""
        body = Body.objects.get(pk=self.cleaned_data["to_body"])
        return add_candidate(self.subject, by=self.actor, body=body, why=self.cleaned_data["why"])


class ReplyForm(NeedAct):
    """Answer what a body asked, still without a name."""

    slug, heading, button = "match-reply", _("質問に答える（名を伏せたまま）"), _("答える")
    done = _("質問に答えました。")
    subject_model = Match
    template = "desk/cases/match_act.html"

    text = TextField(label=_("答え"), rows=4, max_length=1000, help_text=_("会社が分かる言葉は書かないでください。"))
    sure = sure_box()

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while a question waits."""
        return super().allowed(actor, case, subject) and subject.asked is not None and subject.asked.is_asking

    def run(self) -> Any:
        """Answer it."""
        return reply_to_question(self.subject, by=self.actor, text=self.cleaned_data["text"], sure=self.cleaned_data["sure"])
