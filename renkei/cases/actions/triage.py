"""The desk sorts a consultation: needs, analysis, summary, questions; or keeps it to serve it itself [C92]."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases import mails
from renkei.cases.actions.disclosable import stop_asking
from renkei.cases.actions.escalation import stop_climbing
from renkei.cases.actions.intake import plain
from renkei.cases.actions.listing import bring_in_line
from renkei.cases.models import Case, Message, Need, Verb, log_step
from renkei.cases.rules import require, runs_case
from renkei.cases.states import NEED_STEPS, OPEN_SUPPORTS, CaseState, DisclosureClass, NeedState, check_step
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case, set_state
from renkei.plan.models import Field, Stage
from renkei.plan.queries import content_now

MOST_NEEDS = 20
MOST_QUESTIONS = 10


@transaction.atomic
def add_need(
    case: Case,
    *,
    title: str,
    stage: str,
    tech_fields: Iterable[str] = (),
    spans: Sequence[tuple[int, int]] = (),
    by: Actor,
) -> Need:
    """Add a problem to the case; several may stand at several stages at once [C41]."""
    locked = _lock(case, by=by)
    if locked.needs.count() >= MOST_NEEDS:
        raise Refused(_("課題は20件までです。似たものを1件にまとめてください。"), "too_many_needs")
    last = locked.needs.aggregate(last=Max("order"))["last"] or 0
    need = Need.objects.create(
        case=locked, order=last + 1, title=_title(title), stage=_stage(stage),
        tech_fields=_known("tech_fields", tech_fields), spans=[list(span) for span in spans], added_at=clock.now(),
    )  # fmt: skip
    log_step(locked, Verb.NEED_ADDED, by=by, subject=need, after=need.stage_id)
    record(by, "need.add", need, locked, stage=stage)
    return need


@transaction.atomic
def change_need(
    need: Need,
    *,
    title: str | None = None,
    stage: str | None = None,
    tech_fields: Iterable[str] | None = None,
    by: Actor,
) -> Need:
    """Change what a need says or where it stands; going back a stage is as normal as going on [C41]."""
    case = _lock(need.case, by=by)
    locked = Need.objects.select_for_update().get(pk=need.pk)
    before = locked.stage_id
    if title is not None:
        locked.title = _title(title)
    if tech_fields is not None:
        locked.tech_fields = _known("tech_fields", tech_fields)
    if stage is not None:
        locked.stage = _stage(stage)
    locked.save()
    moved = locked.stage_id != before
    log_step(case, Verb.STAGE_MOVED if moved else Verb.NEED_CHANGED, by=by, subject=locked,
             before=before if moved else "", after=locked.stage_id if moved else "")
    record(by, "need.change", locked, case, title=locked.title, stage=locked.stage_id)
    return locked


@transaction.atomic
def settle_need(need: Need, *, state: str, by: Actor) -> Need:
    """Mark a need as settled, dropped or open again. Refused ``open_supports`` while somebody still works on it."""
    case = _lock(need.case, by=by)
    locked = Need.objects.select_for_update().get(pk=need.pk)
    if state not in NeedState.values:
        raise Refused(_("課題の状態を一覧から選んでください。"), "unknown_state", field="state")
    before, after = NeedState(locked.state), NeedState(state)
    check_step(NEED_STEPS, before, after)
    if after != NeedState.OPEN and locked.supports.filter(state__in=OPEN_SUPPORTS).exists():
        raise Refused(
            _("この課題には、まだ終わっていない支援があります。先に支援を終えるか、取りやめてください。"), "open_supports"
        )
    locked.state = after
    locked.save(update_fields=["state"])
    if after != NeedState.OPEN:
        stop_asking(case, locked.circulations.filter(ended_at__isnull=True), by=by)
        stop_climbing(case, [locked], by=by)
    log_step(case, Verb.NEED_SETTLED, by=by, subject=locked, before=before, after=after)
    bring_in_line(case, by=by)
    record(by, "need.settle", locked, case, state=after)
    return locked


@transaction.atomic
def set_analysis(
    case: Case,
    *,
    support_field: str,
    support_field_reason: str = "",
    technology_source: str = "",
    tech_fields: Iterable[str] = (),
    themes: Iterable[str] = (),
    pressures: Iterable[str] = (),
    purposes: Iterable[str] = (),
    by: Actor,
) -> Case:
    """Keep what the desk makes of a case, in the plan's words only."""
    locked = _lock(case, by=by)
    fields = {code.strip() for code in support_field.split(",") if code.strip()}
    if fields - {*Field.objects.values_list("code", flat=True), "both", "outside"}:
        raise Refused(_("支援分野を一覧から選んでください。"), "unknown_field", field="support_field")
    locked.support_field = support_field[:10]
    locked.support_field_reason = fit(support_field_reason, 200, "support_field_reason")
    locked.technology_source = fit(technology_source, 100, "technology_source")
    locked.tech_fields = _known("tech_fields", tech_fields)
    locked.themes = _known("themes", themes)
    locked.pressures = _known("pressures", pressures)
    locked.purposes = _known("purposes", purposes)
    save_case(locked)
    log_step(locked, Verb.TRIAGED, by=by, before=locked.state, after=locked.state)
    record(by, "case.analyse", locked, field=support_field, tech_fields=locked.tech_fields)
    return locked


@transaction.atomic
def set_summary(case: Case, *, title: str, summary: str, by: Actor, seen: bool = False) -> Case:
    """Write what other bodies may read. ``seen``: the firm has read it; a change afterwards needs its eyes again (P2)."""
    locked = _lock(case, by=by)
    new_title, new_summary = fit(title, 100, "title"), fit(summary, 600, "summary")
    if not new_title:
        raise Refused(_("件名を書いてください。"), "title_empty", field="title")
    changed = (locked.title, locked.summary) != (new_title, new_summary)
    locked.title, locked.summary = new_title, new_summary
    if changed or seen:
        locked.summary_seen_at = clock.now() if seen else None
    save_case(locked)
    if changed:
        log_step(locked, Verb.SUMMARY_CHANGED, by=by)
    if seen:
        log_step(locked, Verb.SUMMARY_SEEN, by=by)
    record(by, "case.summarise", locked, title=new_title, summary=new_summary, seen=seen)
    return locked


@transaction.atomic
def keep_case(case: Case, *, by: Actor, next_step: NextStep) -> Case:
    """Serve the consultation oneself: it counts as sorted, the holder stays, the next step is the given one."""
    locked = _lock(case, by=by)
    before = set_state(locked, CaseState.ACTIVE)
    locked.holder_person_id = locked.holder_person_id or (by.person if by.body == locked.holder_id else None)
    put_next_step(locked, next_step)
    save_case(locked)
    log_step(locked, Verb.TRIAGED, by=by, before=before, after=locked.state)
    record(by, "case.keep", locked, what=next_step.what, on=next_step.on)
    return locked


@transaction.atomic
def ask_company(case: Case, questions: list[str], *, by: Actor) -> Message:
    """Ask the firm what is missing, on its status page; the next step becomes waiting for its answer."""
    locked = _lock(case, by=by)
    asked = [clean_text(question) for question in questions if clean_text(question)]
    if not asked:
        raise Refused(_("会社に聞くことを、1つ以上書いてください。"), "question_empty", field="questions")
    if len(asked) > MOST_QUESTIONS:
        raise Refused(_("一度に聞けるのは10個までです。大事なものから聞いてください。"), "too_many_questions",
                      field="questions")
    message = Message.objects.create(
        case=locked, klass=DisclosureClass.TECHNICAL, text=fit("\n".join(asked), 4000, "questions"),
        from_company=False, author_name=by.name[:100], author_body_id=by.body or locked.holder_id,
        author_id=by.person, kind="question", sent_at=clock.now(),
    )  # fmt: skip
    day = due("company_answer")
    told = mails.tell_company(locked, by=by, subject=written("お尋ねがあります"), about=message.pk,
                              words=written("担当からお尋ねがあります。「状況」のページでお答えください。"))
    what = written("会社の答えを待つ") if told else written("会社に電話で聞く（メールアドレスがありません）")
    put_next_step(locked, NextStep(what=what, on=day, kind="wait" if told else "work"))
    save_case(locked)
    log_step(locked, Verb.STAFF_WROTE, by=by, subject=message)
    record(by, "case.ask_company", locked, message, count=len(asked))
    return message


@transaction.atomic
def answer_facts(case: Case, facts: dict[str, Any], *, by: Actor) -> Case:
    """Keep answers to the proposal's questions in the newest consultation, so that nobody asks twice (P3)."""
    locked = _lock(case, by=by)
    consultation = locked.consultations.select_for_update().order_by("-consulted_at").first()
    if consultation is None:
        raise Refused(_("相談の原文を開けないので、答えを書けません。"), "no_consultation")
    consultation.facts = {**consultation.facts, **{str(key)[:60]: plain(value) for key, value in facts.items()}}
    consultation.save(update_fields=["facts"])
    log_step(locked, Verb.CONTACT, by=by, subject=consultation)
    record(by, "case.answer_facts", locked, consultation, keys=sorted(facts))
    return locked


def _lock(case: Case, *, by: Actor) -> Case:
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    return locked


def _title(title: str) -> str:
    clean = fit(title, 100, "title")
    if not clean:
        raise Refused(_("課題を、ひとことで書いてください。"), "title_empty", field="title")
    return clean


def _stage(code: str) -> Stage:
    found = Stage.objects.filter(pk=code).first()
    if found is None:
        raise Refused(_("段階を一覧から選んでください。"), "unknown_stage", field="stage")
    return found


def _known(vocabulary: str, codes: Iterable[str]) -> list[str]:
    """Return the codes once each, in the plan's order. Raises Refused for one the plan does not have."""
    wanted = set(codes)
    known = [term.code for term in content_now().vocabulary(vocabulary)]
    if unknown := wanted - set(known):
        raise Refused(
            _("計画にない言葉です：%(words)s。一覧から選んでください。") % {"words": "、".join(sorted(unknown))},
            "unknown_word",
            field=vocabulary,
        )
    return [code for code in known if code in wanted]

