"""What help there is, arranged by what firms ask for [C25]; by stage where the plan does not say it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Q

from renkei.base import clock
from renkei.base.language import shown_list
from renkei.matching.models import Entry, EntryKind, Window
from renkei.plan.models import Body, Service
from renkei.plan.queries import content_now, provisions_on

_NEXT = 3


@dataclass(slots=True)
class Offer:
    """One service as a firm reads it: what it is, who does it."""

    service: Service
    about: str
    bodies: list[Body] = field(default_factory=list)


@dataclass(slots=True)
class Kind:
    """One kind of help: the firm's words, the services, and the next events and calls."""

    code: str
    name: str
    offers: list[Offer]
    coming: list[Window] = field(default_factory=list)

    @property
    def shorts(self) -> str:
        """Return the services in one line."""
        return shown_list([offer.service.short for offer in self.offers])


def kinds_of_help(*, with_dates: bool = False) -> list[Kind]:
    """Return the kinds of help that can be had today, in the plan's order; ``with_dates`` adds events and calls."""
    content = content_now()
    facts = {str(one["code"]): one for one in content.section("services")}
    offers: dict[str, Offer] = {}
    for provision in provisions_on():
        about = str(facts.get(provision.service_id, {}).get("about", ""))
        offer = offers.setdefault(provision.service_id, Offer(provision.service, about))
        offer.bodies.append(provision.body)
    asked: dict[str, list[Offer]] = defaultdict(list)
    for code, offer in offers.items():
        for ask in facts.get(code, {}).get("asks", []):
            asked[str(ask)].append(offer)
    kinds = [Kind(term.code, term.name, asked[term.code]) for term in content.vocabulary("asks") if asked[term.code]]
    kinds = kinds or _by_stage(list(offers.values()))
    if with_dates:
        _add_dates(kinds)
    return kinds


def _by_stage(offers: list[Offer]) -> list[Kind]:
    stages = {offer.service.stage.code: offer.service.stage for offer in offers}
    return [
        Kind(f"stage-{code}", stage.name, [offer for offer in offers if offer.service.stage_id == code])
        for code, stage in stages.items()
    ]


def _add_dates(kinds: list[Kind]) -> None:
    today = clock.today()
    ahead = Q(starts__gte=today) | Q(starts__isnull=True, closes__gte=today)
    windows = list(
        Window.objects.filter(
            ahead,
            always_open=False,
            entry__is_public=True,
            entry__withdrawn_on__isnull=True,
            entry__kind__in=[EntryKind.EVENT, EntryKind.PROGRAMME],
        )
        .select_related("entry", "entry__body")
        .order_by("closes", "starts", "entry_id")
    )
    for kind in kinds:
        services = {offer.service.pk for offer in kind.offers}
        seen: set[str] = set()
        for window in windows:
            entry: Entry = window.entry
            if entry.service_id in services and entry.pk not in seen and len(seen) < _NEXT:
                seen.add(entry.pk)
                kind.coming.append(window)
