"""Who may see what: asked of the firm, given orally, withdrawn."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, Options, TextField
from renkei.cases.actions.consents import give_consent, request_consent, withdraw_consent
from renkei.cases.models import Consent, ConsentHow
from renkei.cases.models.case import Case
from renkei.cases.states import DisclosureClass
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.plan.models import Body


class ConsentForm(ActForm):
    """Ask the firm by its link, or write down what it said."""

    slug, heading, button = "consent", _("だれに何を見せてよいか"), _("保存する")
    done = _("同意のことを記録しました。")
    template = "desk/cases/consent.html"

    to_body = choice(_("見せる相手の機関"), widget=forms.Select)
    classes = forms.MultipleChoiceField(
        label=_("見せるもの"), choices=DisclosureClass.choices, widget=Checks,
        error_messages={"required": _("見せるものを選んでください。"), "invalid_choice": _("選び直してください。")},
    )  # fmt: skip
    how = choice(
        _("どう確かめますか"),
        [("ask", _("会社の画面でたずねる（メールで知らせます）")), ("oral", _("口頭で同意を聞いた（確認のリンクを送ります）"))],
        widget=Options, initial="ask",
    )  # fmt: skip
    given_by = TextField(label=_("同意した方のお名前"), max_length=100, required=False, help_text=_("口頭で聞いたとき"))
    purpose = TextField(label=_("何のために見せるか"), max_length=200, required=False)
    until = JapaneseDateField(label=_("いつまで"), required=False, earliest_today=True, help_text=_("空なら、取り消されるまで。"))

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Name the bodies of the plan."""
        bodies = Body.objects.filter(closed_on__isnull=True)
        self.pick("to_body").choices = [("", _("選んでください")), *((b.pk, f"{b.number} {b.name}") for b in bodies)]

    def clean(self) -> dict[str, Any]:
        """Oral consent names who gave it."""
        data = super().clean() or {}
        if data.get("how") == "oral" and not data.get("given_by"):
            self.add_error("given_by", _("だれが同意したか、お名前を書いてください。"))
        return data

    def run(self) -> Any:
        """Ask, or write down each class."""
        data = self.cleaned_data
        body = Body.objects.get(pk=data["to_body"])
        if data["how"] == "ask":
            return request_consent(
                self.case, body=body, classes=data["classes"], by=self.actor, purpose=data["purpose"]
            )
        return [
            give_consent(
                self.case, body=body, klass=klass, by=self.actor, how=ConsentHow.ORAL, given_by=data["given_by"],
                purpose=data["purpose"], until=data["until"],
            )
            for klass in data["classes"]
        ]  # fmt: skip


class WithdrawConsentForm(ActForm):
    """Write down that the firm withdrew a consent: it acts at the next request."""

    slug, heading, button = "consent-withdraw", _("同意を取り消す"), _("取り消す")
    done = _("同意を取り消しました。相手は次に開いたときから見られません。")
    say = _("相手の画面から、その内容がすぐに消えます。")
    subject_model = Consent

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while it holds."""
        return super().allowed(actor, case, subject) and subject.withdrawn_at is None

    def run(self) -> Any:
        """Withdraw it, as said by the firm."""
        return withdraw_consent(self.subject, by=self.actor, how=ConsentHow.ORAL)
