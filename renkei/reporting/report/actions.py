"""Begin a report, write in it, approve it: then its numbers and words stand, and a change is a new version (form L)."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import in_house_language
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.plan.models import Plan
from renkei.reporting.models import Report, ReportKind, ReportText
from renkei.reporting.report.parts import frozen_parts
from renkei.reporting.report.queries import can_begin, digest, moment_of, period_of, sections_of, texts_of
from renkei.reporting.rules import approves_reports, writes_reports

MOST = 4000


@transaction.atomic
def begin_report(kind: str, plan: Plan, year: FiscalYear, *, by: Actor) -> Report:
    """Begin the first version of a report. Refused: ``not_allowed``, ``not_offered``, ``begun_already``."""
    _require_writer(by)
    if Report.objects.filter(kind=kind, plan=plan, fiscal_year=year.start_year).exists():
        raise _begun()
    if (kind, year, plan) not in can_begin(by):
        raise Refused(_("この報告は、まだ書けません。一覧から選び直してください。"), "not_offered")
    report = _create(kind, plan, year.start_year, 1, by=by)
    record(by, "report.begin", report)
    return report


@transaction.atomic
def write_section(report: Report, section: str, *, text: str, seen: int, by: Actor) -> ReportText:
    """Put words into a section of a draft. ``seen`` is the number of the words the person had before them (0: none).

    Refused: ``not_allowed``, ``approved``, ``unknown_section``, ``too_long``, ``changed_meanwhile`` (nothing is lost: the
    other's words stand, and the caller shows both), ``nothing_changed``.
    """
    _require_writer(by)
    locked = _locked(report)
    words = clean_text(text)
    if len(words) > MOST:
        raise Refused(_("%(most)s字までにしてください。") % {"most": MOST}, "too_long", field="text")
    if section not in {one.code for one in sections_of(locked, by)}:
        raise Refused(_("報告にその節はありません。"), "unknown_section")
    last = texts_of(locked, by).get(section)
    if (last.number if last else 0) != seen:
        raise Refused(_("ほかの人が先に書きました。上に、いまの文があります。あなたの文と合わせて、もう一度保存してください。"), "changed_meanwhile", field="text")
    if words == (last.text if last else ""):
        raise Refused(_("文は変わっていません。"), "nothing_changed", field="text")
    made = ReportText.objects.create(
        report=locked, section=section, number=seen + 1, text=words, written_at=clock.now(), written_by_id=by.person
    )
    record(by, "report.write", locked, made, section=section, text=words)
    return made


@transaction.atomic
def approve_report(report: Report, *, by: Actor) -> Report:
    """Freeze a report: numbers, words and the moment they were known at, under one digest.

    A year must be closed first, and a term over. Refused: ``not_allowed``, ``approved``, ``not_closed``, ``not_over``.
    """
    if not approves_reports(by):
        raise Refused(_("報告を承認できるのは、窓口の管理者だけです。"), "not_allowed")
    locked = _locked(report)
    if locked.kind == ReportKind.TERM:
        if clock.today() <= locked.plan.term_to:
            raise Refused(_("計画の期間がまだ終わっていません。終わってから承認してください。"), "not_over")
    elif period_of(locked, by) is None:
        raise Refused(_("この年度はまだ締めていません。数字の画面で年度を締めてから承認してください。"), "not_closed")
    locked.as_of = moment_of(locked, by)  # before it counts: what is recorded meanwhile shows as a difference
    with in_house_language():
        parts = frozen_parts(sections_of(locked, by))
    locked.content, locked.approved_at, locked.approved_by_id = parts, clock.now(), by.person
    locked.digest = digest(locked)
    locked.save()
    record(by, "report.approve", locked, digest=locked.digest)
    return locked


@transaction.atomic
def begin_next_version(report: Report, *, by: Actor) -> Report:
    """Begin another version of an approved report, with the same words; the approved one stays as it is.

    Refused: ``not_allowed``, ``not_approved``, ``begun_already``.
    """
    _require_writer(by)
    last = Report.objects.filter(kind=report.kind, plan=report.plan_id, fiscal_year=report.fiscal_year).order_by("-number").first()
    if last is None or not last.is_approved:
        raise Refused(_("承認していない版があります。そちらを直してください。"), "not_approved")
    made = _create(report.kind, report.plan, report.fiscal_year, last.number + 1, by=by)
    for code, words in texts_of(last, by).items():
        ReportText.objects.create(
            report=made, section=code, number=1, text=words.text, written_at=words.written_at, written_by_id=words.written_by_id
        )
    record(by, "report.begin", made, last)
    return made


def _create(kind: str, plan: Plan, year: int, number: int, *, by: Actor) -> Report:
    try:
        with transaction.atomic():
            return Report.objects.create(plan=plan, kind=kind, fiscal_year=year, number=number, begun_at=clock.now(), begun_by_id=by.person)
    except IntegrityError as error:
        raise _begun() from error


def _locked(report: Report) -> Report:
    """Return the draft, its row locked. Refused: ``approved``."""
    locked = Report.objects.select_for_update(of=("self",)).select_related("plan").get(pk=report.pk)
    if locked.is_approved:
        raise Refused(_("承認した報告は直せません。直すときは、新しい版を始めてください。"), "approved")
    return locked


def _require_writer(by: Actor) -> None:
    if not writes_reports(by):
        raise Refused(_("報告を書けるのは、窓口だけです。"), "not_allowed")


def _begun() -> Refused:
    return Refused(_("この報告は、もう書き始めています。"), "begun_already")
