"""Promises of secrecy, and what is shown only under them [C46]."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, Options, TextField
from renkei.cases.actions.ndas import end_nda, keep_for_secrecy, record_nda
from renkei.cases.models import Attachment, Match, Nda, NdaKind, NdaKnown, Passage
from renkei.cases.models.case import Case
from renkei.cases.states import DisclosureClass
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.desk.cases.acts.disclosing import NeedAct
from renkei.plan.models import Body


class NdaForm(ActForm):
    """Write down a promise of secrecy between the firm and a body."""

    slug, heading, button = "nda", _("秘密保持の約束を記録する"), _("記録する")
    done = _("秘密保持の約束を記録しました。")
    say = _("約束だけでは何も開きません。会社の同意も要ります。")

    to_body = choice(_("約束した機関"), widget=forms.Select)
    kind = choice(_("結ぶ人"), NdaKind.choices, widget=Options, initial=NdaKind.TWO)
    third_party = TextField(label=_("3者目の名前"), max_length=200, required=False, help_text=_("3者のとき"))
    signed_on = JapaneseDateField(label=_("結んだ日"), latest_today=True)
    until = JapaneseDateField(label=_("いつまで"), required=False, help_text=_("最後の日。空なら、終わりの日はありません。"))
    known = choice(_("どう確かめたか"), NdaKnown.choices, widget=Options)
    file = choice(_("約束の書面"), widget=forms.Select, required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Name the bodies and the case's files; start from a promise that stands."""
        bodies = Body.objects.filter(closed_on__isnull=True)
        self.pick("to_body").choices = [("", _("選んでください")), *((one.pk, one.name) for one in bodies)]
        files = Attachment.objects.visible_to(self.actor).filter(case=self.case)
        self.pick("file").choices = [("", _("書面は付けない")), *((str(one.pk), one.name) for one in files)]

    def body_of(self) -> Body:
        """Return the body that promised."""
        return Body.objects.get(pk=self.cleaned_data["to_body"])

    def run(self) -> Any:
        """Record it."""
        data = self.cleaned_data
        file = Attachment.objects.visible_to(self.actor).filter(case=self.case, pk=data["file"]).first() if data["file"] else None
        return record_nda(self.case, by=self.actor, body=self.body_of(), signed_on=data["signed_on"], until=data["until"],
                          known=data["known"], kind=data["kind"], third_party=data["third_party"], file=file)


class MatchNdaForm(NdaForm, NeedAct):
    """The same for one candidate of a need."""

    slug = "match-nda"
    subject_model = Match
    template = "desk/cases/match_act.html"

    def prepare(self) -> None:
        """The body is the candidate; a promise that stands is corrected."""
        super().prepare()
        del self.fields["to_body"]
        found = Nda.objects.visible_to(self.actor).filter(case=self.case, body=self.subject.body_id, ended_on__isnull=True).first()
        if found is not None:
            self.initial = {"kind": found.kind, "third_party": found.third_party, "signed_on": found.signed_on,
                            "until": found.until, "known": found.known, "file": str(found.file_id or "")}  # fmt: skip

    def body_of(self) -> Body:
        """Return the candidate."""
        body: Body = self.subject.body
        return body

    def after(self, result: Any) -> str:
        """Go back to the sheet."""
        return NeedAct.after(self, result)


class EndNdaForm(ActForm):
    """End a promise of secrecy."""

    slug, heading, button = "secrecy-end", _("秘密保持の約束を終える"), _("終える")
    done = _("秘密保持の約束を終えました。")
    say = _("約束のあとでだけ見せるものは、相手が次に開くときから見られません。")
    subject_model = Nda

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while it is not ended."""
        return super().allowed(actor, case, subject) and subject.ended_on is None

    def run(self) -> Any:
        """End it."""
        return end_nda(self.subject, by=self.actor)


class KeepFileForm(ActForm):
    """Show a file only under a promise of secrecy, or with consent alone again, as the firm said."""

    slug, heading, button = "file-secrecy", _("秘密保持のあとでだけ見せる"), _("保存する")
    done = _("見せ方を変えました。次に開くときから効きます。")
    say = _("会社がそう望んだときに使います。受け付けた機関と窓口は、これまでどおり読めます。")
    subject_model: ClassVar[type[models.Model] | None] = Attachment

    keep = choice(
        _("見せ方"), [("yes", _("秘密保持の約束をした機関だけに見せる（同意も要る）")), ("no", _("同意のある機関に見せる"))], widget=Options
    )

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case, for what is no summary."""
        return super().allowed(actor, case, subject) and case.is_open and subject.klass != DisclosureClass.SUMMARY

    def prepare(self) -> None:
        """Start from what stands."""
        self.fields["keep"].initial = "yes" if self.subject.needs_nda else "no"

    def run(self) -> Any:
        """Save it."""
        return keep_for_secrecy(self.subject, by=self.actor, needs_nda=self.cleaned_data["keep"] == "yes")


class KeepPassageForm(KeepFileForm):
    """The same for a text."""

    slug = "passage-secrecy"
    subject_model = Passage
