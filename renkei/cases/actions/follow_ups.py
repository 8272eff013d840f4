"""What became of it: asked some months after the end, answered by the firm or heard by staff, never asked when unwanted."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import AnsweredBy, Case, Ended, FollowUp, Going, Product, Trouble, Useful, Verb, log_step
from renkei.cases.models.follow_up import CORRECTABLE
from renkei.cases.nudges import unask_company
from renkei.cases.rules import require, runs_case, signed, speaks_for_company
from renkei.cases.steps import fit, fit_name, lock_case
from renkei.plan.queries import content_now
from renkei.post.links import close_links
from renkei.post.models import Link, LinkPurpose

KIND = "follow_up"  # of the news to the holder
EARLY = dt.timedelta(days=31)  # so long before its day staff may write down what they happened to hear
MOST_YEN = 10**12
MOST_PEOPLE = 100_000
MOST_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the firm says. Sums are whole yen since the end of the case, heads and patents plain counts; None is unknown."""

    useful: str
    trouble: str = Trouble.NO
    going: str = ""
    satisfaction: int | None = None
    product: str = ""
    orders_yen: int | None = None
    saved_yen: int | None = None
    jobs: int | None = None
    patents: int | None = None
    words: str = ""


def plan_follow_ups(case: Case, *, by: Actor) -> list[FollowUp]:
    """Write down when the firm of a case that was just closed (and is locked) will be asked, as the plan says."""
    closed_on = (case.closed_at or clock.now()).astimezone(clock.JST).date()
    rows = [
        FollowUp(case=case, months=months, due_on=months_after(closed_on, months), planned_at=clock.now())
        for months in content_now().follow_up.months
    ]
    FollowUp.objects.bulk_create(rows)
    if rows:
        record(by, "follow_up.plan", case, *rows, months=[one.months for one in rows])
    return rows


def months_after(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later; a month without it ends one earlier (31 August, then 28 February)."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def end_follow_ups(case: Case, because: Ended, *, by: Actor, said_at: FollowUp | None = None) -> int:
    """End everything the firm of a locked case was or would be asked; returns how many. Answers stay.

    ``said_at`` is the row at which the firm said that it wants no more: told in the timeline. The links are closed last of
    all: whoever came by one writes nothing more after that.
    """
    rows = list(FollowUp.objects.select_for_update(of=("self",)).filter(case=case, answered_at__isnull=True, ended_at__isnull=True))
    for one in rows:
        _end(one, because)
    if rows and said_at is not None:
        log_step(case, Verb.FOLLOW_UP, by=by, subject=said_at, after=because, reason=str(said_at.months))
    if rows:
        record(by, "follow_up.end", case, *rows, because=because.value)
    for one in rows:
        close_links(one.pk, LinkPurpose.FOLLOWUP)
    return len(rows)


def end_one(follow_up: FollowUp, because: Ended) -> None:
    """End one locked row: its link opens nothing any more, and a mail that waits does not leave."""
    _end(follow_up, because)
    close_links(follow_up.pk, LinkPurpose.FOLLOWUP)


def _end(follow_up: FollowUp, because: Ended) -> None:
    follow_up.ended_at, follow_up.ended_because = clock.now(), because
    follow_up.save()
    unask_company(follow_up.case_id, follow_up.pk)


@transaction.atomic
def answer_follow_up(follow_up: FollowUp, answer: Answer, *, by: Actor) -> FollowUp:
    """The firm answers, through its link or its account; within a week it may correct what it said.

    The link lives that week only. Refused: ``not_company``, ``not_asked``, ``ended``, ``answered``, and what ``_check`` refuses.
    """
    case, locked = _lock(follow_up)
    if not speaks_for_company(by, case):
        raise Refused(_("これは、会社の方だけが、届いたリンクか会社のアカウントからできます。"), "not_company")
    _check_open(locked, is_done=locked.answered_at is not None and not locked.is_correctable)
    if locked.asked_at is None:
        raise Refused(_("まだうかがう時期ではありません。"), "not_asked")
    _write(locked, _check(answer, satisfaction_needed=True))
    again = locked.answered_at is not None
    if again:
        locked.corrected_at = clock.now()
    else:
        locked.answered_at, locked.answered_on = clock.now(), clock.today()
    locked.how = AnsweredBy.ACCOUNT if by.is_company else AnsweredBy.LINK
    locked.said_by = by.name[:100]
    locked.save()
    _shorten_links(locked)
    unask_company(case.pk, locked.pk)
    _told(case, locked, "corrected" if again else "answered", by=by)
    return locked


@transaction.atomic
def record_follow_up(follow_up: FollowUp, answer: Answer, *, by: Actor, said_by: str, heard_on: dt.date | None = None) -> FollowUp:
    """Write down what the firm said on the telephone or at a visit: who said it, and on which day.

    Refused: ``not_allowed``, ``case_open``, ``too_early``, ``ended``, ``answered`` (by the firm itself), ``said_by_empty``,
    ``future``, ``before_closing``, and what ``_check`` refuses.
    """
    _body, person = signed(by)
    case, locked = _lock(follow_up)
    require(runs_case(by, case))
    if case.is_open or case.closed_at is None:
        raise Refused(_("この案件は再開しています。案件のやりとりに書いてください。"), "case_open")
    _check_open(locked, is_done=locked.how in {AnsweredBy.LINK, AnsweredBy.ACCOUNT})
    if locked.due_on - EARLY > clock.today():
        raise Refused(_("うかがう時期の1か月より前です。"), "too_early")
    who, day = fit_name(said_by, "said_by"), heard_on or clock.today()
    if not who:
        raise Refused(_("答えた方のお名前を入れてください。"), "said_by_empty", field="said_by")
    if day > clock.today():
        raise Refused(_("まだ来ていない日です。今日までの日を入れてください。"), "future", field="heard_on")
    if day < case.closed_at.astimezone(clock.JST).date():
        raise Refused(_("案件が終わる前の日です。日付を確かめてください。"), "before_closing", field="heard_on")
    again = locked.answered_at is not None
    _write(locked, _check(answer, satisfaction_needed=False))
    if again:
        locked.corrected_at = clock.now()
    else:
        locked.answered_at = clock.now()
    locked.answered_on, locked.how, locked.said_by, locked.recorded_by_id = day, AnsweredBy.TELEPHONE, who, person
    locked.save()
    close_links(locked.pk, LinkPurpose.FOLLOWUP)
    unask_company(case.pk, locked.pk)
    _told(case, locked, "corrected" if again else "telephone", by=by)
    return locked


@transaction.atomic
def ask_no_more(follow_up: FollowUp, *, by: Actor) -> int:
    """The firm does not want to be asked about this case: by itself, or said to staff. Twice does nothing.

    Refused: ``not_allowed``.
    """
    case, locked = _lock(follow_up)
    require(speaks_for_company(by, case) or runs_case(by, case))
    count = end_follow_ups(case, Ended.UNWANTED, by=by, said_at=locked)
    close_links(locked.pk, LinkPurpose.FOLLOWUP)
    return count


def _lock(follow_up: FollowUp) -> tuple[Case, FollowUp]:
    case = lock_case(Case(pk=follow_up.case_id))
    locked = FollowUp.objects.select_for_update(of=("self",)).get(pk=follow_up.pk)
    locked.case = case
    return case, locked


def _check_open(follow_up: FollowUp, *, is_done: bool) -> None:
    """An answer that comes too late is taken all the same; what was ended for another reason stays so."""
    if follow_up.ended_because not in {"", Ended.SILENT}:
        raise Refused(_("これについては、もううかがっていません。"), "ended")
    if is_done:
        raise Refused(_("お返事は、もういただいています。変わったことは、電話でお知らせください。"), "answered")


def _check(answer: Answer, *, satisfaction_needed: bool) -> Answer:
    """Refused: ``useful_missing``, ``satisfaction_missing``, ``unknown_word``, ``out_of_range``, ``too_long``."""
    if answer.useful not in Useful.values:
        raise Refused(_("1つ選んでください。"), "useful_missing", field="useful")
    if satisfaction_needed and answer.satisfaction is None:
        raise Refused(_("1つ選んでください。"), "satisfaction_missing", field="satisfaction")
    known: dict[str, list[str]] = {"trouble": Trouble.values, "going": ["", *Going.values], "product": ["", *Product.values]}
    for name, words in known.items():
        if getattr(answer, name) not in words:
            raise Refused(_("一覧から選び直してください。"), "unknown_word", field=name)
    most = {"satisfaction": 5, "orders_yen": MOST_YEN, "saved_yen": MOST_YEN, "jobs": MOST_PEOPLE, "patents": MOST_PEOPLE}
    for name, limit in most.items():
        value, least = getattr(answer, name), int(name == "satisfaction")
        if value is not None and not least <= value <= limit:
            raise Refused(_("%(least)sから%(most)sまでの数を入れてください。") % {"least": least, "most": f"{limit:,}"},
                          "out_of_range", field=name)
    return Answer(**asdict(answer) | {"words": fit(answer.words, MOST_WORDS, "words")})


def _write(follow_up: FollowUp, answer: Answer) -> None:
    follow_up.ended_at, follow_up.ended_because = None, ""
    for name, value in asdict(answer).items():
        setattr(follow_up, name, value)


def _shorten_links(follow_up: FollowUp) -> None:
    """Let the links of an answered row end with the week in which it may be corrected."""
    last = (follow_up.answered_at or clock.now()) + CORRECTABLE
    open_ones = Link.objects.filter(subject=follow_up.pk, purpose=LinkPurpose.FOLLOWUP, closed_at__isnull=True)
    open_ones.filter(expires_at__gt=last).update(expires_at=last)


def _told(case: Case, follow_up: FollowUp, how: str, *, by: Actor) -> None:
    """Write step and event; tell the holder when the firm says that it needs somebody."""
    log_step(case, Verb.FOLLOW_UP, by=by, subject=follow_up, after=how, reason=str(follow_up.months),
             happened_on=follow_up.answered_on if how == "telephone" else None)
    content: dict[str, Any] = {"how": follow_up.how, "trouble": follow_up.trouble, "text": follow_up.words}
    record(by, f"follow_up.{'correct' if how == 'corrected' else 'answer'}", follow_up, case, **content)
    if follow_up.trouble in {Trouble.SAME, Trouble.OTHER} and not by.is_staff:
        mails.tell_holder(
            case, by=by, purpose=KIND, about=follow_up.pk, subject=written("終わった案件の会社が、相談したいと言っています"),
            words=written("その後の伺いに、困っている、または別の相談があるとの返事がありました。案件の画面で読んで、連絡してください。"),
        )  # fmt: skip
