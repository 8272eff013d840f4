"""The disclosable version of a need: written by the desk, read and confirmed by the firm, and only then sent (P2)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.listing import put_on_list, take_off_list
from renkei.cases.models import Case, Circulation, Inquiry, Need, Verb, log_step
from renkei.cases.queries.anonymity import giveaways
from renkei.cases.rules import require, runs_case, speaks_for_company
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case


@transaction.atomic
def write_public(
    need: Need, *, title: str, summary: str, by: Actor, seen: bool = False, sure: bool = False, listed: bool = False
) -> Need:
    """Write what may leave without a name. ``seen``: read to the firm, which agreed; ``sure``: names in it are meant.

    ``listed``: the firm said too that the words may be found (``list_need``). Changed words have to be confirmed again, and are
    listed no more; the same words twice change nothing.
    Refused: ``title_empty``, ``summary_empty``, ``too_long``, ``giveaway`` (naming the words), ``circulating``,
    ``not_read`` (listed words the firm has not heard), ``not_allowed``, ``case_closed``.
    """
    case = lock_open(need.case, by=by)
    locked = lock_need(need)
    heading, text = fit(title, 100, "title"), fit(summary, 600, "summary")
    if not heading:
        raise Refused(_("題名を、ひとことで書いてください。"), "title_empty", field="title")
    if not text:
        raise Refused(_("ほかの機関が読む内容を書いてください。"), "summary_empty", field="summary")
    check_giveaways(f"{heading}\n{text}", case, by=by, sure=sure)
    changed = (locked.public_title, locked.public_summary) != (heading, text)
    if changed and locked.circulations.filter(ended_at__isnull=True).exists():
        raise Refused(_("いま名を伏せて尋ねています。文を直すときは、先に尋ねるのをやめてください。"), "circulating")
    if listed and not seen and (changed or locked.public_confirmed_at is None):
        raise Refused(_("載せてよいと言われたときは、文も読み上げて、よいと言われたことに印を付けてください。"), "not_read", field="seen")
    if not changed and (locked.public_confirmed_at is not None or not seen):
        if listed and locked.listed_at is None:
            put_on_list(locked, case, by=by)
        return locked
    take_off_list(locked, case, by=by)
    locked.public_title, locked.public_summary = heading, text
    locked.public_written_at, locked.public_confirmed_at = clock.now(), clock.now() if seen else None
    locked.public_confirmed_by = by.name[:100] if seen else ""
    locked.save()
    log_step(case, Verb.NEED_CHANGED, by=by, subject=locked, after="public")
    if seen:
        log_step(case, Verb.SUMMARY_SEEN, by=by, subject=locked)
    else:
        _ask_the_firm(case, by=by)
    record(by, "need.write_public", locked, case, title=heading, summary=text, seen=seen)
    if listed:
        put_on_list(locked, case, by=by)
    return locked


@transaction.atomic
def confirm_public(need: Need, *, by: Actor, title: str, summary: str, listed: bool = False) -> Need:
    """The firm lets the words stand as it was shown them, and be found (``listed``) if it wants; twice changes nothing.

    Refused: ``not_company``, ``nothing_written``, ``changed_meanwhile`` (other words than shown), ``case_closed``.
    """
    case = lock_case(need.case)
    if not speaks_for_company(by, case):
        raise Refused(_("これは、会社の方だけが、届いたリンクからできます。"), "not_company")
    require_open(case)
    locked = lock_need(need)
    if not locked.public_title:
        raise Refused(_("名を伏せた文は、まだありません。"), "nothing_written")
    if (locked.public_title, locked.public_summary) != (title, summary):
        raise Refused(_("文が、お読みになったあとで変わりました。新しい文を読んで、もう一度押してください。"), "changed_meanwhile")
    if locked.public_confirmed_at is not None:
        return locked
    locked.public_confirmed_at, locked.public_confirmed_by = clock.now(), by.name[:100]
    locked.save(update_fields=["public_confirmed_at", "public_confirmed_by"])
    log_step(case, Verb.SUMMARY_SEEN, by=by, subject=locked)
    record(by, "need.confirm_public", locked, case, title=title, summary=summary)
    if listed:
        put_on_list(locked, case, by=by)
    if case.next_kind == "wait":  # the holder waited for this answer
        put_next_step(case, NextStep(what=written("名を伏せた文を会社が確かめたので、尋ねる"), on=due("first_answer"), kind="choose"))
        save_case(case)
    mails.tell_holder(case, by=by, subject=written("名を伏せた文が確かめられました"), words=written(
        "会社が、名を伏せて尋ねるための文を確かめました。案件の画面から尋ねられます。"))
    return locked


@transaction.atomic
def take_back_public(need: Need, *, by: Actor) -> Need:
    """The firm lets the words stand no longer: what is asked with them ends at once, and they are found no more. Twice changes nothing.

    Refused: ``not_company``, ``case_closed``.
    """
    case = lock_case(need.case)
    if not speaks_for_company(by, case):
        raise Refused(_("これは、会社の方だけが、届いたリンクからできます。"), "not_company")
    require_open(case)
    locked = lock_need(need)
    if locked.public_confirmed_at is None:
        return locked
    take_off_list(locked, case, by=by)
    locked.public_confirmed_at, locked.public_confirmed_by = None, ""
    locked.save(update_fields=["public_confirmed_at", "public_confirmed_by"])
    stop_asking(case, locked.circulations.filter(ended_at__isnull=True), by=by)
    log_step(case, Verb.NEED_CHANGED, by=by, subject=locked, before="public", after="taken_back")
    record(by, "need.take_back_public", locked, case)
    step = NextStep(what=written("会社が名を伏せた文を取り消した。進め方を決める"), on=due("first_answer"), kind="choose")
    if case.next_on is None or step.on <= case.next_on:
        put_next_step(case, step)
        save_case(case)
    mails.tell_holder(case, by=by, subject=written("名を伏せた文が取り消されました"), words=written(
        "会社が、名を伏せて尋ねることを取り消しました。尋ねていたものは終わりました。案件の画面で確かめてください。"))
    return locked


def stop_asking(case: Case, circulations: Iterable[Circulation], *, by: Actor) -> None:
    """End circulations of a case that is locked: its end, or that of the need, ends what is asked about it."""
    for one in circulations:
        one.ended_at = clock.now()
        one.save(update_fields=["ended_at"])
        Inquiry.objects.filter(pk=one.inquiry_id).update(ended_at=one.ended_at)
        log_step(case, Verb.CIRCULATED, by=by, subject=one, before="open", after="ended")
        record(by, "need.end_circulation", one, case)


def check_giveaways(text: str, case: Case, *, by: Actor, sure: bool) -> None:
    """Raise Refused ``giveaway``, naming the words, unless somebody has read them and is sure."""
    found = giveaways(text, case, actor=by)
    if found and not sure:
        raise Refused(
            _("会社が分かる言葉があります：%(words)s。書き換えるか、このままでよければ印を付けて、もう一度押してください。")
            % {"words": "、".join(found)},
            "giveaway",
            field="sure",
        )


def lock_open(case: Case, *, by: Actor) -> Case:
    """Return the case, locked. Raises Refused unless the actor runs it and it is open."""
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    return locked


def lock_need(need: Need) -> Need:
    """Return the need, its row locked; the case's row is always locked before it."""
    return Need.objects.select_for_update(of=("self",)).get(pk=need.pk)


def _ask_the_firm(case: Case, *, by: Actor) -> None:
    sent = mails.tell_company(case, by=by, subject=written("名を伏せた文を確かめてください"), words=written(
        "お名前を出さずに、協力できるところを探すための文を用意しました。状況のページで読んで、よければ「確かめた」を押してください。"
        "押されるまでは、どこにも送りません。"))
    what = written("名を伏せた文を、会社が確かめるのを待つ") if sent else written("名を伏せた文を、会社に電話で読んで確かめる")
    step = NextStep(what=what, on=due("company_answer"), kind="wait")
    if case.next_on is None or step.on <= case.next_on:
        put_next_step(case, step)
        save_case(case)
