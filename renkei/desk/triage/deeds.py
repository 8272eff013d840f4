"""What the buttons of the triage page do. Each keeps the ticks as a draft first, so that nothing typed is lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import shown_list
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases.actions.answers import withdraw_support
from renkei.cases.actions.consents import give_consent, request_consent
from renkei.cases.actions.holding import set_next_step
from renkei.cases.actions.intake import bind_company
from renkei.cases.actions.merging import merge_cases
from renkei.cases.actions.offers import Pick, recall, save_picks, send_offers
from renkei.cases.actions.triage import add_need, answer_facts, ask_company, change_need, set_summary
from renkei.cases.models import Case, Support
from renkei.cases.states import SupportState
from renkei.cases.steps import NextStep
from renkei.companies.models import Company
from renkei.desk.triage.page import TriagePage
from renkei.desk.triage.rows import Block, Row
from renkei.matching.models import Entry
from renkei.matching.standing import alive

Deed = Callable[[TriagePage, str], str]


def do(page: TriagePage, name: str, about: str) -> str:
    """Do what the pressed button says; returns the sentence that tells what was done. Raises Refused."""
    deed = DEEDS.get(name)
    if deed is None:
        raise Refused(_("この操作は分かりません。画面を開き直してください。"), "unknown_deed")
    return deed(page, about)


def check_rows(page: TriagePage) -> bool:
    """Tell whether every ticked line can be kept; what is wrong stands beside its field afterwards."""
    good = True
    for row in page.ticked:
        row.form.full_clean()
        if "ask" not in row.form.errors and not row.form.cleaned_data.get("ask"):
            row.form.add_error("ask", _("お願いしたいことを、ひとことで書いてください。"))
        wide = [cell.label for cell in row.cells if cell.ticked and not cell.is_open and cell.klass != "summary"]
        if wide:
            row.form.add_error("classes", _("%(words)sの同意がありません。同意を聞くか、印を外してください。") % {"words": shown_list(wide)})
        good = good and not row.form.errors
    return good


def keep_ticks(page: TriagePage) -> list[Pick]:
    """Write needs and ticked lines as a draft, and drop saved lines that are ticked no more."""
    picks = [_pick(page, row) for row in page.ticked]
    chosen = {(pick.need.pk, pick.service, pick.body) for pick in picks}
    for support in page.supports:
        key = (support.need_id, support.service_id, support.body_id)
        if support.state == SupportState.PROPOSED and key not in chosen:
            withdraw_support(support, by=page.actor, reason=_("選び直した"))
    if picks:
        save_picks(page.case, picks, by=page.actor)
    return picks


def keep_words(page: TriagePage, name: str) -> None:
    """Keep what was typed beside the ticks, whichever button ``name`` was pressed (each writes its own part itself)."""
    if name != "needs":
        _write_needs(page, [block for block in page.blocks if block.is_changed and clean_text(block.title)])
    if name != "answers" and (facts := _facts(page)):
        answer_facts(page.case, facts, by=page.actor)
    title, summary, seen = (_posted(page, one) for one in ("summary_title", "summary", "summary_seen"))
    is_new = (title, summary) != (page.case.title, page.case.summary)
    if name != "summary" and (title or summary) and (seen or is_new):
        set_summary(page.case, title=title, summary=summary, by=page.actor, seen=bool(seen))


def _write_needs(page: TriagePage, blocks: list[Block]) -> None:
    """Write the needs of some blocks, and the one that was typed beside them, once."""
    for block in blocks:
        _need(page, block)
    title, stage = _posted(page, "new_title"), _posted(page, "new_stage")
    if title and not any((one.title, one.stage.pk) == (title, stage) for one in page.blocks):
        add_need(page.case, title=title, stage=stage, by=page.actor)


def _pick(page: TriagePage, row: Row) -> Pick:
    data: dict[str, Any] = row.form.cleaned_data
    proposed = [one.body.pk for one in row.block.rows if one.candidate and one.service.pk == row.service.pk]
    place = proposed.index(row.body.pk) + 1 if row.candidate else None
    return Pick(
        need=_need(page, row.block), service=row.service.pk, body=row.body.pk, ask=data["ask"],
        classes=["summary", *[klass for klass in data["classes"] if klass != "summary"]], due_on=data["due_on"],
        entries=row.entries, takes_over=row.takes_over, place=place, put_first=proposed[0] if place else None,
    )  # fmt: skip


def _need(page: TriagePage, block: Block) -> Any:
    """Return the written need of a block, writing or changing it first where people changed its words."""
    if block.need is None:
        block.need = add_need(page.case, title=block.title, stage=block.stage.pk, spans=block.spans, by=page.actor)
    elif (block.need.title, block.need.stage_id) != (clean_text(block.title), block.stage.pk):
        block.need = change_need(block.need, title=block.title, stage=block.stage.pk, by=page.actor)
    return block.need


def _save(_page: TriagePage, _about: str) -> str:
    return _("下書きに保存しました。まだだれにも送っていません。")


def _send(page: TriagePage, _about: str) -> str:
    picked = set(page.data.getlist("pick")) if page.data else set()
    if picked - {row.key for row in page.ticked}:
        raise Refused(_("印を付けた候補の中に、いまは頼めないものがあります。画面を確かめて、もう一度送ってください。"), "stale_pick")
    sent = send_offers(page.case, [_pick(page, row) for row in page.ticked], by=page.actor)
    leaves = sent[0].leaves_at or clock.now()
    return _("%(n)s機関に依頼しました。%(at)sまでは取り消せます。") % {
        "n": len({one.body_id for one in sent}), "at": leaves.astimezone(clock.JST).strftime("%H:%M"),
    }  # fmt: skip


def _recall(page: TriagePage, about: str) -> str:
    support = _own(page, about)
    recall(support, by=page.actor, reason=_posted(page, "recall_reason"))
    return _("%(body)sへの依頼を取り消しました。") % {"body": support.body.short}


def _answers(page: TriagePage, _about: str) -> str:
    facts = _facts(page)
    if not facts:
        raise Refused(_("答えを1つ以上書いてください。"), "no_facts")
    answer_facts(page.case, facts, by=page.actor)
    return _("答えを控えて、提案を作り直しました。")


def _facts(page: TriagePage) -> dict[str, str]:
    typed = {one.key: _posted(page, f"fact-{one.key}") for one in page.proposal.questions}
    return {key: value for key, value in typed.items() if value}


def _ask(page: TriagePage, _about: str) -> str:
    open_ones = [q.text for q in page.proposal.questions if not _posted(page, f"fact-{q.key}")]
    ask_company(page.case, open_ones, by=page.actor)
    return _("会社に%(n)s件を尋ねました。") % {"n": len(open_ones)}


def _call(page: TriagePage, _about: str) -> str:
    said = page.said[0] if page.said else None
    phone = (said.phone if said else "") or (page.case.company.phone if page.case.company else "")
    open_ones = "、".join(q.text.rstrip("か。?？") for q in page.proposal.questions)
    step = NextStep(what=(_("電話で聞く：%(words)s") % {"words": open_ones})[:200], on=clock.today(), kind="call",
                    phone=phone, body=page.case.holder_id, person=_mover(page.case, page.actor))
    set_next_step(page.case, step, by=page.actor)
    return _("今日の電話に入れました。")


def _mover(case: Case, actor: Actor) -> uuid.UUID | None:
    """Return who of the holder moves: the acting person, or whom the holder named when the desk acts for another body."""
    return actor.person if case.holder_id == actor.body else case.holder_person_id


def _summary(page: TriagePage, _about: str) -> str:
    set_summary(page.case, title=_posted(page, "summary_title"), summary=_posted(page, "summary"), by=page.actor,
                seen=bool(_posted(page, "summary_seen")))
    return _("要約を直しました。")


def _needs(page: TriagePage, _about: str) -> str:
    _write_needs(page, page.blocks)
    return _("課題を直しました。")


def _add(page: TriagePage, _about: str) -> str:
    service, _bar, body = _posted(page, "add_provision").partition("|")
    _add_line(page, service, body, [])
    return _("候補を足しました。見せるものと期限を確かめてください。")


def _add_entry(page: TriagePage, about: str) -> str:
    entry = alive(Entry.objects.all()).filter(pk=about).first()
    if entry is None and Entry.objects.filter(pk=about).exists():
        raise Refused(_("この候補は、いまは使えません。別のものを選んでください。"), "entry_over")
    if entry is None or entry.service_id is None or entry.body_id is None:
        raise Refused(_("この候補は、頼める機関が決まっていません。支援メニューから選んでください。"), "entry_without_body")
    _add_line(page, entry.service_id, entry.body_id, [entry.pk], about=entry.name)
    return _("%(name)sを候補に足しました。") % {"name": entry.name}


def _add_line(page: TriagePage, service: str, body: str, entries: list[str], *, about: str = "") -> None:
    block = next((one for one in page.blocks if one.key == _posted(page, "add_need")), None)
    if block is None:
        raise Refused(_("どの課題に足すかを選んでください。"), "no_need", field="add_need")
    if not any((one.service_id, one.body_id) == (service, body) for one in page.provisions):
        raise Refused(_("支援と機関を一覧から選んでください。"), "no_provision", field="add_provision")
    need = _need(page, block)
    save_picks(page.case, [Pick(need=need, service=service, body=body, ask=(about or block.title)[:1000],
                                entries=entries)], by=page.actor)


def _oral(page: TriagePage, _about: str) -> str:
    given_by = _posted(page, "oral_by")
    if not given_by:
        raise Refused(_("同意を言った方のお名前を書いてください。"), "no_speaker", field="oral_by")
    wanted = _wanted_consents(page)
    for body, klass in wanted:
        give_consent(page.case, body=page.bodies[body], klass=klass, by=page.actor, how="oral", given_by=given_by)
    return _("口頭の同意を%(n)s件記録しました。") % {"n": len(wanted)}


def _request(page: TriagePage, _about: str) -> str:
    by_body: dict[str, list[str]] = {}
    for body, klass in _wanted_consents(page):
        by_body.setdefault(body, []).append(klass)
    for body, classes in by_body.items():
        request_consent(page.case, body=page.bodies[body], classes=classes, by=page.actor)
    return _("会社に同意をお願いしました。")


def _wanted_consents(page: TriagePage) -> list[tuple[str, str]]:
    known = {(row.body.pk, cell.klass) for row in page.first_rows for cell in row.missing}
    wanted = [tuple(one.split("|", 1)) for one in page.data.getlist("consent")] if page.data else []
    chosen = [(one[0], one[1]) for one in wanted if len(one) == 2 and one in known]
    if not chosen:
        raise Refused(_("どの機関に何を見せるかを、1つ以上選んでください。"), "no_consent_chosen", field="consent")
    return chosen


def _bind(page: TriagePage, about: str) -> str:
    company = Company.objects.visible_to(page.actor).standing().filter(pk=_uuid(about)).first()
    if company is None:
        raise Refused(_("この会社は開けません。登録し直すか、窓口にお尋ねください。"), "not_visible")
    bind_company(page.case, company, by=page.actor)
    return _("%(name)sの相談として結びました。") % {"name": company.name}


def _merge(page: TriagePage, about: str) -> str:
    into = Case.objects.visible_to(page.actor).filter(pk=_uuid(about)).first()
    if into is None:
        raise Refused(_("この案件は開けません。"), "not_visible")
    merge_cases(into, page.case, by=page.actor)
    return _("%(n)sにまとめました。間違えたときは、案件の画面で分け直せます。") % {"n": into.number}


def _posted(page: TriagePage, name: str) -> str:
    return clean_text(page.data.get(name, "")) if page.data is not None else ""


def _own(page: TriagePage, about: str) -> Support:
    wanted = _uuid(about)
    found = next((one for one in page.supports if one.pk == wanted), None)
    if found is None:
        raise Refused(_("この依頼は見つかりません。"), "not_visible")
    return found


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Refused(_("この操作は分かりません。画面を開き直してください。"), "unknown_deed") from error


DEEDS: dict[str, Deed] = {
    "save": _save, "send": _send, "recall": _recall, "answers": _answers, "ask": _ask, "call": _call,
    "summary": _summary, "needs": _needs, "add": _add, "entry": _add_entry, "oral": _oral, "request": _request,
    "bind": _bind, "merge": _merge,
}  # fmt: skip
