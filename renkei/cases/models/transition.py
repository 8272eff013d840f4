"""Typed, append-only steps: what changed, when it happened and when it was recorded (P5)."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, asked_case_ids, live_link
from renkei.post.models import LinkPurpose


class Verb(models.TextChoices):
    """What can happen in a case. Figures and timelines are made from these, never from free text."""

    RECEIVED = "received", "受け付けた"
    TRIAGED = "triaged", "振り分けた"
    REFERRED = "referred", "窓口に回した"
    COMPANY_BOUND = "company_bound", "会社を確かめた"
    NEED_ADDED = "need_added", "課題を足した"
    NEED_CHANGED = "need_changed", "課題を直した"
    STAGE_MOVED = "stage_moved", "段階が変わった"
    NEED_SETTLED = "need_settled", "課題が片づいた"
    NEXT_STEP = "next_step", "次の一手を決めた"
    OFFERED = "offered", "依頼した"
    RECALLED = "recalled", "依頼を取り消した"
    ACCEPTED = "accepted", "引き受けた"
    DECLINED = "declined", "断った"
    ASKED = "asked", "質問した"
    PASSED_ON = "passed_on", "同僚に渡した"
    REMINDED = "reminded", "返事をうながした"
    SILENT = "silent", "返事がない"
    EXPIRED = "expired", "返事がないまま期限が過ぎた"
    CORRECTED = "corrected", "回答を直した"
    STARTED = "started", "始めた"
    DONE = "done", "終えた"
    WITHDRAWN = "withdrawn", "取りやめた"
    HANDOVER_OFFERED = "handover_offered", "引継ぎを頼んだ"
    HANDOVER_ACCEPTED = "handover_accepted", "引き継いだ"
    HANDOVER_DECLINED = "handover_declined", "引継ぎを断った"
    HOLDER_BACK = "holder_back", "窓口に戻った"
    CONSENT_GIVEN = "consent_given", "同意した"
    CONSENT_CONFIRMED = "consent_confirmed", "同意を確かめた"
    CONSENT_WITHDRAWN = "consent_withdrawn", "同意を取り消した"
    CONTACT = "contact", "やりとりした"
    COMPANY_WROTE = "company_wrote", "会社から連絡"
    STAFF_WROTE = "staff_wrote", "会社へ連絡"
    FILE_ADDED = "file_added", "書類を足した"
    SUMMARY_CHANGED = "summary_changed", "要約を直した"
    SUMMARY_SEEN = "summary_seen", "要約を確かめた"
    MERGED = "merged", "まとめた"
    UNMERGED = "unmerged", "分け直した"
    SPLIT = "split", "分けた"
    CLOSE_ASKED = "close_asked", "終了の確認を頼んだ"
    CLOSED = "closed", "終えた（案件）"
    REOPENED = "reopened", "再開した"
    FEEDBACK = "feedback", "結果を聞いた"
    INCIDENT = "incident", "開示の事故を記録した"
    PROJECT = "project", "牽引事業を記録した"
    IMPORTED = "imported", "台帳から取り込んだ"
    IMPORT_UNDONE = "import_undone", "取込みを取り消した"
    IDLE = "idle", "動きがない"
    PACK_OFFERED = "pack_offered", "担当替えを頼んだ"
    PACK_ACCEPTED = "pack_accepted", "担当を引き受けた"
    PACK_DECLINED = "pack_declined", "担当替えを断った"
    SUBSTITUTED = "substituted", "代わりの人に回した"
    CIRCULATED = "circulated", "名を伏せて尋ねた"
    INTEREST = "interest", "名を伏せた尋ねに答えた"
    NDA = "nda", "秘密保持の約束を記録した"
    OPENED_OUT = "opened_out", "機関の外の人に開いた"
    SHUT_OUT = "shut_out", "機関の外の人に閉じた"
    LETTER = "letter", "文書を作った"
    LETTER_DECIDED = "letter_decided", "文書を決裁した"


class TransitionQuerySet(models.QuerySet["Transition"]):
    """Steps of the cases one sees."""

    def visible_to(self, actor: Actor) -> TransitionQuerySet:
        """Return every step of the cases one runs or took; a body that was asked sees its own part."""
        inside = models.Q(case__in=Case.objects.inside(actor))
        if actor.is_staff:
            own = models.Q(body=actor.body) | models.Q(about_body=actor.body)
            return self.filter(inside | models.Q(case__in=asked_case_ids(str(actor.body))) & own)
        if actor.kind is ActorKind.LINK:
            return self.filter(inside | models.Q(subject__in=live_link(actor, LinkPurpose.OFFER).values("subject")))
        return self.filter(inside)


class Transition(Row):
    """One step. ``subject_kind`` and ``subject`` name what moved; ``from_state`` and ``to_state`` how."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transitions")
    subject_kind = models.CharField(max_length=20)
    subject = models.UUIDField()
    verb = models.CharField(max_length=20, choices=Verb)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    about_body = models.CharField(max_length=40, blank=True)
    service = models.CharField(max_length=40, blank=True)
    happened_on = models.DateField()
    recorded_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=8)
    person = models.UUIDField(null=True)
    person_name = models.CharField(max_length=100, blank=True)
    body = models.CharField(max_length=40, blank=True)

    objects = TransitionQuerySet.as_manager()

    class Meta:
        """In the order they were recorded."""

        ordering = ["recorded_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(verb__in=Verb.values), name="transition_verb"),
        ]
        indexes = [
            models.Index(fields=["case", "recorded_at"], name="transition_of_case"),
            models.Index(fields=["subject", "verb"], name="transition_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} {self.happened_on}"


def log_step(  # noqa: PLR0913  keyword-only: each is a column of the step
    case: Case,
    verb: Verb,
    *,
    by: Actor,
    subject: models.Model | None = None,
    before: str = "",
    after: str = "",
    reason: str = "",
    about_body: str = "",
    service: str = "",
    happened_on: dt.date | None = None,
) -> Transition:
    """Append one step. ``subject`` is what moved (the case itself when left out)."""
    moved = subject or case
    key = moved.pk
    return Transition.objects.create(
        case=case,
        subject_kind=moved._meta.model_name or "",  # noqa: SLF001  Django names its own so
        subject=key if isinstance(key, uuid.UUID) else case.pk,
        verb=verb,
        from_state=before,
        to_state=after,
        reason=reason,
        about_body=about_body,
        service=service,
        happened_on=happened_on or clock.today(),
        recorded_at=clock.now(),
        actor_kind=by.kind.value,
        person=by.person,
        person_name=by.name[:100],
        body=by.body or "",
    )
