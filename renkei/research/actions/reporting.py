"""The monthly report: drafted from the log, edited by its author, tabled for all bodies [C88]. It names no firm."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.cases.models import Case
from renkei.cases.queries.anonymity import giveaways
from renkei.cases.rules import signed
from renkei.cases.steps import fit
from renkei.research.models import ActivityReport, BridgeState, ReportState
from renkei.research.queries.month import Month, month_of
from renkei.research.rules import first_of, next_month, require_author


@transaction.atomic
def draft_report(month: dt.date, *, by: Actor) -> ActivityReport:
    """Draft the report of a month from what is on record; a month that has one keeps it. Refused: ``not_allowed``, ``future``."""
    body, person = signed(by)
    first = first_of(month)
    if first > clock.today():
        raise Refused(_("まだ来ていない月です。"), "future", field="month")
    text = drafted(month_of(by, person, body, first))
    made, is_new = ActivityReport.objects.get_or_create(
        body_id=body, person_id=person, month=first, defaults={"text": text, "drafted_at": clock.now()}
    )
    if is_new:
        record(by, "report.draft", made, text=text)
    return made


@transaction.atomic
def save_report(report: ActivityReport, *, by: Actor, text: str, version: int) -> ActivityReport:
    """Save the words of a draft. Refused: ``not_allowed``, ``tabled``, ``changed_meanwhile``, ``text_empty``, ``too_long``."""
    locked = _own_draft(report, by)
    if locked.version != version:
        raise Refused(_("その間に、ほかの画面で保存されました。いまの文を確かめてから、もう一度保存してください。"), "changed_meanwhile")
    words = fit(text, 4000, "text")
    if not words:
        raise Refused(_("報告の文を書いてください。"), "text_empty", field="text")
    if words != locked.text:
        locked.text, locked.version = words, locked.version + 1
        locked.save(update_fields=["text", "version"])
        record(by, "report.save", locked, text=words)
    return locked


@transaction.atomic
def draft_anew(report: ActivityReport, *, by: Actor, version: int) -> ActivityReport:
    """Throw the words of a draft away and draft it from what is on record now. Refused as for saving."""
    return save_report(report, by=by, text=drafted(month_of(by, report.person_id, report.body_id, report.month)), version=version)


@transaction.atomic
def table_report(report: ActivityReport, *, by: Actor, sure: bool = False) -> ActivityReport:
    """Table a report: from now on every body reads it and nobody changes it. Its numbers are frozen with it.

    Refused: ``not_allowed``, ``tabled``, ``names_firm`` (it names a firm of the log, which no consent covers); and unless ``sure``
    ``month_goes_on`` (the month is not over) and ``leads_to_firm`` (words that may lead to one).
    """
    locked = _own_draft(report, by)
    if next_month(locked.month) > clock.today() and not sure:
        raise Refused(_("まだ終わっていない月です。このまま出してよければ、印を付けてもう一度押してください。"), "month_goes_on", field="sure")
    month = month_of(by, locked.person_id, locked.body_id, locked.month)
    named = firms_in(locked.text, month)
    if named:
        raise Refused(_("会社の名前が入っています：%(names)s。すべての機関が読むので、名を伏せてください。") % {"names": "、".join(named)}, "names_firm", field="text")
    leads = [] if sure else leading_words(locked.text, month, by)
    if leads:
        raise Refused(_("会社が分かる言葉かもしれません：%(words)s。書き替えるか、このままでよければ印を付けて、もう一度押してください。") % {"words": "、".join(leads)}, "leads_to_firm", field="sure")
    locked.state, locked.tabled_at = ReportState.TABLED, clock.now()
    locked.counted = month.counted
    locked.save(update_fields=["state", "tabled_at", "counted"])
    record(by, "report.table", locked, text=locked.text, counted=locked.counted)
    return locked


def firms_in(text: str, month: Month) -> list[str]:
    """Return the firms of a month's lines and attempts whose name stands in a text, however it is written."""
    names = {one.company_name for one in _cases(month)} | {one.company.name for one in month.lines if one.company}
    text_key = search_key(text)
    return sorted(name for name in names if (key := search_key(name)) and key in text_key)  # a legal form alone has no key


def leading_words(text: str, month: Month, by: Actor) -> list[str]:
    """Return what else in a text may lead to a firm of the month: people, places, numbers."""
    return sorted({word for case in _cases(month) for word in giveaways(text, case, actor=by)})


def drafted(month: Month) -> str:
    """Return the first words of a month's report: numbers, then what can be said of attempts and of what no firm stands beside."""
    said = [
        written("%(month)s月は、%(n)s件、合わせて%(hours)s時間の活動をしました。関わった案件は%(cases)s件です。")
        % {"month": month.first.month, "n": len(month.lines), "hours": f"{month.minutes / 60:.1f}", "cases": month.cases}
    ]
    said += [f"・{one.name}　{one.count}{written('件')}" for one in month.kinds if one.count]
    said.append(
        written("橋渡しは、新しく%(begun)s件を試み、%(came)s件が実を結び、%(failed)s件は実を結びませんでした。")
        % {"begun": month.begun, "came": month.came, "failed": month.failed}
    )
    said += [_attempt(one.need.public_title if one.need.public_confirmed_at else "", one.to_body.short if one.to_body else "", one.state) for one in month.bridges]
    alone = [one for one in month.lines if one.case_id is None and one.company_id is None]
    if alone:
        said += ["", written("そのほかの活動"), *(f"・{one.day.month}/{one.day.day}　{one.words}" for one in alone)]
    return "\n".join(said)[:4000]


def _attempt(title: str, body: str, state: str) -> str:
    """Return one attempt without a name: the need in words the firm has confirmed, else as a need."""
    return f"・{title or written('課題')}　{body or written('計画の外の相手')}　{written(str(BridgeState(state).label))}"


def _cases(month: Month) -> list[Case]:
    found = {one.case.pk: one.case for one in month.lines if one.case}
    return list((found | {one.case_id: one.case for one in month.bridges}).values())


def _own_draft(report: ActivityReport, by: Actor) -> ActivityReport:
    require_author(by, report)
    locked = ActivityReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if not locked.is_draft:
        raise Refused(_("会議に出した報告は、もう直せません。"), "tabled")
    return locked
