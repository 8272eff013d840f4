"""Two cases of one firm made one, one made two, each with its way back.

Nothing that was said moves: words, contacts, messages, files and consents stay in the case they were said in, so
merging never lets anybody read more than before. What goes over is the work: open needs and the next step.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Case, Circulation, Consent, Match, Nda, Need, Regrouping, Support, Verb, log_step
from renkei.cases.numbers import draw_number
from renkei.cases.rules import require, runs_case
from renkei.cases.states import OPEN_SUPPORTS, CaseState, HandoverState, NeedState
from renkei.cases.steps import NextStep, due, fit, forget_who_left, put_next_step, require_open, save_case
from renkei.plan.models import Body
from renkei.plan.queries import is_front_desk

MERGED = "merged"


@transaction.atomic
def merge_cases(into: Case, other: Case, *, by: Actor) -> Case:
    """Put ``other`` into ``into``: it closes and points there, its open needs go over, its links lead on.

    Refused: ``same_case``, ``merged``, ``case_closed``, ``other_company``, ``open_supports``, ``open_handover``,
    ``no_consent``, ``not_allowed``. Returns the surviving case.
    """
    if into.pk == other.pk:
        raise Refused(_("同じ案件です。まとめる相手を選んでください。"), "same_case", field="other")
    keeper, gone = _lock_both(into, other, by=by)
    _check_merge(keeper, gone)
    needs = list(Need.objects.select_for_update(of=("self",)).filter(case=gone, state=NeedState.OPEN))
    children = list(Case.objects.filter(merged_into=gone))
    before: dict[str, Any] = {
        "state": gone.state, "next": _next_of(gone), "reason": gone.close_reason, "holder": gone.holder_id,
        "standing": keeper.standing_classes,
        "children": [str(child.pk) for child in children],
    }  # fmt: skip
    _carry(needs, keeper)
    Case.objects.filter(pk__in=[child.pk for child in children]).update(merged_into=keeper)
    keeper.standing_classes = sorted(set(keeper.standing_classes) & set(gone.standing_classes))
    _earlier_step(keeper, gone)
    _close_into(gone, keeper)
    save_case(keeper)
    Regrouping.objects.create(kind="merge", case=gone, root=keeper, before=before, done_at=clock.now(),
                              needs=[str(need.pk) for need in needs], done_by_id=by.person)
    log_step(gone, Verb.MERGED, by=by, before=before["state"], after=gone.state, reason=MERGED)
    log_step(keeper, Verb.MERGED, by=by, subject=gone, before=gone.number)
    record(by, "case.merge", keeper, gone)
    mails.tell_company(keeper, by=by, subject=written("2つのご相談をまとめました"), words=written(
        "受付番号%(gone)sのご相談を、%(number)sにまとめました。どちらの番号でもお問い合わせいただけます。")
        % {"gone": gone.number, "number": keeper.number})
    return keeper


@transaction.atomic
def unmerge(case: Case, *, by: Actor) -> Case:
    """Take a merged case out again, as it was, from wherever it has been carried on to.

    Needs that bodies were asked about since stay where that happened.
    Refused: ``not_merged``, ``changed_meanwhile``, ``not_allowed``. Returns the case that stands alone again.
    """
    entry = _entry(case, "merge")
    root = Case.objects.filter(merged=case.pk).first()
    if entry is None or root is None:
        raise Refused(_("まとめた案件ではありません。画面を開き直してください。"), "not_merged")
    keeper, gone = _lock_both(root, case, by=by)
    if gone.merged_into_id != keeper.pk:
        raise Refused(_("ほかの人が先に保存しました。画面を開き直してください。"), "changed_meanwhile")
    moved = Need.objects.select_for_update(of=("self",)).filter(pk__in=entry.needs, case=keeper)
    asked = set(Support.objects.filter(case=keeper, need__in=entry.needs).values_list("need_id", flat=True))
    gone.merged_into, gone.closed_at, gone.close_reason = None, None, entry.before.get("reason", "")
    gone.state = entry.before["state"]
    _put_back(gone, entry.before["next"])
    if entry.before.get("holder", gone.holder_id) != gone.holder_id:  # the firm has closed it to whom it was with
        gone.next_body_id, gone.next_person_id = gone.holder_id, None
    forget_who_left(gone)
    save_case(gone)
    _carry([need for need in moved if need.pk not in asked], gone)
    Case.objects.filter(pk__in=entry.before["children"], merged_into=keeper).update(merged_into=gone)
    if keeper.pk == entry.root_id and set(keeper.standing_classes) <= set(entry.before["standing"]):
        keeper.standing_classes = entry.before["standing"]
    save_case(keeper)
    _undo(entry)
    log_step(gone, Verb.UNMERGED, by=by, before=CaseState.CLOSED, after=gone.state)
    log_step(keeper, Verb.UNMERGED, by=by, subject=gone, before=gone.number)
    record(by, "case.unmerge", keeper, gone)
    return gone


@transaction.atomic
def split_case(case: Case, *, needs: list[Need], title: str, by: Actor) -> Case:
    """Make a case of its own from some needs: their supports, offer links and the firm's live consents go with them.

    Refused: ``title_empty``, ``no_needs``, ``wrong_need``, ``all_needs``, ``case_closed``, ``not_allowed``.
    """
    locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    require(runs_case(by, locked))
    require_open(locked)
    heading = fit(title, 100, "title")
    if not heading:
        raise Refused(_("新しい案件の件名を書いてください。"), "title_empty", field="title")
    chosen = _check_split(locked, needs)
    new = _new_case(locked, heading)
    new.save(force_insert=True)
    for consent in Consent.objects.live().filter(case=locked):
        consent.pk, consent.case = uuid.uuid4(), new  # the same consent, for a part of what it covers
        consent.save(force_insert=True)
    for nda in Nda.objects.live().filter(case=locked):
        nda.pk, nda.case, nda.file = uuid.uuid4(), new, None  # the paper stays where it was put
        nda.save(force_insert=True)
    _move_work(chosen, locked, new)
    Regrouping.objects.create(kind="split", case=new, root=locked, needs=[str(need.pk) for need in chosen],
                              done_at=clock.now(), done_by_id=by.person)
    log_step(new, Verb.SPLIT, by=by, after=new.state, before=locked.number)
    log_step(locked, Verb.SPLIT, by=by, subject=new, after=new.number)
    record(by, "case.split", locked, new, *chosen)
    return new


@transaction.atomic
def unsplit(case: Case, *, by: Actor) -> Case:
    """Bring the needs and their supports back; what was said meanwhile stays in the split case, which leads back.

    Refused: ``not_split``, ``open_handover``, ``case_closed``, ``no_consent`` (a body was asked on a consent given for
    the split case alone), ``not_allowed``. Returns the origin.
    """
    entry = _entry(case, "split")
    if entry is None:
        raise Refused(_("分けた案件ではありません。画面を開き直してください。"), "not_split")
    origin, gone = _lock_both(entry.root, case, by=by)
    require_open(origin)
    require_open(gone)
    _check_handover(gone)
    needs = list(Need.objects.select_for_update(of=("self",)).filter(case=gone))
    _require_consents(gone, origin)
    _earlier_step(origin, gone)
    _move_work(needs, gone, origin)
    Case.objects.filter(merged_into=gone).update(merged_into=origin)
    before = gone.state
    _close_into(gone, origin)
    save_case(origin)
    _undo(entry)
    log_step(gone, Verb.MERGED, by=by, before=before, after=gone.state, reason=MERGED)
    log_step(origin, Verb.MERGED, by=by, subject=gone, before=gone.number)
    record(by, "case.unsplit", origin, gone)
    return origin


def _lock_both(first: Case, second: Case, *, by: Actor) -> tuple[Case, Case]:
    """Return both, locked in the order of their ids: two people merging crosswise do not wait for each other."""
    rows = Case.objects.select_for_update(of=("self",)).filter(pk__in=[first.pk, second.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    require(len(found) == 2 and all(runs_case(by, row) for row in found.values()))
    return found[first.pk], found[second.pk]


def _check_merge(keeper: Case, gone: Case) -> None:
    if gone.merged_into_id is not None or keeper.merged_into_id is not None:
        raise Refused(_("もうほかの案件にまとめられています。まとめ先の案件を選んでください。"), "merged", field="other")
    require_open(keeper)
    require_open(gone)
    if keeper.company_id is None or keeper.company_id != gone.company_id:
        raise Refused(_("同じ会社の案件だけをまとめられます。先に、両方を同じ会社に結び付けてください。"), "other_company",
                      field="other")
    if gone.supports.filter(state__in=OPEN_SUPPORTS).exists():
        raise Refused(_("%(number)sには終わっていない支援があります。そちらを残す案件にしてください。")
                      % {"number": gone.number}, "open_supports")
    _check_handover(gone)
    readers = [body for body in {keeper.holder_id, keeper.received_by_id}
               if not is_front_desk(body) and body not in {gone.holder_id, gone.received_by_id}]
    allowed = Consent.objects.live().filter(case=gone, klass="summary").values_list("body_id", flat=True)
    _require_each(readers, set(allowed), gone)


def _check_handover(case: Case) -> None:
    if case.handovers.filter(state=HandoverState.OFFERED).exists():
        raise Refused(_("引継ぎの返事を待っています。取り消してから、まとめてください。"), "open_handover")


def _require_consents(gone: Case, origin: Case) -> None:
    asked = gone.supports.filter(state__in=OPEN_SUPPORTS).values_list("body_id", flat=True)
    allowed = Consent.objects.live().filter(case=origin, klass="summary").values_list("body_id", flat=True)
    _require_each(list(asked), set(allowed), origin)


def _require_each(bodies: list[str], allowed: set[str], case: Case) -> None:
    missing = Body.objects.filter(pk__in=set(bodies) - allowed).first()
    if missing is not None:
        raise Refused(_("%(body)sに%(number)sの要約を見せる同意がありません。会社に同意を聞いてください。")
                      % {"body": missing.short, "number": case.number}, "no_consent")


def _check_split(case: Case, needs: list[Need]) -> list[Need]:
    if not needs:
        raise Refused(_("分ける課題を選んでください。"), "no_needs", field="needs")
    chosen = list(Need.objects.select_for_update(of=("self",)).filter(case=case, pk__in=[need.pk for need in needs]))
    if len(chosen) != len({need.pk for need in needs}):
        raise Refused(_("この案件の課題を選んでください。画面を開き直してください。"), "wrong_need", field="needs")
    if case.needs.count() == len(chosen):
        raise Refused(_("すべての課題を分けることはできません。1つは元の案件に残してください。"), "all_needs", field="needs")
    return chosen


def _new_case(case: Case, title: str) -> Case:
    new = Case(
        number=draw_number(case.received_by, clock.today()), plan_id=case.plan_id, company_id=case.company_id,
        company_given=case.company_given, title=title, summary=case.summary, received_by_id=case.received_by_id,
        standing_classes=case.standing_classes, at_desk=case.at_desk, arrived_at=case.arrived_at, state=case.state,
        holder_id=case.holder_id, holder_person_id=case.holder_person_id, holder_since=clock.today(), split_from=case,
        support_field=case.support_field, support_field_reason=case.support_field_reason,
    )  # fmt: skip
    put_next_step(new, NextStep(what=written("分けた案件の、次の一手を決める"), on=due("first_answer"), kind="choose",
                                phone=case.next_phone, person=case.holder_person_id))
    new.index_text()
    return new


def _carry(needs: list[Need], to: Case) -> None:
    last = to.needs.aggregate(last=Max("order"))["last"] or 0
    for order, need in enumerate(needs, start=last + 1):
        need.case, need.order = to, order
        need.save()
    for model in (Match, Circulation):  # what was asked without a name goes with the need it asks about
        model.objects.filter(need__in=needs).update(case=to)


def _move_work(needs: list[Need], old: Case, new: Case) -> None:
    """Move needs and their supports; then links, waiting mails and passages, some of which other bodies wrote."""
    supports = list(Support.objects.select_for_update(of=("self",)).filter(case=old, need__in=needs))
    _carry(needs, new)
    for support in supports:
        support.case = new
        support.save(update_fields=["case"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_links_follow(%s, %s, %s)", [old.pk, new.pk, [one.pk for one in supports]])


def _next_of(case: Case) -> dict[str, Any]:
    return {
        "kind": case.next_kind, "what": case.next_step, "phone": case.next_phone, "body": case.next_body_id,
        "person": str(case.next_person_id) if case.next_person_id else None,
        "on": case.next_on.isoformat() if case.next_on else None,
        "at": case.next_time.isoformat() if case.next_time else None,
    }  # fmt: skip


def _put_back(case: Case, kept: dict[str, Any]) -> None:
    put_next_step(case, NextStep(
        what=kept["what"], on=dt.date.fromisoformat(kept["on"]), kind=kept["kind"], phone=kept["phone"],
        at=dt.time.fromisoformat(kept["at"]) if kept["at"] else None, body=kept["body"],
        person=uuid.UUID(kept["person"]) if kept.get("person") else None,
    ))  # fmt: skip


def _earlier_step(keeper: Case, gone: Case) -> None:
    """Keep whichever step comes first: nothing promised to the firm is lost. To confirm the other's end is no promise."""
    if gone.close_asked_at is None and gone.next_on is not None and (keeper.next_on is None or gone.next_on < keeper.next_on):
        put_next_step(keeper, NextStep(what=gone.next_step, on=gone.next_on, kind=gone.next_kind, at=gone.next_time,
                                       phone=gone.next_phone, body=keeper.holder_id))


def _close_into(gone: Case, keeper: Case) -> None:
    gone.state, gone.closed_at, gone.close_reason, gone.merged_into = CaseState.CLOSED, clock.now(), MERGED, keeper
    gone.next_kind = gone.next_step = gone.next_phone = ""
    gone.next_on = gone.next_time = None
    save_case(gone)


def _entry(case: Case, kind: str) -> Regrouping | None:
    return Regrouping.objects.select_for_update(of=("self",)).filter(
        case=case, kind=kind, undone_at__isnull=True
    ).select_related("root").first()


def _undo(entry: Regrouping) -> None:
    entry.undone_at = clock.now()
    entry.save()
