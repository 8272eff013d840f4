"""Take a list out of the house as a sheet: what the actor may read, up to a limit, on record for administrators."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.register import export_register
from renkei.cases.models import Case, Contact, Export, FollowUp, Support
from renkei.cases.queries.finding import Wanted, cases_wanted, read_query
from renkei.cases.queries.follow_ups import follow_ups_wanted, read_wanted
from renkei.cases.queries.timeline import timeline
from renkei.cases.rules import signed
from renkei.cases.states import SEEN_BY_BODY
from renkei.companies.actions import export_companies
from renkei.companies.models import Company
from renkei.documents.sheets import write_sheet
from renkei.matching.actions_sheet import export_entries
from renkei.matching.models import Entry
from renkei.plan.content import PlanContent
from renkei.plan.queries import content_now, short_names


@dataclass(frozen=True, slots=True)
class Kind:
    """A list that can be taken out: how many rows the filters leave, and the sheet of them."""

    count: Callable[[Wanted, Actor], int]
    write: Callable[[Wanted, Actor], bytes]


@transaction.atomic
def export_list(what: str, query: str, *, by: Actor) -> bytes:
    """Return an xlsx of a list narrowed by ``query``. Texts that begin like a formula stay texts.

    Refused: ``unknown_list``, ``too_many_rows``, ``nothing``, ``not_allowed``.
    """
    wanted = Wanted(**read_query(query))
    count = count_rows(what, query, by=by)
    _check(count)
    data = KINDS[what].write(wanted, by)
    _put(what, wanted.query, count, by=by)
    return data


@transaction.atomic
def export_chosen(cases: Collection[uuid.UUID], *, by: Actor) -> bytes:
    """Return an xlsx of these cases alone, as far as the actor sees them; their numbers are kept. Refused: as above."""
    found = Case.objects.visible_to(by).filter(pk__in=list(cases)).order_by("arrived_at", "pk")
    numbers = list(found.values_list("number", flat=True))
    _check(len(numbers))
    data = export_register(found, by=by)
    _put("chosen", "、".join(numbers), len(numbers), by=by)
    return data


@transaction.atomic
def export_timeline(case: Case, *, by: Actor) -> bytes:
    """Return an xlsx of everything that happened in a case, as far as the actor may read it. Refused: as above."""
    items = timeline(case, actor=by)
    _check(len(items))
    names = short_names()
    rows = [[item.happened_on, item.recorded_at.astimezone(clock.JST).date(), names.get(item.body, item.body), item.who, item.title, item.text]
            for item in items]  # fmt: skip
    header = [written("いつのこと"), written("記録した日"), written("機関"), written("だれ"), written("したこと"), written("内容")]
    _put("timeline", case.number, len(items), by=by)
    return write_sheet(written("経過"), header, rows)


@transaction.atomic
def export_follow_ups(query: str, *, by: Actor) -> bytes:
    """Return an xlsx of what became of closed cases, one row a time of asking; sums are whole yen. Refused: as above."""
    signed(by)
    wanted = read_wanted(query)
    found = follow_ups_wanted(wanted, by)
    count = found.count()
    _check(count)
    header = [written("受付番号"), written("会社"), written("件名"), written("主担当"), written("何か月後"), written("聞く日"), written("聞いた日"), written("返事の日"),
              written("返事の道"), written("答えた方"), written("役に立っているか"), written("満足度"), written("困っていること"), written("取組み"), written("製品や仕組み"),
              written("売上・受注（円）"), written("費用の減（円）"), written("雇用"), written("出願"), written("言葉"), written("聞かない理由")]  # fmt: skip
    rows = [_afterwards(one) for one in found.select_related("case", "case__company", "case__holder")]
    _put("follow_ups", wanted.query, count, by=by)
    return write_sheet(written("その後の伺い"), header, rows)


def _afterwards(one: FollowUp) -> list[Any]:
    words = [written(label) for label in (one.get_useful_display(), one.get_trouble_display(), one.get_going_display(), one.get_product_display())]
    return [
        one.case.number, one.case.company_name, one.case.title, one.case.holder.short, one.months, one.due_on, _day(one.asked_at),
        one.answered_on, one.get_how_display(), one.said_by, words[0], one.satisfaction, words[1], words[2], words[3],
        one.orders_yen, one.saved_yen, one.jobs, one.patents, one.words, one.get_ended_because_display(),
    ]  # fmt: skip


@transaction.atomic
def export_firms(text: str, *, by: Actor) -> bytes:
    """Return an xlsx of the firms the actor sees (those that ``text`` finds), on record like every list. Refused: ``too_many_rows``."""
    seen = Company.objects.visible_to(by).standing()
    found = seen.matching(text) if text else seen
    count = found.count()
    _fits(count)
    data = export_companies(found, by=by, filters={"q": text})
    _put("companies", text, count, by=by)
    return data


@transaction.atomic
def export_catalogue(entries: QuerySet[Entry], query: str, *, by: Actor) -> bytes:
    """Return an xlsx of entries that can be imported again, on record like every list. Refused: ``nothing``, ``too_many_rows``."""
    count = entries.count()
    _check(count)
    data = export_entries(entries)
    _put("entries", query, count, by=by)
    return data


def count_rows(what: str, query: str, *, by: Actor) -> int:
    """Return how many rows a list would have. Raises Refused (``unknown_list``, ``not_allowed``)."""
    signed(by)
    if what not in KINDS:
        raise Refused(_("書き出す一覧を選んでください。"), "unknown_list")
    return KINDS[what].count(Wanted(**read_query(query)), by)


def _check(count: int) -> None:
    if not count:
        raise Refused(_("書き出す行がありません。条件を変えてください。"), "nothing")
    _fits(count)


def _fits(count: int) -> None:
    if count > settings.RENKEI_EXPORT_ROWS:
        raise Refused(_("一度に書き出せるのは%(most)s行までです（いま%(now)s行）。期間や機関で絞ってください。")
                      % {"most": f"{settings.RENKEI_EXPORT_ROWS:,}", "now": f"{count:,}"}, "too_many_rows")


def _put(what: str, query: str, count: int, *, by: Actor) -> None:
    body, person = signed(by)
    made = Export.objects.create(body_id=body, person_id=person, what=what, query=query[:1000], count=count, made_at=clock.now())
    record(by, "list.export", made, what=what, query=query, count=count)


def _requests(by: Actor) -> Any:
    """Requests to one's own body once they left, and those it sent."""
    seen = Support.objects.visible_to(by).filter(state__in=SEEN_BY_BODY)
    return seen.filter(Q(body_id=by.body) | Q(asked_by_body_id=by.body)).order_by("offered_at", "pk")


def _write_requests(_wanted: Wanted, by: Actor) -> bytes:
    rows = list(_requests(by).select_related("body", "service", "asked_by_body", "person"))
    known = {case.pk: case for case in Case.objects.visible_to(by).filter(pk__in={one.case_id for one in rows})}
    content = content_now()
    header = [written("受付番号"), written("件名"), written("支援"), written("頼んだ機関"), written("頼まれた機関"), written("担当"), written("状態"), written("頼んだ日"), written("期限"),
              written("答えた日"), written("断った理由")]  # fmt: skip
    return write_sheet(written("依頼"), header, [_request(one, known.get(one.case_id), content) for one in rows])


def _request(one: Support, case: Case | None, content: PlanContent) -> list[Any]:
    return [
        case.number if case else "", case.title if case else "", one.service.name, one.asked_by_body.short, one.body.short,
        one.person.name if one.person else "", one.get_state_display(), _day(one.offered_at), one.due_on, _day(one.answered_at),
        content.word("decline_reasons", one.decline_reason) if one.decline_reason else "",
    ]  # fmt: skip


def _contacts(wanted: Wanted, by: Actor) -> Any:
    return Contact.objects.visible_to(by).filter(case__in=cases_wanted(wanted, by).order_by().values("pk")).order_by("happened_at", "pk")


def _write_contacts(wanted: Wanted, by: Actor) -> bytes:
    content = content_now()
    header = [written("日"), written("受付番号"), written("手段"), written("話せたか"), written("区分"), written("分"), written("やりとり"), written("機関"), written("書いた人")]
    rows = [
        [_day(one.happened_at), one.case.number, content.word("channels", one.channel),
         content.word("contact_outcomes", one.outcome) if one.outcome else "", one.get_klass_display(), one.minutes, one.text,
         one.author_body.short, one.author.name]
        for one in _contacts(wanted, by).select_related("case", "author_body", "author")
    ]  # fmt: skip
    return write_sheet(written("やりとり"), header, rows)


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.astimezone(clock.JST).date() if moment else None


KINDS: dict[str, Kind] = {
    "cases": Kind(lambda wanted, by: cases_wanted(wanted, by).count(), lambda wanted, by: export_register(cases_wanted(wanted, by), by=by)),
    "requests": Kind(lambda _wanted, by: _requests(by).count(), _write_requests),
    "contacts": Kind(lambda wanted, by: _contacts(wanted, by).count(), _write_contacts),
}
