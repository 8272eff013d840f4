"""Who knows somebody? What bodies answer to a call, and what is made of whom they named [C94]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.cases.actions.disclosable import lock_open
from renkei.cases.actions.inquiries import lock_asked, save_answer
from renkei.cases.actions.matching import add_candidate
from renkei.cases.models import Asked, Candidate, CandidateUse, Circulation, InquiryAnswer, Need
from renkei.cases.steps import fit
from renkei.plan.models import Body

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody a body knows: where, who, how to reach them, what they are good for."""

    organisation: str
    name: str = ""
    contact: str = ""
    note: str = ""


@transaction.atomic
def name_somebody(asked: Asked, named: Sequence[Named], *, by: Actor) -> Asked:
    """Answer a call with whom the body knows. An organisation that is a body of the plan is taken for it.

    Refused: ``no_call`` (a question of another kind), ``nobody_named``, ``too_many``, ``organisation_empty``, ``named_twice``,
    ``too_long``, ``ended``, ``answered``, ``not_allowed``.
    """
    locked = _lock_call(asked, by)
    if not named:
        raise Refused(_("心当たりの人か所を、1つは書いてください。"), "nobody_named", field="organisation1")
    if len(named) > MOST_NAMED:
        raise Refused(_("%(most)s件までです。") % {"most": MOST_NAMED}, "too_many")
    bodies = {search_key(name): one for one in Body.objects.filter(closed_on__isnull=True) for name in (one.name, one.short)}
    seen = set()
    for place, one in enumerate(named, start=1):
        given = _fitted(one, place)
        if not given["organisation"]:
            raise Refused(_("どこの人か、所属を書いてください。"), "organisation_empty", field=f"organisation{place}")
        key = (given["organisation"], given["name"])
        if key in seen:
            raise Refused(_("同じ人が2度書かれています。"), "named_twice", field=f"organisation{place}")
        seen.add(key)
        Candidate.objects.create(asked=locked, to_body=bodies.get(search_key(given["organisation"])), **given)
    record(by, "inquiry.name", locked, named=sorted(seen))
    return save_answer(locked, InquiryAnswer.KNOWS, by=by)


@transaction.atomic
def know_nobody(asked: Asked, *, by: Actor) -> Asked:
    """Answer a call with nobody. Refused: ``no_call``, ``ended``, ``answered``, ``not_allowed``."""
    return save_answer(_lock_call(asked, by), InquiryAnswer.NOBODY, by=by)


@transaction.atomic
def use_candidate(candidate: Candidate, *, by: Actor, use: CandidateUse) -> Candidate:
    """Write down what is made of a candidate; a body of the plan becomes a candidate for support. Twice changes nothing.

    Refused: ``not_a_body`` (support is asked of bodies of the plan), ``used`` (for something else), what adding a candidate
    refuses, ``not_allowed``, ``case_closed``.
    """
    need = need_of_candidate(candidate)
    lock_open(need.case, by=by)
    locked = Candidate.objects.select_for_update(of=("self",)).select_related("to_body", "asked__body").get(pk=candidate.pk)
    if locked.use == use:
        return locked
    if locked.use:
        raise Refused(_("この心当たりは、もう使われています：%(use)s") % {"use": CandidateUse(locked.use).label}, "used")
    if use == CandidateUse.SUPPORT:
        if locked.to_body is None:
            raise Refused(_("支援を頼めるのは、計画の機関だけです。地域の外の相手か、橋渡しとして進めてください。"), "not_a_body")
        why = written("%(body)sの心当たり　%(name)s") % {"body": locked.asked.body.short, "name": locked.name}
        add_candidate(need, by=by, body=locked.to_body, why=why.strip()[:200])
    locked.use, locked.used_at = use, clock.now()
    locked.save(update_fields=["use", "used_at"])
    record(by, "candidate.use", locked, need, use=use)
    return locked


def need_of_candidate(candidate: Candidate) -> Need:
    """Return the need a candidate was named for; for who sees the case from inside."""
    return Circulation.objects.select_related("need__case").get(inquiry=candidate.asked.inquiry_id).need


def _lock_call(asked: Asked, by: Actor) -> Asked:
    locked = lock_asked(asked, by=by)
    if not locked.inquiry.asks_around:
        raise Refused(_("これは、心当たりを尋ねるものではありません。"), "no_call")
    return locked


def _fitted(one: Named, place: int) -> dict[str, str]:
    most = {"organisation": 200, "name": 100, "contact": 200, "note": 400}
    return {field: fit(" ".join(getattr(one, field).split()), length, f"{field}{place}") for field, length in most.items()}
