"""Who could be asked next, after a decline or silence: the matcher's list without those that said no."""

from __future__ import annotations

from renkei.cases.models import Support
from renkei.cases.queries.facts import facts_of
from renkei.cases.states import SupportState
from renkei.matching.proposal import Candidate
from renkei.matching.propose import next_best
from renkei.plan.queries import providers

ASKED_IN_VAIN = {SupportState.DECLINED, SupportState.EXPIRED}


def asked_in_vain(support: Support) -> frozenset[tuple[str, str]]:
    """Return (service, body) pairs that declined or stayed silent for the support's need, this one included."""
    pairs = Support.objects.filter(need=support.need_id, state__in=ASKED_IN_VAIN).values_list("service_id", "body_id")
    return frozenset({*pairs, (support.service_id, support.body_id)})


def next_candidates(support: Support) -> list[Candidate]:
    """Return the next best for the support's need and service, best first; read by whoever runs the case.

    The matcher reads the firm's words and the answers to questions known so far. Bodies that offer the service but
    stand in no catalogue follow in the plan's order, so that the desk never faces an empty list while somebody is left.
    """
    said = list(support.case.consultations.order_by("consulted_at"))
    text = said[0].text if said else support.case.summary or support.case.title
    declined = asked_in_vain(support)
    asked = set(
        Support.objects.filter(need=support.need_id, service=support.service_id)
        .exclude(state__in={SupportState.RECALLED, SupportState.WITHDRAWN, SupportState.PROPOSED})
        .values_list("body_id", flat=True)
    )
    found = [one for one in next_best(text, support.service_id, declined=declined, facts=facts_of(support.case, said)) if one.body not in asked]
    known = {one.body for one in found if one.service == support.service_id}
    rest = [
        Candidate(service=support.service_id, body=body.pk, stage=support.service.stage_id, score=0.0, need=1,
                  date=None, date_words="", entries=[], evidence=[])
        for body in providers(support.service_id) if body.pk not in known | asked
    ]  # fmt: skip
    return found + rest
