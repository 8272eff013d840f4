"""Typed, append-only steps: what changed, when it happened and when it was recorded (P5)."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.models import Row
from renkei.cases.models.case import Case, asked_case_ids, live_link, of_inside, reaches_all
from renkei.cases.nudges import settle
from renkei.post.models import LinkPurpose


class Verb(models.TextChoices):
    """What can happen in a case. Figures and timelines are made from these, never from free text."""

    RECEIVED = "received", _("受け付けた")
    TRIAGED = "triaged", _("振り分けた")
    REFERRED = "referred", _("窓口に回した")
    COMPANY_BOUND = "company_bound", _("会社を確かめた")
    NEED_ADDED = "need_added", _("課題を足した")
    NEED_CHANGED = "need_changed", _("課題を直した")
    STAGE_MOVED = "stage_moved", _("段階が変わった")
    NEED_SETTLED = "need_settled", _("課題が片づいた")
    NEXT_STEP = "next_step", _("次の一手を決めた")
    OFFERED = "offered", _("依頼した")
    RECALLED = "recalled", _("依頼を取り消した")
    ACCEPTED = "accepted", _("引き受けた")
    DECLINED = "declined", _("断った")
    ASKED = "asked", _("質問した")
    PASSED_ON = "passed_on", _("同僚に渡した")
    REMINDED = "reminded", _("返事をうながした")
    SILENT = "silent", _("返事がない")
    EXPIRED = "expired", _("返事がないまま期限が過ぎた")
    CORRECTED = "corrected", _("回答を直した")
    STARTED = "started", _("始めた")
    DONE = "done", _("終えた")
    WITHDRAWN = "withdrawn", _("取りやめた")
    HANDOVER_OFFERED = "handover_offered", _("引継ぎを頼んだ")
    HANDOVER_ACCEPTED = "handover_accepted", _("引き継いだ")
    HANDOVER_DECLINED = "handover_declined", _("引継ぎを断った")
    HOLDER_BACK = "holder_back", _("窓口に戻った")
    CONSENT_GIVEN = "consent_given", _("同意した")
    CONSENT_CONFIRMED = "consent_confirmed", _("同意を確かめた")
    CONSENT_WITHDRAWN = "consent_withdrawn", _("同意を取り消した")
    CONTACT = "contact", _("やりとりした")
    COMPANY_WROTE = "company_wrote", _("会社から連絡")
    STAFF_WROTE = "staff_wrote", _("会社へ連絡")
    FILE_ADDED = "file_added", _("書類を足した")
    SUMMARY_CHANGED = "summary_changed", _("要約を直した")
    SUMMARY_SEEN = "summary_seen", _("要約を確かめた")
    MERGED = "merged", _("まとめた")
    UNMERGED = "unmerged", _("分け直した")
    SPLIT = "split", _("分けた")
    CLOSE_ASKED = "close_asked", _("終了の確認を頼んだ")
    CLOSED = "closed", _("終えた（案件）")
    REOPENED = "reopened", _("再開した")
    FEEDBACK = "feedback", _("結果を聞いた")
    INCIDENT = "incident", _("開示の事故を記録した")
    PROJECT = "project", _("牽引事業を記録した")
    IMPORTED = "imported", _("台帳から取り込んだ")
    IMPORT_UNDONE = "import_undone", _("取込みを取り消した")
    IDLE = "idle", _("動きがない")
    PACK_OFFERED = "pack_offered", _("担当替えを頼んだ")
    PACK_ACCEPTED = "pack_accepted", _("担当を引き受けた")
    PACK_DECLINED = "pack_declined", _("担当替えを断った")
    SUBSTITUTED = "substituted", _("代わりの人に回した")
    CIRCULATED = "circulated", _("名を伏せて尋ねた")
    INTEREST = "interest", _("名を伏せた尋ねに答えた")
    NDA = "nda", _("秘密保持の約束を記録した")
    OPENED_OUT = "opened_out", _("機関の外の人に開いた")
    SHUT_OUT = "shut_out", _("機関の外の人に閉じた")
    LETTER = "letter", _("文書を作った")
    LETTER_DECIDED = "letter_decided", _("文書を決裁した")
    FOLLOW_UP = "follow_up", _("その後をうかがった")
    ROUTE = "route", _("支援ルート")
    CLIMBED = "climbed", _("上の段に上げた")
    RUNG_ENDED = "rung_ended", _("段での結果が出た")
    ASKED_OUTSIDE = "asked_outside", _("地域の外に頼んだ")
    PLAN_MOVED = "plan_moved", _("次の計画に引き継いだ")


class TransitionQuerySet(models.QuerySet["Transition"]):
    """Steps of the cases one sees."""

    def visible_to(self, actor: Actor) -> TransitionQuerySet:
        """Return every step of the cases one runs or took; a body that was asked sees its own part."""
        if reaches_all(actor):
            return self
        inside = of_inside(actor)
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
    """Append one step. ``subject`` is what moved (the case itself when left out). What it answers is settled with it."""
    moved = subject or case
    key = moved.pk
    settle(case.pk, str(verb), by=by, about=key if isinstance(key, uuid.UUID) else case.pk, after=after)
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
