"""Promises of secrecy: recorded, ended, and what is shown only under them [C46].

A promise opens nothing by itself: the body needs the firm's consent to the class as well.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.disclosable import lock_open
from renkei.cases.models import Attachment, Nda, NdaKind, NdaKnown, Passage, Verb, log_step
from renkei.cases.models.case import Case
from renkei.cases.rules import require, runs_case, speaks_for_company
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import fit, lock_case, require_open
from renkei.plan.models import Body


@transaction.atomic
def record_nda(
    case: Case,
    *,
    by: Actor,
    body: Body,
    signed_on: dt.date,
    known: str,
    until: dt.date | None = None,
    kind: str = NdaKind.TWO,
    third_party: str = "",
    file: Attachment | None = None,
) -> Nda:
    """Write down that firm and body have promised secrecy; once more corrects the one that stands.

    ``until`` is its last day; it ends by itself. Refused: ``unknown_kind``, ``unknown_known``, ``third_missing``,
    ``not_yet`` (signed in the future), ``until_before``, ``wrong_file``, ``not_allowed``, ``case_closed``.
    """
    locked = lock_open(case, by=by)
    third = fit(third_party, 200, "third_party")
    _check(kind, known, third, signed_on, until)
    if file is not None and file.case_id != locked.pk:
        raise Refused(_("この案件の書類から選んでください。"), "wrong_file", field="file")
    found = Nda.objects.select_for_update(of=("self",)).filter(case=locked, body=body, ended_on__isnull=True).first()
    nda = found or Nda(case=locked, body=body)
    nda.kind, nda.known, nda.third_party = kind, known, third if kind == NdaKind.THREE else ""
    nda.signed_on, nda.until, nda.file = signed_on, until, file
    nda.recorded_by_body_id, nda.recorded_by_id, nda.recorded_at = by.body or locked.holder_id, by.person, clock.now()
    nda.save()
    log_step(locked, Verb.NDA, by=by, subject=nda, before="corrected" if found else "", after="signed", about_body=body.pk,
             happened_on=signed_on)
    record(by, "nda.record", nda, locked, body=body.pk, signed=signed_on, until=until, known=known)
    return nda


@transaction.atomic
def end_nda(nda: Nda, *, by: Actor) -> Nda:
    """End it today: what is shown only under secrecy is gone at the body's next request. Twice changes nothing."""
    case = lock_case(nda.case)
    require(runs_case(by, case))
    locked = Nda.objects.select_for_update(of=("self",)).get(pk=nda.pk)
    if locked.ended_on is not None:
        return locked
    locked.ended_on = clock.today()
    locked.save(update_fields=["ended_on"])
    log_step(case, Verb.NDA, by=by, subject=locked, before="signed", after="ended", about_body=locked.body_id)
    record(by, "nda.end", locked, case)
    return locked


@transaction.atomic
def keep_for_secrecy(row: Passage | Attachment, *, by: Actor, needs_nda: bool) -> Passage | Attachment:
    """Show a text or file only under a promise of secrecy, or with consent alone again. It acts at the next request.

    The firm decides; staff who run the case write down what it said. Refused: ``is_summary``, ``not_allowed``,
    ``case_closed``.
    """
    case = lock_case(row.case)
    require(speaks_for_company(by, case) or runs_case(by, case))
    require_open(case)
    locked = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
    if locked.klass == DisclosureClass.SUMMARY and needs_nda:
        raise Refused(_("要約は、秘密保持の約束がなくても読める区分です。技術か資金のものにだけ付けられます。"), "is_summary")
    if locked.needs_nda == needs_nda:
        return locked
    locked.needs_nda = needs_nda
    locked.save(update_fields=["needs_nda"])
    log_step(case, Verb.NDA, by=by, subject=locked, before="" if needs_nda else "kept", after="kept" if needs_nda else "free")
    record(by, "nda.keep", locked, case, needs_nda=needs_nda)
    return locked


def _check(kind: str, known: str, third: str, signed_on: dt.date, until: dt.date | None) -> None:
    if kind not in NdaKind.values:
        raise Refused(_("2者か3者かを選んでください。"), "unknown_kind", field="kind")
    if known not in NdaKnown.values:
        raise Refused(_("どう確かめたかを選んでください。"), "unknown_known", field="known")
    if kind == NdaKind.THREE and not third:
        raise Refused(_("3者目の名前を書いてください。"), "third_missing", field="third_party")
    if signed_on > clock.today():
        raise Refused(_("まだ来ていない日です。結んでから記録してください。"), "not_yet", field="signed_on")
    if until is not None and until < signed_on:
        raise Refused(_("結んだ日より後の日を入れてください。"), "until_before", field="until")
