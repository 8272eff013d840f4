"""Put two cases of one firm together, or make two of one; both can be undone. Numbers, links and consents stay valid.

A merged case is closed and points at the one it went into; its status link still opens it and shows where it went
(``link_family`` lets the firm through). Consents do not travel: what the firm opened in one case stays in that case.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Case, Consent, ConsentHow, Need, Passage, Regrouping, Support, Verb, log_step
from renkei.cases.numbers import draw_number
from renkei.cases.rules import require, runs_case
from renkei.cases.states import OPEN_SUPPORTS, CaseState
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case, set_state


@transaction.atomic
def merge_cases(into: Case, other: Case, *, by: Actor) -> Case:
    """Close ``other`` as a part of ``into``. Refused for two firms, for open supports of the other, and for itself."""
    target, source = _lock_both(into, other, by=by)
    if target.company_id is None or target.company_id != source.company_id:
        raise Refused(_("まとめられるのは、同じ会社の案件だけです。"), "other_company", field="number")
    if target.pk == source.pk:
        raise Refused(_("同じ案件です。別の受付番号を入れてください。"), "same_case", field="number")
    if source.supports.filter(state__in=OPEN_SUPPORTS).exists():
        raise Refused(_("まとめる案件に、まだ終わっていない支援があります。先に終えるか、取りやめてください。"), "open_supports")
    before = {"state": source.state, "next_step": source.next_step, "next_on": str(source.next_on), "kind": source.next_kind}
    source.merged_into, source.close_reason, source.close_words = target, "merged", target.number
    moved = set_state(source, CaseState.CLOSED)
    source.closed_at = clock.now()
    save_case(source)
    Regrouping.objects.create(kind="merge", case=source, root=target, before=before, done_at=clock.now(), done_by_id=by.person)
    log_step(source, Verb.MERGED, by=by, before=moved, after=source.state, subject=target)
    log_step(target, Verb.MERGED, by=by, subject=source)
    record(by, "case.merge", target, source, before=before)
    mails.tell_company(source, by=by, subject=_("ご相談をまとめました"),
                       words=_("同じ会社のご相談（%(number)s）と、まとめて進めます。") % {"number": target.number})
    return target


@transaction.atomic
def unmerge(case: Case, *, by: Actor) -> Case:
    """Let a merged case stand by itself again, with the next step it had."""
    locked = lock_case(case)
    require(runs_case(by, locked) or locked.received_by_id == by.body)
    kept = _open_regrouping(locked, "merge")
    root = kept.root
    before = set_state(locked, CaseState.ACTIVE)
    locked.merged_into, locked.closed_at, locked.close_reason, locked.close_words = None, None, "", ""
    put_next_step(locked, NextStep(what=str(kept.before["next_step"]), on=due("first_answer"), person=locked.holder_person_id))
    save_case(locked)
    _undo(kept)
    log_step(locked, Verb.UNMERGED, by=by, before=before, after=locked.state, subject=root)
    log_step(root, Verb.UNMERGED, by=by, subject=locked)
    record(by, "case.unmerge", locked, root)
    return locked


@transaction.atomic
def split_case(case: Case, *, needs: list[Need], title: str, by: Actor) -> Case:
    """Make a case of its own from some needs and their supports. The words stay where they were said.

    The new case has the same firm, holder and taker; consents are copied only for bodies whose supports move, so nobody
    sees more than before.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    clean = fit(title, 100, "title")
    if not clean:
        raise Refused(_("新しい案件の件名を書いてください。"), "title_empty", field="title")
    chosen = list(Need.objects.select_for_update().filter(case=locked, pk__in=[need.pk for need in needs]))
    if not chosen or len(chosen) == locked.needs.count():
        raise Refused(_("新しい案件に移す課題を選んでください（すべては選べません）。"), "needs", field="needs")
    made = _sister(locked, clean)
    _move_needs(chosen, locked, made)
    Regrouping.objects.create(kind="split", case=made, root=locked, needs=[str(need.pk) for need in chosen], before={},
                              done_at=clock.now(), done_by_id=by.person)
    log_step(made, Verb.SPLIT, by=by, after=made.state, subject=locked)
    log_step(locked, Verb.SPLIT, by=by, subject=made)
    record(by, "case.split", locked, made, needs=[str(need.pk) for need in chosen])
    return made


@transaction.atomic
def unsplit(case: Case, *, by: Actor) -> Case:
    """Bring the needs back where they came from and close the case that was made."""
    locked = lock_case(case)
    require(runs_case(by, locked))
    kept = _open_regrouping(locked, "split")
    root = lock_case(kept.root)
    require_open(root)
    added = Need.objects.filter(case=locked).exclude(pk__in=[uuid.UUID(one) for one in kept.needs])
    if added.exists():
        raise Refused(_("分けたあとに課題が足されています。先にその課題を片づけてください。"), "changed_meanwhile")
    _move_needs(list(Need.objects.filter(case=locked)), locked, root)
    before = set_state(locked, CaseState.CLOSED)
    locked.closed_at, locked.close_reason, locked.close_words = clock.now(), "merged", root.number
    locked.merged_into = root
    save_case(locked)
    _undo(kept)
    log_step(locked, Verb.UNMERGED, by=by, before=before, after=locked.state, subject=root)
    log_step(root, Verb.UNMERGED, by=by, subject=locked)
    record(by, "case.unsplit", locked, root)
    return root


def _lock_both(into: Case, other: Case, *, by: Actor) -> tuple[Case, Case]:
    """Lock in the order of ids, so that two merges of the same pair never wait for each other."""
    locked = {case.pk: lock_case(case) for case in sorted((into, other), key=lambda one: str(one.pk))}
    target, source = locked[into.pk], locked[other.pk]
    for one in (target, source):
        require(runs_case(by, one))
        require_open(one)
    return target, source


def _sister(case: Case, title: str) -> Case:
    made = Case(
        id=uuid.uuid4(), number=draw_number(case.received_by, clock.today()), plan=case.plan, company=case.company,
        company_given=case.company_given, title=title, summary=case.summary, summary_seen_at=case.summary_seen_at,
        standing_classes=case.standing_classes, received_by=case.received_by, at_desk=case.at_desk,
        arrived_at=case.arrived_at, state=CaseState.ACTIVE, holder=case.holder, holder_person=case.holder_person,
        holder_since=clock.today(), support_field=case.support_field, split_from=case,
    )  # fmt: skip
    put_next_step(made, NextStep(what=_("分けた課題の進め方を決める"), on=due("first_answer"), person=case.holder_person_id))
    made.index_text()
    made.save(force_insert=True)
    return made


def _move_needs(needs: list[Need], start: Case, end: Case) -> None:
    """Move needs with their supports, passages and links; copy the consents those supports rest on."""
    supports = list(Support.objects.filter(need__in=needs))
    Need.objects.filter(pk__in=[need.pk for need in needs]).update(case=end)
    Support.objects.filter(pk__in=[one.pk for one in supports]).update(case=end)
    Passage.objects.filter(need__in=needs).update(case=end)
    Passage.objects.filter(support__in=supports).update(case=end)
    for consent in Consent.objects.live().filter(case=start, body__in={one.body_id for one in supports}):
        Consent.objects.get_or_create(
            case=end, body_id=consent.body_id, klass=consent.klass, withdrawn_at=None,
            defaults={"purpose": consent.purpose, "how": consent.how if consent.how != ConsentHow.ORAL else ConsentHow.FORM,
                      "given_by": consent.given_by, "given_at": consent.given_at, "until": consent.until},
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_links_follow(%s, %s, %s)", [start.pk, end.pk, [one.pk for one in supports]])


def _open_regrouping(case: Case, kind: str) -> Regrouping:
    found = Regrouping.objects.filter(case=case, kind=kind, undone_at__isnull=True).select_related("root").first()
    if found is None:
        raise Refused(_("取り消すものがありません。画面を開き直してください。"), "nothing_to_undo")
    return found


def _undo(kept: Regrouping) -> None:
    kept.undone_at = clock.now()
    kept.save(update_fields=["undone_at"])


Before = dict[str, Any]
